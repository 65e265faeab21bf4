"""The models behind a report, as a short card each: what it is, how well it did, where it fails, where the whole card stands."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from casebook.dossier.rules import MODEL, described
from data_contracts import strict_yaml

ALWAYS = ("same_user", "refund_burst", "refund_shape")  # what every run scores with
TOLD = ("title", "about", "measured", "fails")
NEUTRAL = {"title": "title", "neutral": "about"}


@cache
def texts() -> Mapping[str, Mapping[str, list[str]]]:
    """The texts of every card by model and part, each [English, Chinese]."""
    loaded: Mapping[str, Mapping[str, list[str]]] = strict_yaml.plain(Path(__file__).with_name("model_cards.yaml"))
    return loaded


def of(detectors: Collection[str]) -> list[dict[str, Any]]:
    """The cards of the models that every run uses and of those among `detectors`; a rule of the programme has none."""
    names = [*ALWAYS, *sorted(n for n in detectors if n in texts() and n not in ALWAYS)]
    return [
        {"name": n, "version": _version(n), **_said(n, {part: part for part in TOLD}), "card": f"docs/models/{n}.md"}
        for n in names
    ]


def neutral(cards: Collection[Mapping[str, Any]], names: Collection[str]) -> list[dict[str, Any]]:
    """Of these cards those of `names`, without figures and without what would help to evade the model."""
    kept = [c for c in cards if c["name"] in names]
    return [{"name": c["name"], "version": c["version"], **_said(c["name"], NEUTRAL)} for c in kept]


def _said(name: str, parts: Mapping[str, str]) -> dict[str, str]:
    pairs = [
        (f"{told}_{lang}", texts()[name][part][at])
        for part, told in parts.items()
        for at, lang in ((0, "en"), (1, "zh"))
    ]
    return dict(pairs)


@cache
def _version(name: str) -> str:
    if name == "same_user":
        return str(strict_yaml.plain(MODEL)["version"])
    return str(dict(described(name) or ())["version"])

"""The rules and detectors behind findings, as their cards tell them: a report shows the rule that ran."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from data_contracts import strict_yaml
from data_contracts.cards import Card, load_all
from data_contracts.contract import TABLES

ROOT = Path(__file__).parents[2]
FAMILIES = (("clause", ROOT / "rulebook" / "clauses"), ("detector", ROOT / "models" / "detectors"))  # read as data
MODEL = ROOT / "models" / "same_user" / "model.yaml"
PREPARED = ROOT / "rulebook" / "sql"
LONGEST = 6_000


@cache
def _cards() -> dict[str, Card]:
    return {card.name: card for family, folder in FAMILIES for card in load_all(folder, family)}


@cache
def described(name: str) -> tuple[tuple[str, Any], ...] | None:
    """Name, titles, version, SHA-256 and (of a rule in SQL) text of a card; None for what has no card, such as a report by a person."""
    card = _cards().get(name)
    if card is None:
        return None
    data = card.rule.read_bytes()
    text = _shown(card, data.decode("utf-8")) if card.rule.suffix == ".sql" else ""
    return (
        ("name", name), ("title_zh", card.title_zh), ("title_en", card.title_en), ("version", card.version),
        ("file", card.rule.relative_to(ROOT).as_posix()), ("sha256", hashlib.sha256(data).hexdigest()), ("text", text),
    )  # fmt: skip


def _shown(card: Card, rule: str) -> str:
    """A rule and the prepared tables that it reads, as they ran; what would make it too long is named with its SHA-256."""
    text = rule if len(rule) <= LONGEST else ""
    for path in (PREPARED / f"{table}.sql" for table in card.reads):
        if path.exists():
            told = path.read_text(encoding="utf-8")
            fits = text and len(text) + len(told) <= LONGEST
            named = f"-- {path.stem}: {path.relative_to(ROOT).as_posix()}, SHA-256 {hashlib.sha256(told.encode()).hexdigest()}\n"
            text += f"\n{told}" if fits else f"\n{named}"
    return text


@cache
def contract_sha256(feed: str) -> str:
    """SHA-256 of the file that holds a feed's contract."""
    return hashlib.sha256((TABLES / "feeds" / f"{feed}.yaml").read_bytes()).hexdigest()


@cache
def same_bits() -> float:
    """The weight from which two accounts count as one user, as the model's file says it; 0 when there is none."""
    if not MODEL.exists():
        return 0.0
    return float(strict_yaml.plain(MODEL)["thresholds"]["same_bits"])

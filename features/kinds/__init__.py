"""The kinds of identifier: one folder each, with its card, its pure normaliser and its golden cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from data_contracts.cards import Card, load_all
from data_contracts.identifier import Normaliser

ROOT = Path(__file__).parent


@dataclass(frozen=True)
class Kind:
    """One kind of identifier. `plain` maps SQL expressions for the values that need no Python: see the cards."""

    card: Card
    normalise: Normaliser

    @property
    def plain(self) -> Mapping[str, str]:
        """`where`, `normal`, `mask`, `cls`, `links` over a column `value`; empty when the kind has no plain form."""
        return dict(self.card.about.get("plain", {}))


def load() -> dict[str, Kind]:
    """Every kind below this folder, by name."""
    cards = load_all(ROOT, "kind")
    return {c.name: Kind(c, import_module(f"{__name__}.{c.name}.rule").normalise) for c in cards}

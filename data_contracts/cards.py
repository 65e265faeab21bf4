"""Loads the folders of three files: `card.yaml` (what it is), `rule.sql` or `rule.py` (how), `cases.yaml` (what it must do).

Identifier kinds, detectors and clauses all look like this; one test runner (`tests/test_cards.py`) covers all three.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data_contracts import strict_yaml
from data_contracts.errors import ContractBroken


@dataclass(frozen=True)
class Card:
    """What one folder says of itself. `about` holds the card's other entries, `rule` the path of its rule file."""

    name: str
    family: str
    version: str
    title_en: str
    title_zh: str
    reads: tuple[str, ...]
    rule: Path
    folder: Path
    about: Mapping[str, Any] = field(default_factory=dict)

    def cases(self) -> list[dict[str, Any]]:
        """The golden cases, in file order; each has a `name` that is a sentence."""
        loaded = strict_yaml.plain(self.folder / "cases.yaml")
        return list(loaded["cases"])


def load(folder: Path, family: str) -> Card:
    """One card. Raises ContractBroken when a file is missing or the card does not name what it must."""
    raw = dict(strict_yaml.plain(folder / "card.yaml"))
    rules = [p for p in (folder / "rule.sql", folder / "rule.py") if p.exists()]
    rule_of = raw.pop("rule_is", None)  # settlement's clauses point at the SQL that computes them
    if rule_of:
        rules = [folder.parents[2] / str(rule_of)]
    if len(rules) != 1 or not rules[0].exists():
        raise ContractBroken(f"{folder.name}: a card has exactly one rule.sql or rule.py, or names one in rule_is")
    missing = {"version", "title_en", "title_zh", "reads"} - raw.keys()
    if missing:
        raise ContractBroken(f"{folder.name}/card.yaml lacks {', '.join(sorted(missing))}")
    return Card(
        folder.name, family, str(raw.pop("version")), str(raw.pop("title_en")), str(raw.pop("title_zh")),
        tuple(raw.pop("reads")), rules[0], folder, raw,
    )  # fmt: skip


def load_all(root: Path, family: str) -> tuple[Card, ...]:
    """Every card below `root`, by name."""
    return tuple(load(p.parent, family) for p in sorted(root.glob("*/card.yaml")))

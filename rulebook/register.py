"""The register of clauses: what the agreement says, and what each clause allows, as data for everybody else.

`coverage.yaml` accounts for every clause of the text; a clause that we compute has a folder in `clauses/` as well, whose
card says which measures it allows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from data_contracts import cards as card_folders
from data_contracts import strict_yaml
from data_contracts.cards import Card
from data_contracts.errors import ContractBroken, NotFound
from data_contracts.warehouse import Warehouse

COVERAGE = Path(__file__).parent / "coverage.yaml"
CLAUSES = Path(__file__).parent / "clauses"
MODES = ("rule", "detector", "report", "parameter", "process", "text")
ANY_CLAUSE = "*"  # a card whose rows name their own clause


@dataclass(frozen=True)
class ClauseInfo:
    """One clause. `mode` is words of MODES joined by +; `measures` what a decision under it may be."""

    clause: str
    title_zh: str
    title_en: str
    text_zh: str
    text_en: str
    mode: str
    does: str
    measures: tuple[str, ...]
    readings: tuple[Mapping[str, Any], ...] = ()


@cache
def cards() -> tuple[Card, ...]:
    """The cards of all clause folders, by folder name."""
    return card_folders.load_all(CLAUSES, "clauses")


@cache
def register() -> tuple[ClauseInfo, ...]:
    """Every clause, in the order of the text. Raises ContractBroken when coverage and cards do not fit together."""
    by_clause: dict[str, list[Card]] = {}
    for card in cards():
        by_clause.setdefault(str(card.about["clause"]), []).append(card)
    entries = tuple(_entry(e, by_clause.pop(str(e["clause"]), [])) for e in strict_yaml.load(COVERAGE)["clauses"])
    strangers = sorted(set(by_clause) - {ANY_CLAUSE})
    if strangers:
        raise ContractBroken(f"coverage.yaml has no clause {', '.join(strangers)}, which a folder in clauses/ computes")
    return entries


def _entry(raw: Mapping[str, Any], folders: list[Card]) -> ClauseInfo:
    measures = [*raw.get("measures", ()), *(m for card in folders for m in card.about.get("measures", ()))]
    return ClauseInfo(
        str(raw["clause"]), str(raw["title_zh"]), str(raw["title_en"]), str(raw["text_zh"]), str(raw["text_en"]),
        "+".join(raw["mode"]), str(raw["does"]), tuple(dict.fromkeys(measures)), tuple(raw.get("readings", ())),
    )  # fmt: skip


def clause(clause_id: str) -> ClauseInfo:
    """One clause by its id, such as `2.2(3)`. Raises NotFound."""
    for entry in register():
        if entry.clause == clause_id:
            return entry
    raise NotFound(f"the agreement has no clause {clause_id}; docs/rulebook.md lists them")


def admit_register(wh: Warehouse) -> None:
    """Make `clause_register`, one row per clause."""
    rows = [
        {
            "position": n, "clause": c.clause, "title_zh": c.title_zh, "title_en": c.title_en, "text_zh": c.text_zh,
            "text_en": c.text_en, "mode": c.mode, "measures": list(c.measures),
        }
        for n, c in enumerate(register(), 1)
    ]  # fmt: skip
    wh.admit("clause_register", pa.Table.from_pylist(rows))

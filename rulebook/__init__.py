"""The agreement as code: programmes, the register of clauses, and the rules that find what a clause speaks of.

Each clause folder's `rule.sql` yields `subject_kind, subject_id, promoter_id, status, reason, evidence` and, where it has
more to say, any other column of `clause_result`. The driver here unites the met and unknown rows of all of them.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

from data_contracts.cards import Card
from data_contracts.errors import ContractBroken
from data_contracts.warehouse import Warehouse
from rulebook.register import ANY_CLAUSE, ClauseInfo, admit_register, cards, clause, register

__all__ = ["ANY_CLAUSE", "ClauseInfo", "admit_register", "build", "cards", "clause", "prepare", "register", "run_rule"]

log = logging.getLogger("tongren")
SQL = Path(__file__).parent / "sql"
# What the clauses share, each with what it reads of the ones above it; `standing` is what settlement builds on.
PREPARED: dict[str, tuple[str, ...]] = {
    "account_span": (),
    "staff_tie": (),
    "standing_bar": ("account_span", "staff_tie"),
    "membership": ("standing_bar",),
    "standing": ("standing_bar", "membership"),
    "working_day": (),
    "member_tie": ("staff_tie", "membership"),
    "member_span": ("account_span", "membership"),
    "detected": (),
}


def build(wh: Warehouse) -> None:
    """Make `standing`, `clause_result` and `clause_tally`. Raises ContractBroken when a detection's clause has no folder."""
    prepare(wh)
    for card in computed():
        run_rule(wh, card)
        wh.execute("insert into clause_seen from clause_row where finds and status <> 'not_met'")
        wh.execute(
            "insert into clause_tally select clause, detector, finds, count(*) filter (where status = 'met'),"
            " count(*) filter (where status = 'unknown'), count(*) filter (where status = 'not_met')"
            " from clause_row group by all"
        )
    _no_detection_is_lost(wh)
    wh.make(SQL / "clause_result.sql")


def computed() -> tuple[Card, ...]:
    """The cards whose rule runs in this stage; those of settlement's clauses point at its own SQL."""
    return tuple(c for c in cards() if c.folder == c.rule.parent)


def prepare(wh: Warehouse, wanted: Iterable[str] = tuple(PREPARED)) -> None:
    """Make the tables that several clauses read, those `wanted` alone, and the ones that clauses add to, still empty."""
    needed = set(wanted)
    for step in reversed(PREPARED):
        needed |= set(PREPARED[step]) if step in needed else set()
    wh.make_all(SQL, (*(step for step in PREPARED if step in needed), "clause_seen"))
    wh.empty("clause_tally")


def run_rule(wh: Warehouse, card: Card) -> None:
    """Make `clause_row`: what one clause's rule yields for every subject that it looked at, with what its card says."""
    wh.execute("create or replace table clause_row as from clause_seen limit 0")
    # By name: a rule that has its own clause, detector, window or confidence names them, and the card's stand behind.
    wh.execute(f"insert into clause_row by name\n{card.rule.read_text(encoding='utf-8')}")
    wh.execute(
        "update clause_row set folder = $folder, finds = $finds, clause = coalesce(clause, $clause),"
        " detector = coalesce(detector, $folder), detector_version = coalesce(detector_version, $version)",
        folder=card.name, finds=bool(card.about.get("finds", True)), clause=str(card.about["clause"]), version=card.version,
    )  # fmt: skip


def _no_detection_is_lost(wh: Warehouse) -> None:
    known = sorted({str(c.about["clause"]) for c in computed()} - {ANY_CLAUSE})
    lost = wh.execute(
        "select distinct clause from detection where flagged and not list_contains($known, clause)", known=known
    )
    if lost:
        raise ContractBroken(f"a detector raised {lost[0][0]}, which has no folder in rulebook/clauses")

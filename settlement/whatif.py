"""What if: history once more under another programme, under other decisions, or without some. Nothing is recorded.

What changes is entitlement, month by month; statements that were issued stay, and the ledger is not touched. The caller
hands in what differs: a function that makes the tables of another programme, or the decisions of another policy.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from data_contracts.contract import of_stage
from data_contracts.errors import NotFound
from data_contracts.run import Run
from data_contracts.warehouse import Warehouse
from settlement import ahead
from settlement.ahead import Upcoming
from settlement.entitlement import SQL, judge_now

CANCELLED = (
    "create or replace table whatif_cancelled as select promoter_id, month from decision_known"
    " where measure = 'cancel_rebate' and on_now"
)


@dataclass(frozen=True)
class Change:
    """By how much a promoter's rebate of a month would differ, and under which clause (fen, negative: less)."""

    promoter_id: str
    month: str
    clause: str
    change_fen: int


@dataclass(frozen=True)
class Answer:
    """Changes by promoter, month and clause; entitlement of everybody before and after; fen that a hold would free.

    `covered` are the statements that holds would cover and do not now: promoter and month, None for every month. `before` and
    `after` are the next statement of the promoter that was asked for.
    """

    changes: tuple[Change, ...]
    before_fen: int
    after_fen: int
    freed_fen: int
    covered: tuple[tuple[str, str | None], ...] = ()
    before: Upcoming | None = None
    after: Upcoming | None = None

    @property
    def promoters(self) -> int:
        """How many promoters would have more or less."""
        return len({c.promoter_id for c in self.changes})


def run(
    tables: Path,
    run: Run,
    *,
    programme: Callable[[Warehouse], None] | None = None,
    decisions: Any = None,
    without: Collection[str] = (),
    promoter: str | None = None,
    spill: Path | None = None,
) -> Answer:
    """Replay a published run (`tables` holds its stages) under what differs.

    `programme` makes programme_document, programme_parameter and parameter_span; `decisions` is an Arrow table in the shape
    of `decision`; `without` names decisions that are left out; `promoter` asks for the next statement of one, before and after;
    `spill` is for what does not fit into memory, by default in `tables`. Raises NotFound for an id that the run does not have.
    """
    with Warehouse(tables, "results", run, spill) as wh:
        wh.fill_gaps()
        _check(wh, without)
        wh.make(SQL / "whatif_held.sql")
        if promoter is not None:
            ahead.close_books(wh, promoter)
        _judge(wh, "decision")
        for kept, of in (("whatif_line", "line_priced"), ("whatif_month", "month_now"), ("whatif_hold", "hold_cover")):
            wh.execute(f"create or replace table {kept} as from {of}")
        wh.execute(CANCELLED)
        before = None if promoter is None else ahead.issue(wh, promoter)
        if programme is not None:
            _govern(wh, programme)
        _decide(wh, decisions, without)
        _judge(wh, "whatif_decision")
        wh.make_all(SQL, ("whatif_change", "whatif_freed"))
        answer = _answer(wh)
        after = None if promoter is None else ahead.issue(wh, promoter)
    return replace(answer, before=before, after=after)


def _judge(wh: Warehouse, decisions: str) -> None:
    judge_now(wh, decisions)
    wh.make(SQL / "hold_cover.sql")


def _govern(wh: Warehouse, programme: Callable[[Warehouse], None]) -> None:
    """Put another programme in the place of the run's."""
    for contract in of_stage("rules"):
        if contract.table.startswith(("programme_", "parameter_")):
            wh.execute(f"drop view if exists {contract.table}")
    programme(wh)


def _answer(wh: Warehouse) -> Answer:
    changes = wh.execute(
        "select promoter_id, month, clause, change_fen from whatif_change order by promoter_id, month, clause"
    )
    covered = wh.execute(
        "select promoter_id, month from hold_cover as c where not exists (select 1 from whatif_hold as w"
        " where w.promoter_id = c.promoter_id and (w.month is null or w.month = c.month)) order by promoter_id, month"
    )
    before, after, freed = (
        int(wh.execute(f"select coalesce(sum({column}), 0) from {table}")[0][0])
        for column, table in (
            ("entitlement_fen", "whatif_month"), ("entitlement_fen", "month_now"), ("held_fen", "whatif_freed")
        )
    )  # fmt: skip
    return Answer(tuple(Change(*row) for row in changes), before, after, freed, tuple((p, m) for p, m in covered))


def _check(wh: Warehouse, without: Collection[str]) -> None:
    known = {row[0] for row in wh.execute("select decision_id from decision")}
    missing = sorted(set(without) - known)
    if missing:
        raise NotFound(f"the run has no decision {', '.join(missing)}: `tongren decisions` lists them")


def _decide(wh: Warehouse, decisions: Any, without: Collection[str]) -> None:
    """Make `whatif_decision`: the decisions given, else the run's, less those left out."""
    wh.execute("create or replace table whatif_decision as from decision")
    if decisions is not None:
        wh.con.register("whatif_given", decisions)
        wh.execute("delete from whatif_decision")
        wh.execute("insert into whatif_decision by name from whatif_given")
        wh.con.unregister("whatif_given")
    wh.execute("delete from whatif_decision where list_contains($without, decision_id)", without=list(without))

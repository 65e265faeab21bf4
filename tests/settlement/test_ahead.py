"""The next statement, told ahead, is what the next issue states when nothing more happens."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data_contracts.dates import day_start
from data_contracts.run import Run
from settlement import whatif
from settlement.ahead import AMOUNTS, Upcoming
from tests.counts import SOAK
from tests.settlement.conftest import BASE
from tests.settlement.play import ZONE, Play, at
from tests.settlement.test_balances import earn
from tests.settlement.test_reference import PROGRAMMES
from tests.settlement.worlds import World, settle

Make = Callable[..., Play]


def told(p: Play, as_of: str, promoter: str = "P", **differs: Any) -> tuple[Upcoming, Upcoming]:
    """The next statement as a published run sees it, without and with what differs."""
    run = Run("ahead", p.run_seq, date.fromisoformat(as_of), ZONE)
    answer = whatif.run(p.folder / "published", run, promoter=promoter, **differs)
    assert answer.before is not None and answer.after is not None
    return answer.before, answer.after


def issued(p: Play, month: str, promoter: str = "P") -> dict[str, Any]:
    row = p.statement(month, promoter)
    return {"status": row["status"], **{name: row.get(name, 0) for name in AMOUNTS}}


def same(upcoming: Upcoming, statement: dict[str, Any]) -> bool:
    return {"status": upcoming.status, **upcoming.amounts} == statement


@pytest.fixture
def busy(play: Make) -> Play:
    """March is paid 7.00 too much, April is on hold; then May earns 40.00, 300.00 of March are refunded and the hold ends."""
    p = play(base={**BASE, "minimum_payout": "20.00"})
    earn(p, "2026-03", 100_000)
    earn(p, "2026-04", 60_000)
    p.run("2026-04-20")
    p.payout("2026-03", "2026-04-25", 10_700)
    p.decide("H", "hold_payout", "promoter", "P", "2026-05-01", clause="3.5(2)")
    p.run("2026-05-20")
    earn(p, "2026-05", 40_000)
    p.refund("o2026-03", "2026-05-25", 30_000)
    p.decisions["H"]["effective_to"] = at("2026-06-01")
    return p.run("2026-06-19", publish=True)


def test_refunds_releases_and_excess_payments_since_the_last_issue_are_in_it(busy: Play) -> None:
    before, after = told(busy, "2026-06-19")
    assert before == after and before.month == "2026-05"
    busy.run("2026-06-20")
    assert same(before, issued(busy, "2026-05"))
    assert (before.amounts["adjustments"], before.amounts["released"]) == (-3_000, 5_300)
    assert (before.amounts["payable"], before.owed_fen) == (4_000 - 3_000 + 5_300, 0)


def test_a_measure_is_in_the_statement_after_it(busy: Play) -> None:
    known = pq.read_table(busy.folder / "published" / "casebook" / "decision.parquet")
    void = {"decision_id": "V", "measure": "void_relation", "subject_kind": "referral", "subject_id": "I2026-04", "promoter_id": "P",
            "clause": "2.2(3)", "status": "approved", "effective_from": at("2026-06-19"), "decided_by": "x", "reason": "x"}  # fmt: skip
    given = pa.Table.from_pylist([*known.to_pylist(), void], schema=known.schema)
    before, after = told(busy, "2026-06-19", decisions=given)
    busy.decide("V", "void_relation", "referral", "I2026-04", "2026-06-19", clause="2.2(3)")
    busy.run("2026-06-20")
    assert same(after, issued(busy, "2026-05")) and not same(before, issued(busy, "2026-05"))


def test_what_a_held_month_still_holds_of_a_debt_is_told_apart(play: Make) -> None:
    p = play()
    earn(p, "2026-03", 100_000)
    p.decide("H", "hold_payout", "promoter", "P", "2026-04-01", clause="3.5(2)")
    p.run("2026-04-20")
    p.decide("C", "cancel_rebate", "promoter", "P", "2026-05-01", month="2026-03")
    p.run("2026-05-10", publish=True)
    with_it, without = told(p, "2026-05-10", without=["C"])
    assert (with_it.amounts["clawback_added"], with_it.owed_fen, with_it.unpaid_fen) == (10_000, 10_000, 10_000)
    assert (without.amounts["clawback_added"], without.owed_fen, without.unpaid_fen) == (0, 0, 0)


def test_who_gets_no_statement_has_none_to_come(busy: Play) -> None:
    run = Run("ahead", busy.run_seq, date(2026, 6, 19), ZONE)
    assert whatif.run(busy.folder / "published", run, promoter="nobody").before is None


@pytest.mark.parametrize("seed", range(12) if SOAK else (1,))
def test_any_history_ends_in_the_statement_that_was_told(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    documents = PROGRAMMES[seed % 3]
    world, p, day = World("w", documents), Play(tmp_path, documents), date(2026, 1, 10)
    for _ in range(5):
        for _ in range(14):
            world.act(rng, day)
        day += timedelta(days=rng.choice((15, 21, 31)))
        settle(p, [world], day)
    for _ in range(8):
        world.act(rng, day)
    last_day = day + timedelta(days=1)
    while last_day.day != documents[0]["statement_day"] - 1:
        last_day += timedelta(days=1)
    for d in world.decisions.values():  # nothing begins or ends on the day between
        d.update({k: min(d[k], day_start(last_day, ZONE)) for k in ("effective_from", "effective_to") if d.get(k)})
    settle(p, [world], last_day, publish=True)
    upcoming = {promoter: told(p, last_day.isoformat(), promoter)[0] for promoter in world.promoters}
    settle(p, [world], last_day + timedelta(days=1))
    for promoter, statement in upcoming.items():
        assert same(statement, issued(p, statement.month, promoter))

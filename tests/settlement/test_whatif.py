"""History once more under what differs; nothing of the run changes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data_contracts.errors import NotFound
from data_contracts.run import Run
from settlement import whatif
from tests.settlement.conftest import BASE, DETAIL
from tests.settlement.play import ZONE, Play
from tests.settlement.rules import admit_programme

RUN = Run("what-if", 9, date(2026, 5, 20), ZONE)


@pytest.fixture
def tables(play: Callable[..., Play]) -> Path:
    p = play()
    for name, day in (("I1", "2026-03-02"), ("I2", "2026-04-02")):
        p.invitee(name, day)
        p.order(f"o-{name}", name, day, 100_000)
    p.decide("D1", "void_relation", "referral", "I1", "2026-03-10", clause="2.2(3)")
    p.decide("D2", "cancel_rebate", "promoter", "P", "2026-03-10", month="2026-04", clause="3.5(2)")
    p.decide("D3", "hold_payout", "promoter", "P", "2026-03-10")
    p.invitee("J", "2026-03-02")
    p.order("o-J", "J", "2026-03-03", 50_000)
    p.run("2026-05-20", publish=True)
    return p.folder / "published"


def test_without_a_void_its_lines_come_back_under_its_clause(tables: Path) -> None:
    answer = whatif.run(tables, RUN, without=["D1"])
    assert answer.changes == (whatif.Change("P", "2026-03", "2.2(3)", 10_000),)
    assert (answer.before_fen, answer.after_fen, answer.promoters) == (5_000, 15_000, 1)


def test_without_a_cancellation_the_month_comes_back(tables: Path) -> None:
    assert whatif.run(tables, RUN, without=["D2"]).changes == (whatif.Change("P", "2026-04", "4.4(1)", 10_000),)


def test_without_a_hold_no_rebate_changes_but_money_is_free(tables: Path) -> None:
    answer = whatif.run(tables, RUN, without=["D3"])
    assert (answer.changes, answer.freed_fen) == ((), 5_000)


def test_a_hold_that_is_given_covers_what_none_covered_before(tables: Path) -> None:
    held = pq.read_table(tables / "casebook" / "decision.parquet").to_pylist()
    mine = next(d for d in held if d["decision_id"] == "D3")
    for other, month, covered in (("P", None, ()), ("Q", None, (("Q", None),)), ("Q", "2026-03", (("Q", "2026-03"),))):
        given = pa.Table.from_pylist(
            [*held, {**mine, "decision_id": "D9", "subject_id": other, "promoter_id": other, "month": month}],
            schema=pq.read_schema(tables / "casebook" / "decision.parquet"),
        )
        assert whatif.run(tables, RUN, decisions=given).covered == covered


def test_what_does_not_fit_into_memory_goes_where_it_is_told(tables: Path, tmp_path: Path) -> None:
    tables.joinpath("spill").touch()
    assert whatif.run(tables, RUN, spill=tmp_path / "mine").changes == ()
    assert not (tmp_path / "mine").exists()


def test_another_programme_changes_the_rate(tables: Path) -> None:
    other = [BASE, {**DETAIL, "rebate": {"tiers": [{"from": 0, "rate": "0.20"}]}}]
    answer = whatif.run(tables, RUN, programme=lambda wh: admit_programme(wh, other))
    assert answer.changes == (whatif.Change("P", "2026-03", "4.1", 5_000),)


def test_the_same_again_changes_nothing(tables: Path) -> None:
    answer = whatif.run(tables, RUN)
    assert (answer.changes, answer.before_fen, answer.after_fen) == ((), 5_000, 5_000)


def test_a_decision_that_is_not_there_is_named(tables: Path) -> None:
    with pytest.raises(NotFound, match="D9"):
        whatif.run(tables, RUN, without=["D9"])

"""A bad row of money holds the month that it touches, for the promoter it touches; the corrected row, delivered again, closes
the entry by reference, and the hold ends with that run's day. (What is no longer held is paid: tests/settlement.)

The programme of `test_whole_run.py`, where o2 (300.00 of March) comes as `3OO.00` at first:
    20 April  March has o1 alone: rebate 70.00, all of it held.
    10 May    o2 comes again, right: the entry is closed, the hold ends; nothing is issued on this day.
"""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pyarrow.parquet as pq
import pytest

from pipelines.run import Order, Outcome, run
from pipelines.state import State
from tests.pipelines.test_whole_run import FEEDS, PROGRAMME, result, written

RIGHT = "o2,I1,ecs,,purchase,2026-03-06T12:00:00+08:00,300.00,0.00,0.00,300.00\n"
HEADER = FEEDS["orders"].splitlines()[0] + "\n"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Outcome]:
    folder = tmp_path_factory.mktemp("quarantined_money")
    others = {k: v for k, v in FEEDS.items() if k not in ("orders", "payouts", "payout_requests")}
    sources = written(folder / "sources", {**others, "refunds": FEEDS["refunds"].splitlines()[0] + "\n"})
    (sources / "programme.yaml").write_text(
        PROGRAMME.replace("window_days: 30", 'window_days: 30\n    max_quarantine_share: "0.5"'), encoding="utf-8"
    )
    (sources / "orders").mkdir()
    (sources / "orders" / "first.csv").write_text(FEEDS["orders"].replace(RIGHT, RIGHT.replace("300.00\n", "3OO.00\n")))
    state = State(folder / "state")
    first = run(Order(sources, state, date(2026, 4, 20)))
    (sources / "orders" / "second.csv").write_text(HEADER + RIGHT)
    return [first, run(Order(sources, state, date(2026, 5, 10)))]


def test_the_bad_row_holds_the_month_of_its_promoter(runs: list[Outcome]) -> None:
    aside = pq.read_table(runs[0].folder / "quarantine" / "orders.parquet").to_pylist()
    assert [(r["file"], r["row_number"], r["rule"], r["closed_by"]) for r in aside] == [
        ("orders/first.csv", 2, "amt.format", None)
    ]
    assert json.loads(aside[0]["row"])["order_id"] == "o2"
    holds = "select clause, subject_id, month, effective_to from decisions where measure = 'hold_payout'"
    assert result(runs[0], holds) == [("3.5(1)", "P", "2026-03", None)]
    assert result(runs[0], "select status, rebate, held, payable from statements where month = '2026-03'") == [
        ("held", Decimal("70.00"), Decimal("70.00"), Decimal("0.00"))
    ]


def test_the_corrected_row_closes_the_entry_by_reference_and_the_hold_ends(runs: list[Outcome]) -> None:
    aside = pq.read_table(runs[1].folder / "quarantine" / "orders.parquet").to_pylist()
    assert [(r["file"], r["row_number"], r["closed_by"]) for r in aside] == [
        ("orders/first.csv", 2, "orders/second.csv:1")
    ]
    told = (runs[1].folder.parents[1] / "metrics.prom").read_text()
    assert 'tongren_quarantined_rows{feed="orders",rule="amt.format"} 0' in told
    ends = (
        "select cast(effective_to at time zone 'Asia/Shanghai' as varchar) from decisions where measure = 'hold_payout'"
    )
    assert result(runs[1], ends) == [("2026-05-11 00:00:00",)]
    assert result(runs[1], "select rebate, qualifies from statement_lines where order_id = 'o2'") == [
        (Decimal("30.00"), True)
    ]

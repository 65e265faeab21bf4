"""The burst test as a whole: what it flags, what it leaves alone, and that it does not hang on order or chance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from data_contracts.contract import contracts
from data_contracts.warehouse import Warehouse
from models import detectors
from models.detectors.discovery import q_values
from models.detectors.given import Given
from models.detectors.refund_burst.rule import rule

START = date(2025, 1, 1)
DAYS = 120
MakeWarehouse = Callable[..., Warehouse]


def honest(seed: int, promoters: int = 60, per_day: float = 0.5) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Orders of each promoter every day, each refunded with the promoter's own honest rate within days."""
    rng = np.random.default_rng(seed)
    days, refunds = [], []
    for n in range(promoters):
        rate = rng.gamma(3.0, 0.05 / 3.0)
        for day in np.flatnonzero(orders := rng.poisson(per_day, size=DAYS)):
            days.append(paid(f"P{n:03d}", int(day), int(orders[day])))
            for k in range(orders[day]):
                if rng.random() < rate and (age := int(rng.exponential(4.0))) + day < DAYS:
                    refunds.append(refunded(f"P{n:03d}", f"{n}-{day}-{k}", int(day) + age, age))
    return days, refunds


def paid(promoter: str, day: int, orders: int) -> dict[str, Any]:
    return {"promoter_id": promoter, "day": START + timedelta(days=day), "orders": orders, "paid_fen": 10_000 * orders,
            "risk_orders_ppm": 1_000_000 * orders, "risk_fen": 10_000 * orders}  # fmt: skip


def refunded(promoter: str, order: str, day: int, age: int) -> dict[str, Any]:
    on = START + timedelta(days=day)
    return {"promoter_id": promoter, "order_id": order, "account_id": order, "refunded_on": on, "age_days": age,
            "paid_on": on - timedelta(days=age), "paid_fen": 10_000, "refund_fen": 10_000}  # fmt: skip


def table(name: str, rows: Sequence[dict[str, Any]]) -> pa.Table:
    arrow = {
        "VARCHAR": pa.string(),
        "BIGINT": pa.int64(),
        "DATE": pa.date32(),
        "BOOLEAN": pa.bool_(),
        "DOUBLE": pa.float64(),
    }
    columns = contracts()[name].columns
    return pa.table({c.name: pa.array([r.get(c.name) for r in rows], arrow.get(c.duck, pa.string())) for c in columns})


def bursts(
    days: Sequence[dict[str, Any]], refunds: Sequence[dict[str, Any]], members: Sequence[dict[str, Any]] = ()
) -> list[dict[str, Any]]:
    scores = pa.table({"promoter_id": pa.array([], pa.string()), "score": pa.array([], pa.float64())})
    given = Given(
        {
            "refund_day": table("refund_day", days), "refund_order": table("refund_order", refunds),
            "group_member": table("group_member", members), "promoter_score": scores,
        },
        START + timedelta(days=DAYS - 1),
    )  # fmt: skip
    return rule(given)["burst"].to_pylist()


def test_a_planted_burst_is_flagged_with_its_window_and_reasons() -> None:
    days, refunds = honest(1)
    refunds += [refunded("P007", f"b{k}", 80 + k % 3, 5) for k in range(12)]
    found = [b for b in bursts(days, refunds) if b["flagged"]]
    assert [b["promoter_id"] for b in found] == ["P007"]
    assert (
        found[0]["window_start"] <= START + timedelta(days=80) <= START + timedelta(days=82) <= found[0]["window_end"]
    )
    assert found[0]["refund_orders"] >= 12 and found[0]["expected_orders"] < 3 and "RB01" in found[0]["reasons"]


TRAITS: dict[str, dict[str, Any]] = {
    "RB03": {"full_refund": True, "first_purchase": True}, "RB04": {"days_after_issue": 2},
    "RB06": {"age_days": 30}, "RB07": {"refund_fen": 8_888},
}  # fmt: skip


@pytest.mark.parametrize("code", [*TRAITS, "RB02", "RB05", "RB09"])
def test_each_trait_of_a_bursts_refunds_is_a_reason_and_without_it_is_none(code: str) -> None:
    days, refunds = honest(1, promoters=240 if code == "RB06" else 60)  # an age is rare among many refunds only
    spread = [
        {**r, "full_refund": False, "first_purchase": False, "refund_fen": 9_000 + n} for n, r in enumerate(refunds)
    ]
    days = [*days, paid("P007", 60, 12)]
    plain = [{**refunded("P007", f"x{k}", 70, 3 * k), "full_refund": False, "first_purchase": False, "refund_fen": 8_000 + k}
             for k in range(12)]  # fmt: skip
    marked = [{**r, **TRAITS.get(code, {})} for r in plain]
    group = [{"account_id": r["account_id"], "group_id": "G", "group_size": 12, "status": "linked"} for r in plain]

    def told(planted: list[dict[str, Any]], members: Sequence[dict[str, Any]] = ()) -> set[str]:
        found = bursts(days, [*spread, *planted], members)
        return {c for b in found if b["promoter_id"] == "P007" and b["flagged"] for c in b["reasons"]}

    assert code in told(marked, group if code == "RB05" else ())
    if code in TRAITS or code == "RB05":
        assert code not in told(plain)


def test_honest_promoters_are_rarely_flagged() -> None:
    flagged = [b for seed in range(3) for b in bursts(*honest(seed)) if b["flagged"]]
    assert len({b["promoter_id"] for b in flagged}) <= 1


def test_a_day_on_which_everybody_refunds_flags_nobody() -> None:
    days, refunds = honest(4)
    rng = np.random.default_rng(4)
    for row in list(days):
        age = 90 - (row["day"] - START).days
        if 0 <= age <= 30 and rng.random() < 0.3:
            refunds.append(refunded(row["promoter_id"], f"out-{row['promoter_id']}-{age}", 90, age))
    assert [b for b in bursts(days, refunds) if b["flagged"]] == []


def test_slow_refunds_of_nearly_all_orders_are_flagged_without_any_busy_day() -> None:
    days, refunds = honest(5)
    days = [d for d in days if d["promoter_id"] != "P010"] + [paid("P010", day, 1) for day in range(0, 60, 2)]
    refunds = [r for r in refunds if r["promoter_id"] != "P010"]
    refunds += [refunded("P010", f"s{day}", day + 35, 35) for day in range(0, 60, 2)]
    assert "P010" in {b["promoter_id"] for b in bursts(days, refunds) if b["flagged"]}


def test_the_order_of_rows_and_a_second_run_change_nothing() -> None:
    days, refunds = honest(6)
    refunds += [refunded("P001", f"b{k}", 60, 3) for k in range(9)]
    rng = np.random.default_rng(6)
    shuffled = [[rows[n] for n in rng.permutation(len(rows))] for rows in (days, refunds)]
    first, second = bursts(days, refunds), bursts(*shuffled)
    assert first and first == second


def test_q_values_are_those_of_benjamini_and_hochberg() -> None:
    p = np.array([0.01, 0.04, 0.03, 0.005])
    assert q_values(p) == pytest.approx([0.02, 0.04, 0.04, 0.02])
    assert q_values(p, dependent=True) == pytest.approx(np.minimum(np.array([0.02, 0.04, 0.04, 0.02]) * (25 / 12), 1))


def test_all_detectors_run_on_a_programme_without_any_rows(warehouse: MakeWarehouse) -> None:
    wh = warehouse("models")
    assert detectors.build(wh) == {}
    assert wh.execute("select count(*) from detection") == [(0,)]


def test_a_second_burst_is_not_hidden_by_the_first() -> None:
    days, refunds = honest(7)
    days.append(paid("P003", 20, 30))
    refunds += [refunded("P003", f"first{k}", 50 + k % 3, 30) for k in range(12)]
    refunds += [refunded("P003", f"second{k}", 90 + k % 3, 30) for k in range(10)]
    found = [b for b in bursts(days, refunds) if b["flagged"]]
    assert [b["promoter_id"] for b in found] == ["P003", "P003"]
    assert all("RB08" in b["reasons"] for b in found)

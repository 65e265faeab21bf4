"""Schemes planted into feeds, through the features and the whole detector."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from data_contracts.contract import contracts
from data_contracts.warehouse import Warehouse
from features import refunds
from models import detectors

BEGIN = datetime(2025, 3, 1, 4, tzinfo=UTC)
RULES = {
    "rebate.invitee_month_cap": '"5000.00"',
    "rebate.tiers": '[{"from": 0, "rate": "0.10"}]',
    "statement_day": "20",
}
AFTER_STATEMENT, PAYOUT = datetime(2025, 4, 22, 4, tzinfo=UTC), datetime(2025, 6, 10, 4, tzinfo=UTC)
Rows = list[dict[str, Any]]


@pytest.fixture
def flagged(warehouse: Callable[..., Warehouse], given: Callable[..., None]) -> Callable[..., dict[str, set[str]]]:
    """Codes by flagged promoter, of a detector on nine promoters with 30 invitees each; `alter` changes P0's orders."""

    def run(name: str, alter: Callable[[int, dict[str, Any]], None], groups: Rows) -> dict[str, set[str]]:
        wh = warehouse("models", date(2025, 6, 30))
        for table in set(refunds.TABLES) & set(contracts()):
            wh.execute(f"drop table {table}")
        people = [(p, n, f"P{p}-{n:02d}") for p in range(9) for n in range(30)]
        orders: Rows = []
        for p, n, account in people:
            paid = {
                "account_id": account,
                "product_code": "ecs",
                "paid_at": BEGIN + timedelta(days=n),
                "kind": "purchase",
            }
            orders += [
                paid | {"order_id": f"{account}-{k}", "cash_fen": 20_000 + 100 * n + k, "refund": None} for k in (0, 1)
            ]
            if n % 5 == 0:  # every fifth invitee of anybody gives an order back
                orders[-1]["refund"] = paid["paid_at"] + timedelta(days=1 + n % 4) if n else AFTER_STATEMENT
            if p == 0:
                alter(n, orders[-1])
        given(wh, "accounts", [{"account_id": a, "registered_at": BEGIN} for _, _, a in people])
        given(wh, "referrals", [{"invitee_id": a, "promoter_id": f"P{p}"} for p, _, a in people])
        given(
            wh,
            "parameter_span",
            [{"path": k, "from_day": date(2024, 1, 1), "to_day": None, "value": v} for k, v in RULES.items()],
        )
        given(wh, "group_member", groups)
        given(
            wh,
            "payouts",
            [{"payout_id": f"P{p}", "promoter_id": f"P{p}", "paid_at": PAYOUT, "status": "paid"} for p in range(9)],
        )
        given(wh, "refunds", [
            {"refund_id": o["order_id"], "order_id": o["order_id"], "refunded_at": o["refund"], "cash_fen": o["cash_fen"]}
            for o in orders if o["refund"]
        ])  # fmt: skip
        given(wh, "orders", [{k: v for k, v in o.items() if k != "refund"} for o in orders])
        refunds.build(wh)
        detectors.prepare(wh)
        card = next(c for c in detectors.cards() if c.name == name)
        rows = [r for r in detectors.detect(wh, card)["detection"].to_pylist() if r["flagged"]]
        return {r["promoter_id"]: set(r["reasons"]) for r in rows}

    return run


def nothing(n: int, order: dict[str, Any]) -> None:
    """P0 is as the others are."""


def cap_filled(n: int, order: dict[str, Any]) -> None:
    if n < 6:  # with the first order of that month it comes to just below 50,000 yuan, which fill the cap at 10 percent
        order["cash_fen"] = 4_950_000


def after_statement(n: int, order: dict[str, Any]) -> None:
    if n % 2:
        order["refund"] = AFTER_STATEMENT


def after_payout(n: int, order: dict[str, Any]) -> None:
    if n % 2:
        order["refund"] = PAYOUT + timedelta(days=2)


def dripping(n: int, order: dict[str, Any]) -> None:
    if n % 3 == 1:  # nine orders, one every few days, three to nine weeks after they were paid
        order["refund"] = order["paid_at"] + timedelta(days=20 + n * 17 % 45)


@pytest.mark.parametrize(
    ("name", "alter", "members", "codes"),
    [
        ("exploitation", nothing, 0, {}),
        ("exploitation", cap_filled, 0, {"P0": {"EX02"}}),
        ("exploitation", after_statement, 0, {"P0": {"EX04"}}),
        ("exploitation", after_payout, 0, {"P0": {"EX04"}}),
        ("refund_burst", nothing, 0, {}),
        # without RB01 and RB02: the scan alone does not flag it
        ("refund_burst", dripping, 0, {"P0": {"RB06", "RB08", "RB09"}}),
        ("collusion_ring", nothing, 0, {}),
        ("collusion_ring", nothing, 8, {"P0": {"CR02"}}),
    ],
)
def test_a_planted_scheme_is_flagged_with_its_code_and_nobody_else_is(
    name: str, alter: Any, members: int, codes: dict[str, set[str]], flagged: Callable[..., dict[str, set[str]]]
) -> None:
    farm = [
        {"account_id": f"P0-{n:02d}", "group_id": "G", "group_size": members, "status": "linked"}
        for n in range(members)
    ]
    assert flagged(name, alter, farm) == codes

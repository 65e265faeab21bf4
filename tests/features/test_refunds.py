"""Exposure, refunds and conduct per promoter, from a handful of orders."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from data_contracts.warehouse import Warehouse
from features import refunds


def at(text: str) -> datetime:
    return datetime.fromisoformat(text + "+08:00").astimezone(UTC)


@pytest.fixture
def world(warehouse: Callable[..., Warehouse], given: Callable[..., None]) -> Warehouse:
    wh = warehouse("features", date(2025, 6, 30))
    for contract in ("refund_product", "refund_order", "refund_day", "promoter_conduct"):
        wh.execute(f"drop table {contract}")
    given(wh, "accounts", [{"account_id": a, "registered_at": at("2025-03-01T00:00")} for a in ("p", "i", "j", "free")])
    given(
        wh,
        "referrals",
        [
            {"invitee_id": "i", "promoter_id": "p", "clicked_at": at("2025-02-28T23:59:58")},
            {"invitee_id": "j", "promoter_id": "p", "clicked_at": None},
        ],
    )
    given(wh, "parameter_span", [{"path": "statement_day", "from_day": date(2024, 1, 1), "to_day": None, "value": "20"}])
    given(
        wh,
        "orders",
        [
            order("o1", "i", "2025-03-02T10:00", 10_000),
            order("o2", "i", "2025-03-03T23:59", 20_000),
            order("o3", "j", "2025-03-04T00:00", 30_000),
            order("o4", "free", "2025-03-04T12:00", 40_000),
            order("o5", "j", "2025-03-04T12:00", 0),
        ],
    )
    given(
        wh,
        "refunds",
        [
            refund("r1", "o1", "2025-04-21T09:00", 4_000),
            refund("r2", "o1", "2025-04-22T09:00", 6_000),
            refund("r3", "o4", "2025-03-05T00:00", 40_000),
        ],
    )
    refunds.build(wh)
    return wh


def order(order_id: str, account: str, paid: str, cash: int) -> dict[str, Any]:
    return {"order_id": order_id, "account_id": account, "product_code": "ecs", "paid_at": at(paid), "cash_fen": cash}


def refund(refund_id: str, order_id: str, when: str, cash: int) -> dict[str, Any]:
    return {"refund_id": refund_id, "order_id": order_id, "refunded_at": at(when), "cash_fen": cash}


def test_an_order_refunded_in_two_parts_is_one_refunded_order_on_the_day_of_the_first(world: Warehouse) -> None:
    rows = world.execute("select refunded_on, age_days, refund_fen, full_refund, first_purchase from refund_order where order_id = 'o1'")
    assert rows == [(date(2025, 4, 21), 50, 10_000, True, True)]


def test_a_refund_knows_how_long_after_its_statement_it_came(world: Warehouse) -> None:
    rows = world.execute("select order_id, issued_on, days_after_issue from refund_order order by 1")
    assert rows == [("o1", date(2025, 4, 20), 1), ("o4", date(2025, 4, 20), -46)]


def test_days_are_natural_days_and_orders_without_cash_do_not_count(world: Warehouse) -> None:
    rows = world.execute("select day, orders, paid_fen, refund_orders from refund_day where promoter_id = 'p' order by day")
    assert rows == [
        (date(2025, 3, 2), 1, 10_000, 0),
        (date(2025, 3, 3), 1, 20_000, 0),
        (date(2025, 3, 4), 1, 30_000, 0),
        (date(2025, 4, 21), 0, 0, 1),
    ]


def test_accounts_that_nobody_referred_stand_under_the_empty_promoter(world: Warehouse) -> None:
    assert world.execute("select sum(orders), sum(refund_orders) from refund_day where promoter_id = ''") == [(1, 1)]


def test_conduct_counts_clicks_vanished_invitees_and_refunds_after_the_statement(world: Warehouse) -> None:
    rows = world.execute(
        "select invitees, unclicked, hasty, paying_invitees, orders, refund_orders, vanished_invitees, after_issue_refunds"
        " from promoter_conduct"
    )
    assert rows == [(2, 1, 1, 2, 3, 1, 0, 1)]

"""Exposure, refunds and conduct per promoter, from a handful of orders."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from data_contracts.contract import contracts
from data_contracts.warehouse import Warehouse
from features import refunds


def at(text: str) -> datetime:
    return datetime.fromisoformat(text + "+08:00").astimezone(UTC)


@pytest.fixture
def world(warehouse: Callable[..., Warehouse], given: Callable[..., None]) -> Warehouse:
    wh = warehouse("features", date(2025, 6, 30))
    for table in set(refunds.TABLES) & set(contracts()):
        wh.execute(f"drop table {table}")
    given(wh, "accounts", [{"account_id": a, "registered_at": at("2025-03-01T00:00")} for a in ("p", "i", "j", "free")])
    given(
        wh,
        "referrals",
        [
            {"invitee_id": "i", "promoter_id": "p", "clicked_at": at("2025-02-28T23:59:58")},
            {"invitee_id": "j", "promoter_id": "p", "clicked_at": None},
        ],
    )
    given(
        wh, "parameter_span", [{"path": "statement_day", "from_day": date(2024, 1, 1), "to_day": None, "value": "20"}]
    )
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
    rows = world.execute(
        "select refunded_on, age_days, refund_fen, full_refund, first_purchase from refund_order where order_id = 'o1'"
    )
    assert rows == [(date(2025, 4, 21), 50, 10_000, True, True)]


def test_a_refund_knows_how_long_after_its_statement_it_came(world: Warehouse) -> None:
    rows = world.execute("select order_id, issued_on, days_after_issue from refund_order order by 1")
    assert rows == [("o1", date(2025, 4, 20), 1), ("o4", date(2025, 4, 20), -46)]


def test_days_are_natural_days_and_orders_without_cash_do_not_count(world: Warehouse) -> None:
    rows = world.execute(
        "select day, orders, paid_fen, refund_orders from refund_day where promoter_id = 'p' order by day"
    )
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


def test_cash_just_below_what_fills_the_cap_hugs_it_and_a_tiny_purchase_and_no_other_is_told(
    warehouse: Callable[..., Warehouse], given: Callable[..., None]
) -> None:
    wh = warehouse("features", date(2025, 6, 30))
    for table in set(refunds.TABLES) & set(contracts()):
        wh.execute(f"drop table {table}")
    people = [f"i{n}" for n in range(6)]
    given(wh, "accounts", [{"account_id": a, "registered_at": at("2025-03-01T00:00")} for a in ("p", *people)])
    given(wh, "referrals", [{"invitee_id": a, "promoter_id": "p", "clicked_at": None} for a in people])
    given(
        wh,
        "parameter_span",
        [
            {"path": "rebate.invitee_month_cap", "from_day": date(2024, 1, 1), "to_day": None, "value": '"5000.00"'},
            {
                "path": "rebate.tiers",
                "from_day": date(2024, 1, 1),
                "to_day": None,
                "value": '[{"from": 0, "rate": "0.10"}]',
            },
        ],
    )
    cash = [4_990_000, 4_000_000, 6_000_000, 5_060_000, 1_000, 1_000]
    later = order("later", "i5", "2025-03-09T10:00", 70_000)  # who begins small and comes back is no minimal payer
    given(
        wh,
        "orders",
        [*(order(f"o{n}", a, "2025-03-02T10:00", c) for n, (a, c) in enumerate(zip(people, cash, strict=True))), later],
    )
    refunds.build(wh)
    rows = wh.execute("select paid_months, cap_hugging_months, tiny_first_purchases from promoter_conduct")
    assert rows == [(6, 1, 1)]


def test_a_coupon_redeemed_by_another_account_is_told_and_an_own_one_is_not(world: Warehouse) -> None:
    assert world.execute("select count(*) from coupon_use") == [(0,)]
    world.execute(
        "insert into coupons by name select c as coupon_id, 'i' as issued_to, timestamptz '2025-03-01 00:00+08' as issued_at,"
        " 500 as face_fen, o as redeemed_order_id from (values ('c1', 'o1'), ('c2', 'o3')) as v(c, o)"
    )
    for table in ("coupon_use", "coupon_holder"):
        world.execute(f"drop table {table}")
        world.make(refunds.SQL / f"{table}.sql")
    assert world.execute("select redeemed_by, order_id from coupon_use") == [("j", "o3")]
    assert world.execute("select redeemed, by_others from coupon_holder") == [(2, 1)]

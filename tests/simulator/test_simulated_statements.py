"""The payouts of an honest world against a second, plain reckoning of the agreement from the feeds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from simulator import simulate

ZONE = ZoneInfo("Asia/Shanghai")
Month = tuple[int, int]


def month_of(at: datetime) -> Month:
    return at.year, at.month


def cutoff(month: Month) -> datetime:
    """The end of the statement day."""
    year, number = (month[0], month[1] + 1) if month[1] < 12 else (month[0] + 1, 1)
    return datetime(year, number, 21, tzinfo=ZONE)


def rate_of(order: dict[str, Any], payers: int) -> Decimal:
    if order["product_code"] == "ecs" and date(2025, 11, 1) <= order["paid_at"].date() <= date(2025, 11, 15):
        return Decimal("0.20")
    return Decimal("0.15") if payers >= 10 else Decimal("0.10") if payers >= 3 else Decimal("0.05")


def entitlement(
    orders: list[dict[str, Any]], refunds: dict[str, list[tuple[datetime, Decimal]]], known: datetime
) -> Decimal:
    """What one promoter's months up to a cut-off are worth; ``orders`` are all orders of its invitees."""
    by_invitee = defaultdict(list)
    for order in orders:
        if order["cash_amount"] > 0 and order["paid_at"] < known:
            by_invitee[order["account_id"]].append(order)
    lines, payers = [], defaultdict(int)
    for bought in by_invitee.values():
        first = bought[0]
        ends = first["registered_at"].date() + timedelta(days=30)
        good = [o for o in bought if o["paid_at"].date() <= ends and o["paid_at"] < o["relation_end"] and qualifies(o)]
        nets = [o["cash_amount"] - sum((a for at, a in refunds[o["order_id"]] if at < known), Decimal(0)) for o in good]
        if any(net > 0 for net in nets):
            payers[month_of(first["paid_at"])] += 1
            lines += [(o, net) for o, net in zip(good, nets, strict=True)]
    capped: dict[tuple[str, Month], Decimal] = defaultdict(Decimal)
    for order, net in lines:
        month = month_of(order["paid_at"])
        rebate = (net * rate_of(order, payers[month])).quantize(Decimal("0.01"), ROUND_HALF_UP)
        if cutoff(month) <= known:
            capped[order["account_id"], month] += rebate
    return sum((min(value, Decimal(5000)) for value in capped.values()), Decimal(0))


def qualifies(order: dict[str, Any]) -> bool:
    return bool(order["promotable"] and not order["recharge_card"] and order["activity_id"] != "flash")


def rows(con: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    cursor = con.execute(sql)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def test_payouts_are_what_a_plain_reckoning_finds_payable(
    tmp_path: Path, look_into: Callable[[Path], duckdb.DuckDBPyConnection]
) -> None:
    simulate(tmp_path, 1_500, 30, 6, seed=8, honest=True, second_accounts=0.0)
    con = look_into(tmp_path)
    orders = rows(con, """
        select o.*, a.registered_at, r.promoter_id, p.promotable, p.recharge_card,
            coalesce(least(m.left_at, c.changed_at), m.left_at, c.changed_at, timestamptz '2100-01-01 00:00+08') as relation_end
        from orders o join accounts a using (account_id) join referrals r on r.invitee_id = o.account_id
        join products p on p.product_code = o.product_code and p.valid_from <= o.paid_at
            and (p.valid_to is null or o.paid_at < p.valid_to)
        join promoters m on m.promoter_id = r.promoter_id and m.joined_at <= a.registered_at
            and (m.left_at is null or a.registered_at < m.left_at)
        left join (from account_changes where field = 'account_type') c on c.account_id = r.promoter_id
        where o.account_id not in (select account_id from affiliations)
        order by o.account_id, o.paid_at, o.order_id
    """)  # fmt: skip
    refunds = defaultdict(list)
    for refund in rows(con, "select order_id, refunded_at, cash_amount from refunds"):
        refunds[refund["order_id"]].append((refund["refunded_at"], refund["cash_amount"]))
    by_promoter = defaultdict(list)
    for order in orders:
        by_promoter[order["promoter_id"]].append(order)

    months = [(2025, number) for number in range(7, 12)]
    expected: dict[tuple[str, str], Decimal] = {}
    for promoter, bought in by_promoter.items():
        reached = Decimal(0)
        for month in months:
            more = entitlement(bought, refunds, cutoff(month)) - reached
            expected[promoter, f"{month[0]}-{month[1]:02d}"] = more if more >= 10 else Decimal(0)
            reached += more if more >= 10 else Decimal(0)
    payouts = rows(con, "select promoter_id, month, gross_amount from payouts")
    assert len(payouts) > 40
    assert {
        (p["promoter_id"], p["month"]): p["gross_amount"] for p in payouts
        if p["gross_amount"] != expected[p["promoter_id"], p["month"]]
    } == {}  # fmt: skip

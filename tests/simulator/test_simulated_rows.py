"""A clean world breaks no row rule of the contracts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from simulator import Summary, simulate
from simulator.feeds import FEEDS

BROKEN = {
    "an identifier is seen before its account exists":
        "select 1 from identifiers join accounts using (account_id) where observed_at < registered_at",
    "a promoter joins before its account exists":
        "select 1 from promoters join accounts on account_id = promoter_id where joined_at < registered_at",
    "an order is paid before its account exists":
        "select 1 from orders join accounts using (account_id) where paid_at < registered_at",
    "an account changes before it exists":
        "select 1 from account_changes join accounts using (account_id) where changed_at < registered_at",
    "a sighting is delivered twice":
        "select 1 from identifiers group by account_id, kind, value, observed_at, source having count(*) > 1",
    "an amount is negative":
        "select 1 from orders where least(list_amount, coupon_amount, voucher_amount, cash_amount) < 0",
    "cash is above the list price less coupon and voucher":
        "select 1 from orders where cash_amount > list_amount - coupon_amount - voucher_amount",
    "refunds are above the cash of their order":
        "select 1 from refunds r join orders o using (order_id) group by order_id, o.cash_amount "
        "having sum(r.cash_amount) > o.cash_amount",
    "a refund is nothing or comes before its payment":
        "select 1 from refunds r join orders using (order_id) where r.cash_amount <= 0 or refunded_at < paid_at",
    "a refund has no order": "select 1 from refunds anti join orders using (order_id)",
    "an order has no account": "select 1 from orders anti join accounts using (account_id)",
    "an order has a product that is not sold": "select 1 from orders anti join products using (product_code)",
    "an identifier has no account": "select 1 from identifiers anti join accounts using (account_id)",
    "a referral has no account":
        "select 1 from referrals where invitee_id not in (select account_id from accounts) "
        "or promoter_id not in (select account_id from accounts)",
    "an account is invited twice": "select 1 from referrals group by invitee_id having count(*) > 1",
    "an invitee registers before its promoter joined":
        "select 1 from referrals join accounts on account_id = invitee_id "
        "join (select promoter_id, min(joined_at) as joined_at from promoters group by 1) using (promoter_id) "
        "where registered_at < joined_at",
    "a coupon is redeemed by an order without that coupon":
        "select 1 from coupons join orders on order_id = redeemed_order_id where face_amount <> coupon_amount",
    "a coupon is issued after it was redeemed":
        "select 1 from coupons join orders on order_id = redeemed_order_id where issued_at > paid_at",
    "a payout is not the sum of tax and net": "select 1 from payouts where gross_amount <> tax_amount + net_amount",
    "a promoter is paid without a request":
        "select 1 from payouts anti join payout_requests using (promoter_id, month)",
    "a promoter joins under a document not yet in force":
        "select 1 from promoters where consented_version <> "
        "case when joined_at < timestamptz '2025-10-01 00:00+08' then 'base-1' else 'base-2' end",
    "two memberships of a promoter overlap":
        "select 1 from promoters a join promoters b on a.promoter_id = b.promoter_id and a.joined_at < b.joined_at "
        "where a.left_at is null or a.left_at > b.joined_at",
    "something happens after the period":
        "select 1 from identifiers where observed_at >= timestamptz '2026-01-01 00:00+08' union all "
        "select 1 from orders where paid_at >= timestamptz '2026-01-01 00:00+08' union all "
        "select 1 from refunds where refunded_at >= timestamptz '2026-01-01 00:00+08'",
    "a text is outside the contract's length": "select 1 from identifiers where length(value) not between 1 and 128",
}  # fmt: skip


@pytest.mark.parametrize("fault", BROKEN)
def test_never_happens(feeds: duckdb.DuckDBPyConnection, fault: str) -> None:
    assert feeds.execute(BROKEN[fault]).fetchall() == []


@pytest.mark.parametrize(("accounts", "promoters", "months"), [(8, 2, 1), (40, 10, 1), (300, 60, 2), (900, 20, 12)])
def test_worlds_of_any_size_keep_the_rules(
    tmp_path: Path, look_into: Callable[[Path], duckdb.DuckDBPyConnection], accounts: int, promoters: int, months: int
) -> None:
    summary = simulate(tmp_path, accounts, promoters, months, seed=3)
    con = look_into(tmp_path)
    second = {"a promoter joins under a document not yet in force"}  # its day depends on the length of the period
    broken = [fault for fault, sql in BROKEN.items() if fault not in second and con.execute(sql).fetchall()]
    assert broken == []
    assert summary.rows["accounts"] == accounts
    assert con.execute("select count(distinct promoter_id) from promoters").fetchall() == [(promoters,)]


def test_all_fifteen_feeds_have_the_contracts_types(feeds: duckdb.DuckDBPyConnection, folder: Summary) -> None:
    types = {(feed, row[0]): row[1] for feed in FEEDS for row in feeds.execute(f"describe {feed}").fetchall()}
    assert len(FEEDS) == 15
    assert {kind for (_, column), kind in types.items() if column.endswith("_amount")} == {"DECIMAL(18,2)"}
    instants = {kind for (_, column), kind in types.items() if column.endswith("_at") or column.startswith("valid_")}
    assert instants == {"TIMESTAMP WITH TIME ZONE"}
    assert all(folder.rows[feed] > 0 for feed in FEEDS)

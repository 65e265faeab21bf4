"""Payouts follow the statements: after the statement day, on request, with the tax of the programme."""

from __future__ import annotations

from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import duckdb
import yaml

from simulator import Summary


def tax_on(gross: Decimal, rules: dict[str, object]) -> Decimal:
    """The per_payment rule, written from its text and the programme file."""
    exemption, brackets = rules["exemption"], rules["brackets"]
    assert isinstance(exemption, dict) and isinstance(brackets, list)
    small = gross <= Decimal(exemption["up_to"])
    base = (
        max(gross - Decimal(exemption["flat"]), Decimal(0))
        if small
        else gross * (1 - Decimal(exemption["above_share"]))
    )
    bracket = next(b for b in brackets if b["up_to"] is None or base <= Decimal(b["up_to"]))
    tax = base * Decimal(bracket["rate"]) - Decimal(bracket["quick"])
    return max(tax, Decimal(0)).quantize(Decimal("0.01"), ROUND_HALF_UP)


def test_tax_is_that_of_the_programme_over_a_month_of_payments(
    feeds: duckdb.DuckDBPyConnection, folder: Summary
) -> None:
    programme = yaml.safe_load((folder.folder / "programme.yaml").read_text(encoding="utf-8"))
    rules = programme["documents"][0]["withholding"]
    paid: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    rows = feeds.execute(
        "select promoter_id, strftime(paid_at, '%Y-%m'), gross_amount, tax_amount, status from payouts order by paid_at, payout_id"
    ).fetchall()
    assert len(rows) > 50
    for promoter, month, gross, tax, status in rows:
        before = paid[promoter, month]
        assert tax == tax_on(before + gross, rules) - tax_on(before, rules)
        if status == "paid":
            paid[promoter, month] += gross


def test_nobody_is_paid_before_the_statement_day_or_twice(feeds: duckdb.DuckDBPyConnection) -> None:
    early = feeds.execute(
        "select count(*) from payouts where paid_at < (month || '-01')::date + interval 1 month + interval 20 day"
    ).fetchall()
    twice = feeds.execute(
        "select count(*) from (from payouts where status = 'paid') group by promoter_id, month having count(*) > 1"
    ).fetchall()
    assert early == [(0,)]
    assert twice == []


def test_a_payout_is_no_more_than_a_fifth_of_what_invitees_paid(feeds: duckdb.DuckDBPyConnection) -> None:
    above = feeds.execute("""
        with earned as (
            select promoter_id, sum(cash_amount) as cash from orders join referrals on invitee_id = account_id group by 1
        )
        select count(*) from (select promoter_id, sum(gross_amount) as gross from payouts where status = 'paid' group by 1)
        left join earned using (promoter_id) where gross > 0.2 * coalesce(cash, 0)
    """).fetchall()  # fmt: skip
    assert above == [(0,)]


def test_nobody_is_paid_after_a_burst_was_seen(feeds: duckdb.DuckDBPyConnection) -> None:
    after = feeds.execute(
        "select count(*) from payouts join truth_bursts using (promoter_id) where paid_at::date > window_end + 31"
    ).fetchall()
    assert after == [(0,)]


def test_some_payments_fail_and_are_asked_for_again(feeds: duckdb.DuckDBPyConnection) -> None:
    failed = feeds.execute(
        "select f.month, count(r.request_id) from (from payouts where status = 'failed') f "
        "left join payout_requests r using (promoter_id, month) group by f.payout_id, f.month"
    ).fetchall()
    assert failed
    assert all(requests == 2 or month == "2025-11" for month, requests in failed)


def test_programme_and_policy_are_dated_and_announced(folder: Summary) -> None:
    path: Path = folder.folder
    documents = yaml.safe_load((path / "programme.yaml").read_text(encoding="utf-8"))["documents"]
    assert [d["id"] for d in documents] == ["base-1", "base-2", "detail-1", "double-11", "flash-sale"]
    assert all(d["announced_on"] <= d["effective_from"] for d in documents)
    assert documents[3]["effective_from"] == "2025-11-01"
    policy = yaml.safe_load((path / "policy.yaml").read_text(encoding="utf-8"))
    assert policy[0]["rules"][0]["do"] == "auto"

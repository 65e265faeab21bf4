"""Rows that are well formed and contradict each other: repeats, orphans, order in time, limits."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from data_contracts.errors import InputRefused


def money(done: Any) -> list[tuple[Any, ...]]:
    """The promoters and months that bad money rows touch."""
    return list(done.rows("select feed, rule, promoter_id, month from quarantined_money order by all"))


def test_ev_dup_identical_repeats_collapse_and_are_counted(feeds: Any, deliver: Any, ingest: Any) -> None:
    feeds["orders"] += [dict(feeds["orders"][0]), feeds["orders"][0] | {"voucher_amount": "10.00"}]
    done = ingest(deliver(feeds))
    assert done.broken("orders") == [] and done.summary.duplicates["orders"] == 2
    assert done.rows("select count(*) from orders") == [(3,)]


def test_ev_conflict_the_same_key_with_other_content_takes_all_of_them(feeds: Any, deliver: Any, ingest: Any) -> None:
    feeds["orders"].append(feeds["orders"][1] | {"cash_amount": "99.00"})
    done = ingest(deliver(feeds))
    assert done.broken("orders") == [(2, "ev.conflict"), (4, "ev.conflict")]
    assert money(done) == [("orders", "ev.conflict", "P1", "2025-12")] * 2


def test_ev_conflict_one_account_twice_as_invitee(feeds: Any, deliver: Any, ingest: Any) -> None:
    feeds["referrals"].append(feeds["referrals"][0] | {"promoter_id": "P2"})
    assert ingest(deliver(feeds)).broken("referrals") == [(1, "ev.conflict"), (4, "ev.conflict")]


def test_a_bad_row_is_no_conflict_for_a_good_one(feeds: Any, deliver: Any, ingest: Any) -> None:
    feeds["orders"].append(feeds["orders"][1] | {"cash_amount": "99.001"})
    done = ingest(deliver(feeds))
    assert done.broken("orders") == [(4, "amt.scale")]


def test_ref_orphan_waits_while_younger_than_35_days_and_holds_nobody_it_cannot_name(
    feeds: Any, deliver: Any, ingest: Any
) -> None:
    old, young = "2025-12-27T23:59:59+08:00", "2025-12-28T00:00:00+08:00"
    feeds["refunds"] = [
        feeds["refunds"][0] | {"refund_id": r, "order_id": "lost", "refunded_at": at}
        for r, at in (("R1", old), ("R2", young))
    ]
    done = ingest(deliver(feeds))
    assert done.broken("refunds") == [(1, "ref.orphan"), (2, "ref.orphan")]
    assert [r["detail"] for r in done.quarantine("refunds")] == ["order_id is not in orders", "waiting"]
    assert money(done) == []


def test_ref_excess_takes_the_refund_that_passes_and_not_the_later_one_that_fits(
    feeds: Any, deliver: Any, ingest: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("WARNING", "tongren")
    base = feeds["refunds"][0]
    feeds["refunds"] = [
        base | {"refund_id": f"R{day}", "refunded_at": f"2025-12-{day}T10:00:00+08:00", "cash_amount": amount}
        for day, amount in ((14, "30"), (11, "60"), (13, "50"), (15, "10.01"), (16, "10"))
    ]
    done = ingest(deliver(feeds))
    assert done.broken("refunds") == [(3, "ref.excess"), (4, "ref.excess")]
    assert done.rows("select sum(cash_fen) from refunds") == [(10000,)]
    assert money(done) == [("refunds", "ref.excess", "P1", "2025-12")] * 2
    assert "code=ref.excess rows=2: more is refunded than was paid" in caplog.text


def test_ref_before_payment(feeds: Any, deliver: Any, ingest: Any) -> None:
    feeds["refunds"][0]["refunded_at"] = "2025-12-01T09:59:59.999999+08:00"
    done = ingest(deliver(feeds))
    assert done.broken("refunds") == [(1, "ref.before_payment")]
    assert money(done) == [("refunds", "ref.before_payment", "P1", "2025-12")]


def test_a_refund_in_the_instant_of_its_payment_is_kept(feeds: Any, deliver: Any, ingest: Any) -> None:
    feeds["refunds"][0]["refunded_at"] = feeds["orders"][0]["paid_at"]
    assert ingest(deliver(feeds)).broken("refunds") == []


def test_acct_unknown_of_a_payment(feeds: Any, deliver: Any, ingest: Any) -> None:
    feeds["orders"][0]["account_id"] = "nobody"
    done = ingest(deliver(feeds), share="0.4")
    assert done.broken("orders") == [(1, "acct.unknown")]
    assert done.broken("refunds") == [(1, "ref.orphan")]
    assert done.quarantine("refunds")[0]["detail"] == "order_id refers to a quarantined row of orders"


def test_orphans_of_a_quarantined_row_do_not_count_towards_the_share(feeds: Any, deliver: Any, ingest: Any) -> None:
    feeds["orders"][0]["cash_amount"] = "x"
    done = ingest(deliver(feeds), share="0.34")  # one of three orders; the one refund of one is its orphan
    assert done.broken("refunds") == [(1, "ref.orphan")]
    assert money(done) == [("orders", "amt.format", "P1", "2025-12"), ("refunds", "ref.orphan", "P1", "2025-12")]


def test_acct_unknown_elsewhere(feeds: Any, deliver: Any, ingest: Any) -> None:
    places = [("identifiers", "account_id", 0), ("promoters", "promoter_id", 0), ("referrals", "promoter_id", 0),
              ("referrals", "invitee_id", 2)]  # fmt: skip
    for feed, column, place in places:
        feeds[feed][place][column] = "nobody"
    done = ingest(deliver(feeds))
    assert done.broken("identifiers") == done.broken("promoters") == [(1, "acct.unknown")]
    assert done.broken("referrals") == [(1, "acct.unknown"), (3, "acct.unknown")]


def test_product_unknown_only_when_there_is_a_products_feed(feeds: Any, deliver: Any, ingest: Any) -> None:
    assert ingest(deliver(feeds)).broken("orders") == []
    feeds["products"] = [{"product_code": "rds", "valid_from": "2025-01-01T00:00:00+08:00", "valid_to": None,
                          "category": "cloud", "promotable": "true", "recharge_card": "false"}]  # fmt: skip
    assert ingest(deliver(feeds)).broken("orders") == [(i, "product.unknown") for i in (1, 2, 3)]


def test_payout_sum(feeds: Any, deliver: Any, ingest: Any) -> None:
    feeds["payouts"] = [{"payout_id": "X1", "promoter_id": "P2", "month": "2025-12", "paid_at": "2026-01-25T10:00:00+08:00",
                         "gross_amount": "100.00", "tax_amount": "10.00", "net_amount": "90.01", "status": "paid"}]  # fmt: skip
    done = ingest(deliver(feeds))
    assert done.broken("payouts") == [(1, "payout.sum")]
    assert money(done) == [("payouts", "payout.sum", "P2", "2025-12")]


def test_amt_currency(feeds: Any, deliver: Any, ingest: Any) -> None:
    for row, currency in zip(feeds["orders"], ("CNY", "USD", ""), strict=True):
        row["currency"] = currency
    assert ingest(deliver(feeds)).broken("orders") == [(2, "amt.currency")]


@pytest.mark.parametrize(("at", "bad"), [("2025-11-03T09:55:00+08:00", False), ("2025-11-03T09:54:59+08:00", True)])
def test_ev_before_registration_by_more_than_five_minutes(
    at: str, bad: bool, feeds: Any, deliver: Any, ingest: Any
) -> None:
    feeds["orders"][0]["paid_at"] = at
    feeds["identifiers"][0]["observed_at"] = at
    feeds["account_changes"] = [{"account_id": "A1", "changed_at": at, "field": "account_type",
                                 "old_value": "individual", "new_value": "enterprise"}]  # fmt: skip
    done = ingest(deliver(feeds))
    expected = [(1, "ev.before_registration")] if bad else []
    assert [done.broken(t) for t in ("orders", "identifiers", "account_changes")] == [expected] * 3


def test_what_is_not_yet_known_waits_and_so_does_what_refers_to_it(feeds: Any, deliver: Any, ingest: Any) -> None:
    feeds["coupons"] = [{"coupon_id": "C1", "issued_to": "A2", "issued_at": "2025-11-06T10:00:00+08:00",
                         "face_amount": "10.00", "redeemed_order_id": "O2"}]  # fmt: skip
    feeds["refunds"][0] |= {"order_id": "O2", "refunded_at": "2025-12-01T23:59:59+08:00"}
    done = ingest(deliver(feeds), as_of=date(2025, 12, 1))
    assert done.summary.waiting == {"accounts": 0, "coupons": 0, "identifiers": 0, "orders": 2, "promoters": 0,
                                    "referrals": 0, "refunds": 1}  # fmt: skip
    assert all(not done.broken(t) for t in feeds)
    assert done.rows("select redeemed_order_id from coupons") == [(None,)]


def test_an_account_that_is_not_yet_known_takes_its_referral_and_orders_along(
    feeds: Any, deliver: Any, ingest: Any
) -> None:
    feeds["accounts"][2]["registered_at"] = "2026-02-01T00:00:00+08:00"
    done = ingest(deliver(feeds))
    waiting = {t: n for t, n in done.summary.waiting.items() if n}
    assert waiting == {"accounts": 1, "identifiers": 1, "orders": 1, "referrals": 1, "refunds": 1}


def test_a_row_of_the_future_is_not_judged_before_it_is_known(feeds: Any, deliver: Any, ingest: Any) -> None:
    feeds["orders"].append(feeds["orders"][0] | {"paid_at": "2026-03-01T00:00:00+08:00", "cash_amount": "1.234"})
    done = ingest(deliver(feeds))
    assert done.broken("orders") == [] and done.summary.waiting["orders"] == 1


def test_a_promoter_that_refers_itself_is_evidence_and_kept(feeds: Any, deliver: Any, ingest: Any) -> None:
    feeds["referrals"].append(feeds["referrals"][0] | {"invitee_id": "P1", "promoter_id": "P1"})
    assert ingest(deliver(feeds)).broken("referrals") == []


def test_a_share_above_the_limit_refuses_the_feed_and_names_the_rules(feeds: Any, deliver: Any, ingest: Any) -> None:
    feeds["orders"][0]["cash_amount"] = "12.345"
    with pytest.raises(InputRefused, match=r"feed\.share.*1 of 3 rows of orders.*amt\.scale 1"):
        ingest(deliver(feeds), share="0.33")


def test_more_than_a_hundred_bad_money_rows_of_one_promoter_refuse_the_run(
    feeds: Any, deliver: Any, ingest: Any
) -> None:
    feeds["refunds"] = [feeds["refunds"][0] | {"refund_id": f"R{i}", "cash_amount": "0.001"} for i in range(101)]
    with pytest.raises(InputRefused, match=r"feed\.money_rows.*promoter P1"):
        ingest(deliver(feeds))
    feeds["refunds"].pop()
    assert ingest(deliver(feeds)).summary.quarantined["refunds"] == 100


def test_a_coupon_without_an_order_holds_the_promoter_of_its_owner_and_no_month(
    feeds: Any, deliver: Any, ingest: Any
) -> None:
    feeds["coupons"] = [{"coupon_id": "C1", "issued_to": "A2", "issued_at": "2025-11-06T10:00:00+08:00",
                         "face_amount": "x", "redeemed_order_id": None}]  # fmt: skip
    assert money(ingest(deliver(feeds))) == [("coupons", "amt.format", "P1", None)]

"""Holds, clawbacks, carries and offsets by hand, with the ledger behind them. Rate 10 %, statement day 20."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

import settlement
from data_contracts.errors import InputRefused
from tests.settlement.conftest import BASE
from tests.settlement.play import Play, at

Make = Callable[..., Play]


def earn(p: Play, month: str, fen: int, name: str = "") -> None:
    """One invitee of P who pays `fen` on the 5th of a month."""
    who = f"I{month}{name}"
    p.invitee(who, f"{month}-02")
    p.order(f"o{month}{name}", who, f"{month}-05 12:00:00", fen)


def test_held_money_is_released_at_the_first_issue_that_no_hold_covers(play: Make) -> None:
    # March 100.00 held. Released on 1 May, so the issue of April carries it: 50.00 + 100.00.
    p = play()
    earn(p, "2026-03", 100_000)
    earn(p, "2026-04", 50_000)
    p.decide("D1", "hold_payout", "promoter", "P", "2026-04-10", month="2026-03")
    p.run("2026-04-20")
    assert p.statement("2026-03") == {
        "status": "held",
        "new_paying_users": 1,
        "net": 100_000,
        "rebate": 10_000,
        "held": 10_000,
    }
    assert p.balance("promoter_held") == -10_000
    p.decisions["D1"]["effective_to"] = p.decisions["D1"]["effective_from"].replace(month=5, day=1)
    p.run("2026-05-01")
    assert p.balance("promoter_held") == -10_000
    p.run("2026-05-20")
    assert p.statement("2026-04")["released"] == 10_000
    assert p.statement("2026-04")["payable"] == 15_000
    assert p.statement("2026-03")["status"] == "held"
    assert (p.balance("promoter_held"), p.balance("promoter_payable")) == (0, -15_000)


def test_a_hold_after_the_issue_holds_unpaid_instalments_and_they_never_pass_through_released(play: Make) -> None:
    p = play()
    earn(p, "2026-03", 100_000)
    p.run("2026-04-20")
    p.decide("D1", "suspend_functions", "referral", "I2026-03", "2026-04-25", functions="login, payout")
    p.run("2026-04-26")
    assert p.payables("2026-03") == [(1, 10_000, "held")]
    assert p.balance("promoter_held") == -10_000
    p.overturn("D1")
    p.run("2026-05-20")
    assert p.payables("2026-03") == [(1, 10_000, "due")]
    assert p.statement("2026-04") == {"status": "issued"}
    assert (p.balance("promoter_held"), p.balance("promoter_payable")) == (0, -10_000)


def test_a_clawback_cancels_unpaid_instalments_oldest_first_held_ones_too(play: Make) -> None:
    # March 100.00 and April 60.00 unpaid, March held; 130.00 of March's and April's rebate is voided in May's issue.
    p = play()
    earn(p, "2026-03", 100_000)
    earn(p, "2026-04", 30_000)
    earn(p, "2026-04", 30_000, "b")
    p.run("2026-04-20")
    p.run("2026-05-20")
    p.decide("D1", "hold_payout", "promoter", "P", "2026-06-01", month="2026-03")
    p.decide("D2", "void_relation", "referral", "I2026-03", "2026-06-01")
    p.decide("D3", "void_relation", "referral", "I2026-04", "2026-06-01")
    p.run("2026-06-20")
    assert p.statement("2026-05") == {"status": "issued", "adjustments": -13_000, "clawback_added": 13_000}
    assert p.caused("2026-05") == {("2026-03", "D2"): -10_000, ("2026-04", "D3"): -3_000}
    assert p.payables("2026-03") == [(1, 10_000, "cancelled")]
    assert p.payables("2026-04") == [(1, 3_000, "cancelled"), (1, 3_000, "due")]
    assert (p.balance("promoter_held"), p.balance("promoter_payable"), p.balance("clawback_receivable")) == (
        0,
        -3_000,
        0,
    )


def test_an_overturned_decision_restores_exactly_and_the_open_balance_takes_it_back(play: Make) -> None:
    p = play()
    earn(p, "2026-03", 100_000)
    p.payout("2026-03", "2026-04-25", 10_000)
    p.run("2026-04-20")
    p.decide("D1", "void_order", "order", "o2026-03", "2026-05-01", clause="3.1(5)")
    p.decide("D2", "claw_back", "promoter", "P", "2026-05-01", clause="4.4(1)")
    p.run("2026-05-20")
    assert p.balance("clawback_receivable") == 10_000
    notices = p.tables["settlement_instruction"]
    assert [(n["decision_id"], n["amount_fen"]) for n in notices] == [("D2", 10_000)]
    p.overturn("D1")
    p.run("2026-06-20")
    assert p.statement("2026-05") == {"status": "issued", "adjustments": 10_000, "offset": 10_000}
    assert p.caused("2026-05") == {("2026-03", "D1"): 10_000}
    assert p.balance("clawback_receivable") == 0


def test_a_late_order_is_adjusted_apart_from_a_refund(play: Make) -> None:
    # Known at the issue: 1,000.00. Then 400.00 of it is refunded, and an order of March comes to light: +500.00.
    p = play()
    earn(p, "2026-03", 100_000)
    p.run("2026-04-20")
    p.refund("o2026-03", "2026-04-22", 40_000)
    p.order("late", "I2026-03", "2026-03-07", 50_000)
    p.run("2026-05-20")
    assert p.caused("2026-04") == {("2026-03", "4.2(4)"): -4_000, ("2026-03", "4.2(1)"): 5_000}
    assert p.statement("2026-04")["payable"] == 1_000


def test_a_late_affiliation_is_a_late_row_and_no_refund(play: Make) -> None:
    p = play()
    earn(p, "2026-03", 100_000)
    p.run("2026-04-20")
    p.refund("o2026-03", "2026-04-22", 40_000)
    p.add("affiliations", account_id="I2026-03", kind="sales", valid_from=p.feeds["accounts"][1]["registered_at"])
    p.run("2026-05-20")
    assert p.caused("2026-04") == {("2026-03", "4.2(1)"): -10_000}
    assert p.line("o2026-03")["clause"] == "2.2(1)"


def test_an_issued_month_keeps_its_groups_and_a_decision_on_the_group_changes_it(play: Make) -> None:
    p = play()
    earn(p, "2026-03", 100_000)
    p.invitee("J", "2026-03-01", "Q")
    p.order("first", "J", "2026-03-03", 10_000)
    p.run("2026-04-20")
    p.groups.update({"I2026-03": "G", "J": "G"})
    p.run("2026-05-20")
    assert p.caused("2026-04") == {}
    assert p.line("o2026-03")["qualifies"]
    p.decide("D1", "void_relation", "group", "G", "2026-06-01", promoter_id=None, clause="2.2(3)")
    p.run("2026-06-20")
    assert p.caused("2026-05") == {("2026-03", "D1"): -10_000}


def test_a_payment_above_what_was_payable_adds_its_excess_and_nothing_else(play: Make) -> None:
    p = play()
    earn(p, "2026-03", 100_000)
    earn(p, "2026-04", 50_000)
    p.run("2026-04-20")
    p.payout("2026-03", "2026-04-25", 10_700, tax_fen=1_000)
    p.run("2026-05-20")
    assert p.statement("2026-04")["offset"] == 700
    assert p.statement("2026-04")["payable"] == 4_300
    assert (p.balance("cash"), p.balance("tax_payable"), p.balance("clawback_receivable")) == (-9_700, -1_000, 0)
    assert {r["reason"] for r in p.tables["settlement_finding"]} == {"tax_differs", "above_payable"}


def test_what_is_below_the_minimum_is_carried_until_it_is_not(play: Make) -> None:
    p = play(base={**BASE, "minimum_payout": "100.00"})
    earn(p, "2026-02", 99_990)
    earn(p, "2026-03", 10)
    p.run("2026-03-20")
    assert p.statement("2026-02")["carried_out"] == 9_999
    p.run("2026-04-20")
    assert p.statement("2026-03") == {
        "status": "issued", "new_paying_users": 1, "net": 10, "rebate": 1, "carried_in": 9_999, "payable": 10_000,
    }  # fmt: skip


def test_months_issued_at_once_count_the_payments_of_each_before_the_next(play: Make) -> None:
    # One run issues February to April; February was paid 20.00 too much, which March's 100.00 pays back.
    p = play()
    earn(p, "2026-02", 100_000)
    earn(p, "2026-03", 100_000)
    p.payout("2026-02", "2026-03-25", 12_000)
    p.run("2026-05-20")
    assert p.statement("2026-02")["payable"] == 10_000
    assert (p.statement("2026-03")["offset"], p.statement("2026-03")["payable"]) == (2_000, 8_000)
    assert p.statement("2026-04") == {"status": "issued"}


def test_a_programme_that_has_ended_earns_nothing_more_but_still_settles_and_claws_back(play: Make) -> None:
    p = play(base={**BASE, "effective_to": "2026-03-31", "statement_day": 15})
    earn(p, "2026-03", 100_000)
    p.order("after", "I2026-03", "2026-04-01 00:00:00", 50_000)
    p.documents = [p.documents[0], {**p.documents[1], "effective_to": "2026-03-31"}]
    p.run("2026-04-15")
    assert p.statement("2026-03")["payable"] == 10_000
    assert p.line("after")["clause"] == "4.2(1)"
    p.payout("2026-03", "2026-04-20", 10_000)
    p.refund("o2026-03", "2026-05-01", 100_000)
    p.run("2026-05-15")
    assert p.statement("2026-04") == {"status": "issued", "adjustments": -10_000, "clawback_added": 10_000}


def test_cancelling_participation_cuts_relations_and_leaves_a_notice(play: Make) -> None:
    p = play()
    earn(p, "2026-03", 100_000)
    p.order("o-after", "I2026-03", "2026-03-20 12:00:00", 10_000)
    p.payout("2026-03", "2026-04-25", 11_000)
    p.run("2026-04-20")
    p.decide("D1", "cancel_programme", "promoter", "P", "2026-03-20", clause="1.2(4)")
    p.run("2026-05-20")
    assert p.line("o-after")["clause"] == "2.3(2)"
    assert p.line("o2026-03")["qualifies"]
    assert p.caused("2026-04") == {("2026-03", "D1"): -1_000}
    assert [(n["decision_id"], n["amount_fen"]) for n in p.tables["settlement_instruction"]] == [("D1", 1_000)]


def test_a_run_before_the_last_issue_is_refused(play: Make) -> None:
    with pytest.raises(InputRefused, match="2026-03"):
        settlement.check_as_of(("2026-03", date(2026, 4, 20)), date(2026, 4, 19))
    settlement.check_as_of(("2026-03", date(2026, 4, 20)), date(2026, 4, 20))
    settlement.check_as_of(None, date(2020, 1, 1))


def test_two_runs_on_one_day_post_nothing_twice(play: Make) -> None:
    p = play()
    earn(p, "2026-03", 100_000)
    p.payout("2026-03", "2026-04-20 12:00:00", 10_000)
    p.run("2026-04-20")
    before = len(p.books["books_posting"])
    p.run("2026-04-20")
    assert len(p.books["books_posting"]) == before
    assert p.tables["new_statement"] == p.tables["new_issue"] == p.tables["new_known"] == []


def test_a_payment_that_failed_after_it_was_posted_is_posted_back_and_payable_again(play: Make) -> None:
    p = play()
    earn(p, "2026-03", 100_000)
    p.payout("2026-03", "2026-04-25", 10_000, tax_fen=1_000)
    p.run("2026-04-20")
    p.run("2026-04-26")
    assert (p.balance("promoter_payable"), p.balance("cash"), p.balance("tax_payable")) == (0, -9_000, -1_000)
    paid = next(r for r in p.books["books_posting"] if r["credit_account"] == "cash")
    p.feeds["payouts"][0]["status"] = "failed"
    p.run("2026-04-27")
    assert (p.balance("promoter_payable"), p.balance("cash"), p.balance("tax_payable")) == (-10_000, 0, 0)
    back = p.tables["new_posting"]
    assert {(r["debit_account"], r["credit_account"], r["amount_fen"], r["cause"], r["corrects"]) for r in back} == {
        ("cash", "promoter_payable", 9_000, "5.3", paid["transaction_id"]),
        ("tax_payable", "promoter_payable", 1_000, "5.3", paid["transaction_id"]),
    }
    assert p.payables("2026-03") == [(1, 10_000, "failed")]
    # Nothing is posted back twice, and the same payout may go through after all, and fail once more on one day.
    p.run("2026-04-27")
    assert p.tables["new_posting"] == []
    for status, payable in (("paid", 0), ("failed", -10_000), ("paid", 0)):
        p.feeds["payouts"][0]["status"] = status
        p.run("2026-04-27")
        assert (p.balance("promoter_payable"), p.balance("clawback_receivable")) == (payable, 0)
    assert p.payables("2026-03") == [(1, 10_000, "paid")]
    assert {r["verdict"] for r in p.tables["payout_check"]} == {"tax_differs"}


def test_a_payout_reported_anew_with_another_amount_replaces_what_was_posted(play: Make) -> None:
    p = play()
    earn(p, "2026-03", 100_000)
    p.payout("2026-03", "2026-04-25", 10_000)
    p.run("2026-04-20")
    p.run("2026-04-26")
    p.feeds["payouts"][0].update(gross_fen=6_000, net_fen=5_500, tax_fen=500)
    p.run("2026-04-27")
    assert (p.balance("promoter_payable"), p.balance("cash"), p.balance("tax_payable")) == (-4_000, -5_500, -500)
    assert p.payables("2026-03") == [(1, 6_000, "paid"), (1, 4_000, "due")]


def test_a_payout_that_is_gone_from_the_feed_stays_posted_and_is_named(play: Make) -> None:
    p = play()
    earn(p, "2026-03", 100_000)
    p.payout("2026-03", "2026-04-25", 10_000, tax_fen=1_000)
    p.run("2026-04-20")
    p.run("2026-04-26")
    payouts = p.feeds.pop("payouts")
    p.run("2026-04-27")
    assert (p.balance("cash"), p.payables("2026-03")) == (-9_000, [(1, 10_000, "paid")])
    (row,) = p.tables["payout_check"]
    assert (row["verdict"], row["promoter_id"], row["month"], row["gross_fen"], row["paid_on"]) == (
        "gone", "P", "2026-03", 10_000, date(2026, 4, 26),
    )  # fmt: skip
    assert row["payout_id"] in {r["transaction_id"] for r in p.books["books_posting"]}
    assert [(f["clause"], f["reason"], f["payout_id"]) for f in p.tables["settlement_finding"]] == [
        ("4.4(3)", "gone", row["payout_id"])
    ]
    p.feeds["payouts"] = payouts
    p.run("2026-04-28")
    assert [r["verdict"] for r in p.tables["payout_check"]] == ["tax_differs"]
    assert p.tables["new_posting"] == []


def test_an_offset_for_an_excess_that_never_arrived_is_carried_into_the_next_statement(play: Make) -> None:
    # 107.00 was paid where 100.00 was payable: April's 50.00 gave the 7.00 back. Then the payment turns out to have failed.
    p = play()
    for month in ("2026-03", "2026-04", "2026-05"):
        earn(p, month, 100_000 if month == "2026-03" else 50_000)
    p.payout("2026-03", "2026-04-25", 10_700)
    p.run("2026-04-20")
    p.run("2026-05-20")
    assert p.statement("2026-04")["offset"] == 700
    p.feeds["payouts"][0]["status"] = "failed"
    p.run("2026-05-25")
    assert (p.balance("clawback_receivable"), p.balance("promoter_payable")) == (0, -10_000 - 4_300 - 700)
    p.run("2026-06-20")
    assert (p.statement("2026-05")["carried_in"], p.statement("2026-05")["payable"]) == (700, 5_700)
    assert p.payables("2026-03") == [(1, 10_000, "failed")]


def test_a_void_of_a_ring_reaches_whom_its_evidence_names_and_nobody_else(play: Make) -> None:
    p = play()
    for name in ("a", "b", "c"):
        earn(p, "2026-03", 100_000, name)
    p.decide("D1", "void_order", "ring", "K1", "2026-04-01", members=["I2026-03a", "I2026-03b"])
    p.run("2026-04-20")
    assert [p.line(f"o2026-03{n}")["clause"] for n in ("a", "b", "c")] == ["3.5(4)", "3.5(4)", None]
    assert p.statement("2026-03")["rebate"] == 10_000
    p.decide("D2", "void_relation", "ring", "K2", "2026-04-25", members=["I2026-03c", "someone-else"])
    p.run("2026-05-20")
    assert p.caused("2026-04") == {("2026-03", "D2"): -10_000}


def test_a_payment_repeated_after_it_failed_fills_what_the_failed_one_left(play: Make) -> None:
    # Both payments were counted, so the second was an excess. The first turns out to have failed: 100.00 was paid in all.
    p = play()
    earn(p, "2026-03", 100_000)
    p.add("payout_requests", request_id="q", promoter_id="P", month="2026-03", requested_at=at("2026-04-21"))
    p.payout("2026-03", "2026-04-25", 10_000)
    p.payout("2026-03", "2026-04-26", 10_000)
    p.run("2026-04-20")
    p.run("2026-04-27")
    assert p.balance("clawback_receivable") == 10_000
    p.feeds["payouts"][0]["status"] = "failed"
    p.run("2026-04-28")
    assert (p.balance("clawback_receivable"), p.balance("cash"), p.balance("promoter_payable")) == (0, -10_000, 0)
    assert p.payables("2026-03") == [(1, 10_000, "paid")]
    assert p.tables["payment_plan"] == []


@pytest.mark.parametrize("held", [False, True])
def test_what_is_payable_again_goes_against_what_is_owed(play: Make, held: bool) -> None:
    # Two halves; the first is paid, then the relation is voided: the second is cancelled, 50.00 stay open. The payment failed.
    p = play(base={**BASE, "instalments": [{"share": "0.5", "after_months": 0}, {"share": "0.5", "after_months": 1}]})
    earn(p, "2026-03", 100_000)
    p.payout("2026-03", "2026-04-25", 5_000)
    p.run("2026-04-20")
    p.decide("D1", "void_relation", "referral", "I2026-03", "2026-05-01")
    p.run("2026-05-20")
    assert p.balance("clawback_receivable") == 5_000
    p.feeds["payouts"][0]["status"] = "failed"
    if held:
        p.decide("D2", "hold_payout", "promoter", "P", "2026-05-21")
    p.run("2026-05-22")
    assert [p.balance(a) for a in ("clawback_receivable", "cash", "promoter_payable", "promoter_held")] == [0, 0, 0, 0]
    assert {r["status"] for r in p.tables["payable"]} == {"cancelled"}

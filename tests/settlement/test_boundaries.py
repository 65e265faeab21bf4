"""Both sides of the boundaries that move money between months or promoters, worked out by hand. Rate 10 %, issue on the 20th."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from tests.settlement.conftest import BASE, DETAIL
from tests.settlement.play import Play, at

Make = Callable[..., Play]


def detail(**rebate: Any) -> dict[str, Any]:
    return {**DETAIL, "rebate": rebate}


@pytest.mark.parametrize(("paid", "clause", "rebate"), [
    ("2026-04-01 23:59:59", None, 10_000),  # registered on 2 March: 1 April is the 30th day after it
    ("2026-04-02 00:00:00", "4.2(1)", 0),
])  # fmt: skip
def test_the_last_second_of_day_30_counts_and_the_first_of_day_31_does_not(
    play: Make, paid: str, clause: str | None, rebate: int
) -> None:
    p = play()
    p.invitee("I", "2026-03-02 10:00:00")
    p.order("o", "I", paid, 100_000)
    p.run("2026-05-20")
    assert (p.line("o")["clause"], p.statement("2026-04").get("rebate", 0)) == (clause, rebate)


@pytest.mark.parametrize(("refunded", "march", "april"), [
    ("2026-04-20 23:59:59", {"rebate": 6_000, "payable": 6_000}, {}),  # known at the cut-off: 60 % of 100.00 is left
    ("2026-04-21 00:00:00", {"rebate": 10_000, "payable": 10_000}, {"adjustments": -4_000, "clawback_added": 4_000}),
])  # fmt: skip
def test_a_refund_one_second_before_the_issue_lowers_it_and_one_after_adjusts_the_next(
    play: Make, refunded: str, march: dict[str, int], april: dict[str, int]
) -> None:
    p = play()
    p.invitee("I", "2026-03-02")
    p.order("o", "I", "2026-03-05", 100_000)
    p.refund("o", refunded, 40_000)
    p.run("2026-04-20")
    p.run("2026-05-20")
    told = [{k: v for k, v in p.statement(m).items() if k not in ("status", "new_paying_users", "net")}
            for m in ("2026-03", "2026-04")]  # fmt: skip
    assert told == [march, april]


@pytest.mark.parametrize(("users", "rebate"), [(1, 500), (2, 2_000), (3, 3_000)])
def test_a_tier_is_reached_exactly_at_its_number(play: Make, users: int, rebate: int) -> None:
    # 100.00 each: one user at 5 %; from two users on 10 %.
    p = play(detail=detail(tiers=[{"from": 0, "rate": "0.05"}, {"from": 2, "rate": "0.10"}]))
    for n in range(users):
        p.invitee(f"I{n}", "2026-03-02")
        p.order(f"o{n}", f"I{n}", "2026-03-05", 10_000)
    p.run("2026-04-20")
    assert p.statement("2026-03")["rebate"] == rebate


@pytest.mark.parametrize(
    ("cash", "rebate", "cap"), [(99_990, 9_999, []), (100_000, 10_000, []), (100_010, 10_000, [-1])]
)
def test_a_cap_takes_away_only_what_is_above_it(play: Make, cash: int, rebate: int, cap: list[int]) -> None:
    p = play(detail=detail(tiers=[{"from": 0, "rate": "0.10"}], promoter_month_cap="100.00"))
    p.invitee("I", "2026-03-02")
    p.order("o", "I", "2026-03-05", cash)
    p.run("2026-04-20")
    assert p.statement("2026-03")["rebate"] == rebate
    assert [r["rebate_fen"] for r in p.tables["statement_line"] if r["line_kind"] == "cap"] == cap


def test_a_full_refund_of_the_only_order_removes_the_user_and_of_the_first_of_two_does_not(play: Make) -> None:
    # I: 100.00 back in full, no user. J: the first 100.00 back, 50.00 stay: a user of the month of the first purchase.
    p = play()
    for who in ("I", "J"):
        p.invitee(who, "2026-03-02")
        p.order(f"o{who}", who, "2026-03-05", 10_000)
        p.refund(f"o{who}", "2026-03-06", 10_000)
    p.order("oJ2", "J", "2026-04-01", 5_000)
    p.run("2026-05-20")
    assert p.line("oI")["clause"] == "4.3(2)"
    assert p.statement("2026-03")["new_paying_users"] == 1
    assert p.statement("2026-04")["rebate"] == 500


def test_of_two_promoters_who_invite_one_person_only_the_first_purchase_earns(play: Make) -> None:
    # I and J are one person. J registered first, but I pays first: P earns. J's order comes after it: 4.3(1).
    p = play()
    p.promoter("Q")
    p.invitee("J", "2026-03-01", "Q")
    p.invitee("I", "2026-03-02", "P")
    p.order("oI", "I", "2026-03-05", 10_000)
    p.order("oJ", "J", "2026-03-06", 10_000)
    p.groups.update({"I": "G", "J": "G"})
    p.run("2026-04-20")
    assert p.line("oI")["qualifies"]
    assert p.line("oJ")["clause"] == "4.3(1)"
    assert (p.statement("2026-03", "P")["rebate"], p.statement("2026-03", "Q").get("rebate", 0)) == (1_000, 0)


def test_after_the_programmes_end_nothing_is_earned_whatever_its_other_documents_say(play: Make) -> None:
    # The base document ends on 31 March and the detail document has no end. I's second order is of April, J comes in May.
    p = play(base={**BASE, "effective_to": "2026-03-31"})
    p.invitee("I", "2026-03-15")
    p.order("in", "I", "2026-03-31 23:59:59", 100_000)
    p.order("out", "I", "2026-04-01 00:00:00", 100_000)
    p.invitee("J", "2026-05-02")
    p.order("later", "J", "2026-05-05", 100_000)
    p.run("2026-06-20")
    assert [(p.line(o)["clause"], p.line(o)["rebate_fen"]) for o in ("in", "out", "later")] == [
        (None, 10_000), ("4.2(1)", 0), ("4.2(1)", 0),
    ]  # fmt: skip


def test_the_caps_and_bounties_of_a_programmes_last_month_are_those_of_its_last_day(play: Make) -> None:
    p = play(base={**BASE, "effective_to": "2026-03-20"}, detail=detail(
        tiers=[{"from": 0, "rate": "0.10"}], promoter_month_cap="50.00", bounty_per_new_paying_user="1.00"))  # fmt: skip
    p.invitee("I", "2026-03-02")
    p.order("o", "I", "2026-03-05", 40_000)
    p.invitee("J", "2026-03-02")
    p.order("q", "J", "2026-03-05", 40_000)
    p.run("2026-04-20")
    assert p.statement("2026-03")["rebate"] == 5_000
    assert sorted(r["rebate_fen"] for r in p.tables["statement_line"] if r["line_kind"] != "order") == [
        -3_200,
        100,
        100,
    ]


def test_after_the_programmes_end_a_later_document_still_changes_payer_and_tax(play: Make) -> None:
    # 1,000.00 is paid in May: (1,000 - 0) x 20 % = 200.00 under the rule of 1 May, not (1,000 - 800) x 20 % = 40.00.
    law = {
        "id": "law",
        "level": "detail",
        "effective_from": "2026-05-01",
        "withholding": {"exemption": {"flat": "0.00"}},
    }
    sold = {"id": "sold", "level": "detail", "effective_from": "2026-04-10", "payer": "vendor-b"}
    p = play(law, sold, base={**BASE, "effective_to": "2026-03-31"})
    p.invitee("I", "2026-03-02")
    p.order("o", "I", "2026-03-05", 1_000_000)
    p.payout("2026-03", "2026-05-25", 100_000)
    p.run("2026-05-26")
    assert [r["expected_tax_fen"] for r in p.tables["payout_check"]] == [20_000]
    assert {r["payer"] for r in p.tables["payable"]} == {"vendor-b"}


def test_once_orders_count_one_by_one_every_later_order_of_the_relation_is_out(play: Make) -> None:
    # From 10 March only the first order counts. It was that of 5 March, so those of 12 and 13 March do not.
    p = play(
        {"id": "first", "level": "base", "effective_from": "2026-03-10", "readings": {"amount_scope": "first_order"}}
    )
    p.invitee("I", "2026-03-02")
    for day in ("05", "12", "13"):
        p.order(f"o{day}", "I", f"2026-03-{day}", 10_000)
    p.run("2026-04-20")
    assert [p.line(f"o{d}")["clause"] for d in ("05", "12", "13")] == [None, "4.2(2)", "4.2(2)"]


@pytest.mark.parametrize(("card", "clause"), [("2026-03-05", None), ("2026-03-12", "4.3(2)")])
def test_a_card_bars_its_buyer_by_the_reading_of_its_own_day(play: Make, card: str, clause: str | None) -> None:
    wide = {"id": "wide", "level": "base", "effective_from": "2026-03-10", "readings": {"recharge_card_user": "any"}}
    p = play(wide)
    p.add(
        "products", product_code="ecs", valid_from=at("2020-01-01"), category="c", promotable=True, recharge_card=False
    )
    p.add(
        "products", product_code="card", valid_from=at("2020-01-01"), category="c", promotable=True, recharge_card=True
    )
    p.invitee("I", "2026-03-02")
    p.order("c", "I", card, 10_000, product="card")
    p.order("o", "I", "2026-03-14", 10_000)
    p.run("2026-04-20")
    assert p.line("o")["clause"] == clause


def test_the_window_ends_with_the_thirtieth_day_after_registration_on_every_day_of_2020_to_2032(play: Make) -> None:
    # One invitee per day, registered at its first or last instant; an order a microsecond before the end and one at it.
    p = play(base={**BASE, "effective_from": "2020-01-01"}, detail={**DETAIL, "effective_from": "2020-01-01"})
    p.feeds = {}
    p.promoter("P", "2019-12-31")
    days = [date(2020, 1, 1) + timedelta(days=n) for n in range(4_749)]
    for n, day in enumerate(days):
        p.invitee(f"I{n}", f"{day} {'23:59:59' if n % 2 else '00:00:00'}")
        end = at((day + timedelta(days=31)).isoformat())
        for name, paid in (("in", end - timedelta(microseconds=1)), ("out", end)):
            p.order(f"{name}{n}", f"I{n}", "2020-01-01", 100)
            p.feeds["orders"][-1]["paid_at"] = paid
    clauses = p.judged("2033-03-01")
    assert days[-1] == date(2032, 12, 31)
    assert {o: c for o, c in clauses.items() if c != (None if o.startswith("in") else "4.2(1)")} == {}
    assert len(clauses) == 2 * len(days)

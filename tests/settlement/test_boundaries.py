"""Both sides of the boundaries that move money between months or promoters, worked out by hand. Rate 10 %, issue on the 20th."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.settlement.conftest import DETAIL
from tests.settlement.play import Play

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

"""The year that `docs/settlement.md` tells, to the fen."""

from __future__ import annotations

from collections.abc import Callable

from tests.settlement.conftest import BASE
from tests.settlement.play import Play, at

HALVES = [{"share": "0.50", "after_months": 0}, {"share": "0.50", "after_months": 1}]


def test_the_year_of_the_page_is_as_it_is_told(play: Callable[..., Play]) -> None:
    p = play(base={**BASE, "instalments": HALVES, "minimum_payout": "20.00"})
    for number, month, fen in (
        (1, "2026-03", 70_000),
        (2, "2026-04", 12_000),
        (3, "2026-05", 15_000),
        (4, "2026-06", 50_000),
    ):
        p.invitee(f"I{number}", f"{month}-02")
        p.order(f"o{number}", f"I{number}", f"{month}-05", fen)
    p.order("o1b", "I1", "2026-03-06", 30_000)
    p.refund("o1b", "2026-05-10", 30_000)
    p.payout("2026-03", "2026-04-25", 5_000)
    p.payout("2026-03", "2026-08-02", 4_200)
    told = {}
    p.run("2026-04-20")
    p.run("2026-05-20")
    assert p.payables("2026-03") == [(1, 5_000, "paid"), (2, 1_800, "cancelled"), (2, 3_200, "due")]
    p.run("2026-06-20")
    p.decide("D1", "hold_payout", "promoter", "P", "2026-07-01", month="2026-06")
    p.run("2026-07-20")
    p.decisions["D1"]["effective_to"] = at("2026-08-01")
    p.run("2026-08-20")
    p.decide("D2", "void_relation", "referral", "I1", "2026-09-01", clause="3.1(5)")
    p.run("2026-09-20")
    assert p.balance("clawback_receivable") == 1_500
    p.overturn("D2")
    p.run("2026-10-20")
    for month in range(3, 10):
        s = p.statement(f"2026-{month:02d}")
        told[month] = {k: v for k, v in s.items() if k not in ("status", "new_paying_users", "net")}
    assert told == {
        3: {"rebate": 10_000, "payable": 10_000},
        4: {"rebate": 1_200, "adjustments": -3_000, "clawback_added": 1_800},
        5: {"rebate": 1_500, "carried_out": 1_500},
        6: {"rebate": 5_000, "carried_in": 1_500, "held": 6_500},
        7: {"released": 6_500, "offset": 1_000, "payable": 5_500},
        8: {"adjustments": -7_000, "clawback_added": 7_000},
        9: {"adjustments": 7_000, "offset": 1_500, "payable": 5_500},
    }

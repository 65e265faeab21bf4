"""Whole months worked out by hand, to the fen."""

from __future__ import annotations

from collections.abc import Callable

from tests.settlement.play import Play


def test_a_refund_after_the_statement_is_clawed_back_and_offset(play: Callable[..., Play]) -> None:
    # March: 700 + 300 at 10 % = 100.00, paid. April: 120 -> 12.00; o2 refunded on 10 May: -30.00, sum -18.00.
    # May: 500 -> 50.00, offset 18.00, payable 32.00.
    p = play()
    p.invitee("I1", "2026-03-02 10:00:00")
    p.invitee("I2", "2026-04-03 10:00:00")
    p.invitee("I3", "2026-05-04 10:00:00")
    p.order("o1", "I1", "2026-03-05 12:00:00", 70_000)
    p.order("o2", "I1", "2026-03-06 12:00:00", 30_000)
    p.order("o3", "I2", "2026-04-05 12:00:00", 12_000)
    p.order("o4", "I3", "2026-05-06 12:00:00", 50_000)
    p.refund("o2", "2026-05-10 12:00:00", 30_000)
    p.payout("2026-03", "2026-04-25 12:00:00", 10_000)
    p.run("2026-04-20")
    assert p.statement("2026-03") == {
        "status": "issued",
        "new_paying_users": 1,
        "net": 100_000,
        "rebate": 10_000,
        "payable": 10_000,
    }
    p.run("2026-05-20")
    assert p.statement("2026-04") == {
        "status": "issued", "new_paying_users": 1, "net": 12_000, "rebate": 1_200, "adjustments": -3_000,
        "clawback_added": 1_800,
    }  # fmt: skip
    assert p.caused("2026-04") == {("2026-03", "4.2(4)"): -3_000}
    assert p.payables("2026-03") == [(1, 10_000, "paid")]
    p.run("2026-06-20")
    assert p.statement("2026-05") == {
        "status": "issued", "new_paying_users": 1, "net": 50_000, "rebate": 5_000, "offset": 1_800, "payable": 3_200,
    }  # fmt: skip
    assert p.payables("2026-05") == [(1, 3_200, "due")]
    assert p.balance("clawback_receivable") == 0
    assert p.balance("promoter_payable") == -3_200

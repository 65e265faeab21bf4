"""Instalments, payer, requests and failed payouts (4.4(3), 4.4(4), 5.3, 6.1(6)), and postings in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import pytest

from data_contracts.errors import ContractBroken
from data_contracts.warehouse import Warehouse
from settlement import invariants
from tests.settlement.conftest import BASE
from tests.settlement.play import Play, at

Make = Callable[..., Play]
THIRDS = [{"share": "0.333333", "after_months": n} for n in range(3)]


def one_month(p: Play, fen: int = 100_001) -> None:
    """P earns a tenth of `fen` in March."""
    p.invitee("I", "2026-03-02")
    p.order("o1", "I", "2026-03-05", fen)


def test_instalments_are_rounded_and_the_last_takes_the_remainder(play: Make) -> None:
    p = play(base={**BASE, "instalments": THIRDS})
    one_month(p)
    p.payout("2026-03", "2026-04-25", 5_000)
    p.run("2026-04-20")
    rows = [(r["instalment_no"], r["amount_fen"], r["due_on"]) for r in p.tables["new_instalment"]]
    assert rows == [(1, 3_333, date(2026, 4, 30)), (2, 3_333, date(2026, 5, 31)), (3, 3_334, date(2026, 6, 30))]
    p.run("2026-04-26")
    assert p.payables("2026-03") == [(1, 3_333, "paid"), (2, 1_667, "paid"), (2, 1_666, "due"), (3, 3_334, "due")]


@pytest.mark.parametrize(
    "shares", [["0.5", "0.5"], ["0.5", "0.5", "0"], ["0.000001", "0.999999"], ["0.1"] * 10, ["0.027778"] * 36]
)
def test_instalments_add_up_whatever_the_plan(play: Make, shares: Sequence[str]) -> None:
    p = play(base={**BASE, "instalments": [{"share": s, "after_months": 0} for s in shares]})
    for fen in (10, 30, 50, 100_010):
        p.promoter(f"Q{fen}")
        p.invitee(f"I{fen}", "2026-03-02", f"Q{fen}")
        p.order(f"o{fen}", f"I{fen}", "2026-03-05", fen)
    p.run("2026-04-20")
    assert min(r["amount_fen"] for r in p.tables["new_instalment"]) >= 0
    for fen in (10, 30, 50, 100_010):
        amounts = [r["amount_fen"] for r in p.tables["new_instalment"] if r["promoter_id"] == f"Q{fen}"]
        assert sum(amounts) == p.statement("2026-03", f"Q{fen}")["payable"]


def test_a_failed_payout_stays_payable_until_a_new_request(play: Make) -> None:
    p = play()
    one_month(p)
    p.add("payout_requests", request_id="q1", promoter_id="P", month="2026-03", requested_at=at("2026-04-21"))
    p.payout("2026-03", "2026-04-23", 10_000, status="failed")
    p.run("2026-04-22")
    assert p.payables("2026-03") == [(1, 10_000, "requested")]
    p.run("2026-04-24")
    assert p.payables("2026-03") == [(1, 10_000, "failed")]
    assert p.balance("promoter_payable") == -10_000
    p.add("payout_requests", request_id="q2", promoter_id="P", month="2026-03", requested_at=at("2026-04-25"))
    p.run("2026-04-26")
    assert p.payables("2026-03") == [(1, 10_000, "requested")]


@pytest.mark.parametrize(("requested", "as_of", "payer"), [
    (None, "2026-04-30", "vendor-a"), (None, "2026-05-01", "vendor-b"),
    ("2026-04-30 23:59:59", "2026-05-02", "vendor-a"), ("2026-05-01 00:00:00", "2026-05-02", "vendor-b"),
])  # fmt: skip
def test_a_change_of_the_party_counts_from_the_first_of_the_next_month(
    play: Make, requested: str | None, as_of: str, payer: str
) -> None:
    p = play({"id": "moved", "level": "base", "effective_from": "2026-04-10", "payer": "vendor-b"})
    one_month(p)
    if requested:
        p.add("payout_requests", request_id="q1", promoter_id="P", month="2026-03", requested_at=at(requested))
    p.run(as_of)
    assert [r["payer"] for r in p.tables["payable"]] == [payer]


def test_at_no_posting_is_payable_held_or_the_open_balance_negative(play: Make) -> None:
    p = play(base={**BASE, "instalments": THIRDS})
    for month, fen in (("2026-01", 100_000), ("2026-02", 80_000), ("2026-03", 10_000), ("2026-04", 90_000)):
        p.invitee(f"I{month}", f"{month}-12")
        p.order(f"o{month}", f"I{month}", f"{month}-13", fen)
    p.payout("2026-01", "2026-02-25", 4_000, tax_fen=300)
    p.refund("o2026-01", "2026-03-22", 100_000)
    p.run("2026-02-20")
    p.decide("D1", "hold_payout", "promoter", "P", "2026-03-01")
    p.run("2026-03-20")
    p.overturn("D1")
    p.run("2026-04-20")
    p.run("2026-05-20")
    balance: dict[str, int] = {}
    for row in sorted(p.books["books_posting"], key=lambda r: (r["transaction_id"], r["posting_no"])):
        for account, sign in ((row["debit_account"], 1), (row["credit_account"], -1)):
            balance[account] = balance.get(account, 0) + sign * row["amount_fen"]
        assert balance.get("promoter_payable", 0) <= 0
        assert balance.get("promoter_held", 0) <= 0
        assert balance.get("clawback_receivable", 0) >= 0
    assert sum(balance.values()) == 0


@pytest.mark.parametrize(("harm", "named"), [
    ("update new_posting set amount_fen = amount_fen + 1 where credit_account = 'promoter_payable'", "P2"),
    ("update new_posting set debit_account = credit_account", "L1"),
    ("update new_instalment set amount_fen = amount_fen - 1", "L7"),
    ("update statement_line set net_fen = -net_fen", "L4"),
    ("update statement_line set clause = '4.2(1)'", "L9"),
    ("delete from statement_line", "L9"),
    ("update new_statement set payable_fen = 0", "P2"),
])  # fmt: skip
def test_a_broken_promise_stops_the_run_and_is_named(
    play: Make, monkeypatch: pytest.MonkeyPatch, harm: str, named: str
) -> None:
    real: Any = invariants.check

    def harmed(wh: Warehouse) -> None:
        wh.execute(harm)
        real(wh)

    monkeypatch.setattr(invariants, "check", harmed)
    p = play()
    one_month(p)
    with pytest.raises(ContractBroken, match=named):
        p.run("2026-04-20")


def test_instalments_of_two_months_are_taxed_each_in_the_month_in_which_it_falls_due(play: Make) -> None:
    # Two halves of 800.00: nothing is withheld from either. In one month they would give 160.00.
    p = play(base={**BASE, "instalments": [{"share": "0.5", "after_months": 0}, {"share": "0.5", "after_months": 1}]})
    one_month(p, 1_600_000)
    p.add("payout_requests", request_id="q", promoter_id="P", month="2026-03", requested_at=at("2026-04-20"))
    p.run("2026-04-20")
    assert [(r["gross_fen"], r["tax_fen"]) for r in p.tables["payment_plan"]] == [(80_000, 0), (80_000, 0)]
    p.run("2026-06-02")
    assert [(r["gross_fen"], r["tax_fen"]) for r in p.tables["payment_plan"]] == [(80_000, 0), (80_000, 16_000)]


def test_the_payer_of_what_was_paid_without_a_request_stays_as_it_was(play: Make) -> None:
    p = play({"id": "sold", "level": "base", "effective_from": "2026-06-10", "payer": "vendor-b"})
    one_month(p)
    p.payout("2026-03", "2026-04-25", 4_000)
    p.run("2026-07-01")
    assert [(r["status"], r["payer"]) for r in p.tables["payable"]] == [("paid", "vendor-a"), ("due", "vendor-b")]

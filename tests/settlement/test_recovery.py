"""Recovery notices (4.4(1)): nobody is asked for more than is owed, nor for what never was paid."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from data_contracts.errors import ContractBroken
from data_contracts.warehouse import Warehouse
from settlement import invariants
from tests.settlement.conftest import BASE
from tests.settlement.play import Play
from tests.settlement.test_balances import earn

Make = Callable[..., Play]
Told = list[tuple[str, str | None, int | None]]


def told(p: Play) -> Told:
    """What the last run left: kind, decision, fen."""
    rows = [(n["kind"], n["decision_id"], n["amount_fen"]) for n in p.tables["settlement_instruction"]]
    return sorted(rows, key=lambda r: (r[0], r[1] or "", r[2] or 0))


@pytest.fixture
def demanded(play: Make) -> Play:
    """March was paid 90.00 and 10.00 tax, its only order is voided (D1) and the 90.00 are demanded (D2)."""
    p = play()
    earn(p, "2026-03", 100_000)
    p.payout("2026-03", "2026-04-25", 10_000, tax_fen=1_000)
    p.run("2026-04-20")
    p.decide("D1", "void_order", "order", "o2026-03", "2026-05-01", clause="3.1(5)")
    p.decide("D2", "claw_back", "promoter", "P", "2026-05-01", clause="4.4(1)")
    p.run("2026-05-20")
    assert told(p) == [("recovery_notice", "D2", 9_000)]
    return p


def test_one_balance_is_demanded_once_and_its_growth_by_the_next_decision(play: Make) -> None:
    # 100.00 of March and 50.00 of April are paid. March is voided and demanded by two decisions, then April is voided.
    p = play()
    earn(p, "2026-03", 100_000)
    earn(p, "2026-04", 50_000)
    p.payout("2026-03", "2026-04-25", 10_000)
    p.payout("2026-04", "2026-05-25", 5_000)
    p.run("2026-05-20")
    p.decide("D1", "void_order", "order", "o2026-03", "2026-06-01", clause="3.1(5)")
    p.decide("D2", "claw_back", "promoter", "P", "2026-06-01", clause="4.4(1)")
    p.decide("D3", "claw_back", "promoter", "P", "2026-06-01", clause="4.4(1)")
    p.run("2026-06-20")
    assert [(n["decision_id"], n["amount_fen"]) for n in p.tables["settlement_instruction"]] == [("D2", 10_000)]
    p.run("2026-06-21")
    assert p.tables["settlement_instruction"] == []
    p.decide("D4", "void_order", "order", "o2026-04", "2026-07-01", clause="3.1(5)")
    p.run("2026-07-20")
    assert p.balance("clawback_receivable") == 15_000
    assert [(n["decision_id"], n["amount_fen"]) for n in p.tables["settlement_instruction"]] == [("D3", 5_000)]


def test_after_a_cancelled_participation_each_growth_of_the_balance_is_demanded(play: Make) -> None:
    p = play()
    earn(p, "2026-03", 100_000)
    p.payout("2026-03", "2026-04-25", 10_000)
    p.run("2026-04-20")
    p.decide("D1", "cancel_programme", "promoter", "P", "2026-05-01", clause="1.2(4)")
    p.refund("o2026-03", "2026-05-02", 40_000)
    p.run("2026-05-20")
    p.refund("o2026-03", "2026-06-02", 60_000)
    p.run("2026-06-20")
    told = [(n["decision_id"], n["amount_fen"]) for n in p.books["books_instruction"]]
    assert told == [("D1", 4_000), ("D1", 6_000)]


def test_a_notice_is_called_back_once_when_the_void_is_overturned(demanded: Play) -> None:
    demanded.overturn("D1")
    demanded.run("2026-06-20")
    assert told(demanded) == [("cancel_instruction", "D2", None)]
    demanded.run("2026-07-20")
    assert told(demanded) == []


def test_a_notice_is_called_back_when_the_payment_that_it_asks_back_has_failed(demanded: Play) -> None:
    demanded.feeds["payouts"][0]["status"] = "failed"
    demanded.run("2026-05-21")
    assert demanded.balance("clawback_receivable") == 0
    assert told(demanded) == [("cancel_instruction", "D2", None)]
    demanded.run("2026-05-22")
    assert told(demanded) == []


def test_a_payment_that_turns_out_to_be_smaller_lowers_the_notice(demanded: Play) -> None:
    # 60.00 were paid, all in cash: of the 100.00 that are no longer earned 40.00 never were paid.
    demanded.feeds["payouts"][0].update(gross_fen=6_000, net_fen=6_000, tax_fen=0)
    demanded.run("2026-05-21")
    assert told(demanded) == [("cancel_instruction", "D2", None), ("recovery_notice", "D2", 6_000)]
    demanded.run("2026-05-22")
    assert told(demanded) == []


def test_what_later_months_pay_off_is_not_asked_for_any_more(demanded: Play) -> None:
    # May earns 50.00, which go against the 100.00: 50.00 are open, 45.00 of them were paid in cash.
    earn(demanded, "2026-05", 50_000)
    demanded.run("2026-06-20")
    assert demanded.statement("2026-05")["offset"] == 5_000
    assert told(demanded) == [("cancel_instruction", "D2", None), ("recovery_notice", "D2", 4_500)]


def test_a_lower_notice_can_be_called_back_too(demanded: Play) -> None:
    earn(demanded, "2026-05", 50_000)
    demanded.run("2026-06-20")
    demanded.overturn("D1")
    demanded.run("2026-07-20")
    assert told(demanded) == [("cancel_instruction", "D2", None)]
    kinds = [(n["kind"], n["instruction_id"]) for n in demanded.books["books_instruction"]]
    assert sorted(kind for kind, _ in kinds) == ["cancel_instruction"] * 2 + ["recovery_notice"] * 2
    assert len(set(kinds)) == 4


def test_what_a_cancelled_month_still_holds_is_not_asked_back(play: Make) -> None:
    # February was paid. March's 100.00 are on hold when its rebate is cancelled: they are owed back, and were never paid.
    p = play()
    for month in ("2026-02", "2026-03"):
        earn(p, month, 100_000)
    p.payout("2026-02", "2026-03-25", 10_000)
    p.run("2026-03-20")
    p.decide("H", "hold_payout", "promoter", "P", "2026-04-01", clause="3.5(2)")
    p.run("2026-04-20")
    assert p.statement("2026-03")["held"] == 10_000
    p.decide("C", "cancel_rebate", "promoter", "P", "2026-05-01", month="2026-03")
    p.decide("X", "cancel_programme", "promoter", "P", "2026-05-01", clause="1.2(4)")
    p.run("2026-05-20")
    assert (p.balance("clawback_receivable"), p.balance("promoter_held")) == (10_000, -10_000)
    assert told(p) == []
    p.overturn("H")
    p.run("2026-06-20")
    assert (p.statement("2026-05")["released"], p.statement("2026-05")["offset"]) == (10_000, 10_000)
    assert (p.balance("clawback_receivable"), p.balance("promoter_payable"), told(p)) == (0, 0, [])


def test_what_a_small_month_carried_into_a_held_one_is_not_asked_back_either(play: Make) -> None:
    # February's 10.00 are below the minimum and part of what March holds; January was paid.
    p = play(base={**BASE, "minimum_payout": "20.00"})
    for month, fen in (("2026-01", 100_000), ("2026-02", 10_000), ("2026-03", 50_000)):
        earn(p, month, fen)
    p.payout("2026-01", "2026-02-25", 10_000)
    p.run("2026-02-20")
    p.run("2026-03-20")
    p.decide("H", "hold_payout", "promoter", "P", "2026-04-01", clause="3.5(2)")
    p.run("2026-04-20")
    assert p.statement("2026-03")["held"] == 6_000
    p.decide("V", "void_order", "order", "o2026-02", "2026-05-01", clause="3.1(5)")
    p.decide("B", "claw_back", "promoter", "P", "2026-05-01", clause="4.4(1)")
    p.run("2026-05-20")
    assert (p.balance("clawback_receivable"), told(p)) == (1_000, [])


def test_money_held_of_another_month_leaves_the_demand_as_it_is(play: Make) -> None:
    p = play()
    for month in ("2026-03", "2026-04"):
        earn(p, month, 100_000)
    p.payout("2026-03", "2026-04-25", 10_000)
    p.run("2026-04-20")
    p.decide("H", "hold_payout", "promoter", "P", "2026-05-01", clause="3.5(2)")
    p.run("2026-05-20")
    p.decide("V", "void_order", "order", "o2026-03", "2026-06-01", clause="3.1(5)")
    p.decide("B", "claw_back", "promoter", "P", "2026-06-01", clause="4.4(1)")
    p.run("2026-06-20")
    assert p.statement("2026-04")["held"] == 10_000
    assert told(p) == [("recovery_notice", "B", 10_000)]


def test_a_demand_that_ended_is_not_made_again_by_the_next(demanded: Play) -> None:
    demanded.decisions["D2"]["effective_to"] = demanded.decisions["D2"]["effective_from"].replace(month=6)
    demanded.decide("D3", "claw_back", "promoter", "P", "2026-06-10", clause="4.4(1)")
    demanded.run("2026-06-20")
    assert told(demanded) == []


def test_notices_that_ask_for_more_than_was_paid_in_all_are_lowered(demanded: Play) -> None:
    more = {**demanded.books["books_instruction"][0], "instruction_id": "I-more", "decision_id": None, "amount_fen": 1}
    demanded.books["books_instruction"].append({**more, "run_seq": 99})
    demanded.run("2026-05-21")
    assert [(kind, fen) for kind, _, fen in told(demanded)] == [
        ("cancel_instruction", None), ("cancel_instruction", None), ("recovery_notice", 9_000),
    ]  # fmt: skip


def test_a_run_that_would_ask_for_more_than_was_paid_stops(play: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    real = invariants.check

    def harmed(wh: Warehouse) -> None:
        wh.execute("update settlement_instruction set amount_fen = amount_fen + 1")
        real(wh)

    p = play()
    earn(p, "2026-03", 100_000)
    p.payout("2026-03", "2026-04-25", 10_000)
    p.run("2026-04-20")
    p.decide("D1", "cancel_programme", "promoter", "P", "2026-03-05", clause="1.2(4)")
    monkeypatch.setattr(invariants, "check", harmed)
    with pytest.raises(ContractBroken, match="L2: recovery notices ask for more than was paid in cash"):
        p.run("2026-05-20")

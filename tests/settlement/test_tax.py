"""Withholding at payment: both regimes against figures worked out by hand, in plain arithmetic and in the run's SQL."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from data_contracts.money import fen
from settlement import tax
from settlement.views import formula
from tests.settlement.conftest import BASE
from tests.settlement.play import Play, at

PER_PAYMENT = [("800", "0"), ("801", "0.20"), ("4000", "640"), ("5000", "800"), ("25000", "4000"), ("60000", "12400"),
               ("62500", "13000"), ("100000", "25000")]  # fmt: skip
CUMULATIVE = {**BASE, "withholding": {"regime": "cumulative", "brackets": [
    {"up_to": "36000.00", "rate": "0.03", "quick": "0.00"}, {"up_to": None, "rate": "0.10", "quick": "2520.00"}]}}  # fmt: skip


def expected(play: Play) -> list[tuple[str, int | None]]:
    rows = sorted(play.tables["payout_check"], key=lambda r: r["payout_id"])
    return [(r["payout_id"], r["expected_tax_fen"]) for r in rows]


@pytest.mark.parametrize(("gross", "due"), PER_PAYMENT)
def test_per_payment_tax_is_as_worked_out(gross: str, due: str) -> None:
    assert tax.per_payment(fen(gross)) == fen(due)


def test_a_year_of_equal_months_comes_to_the_annual_bracket() -> None:
    withheld = 0
    for month in range(1, 13):
        withheld += tax.cumulative(fen("10000") * month, month, withheld)
    assert withheld == fen("1080")


def test_the_run_taxes_each_vector_as_worked_out(play: Callable[..., Play]) -> None:
    p = play()
    for number, (gross, _) in enumerate(PER_PAYMENT):
        p.promoter(f"Q{number}")
        p.payout("2026-01", "2026-02-25 12:00:00", fen(gross), f"Q{number}")
    p.run("2026-03-01")
    assert expected(p) == [(f"w{n}", fen(due)) for n, (_, due) in enumerate(PER_PAYMENT)]


def test_accounts_of_one_person_add_up_within_the_month_of_payment(play: Callable[..., Play]) -> None:
    # 3,000 then 2,000 to one id document in one month: 2,200 x 20 % = 440, then 5,000 x 80 % x 20 % = 800 less 440.
    p = play()
    p.promoter("Q")
    for account in ("P", "Q"):
        p.add(
            "identifiers",
            account_id=account,
            kind="id_doc",
            token="t1",
            observed_at=at("2026-01-05"),
            source="usage",
            links=True,
        )
    p.payout("2026-01", "2026-02-25 12:00:00", fen("3000"))
    p.payout("2026-01", "2026-02-26 12:00:00", fen("2000"), "Q")
    p.payout("2026-01", "2026-03-01 12:00:00", fen("2000"), "Q")
    p.run("2026-03-10")
    assert expected(p) == [("w0", fen("440")), ("w1", fen("360")), ("w2", fen("240"))]


def test_payments_before_the_document_was_seen_count_for_its_person(play: Callable[..., Play]) -> None:
    # 3,000 on the 5th, the document is seen on the 10th, 2,000 on the 15th: 440, then 5,000 x 80 % x 20 % = 800 less 440.
    p = play()
    p.payout("2026-01", "2026-02-05 12:00:00", fen("3000"))
    p.payout("2026-01", "2026-02-15 12:00:00", fen("2000"))
    document = {"kind": "id_doc", "token": "t1", "source": "usage", "links": True}
    p.add("identifiers", account_id="P", observed_at=at("2026-02-10"), **document)
    p.run("2026-02-09")
    assert [(w, tax) for w, tax in expected(p)] == [("w0", fen("440"))]
    p.run("2026-03-10")
    assert expected(p) == [("w0", fen("440")), ("w1", fen("360"))]
    told = {r["payout_id"]: r["documented"] for r in p.tables["payout_check"]}
    assert told == {"w0": False, "w1": True}


def test_the_cumulative_regime_runs_over_the_year_and_starts_again_after_a_gap(play: Callable[..., Play]) -> None:
    # 10,000 in February, March and May: (8,000 - 5,000) x 3 % = 90; (16,000 - 10,000) x 3 % = 180 - 90 = 90;
    # after the gap one month counts: (24,000 - 5,000) x 3 % = 570 - 180 = 390.
    p = play(base=CUMULATIVE)
    for day in ("2026-02-25", "2026-03-25", "2026-05-25"):
        p.payout("2026-01", day, fen("10000"))
    p.run("2026-06-01")
    assert expected(p) == [("w0", fen("90")), ("w1", fen("90")), ("w2", fen("390"))]


def test_a_new_rule_touches_payments_from_its_day_on(play: Callable[..., Play]) -> None:
    later = {
        "id": "law",
        "level": "detail",
        "effective_from": "2026-03-01",
        "withholding": {"exemption": {"flat": "0.00"}},
    }
    p = play(later)
    p.payout("2026-01", "2026-02-28 23:59:59", fen("1000"))
    p.payout("2026-01", "2026-03-01 00:00:00", fen("1000"))
    p.run("2026-03-10")
    assert expected(p) == [("w0", fen("40")), ("w1", fen("200"))]


def test_tax_that_differs_from_the_rule_is_a_finding(play: Callable[..., Play]) -> None:
    p = play()
    p.payout("2026-01", "2026-02-25", fen("5000"), tax_fen=fen("799"))
    p.run("2026-03-01")
    told = sorted((f["clause"], f["reason"]) for f in p.tables["settlement_finding"])
    assert told == [("4.4(3)", "above_payable"), ("5.1", "tax_differs")]  # nothing was payable for January
    assert p.balance("tax_payable") == -fen("799")


LAW = {"regime": "cumulative", "brackets": [
    {"up_to": "36000.00", "rate": "0.03", "quick": "0.00"}, {"up_to": None, "rate": "0.10", "quick": "2520.00"}]}  # fmt: skip
PER = {"regime": "per_payment", "brackets": [
    {"up_to": "20000.00", "rate": "0.20", "quick": "0.00"}, {"up_to": None, "rate": "0.30", "quick": "2000.00"}]}  # fmt: skip


def test_income_and_tax_of_the_year_count_whatever_regime_they_fell_under(play: Callable[..., Play]) -> None:
    # January 5,000.00 per payment: 800.00. Cumulative from February: (105,000 x 80 % - 10,000) x 10 % - 2,520 - 800 = 4,080.
    p = play({"id": "law", "level": "detail", "effective_from": "2026-02-01", "withholding": LAW})
    p.payout("2026-01", "2026-01-25", fen("5000"))
    p.payout("2026-01", "2026-02-25", fen("100000"))
    p.run("2026-03-01")
    assert expected(p) == [("w0", fen("800")), ("w1", fen("4080"))]


def test_a_month_that_began_under_the_cumulative_regime_goes_on_with_its_whole_income(
    play: Callable[..., Play],
) -> None:
    # 1 March 10,000.00 cumulative: (8,000 - 5,000) x 3 % = 90. From 10 March per payment: 20,000 x 80 % x 20 % - 90 = 3,110.
    # In April cumulative again: (30,000 x 80 % - 10,000) x 3 % = 420 less 3,200 withheld: nothing.
    p = play({"id": "per", "level": "detail", "effective_from": "2026-03-10", "effective_to": "2026-03-31", "withholding": PER},
             base=CUMULATIVE)  # fmt: skip
    for day in ("2026-03-01 12:00:00", "2026-03-15", "2026-04-15"):
        p.payout("2026-01", day, fen("10000"))
    p.run("2026-05-01")
    assert expected(p) == [("w0", fen("90")), ("w1", fen("3110")), ("w2", 0)]


def test_the_line_shows_every_number_that_the_tax_rests_on(play: Callable[..., Play]) -> None:
    # 1,000.00 free up to, 100.00 flat below it, 10 % off above: 5,000 x 90 % x 20 % = 900; with 2,000 more 1,260 less 900.
    p = play({"id": "own", "level": "detail", "effective_from": "2026-01-01", "withholding": {
        "exemption": {"up_to": "1000.00", "flat": "100.00", "above_share": "0.10"}}})  # fmt: skip
    p.payout("2026-01", "2026-02-25", fen("5000"))
    p.payout("2026-01", "2026-02-26", fen("2000"))
    p.run("2026-03-01")
    told = [formula({**r}) for r in sorted(p.tables["payout_check"], key=lambda r: r["payout_id"])]
    assert told == [
        "(5,000.00 of the month - 10 %) x 20 % - 0.00 - 0.00 withheld before = 900.00",
        "(7,000.00 of the month - 10 %) x 20 % - 0.00 - 900.00 withheld before = 360.00",
    ]

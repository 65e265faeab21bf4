"""The figures of the work, counted from a history small enough to count by hand; on both databases."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from casebook import appeals, decisions, metrics, verdicts
from casebook.books import Books
from models.detectors.feedback import interval
from tests.casebook.conftest import LAST, decide, propose, publish

FINDING = {
    "clause": "2.2(3)",
    "detector": "same_user",
    "subject_kind": "referral",
    "promoter_id": "P1",
    "first_seen": LAST,
}


def test_books_without_work_have_no_figures(books: Books) -> None:
    told = metrics.measure(books, interval)
    assert (told.precision, told.hours_to_decision, told.decisions, told.holds) == ((), None, {}, 0)
    assert told.appeals == metrics.Appeals(0, 0, 0) and told.appeals.reversal is None


def test_the_last_verdict_on_a_finding_counts(books: Books) -> None:
    publish(books, new_finding=[{**FINDING, "finding_id": f"F{n}", "subject_id": f"A{n}"} for n in range(4)])
    for finding, verdict in (("F0", "false_alarm"), ("F0", "confirmed"), ("F1", "confirmed"), ("F2", "false_alarm")):
        verdicts.verdict(books, finding, verdict, "li", "seen")
    (line,) = metrics.measure(books, interval).precision
    assert (line.findings, line.confirmed, line.false_alarms, line.unclear) == (4, 2, 1, 0)
    assert line.share == 2 / 3
    # 2 of 3: the lower limit solves p^2 (3 - 2p) = 0.025, the upper one 1 - p^3 = 0.025.
    assert line.low**2 * (3 - 2 * line.low) == pytest.approx(0.025)
    assert 1 - line.high**3 == pytest.approx(0.025)


def test_promoters_are_judged_by_their_last_verdicts_flagged_ones_and_the_sample_apart(books: Books) -> None:
    """P0 has one confirmed finding beside a false alarm and counts once; an unclear verdict judges nobody."""
    flagged = [{**FINDING, "finding_id": f"F{n}", "subject_id": f"A{n}", "promoter_id": f"P{n // 2}"} for n in range(4)]
    sample = [{**FINDING, "detector": "audit_sample", "clause": "3.5(1)", "subject_kind": "promoter", "finding_id": f"S{n}",
               "subject_id": f"Q{n}", "promoter_id": f"Q{n}"} for n in range(4)]  # fmt: skip
    publish(books, new_finding=flagged + sample)
    said = {"F0": "confirmed", "F1": "false_alarm", "F2": "false_alarm", "F3": "unclear",
            "S0": "false_alarm", "S1": "confirmed", "S2": "unclear"}  # fmt: skip
    for finding, verdict in said.items():
        verdicts.verdict(books, finding, verdict, "li", "seen")
    verdicts.verdict(books, "S1", "false_alarm", "li", "seen again")
    assert metrics.measure(books, interval).judged == metrics.Judged(flagged=(1, 2), sampled=(0, 2))


POSTING = {"posting_no": 1, "posted_on": LAST, "month": "2025-12", "earning_month": "2025-12", "promoter_id": "P1"}
EARN, TAKE, CLAIM = (
    ("programme_expense", "promoter_payable"), ("promoter_payable", "programme_expense"), ("clawback_receivable", "programme_expense"),
)  # fmt: skip
OFFSET, HOLD, FREE = (
    ("promoter_payable", "clawback_receivable"), ("promoter_payable", "promoter_held"), ("promoter_held", "promoter_payable"),
)  # fmt: skip


def posted(*moves: tuple[tuple[str, str], int, str]) -> list[dict[str, Any]]:
    """Postings given as ((debit, credit), fen, cause)."""
    return [{**POSTING, "transaction_id": f"T{fen}", "debit_account": debit, "credit_account": credit, "amount_fen": fen, "cause": cause}
            for (debit, credit), fen, cause in moves]  # fmt: skip


def test_money_kept_claimed_won_back_and_wrongly_held(books: Books) -> None:
    """Void one: 50.00 at stake, nothing posted yet: prevented 50.00. Two: 30.00 at stake, 42.00 posted back, of which 12.00 had
    been paid: 30.00. Three is overturned, four waits: nothing. Hold five was ended by finance: its 7.00 were wrongly held; the
    9.00 of hold six came free when it ended by itself. A refund took 5.00 and claims 1.00 of it: no loss prevented."""
    publish(books)
    void = {"measure": "void_relation", "subject_kind": "invitee", "clause": "2.2(3)"}
    one, two, three, _ = (
        propose(books, **void, subject_id=f"A{n}", amount=a) for n, a in enumerate(("50.00", "30.00", "8.00", "99.00"))
    )
    five, six = (propose(books, subject_id=f"P{n}") for n in (5, 6))
    for each in (one, two, three, five, six):
        decide(books, each, "approve")
    applied = [{"decision_id": d, "action": "apply", "reason": "approved"} for d in (one, two, three, five, six)]
    publish(books, 2, decision_step=applied, new_posting=posted(
        (EARN, 10_000, "4.1"), (TAKE, 3_000, two), (CLAIM, 1_200, two), (TAKE, 800, three), (TAKE, 400, "4.2(4)"), (CLAIM, 100, "4.2(4)"),
        (OFFSET, 250, "4.4(1)"), (HOLD, 700, five), (HOLD, 900, six)))  # fmt: skip
    decide(books, three, "overturn")
    decide(books, five, "release")
    publish(books, 3, new_posting=posted((EARN, 801, three), (FREE, 701, five), (FREE, 901, six)))
    told = metrics.measure(books, interval)
    assert told.amounts == metrics.Amounts(
        prevented_fen=5_000 + (4_200 - 1_200),
        claimed_fen=1_300,
        recovered_fen=250,
        held_fen=1_600,
        wrongly_held_fen=701,
    )
    shown = {r["figure"]: r["value"] for r in told.figures()}
    assert (shown["prevented"], shown["recovered"], shown["wrongly_held"]) == (
        Decimal("80.00"),
        Decimal("2.50"),
        Decimal("7.01"),
    )
    assert (shown["proposed"], shown["applied"], shown["overturned"]) == (1, 4, 1)


def test_the_time_to_a_decision_is_the_median_over_decisions_of_people(books: Books) -> None:
    """Proposals at hour 0, approved after 1, 2 and 10 hours: 2 hours. One that waits does not count."""
    hour, now = 3_600_000_000, [1_800_000_000_000_000]
    publish(books)
    books.clock = lambda: now[0]
    start, waits = now[0], (1, 10, 2)
    made = [propose(books, subject_id=f"P{n}") for n in range(4)]
    for decision, wait in zip(made, waits, strict=False):
        now[0] = start + wait * hour
        decide(books, decision, "approve" if wait != 10 else "reject")
    assert metrics.measure(books, interval).hours_to_decision == 2.0


def test_holds_appeals_and_the_time_to_a_decision(books: Books) -> None:
    publish(books)
    one, two, three = (propose(books, subject_id=f"P{n}") for n in range(3))
    decide(books, one, "approve")
    decide(books, two, "approve")
    publish(books, 2, decision_step=[{"decision_id": d, "action": "apply", "reason": "approved"} for d in (one, two)])
    appeals.answer(
        books,
        appeals.file(books, one, "clerk", "no", filed_by="P0", deadline_on=date(2026, 3, 1)),
        "granted",
        "zhao",
        "papers",
    )
    appeals.answer(
        books,
        appeals.file(books, two, "clerk", "no", filed_by="P1", deadline_on=date(2026, 3, 1)),
        "upheld",
        "zhao",
        "no papers",
    )
    told = metrics.measure(books, interval)
    assert (told.holds, told.holds_ended_by_people) == (2, 1)
    assert told.appeals == metrics.Appeals(2, 1, 1) and told.appeals.reversal == 0.5
    assert told.decisions == {"applied": 1, "overturned": 1, "proposed": 1}
    assert told.hours_to_decision is not None and 0 < told.hours_to_decision < 1
    assert three in {d["decision_id"] for d in decisions.listing(books, "proposed")}

"""The figures of the work, counted from a history small enough to count by hand; on both databases."""

from __future__ import annotations

from casebook import cases, decisions, metrics
from casebook.books import Books
from tests.casebook.conftest import LAST, decide, propose, publish

FINDING = {
    "clause": "2.2(3)",
    "detector": "same_user",
    "subject_kind": "referral",
    "promoter_id": "P1",
    "first_seen": LAST,
}


def test_books_without_work_have_no_figures(books: Books) -> None:
    told = metrics.measure(books)
    assert (told.precision, told.hours_to_decision, told.decisions, told.holds) == ((), None, {}, 0)
    assert told.appeals == metrics.Appeals(0, 0, 0) and told.appeals.reversal is None


def test_the_last_verdict_on_a_finding_counts(books: Books) -> None:
    publish(books, new_finding=[{**FINDING, "finding_id": f"F{n}", "subject_id": f"A{n}"} for n in range(4)])
    for finding, verdict in (("F0", "false_alarm"), ("F0", "confirmed"), ("F1", "confirmed"), ("F2", "false_alarm")):
        decisions.verdict(books, finding, verdict, "li", "seen")
    (line,) = metrics.measure(books).precision
    assert (line.findings, line.confirmed, line.false_alarms, line.unclear) == (4, 2, 1, 0)
    assert line.share == 2 / 3


def test_holds_appeals_and_the_time_to_a_decision(books: Books) -> None:
    publish(books)
    one, two, three = (propose(books, subject_id=f"P{n}") for n in range(3))
    decide(books, one, "approve")
    decide(books, two, "approve")
    publish(books, 2, decision_step=[{"decision_id": d, "action": "apply", "reason": "approved"} for d in (one, two)])
    cases.answer(books, cases.appeal(books, one, "P0", "no", deadline_on=LAST), "granted", "zhao", "papers")
    cases.answer(books, cases.appeal(books, two, "P1", "no", deadline_on=LAST), "upheld", "zhao", "no papers")
    told = metrics.measure(books)
    assert (told.holds, told.holds_ended_by_people) == (2, 1)
    assert told.appeals == metrics.Appeals(2, 1, 1) and told.appeals.reversal == 0.5
    assert told.decisions == {"applied": 1, "overturned": 1, "proposed": 1}
    assert told.hours_to_decision is not None and 0 < told.hours_to_decision < 1
    assert three in {d["decision_id"] for d in decisions.listing(books, "proposed")}

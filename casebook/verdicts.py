"""What an analyst found a finding to be; detectors are judged by it."""

from __future__ import annotations

from casebook import chain, refusals, ties
from casebook.books import Books
from casebook.decisions import tied
from casebook.people import line, person
from data_contracts.errors import NotAllowed, NotFound, UsageError

VERDICTS = ("confirmed", "false_alarm", "unclear")


def verdict(
    books: Books, finding_id: str, verdict: str, by: str, reason: str, of_run: ties.OfRun = ties.nobody
) -> None:
    """Record what an analyst found a finding to be.

    Raises NotFound for a finding that no run has made, NotAllowed (logged) when the analyst has a tie to its promoter.
    """
    who, why = person(by), line(reason, "reason")
    if verdict not in VERDICTS:
        raise UsageError(refusals.of("verdict_unknown", verdict=verdict, known=VERDICTS))
    with books.writing() as book:
        found = book.rows(
            "select subject_kind, subject_id, promoter_id from finding where finding_id = :f", f=finding_id
        )
        if not found:
            raise NotFound(refusals.of("finding_unknown", finding=finding_id))
        fault = tied(book, {**found[0], "finding_id": finding_id}, who, of_run)
        if fault is None:
            row = {"finding_id": finding_id, "verdict": verdict, "by_whom": who, "reason": why, "at": book.clock()}
            book.record(chain.Entry(who, "verdict", finding_id, why, after=verdict), {"verdict": [row]})
            return
        refusals.log(book, who, f"verdict {verdict}", finding_id, fault)
    raise NotAllowed(fault, finding_id=finding_id)

"""Appeals make their case `appealed`, go to somebody who did not decide, and come to light when they are late: on both databases."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from casebook import appeals, cases, decisions
from casebook.books import Books
from data_contracts.errors import NotAllowed, NotFound, UsageError
from pipelines.cli import cli
from tests.casebook.building import Build, rows
from tests.casebook.conftest import LAST, appealed, applied, decide, frozen, propose, publish

CASE = {"case_id": "C1", "subject_kind": "promoter", "subject_id": "P1", "promoter_id": "P1", "opened_on": LAST,
        "deadline_on": date(2026, 2, 14), "blind": 0}  # fmt: skip
FINDING = {"finding_id": "F1", "clause": "3.4(1)", "detector": "collusion_ring", "subject_kind": "ring", "subject_id": "K1",
           "first_seen": LAST}  # fmt: skip
RING = {**CASE, "case_id": "C2", "subject_kind": "ring", "subject_id": "K1", "promoter_id": None}
JOINED = {"case_id": "C2", "kind": "finding", "item": "F1", "after": "F1", "reason": "found"}


@pytest.fixture
def started(books: Books) -> Books:
    """Books with a run that opened the case C1 on P1, and C2 on a ring with the finding F1."""
    publish(books, new_finding=[FINDING], new_case=[CASE, RING], case_step=[JOINED])
    return books


def case(books: Books, case_id: str = "C1") -> dict[str, object]:
    return next(c for c in cases.listing(books) if c["case_id"] == case_id)


def test_an_appeal_is_answered_by_somebody_who_did_not_decide(started: Books) -> None:
    decision = propose(started)
    with pytest.raises(NotAllowed, match="only an applied"):
        appealed(started, decision)
    decide(started, decision, "approve")
    publish(started, 2, decision_step=[{"decision_id": decision, "action": "apply", "reason": "approved"}])
    appeal = appealed(started, decision)
    with pytest.raises(NotAllowed, match="open already"):
        appealed(started, decision)
    for who in ("li", "WANG", "Clerk"):
        with pytest.raises(NotAllowed, match="another person"):
            appeals.answer(started, appeal, "granted", who, "x")
    appeals.answer(started, appeal, "granted", "zhao", "papers came")
    assert decisions.listing(started)[0]["status"] == "overturned"
    with pytest.raises(NotAllowed, match="answered already"):
        appeals.answer(started, appeal, "upheld", "zhou", "x")


def test_an_appeal_that_is_upheld_leaves_the_decision(started: Books) -> None:
    appeals.answer(started, appealed(started), "upheld", "zhao", "no papers")
    assert decisions.listing(started)[0]["status"] == "applied"


@pytest.mark.parametrize(("steps", "after"), [
    (["take", "decide"], "decided"), (["take", "close"], "decided"), ([], "in_review"), (["take", "wait"], "in_review"),
])  # fmt: skip
def test_its_case_is_appealed_until_it_is_answered(started: Books, steps: list[str], after: str) -> None:
    decision = applied(started)
    for step in steps:
        cases.act(started, "C1", step, "li", "r")
    before = case(started)["state"]
    appeal = appealed(started, decision)
    assert (case(started)["state"], case(started)["deadline_on"]) == ("appealed", "2026-02-10")
    with pytest.raises(NotAllowed, match="is appealed"):
        cases.act(started, "C1", "close", "li", "r")
    appeals.answer(started, appeal, "upheld", "zhao", "no papers")
    assert case(started)["state"] == after
    told = [(e["kind"], e["item"], e["before"], e["after"], e["by_whom"]) for e in cases.history(started, "C1")]
    assert ("appeal", appeal, None, decision, "clerk") in told and (
        "appeal",
        appeal,
        decision,
        "upheld",
        "zhao",
    ) in told
    assert ("state", "", before, "appealed", "clerk") in told and ("state", "", "appealed", after, "zhao") in told


def test_of_several_appeals_on_one_case_the_last_answer_ends_it(started: Books) -> None:
    one, two = applied(started), applied(started, 3, measure="warn")
    first, second = appealed(started, one), appealed(started, two, date(2026, 2, 8))
    assert case(started)["deadline_on"] == "2026-02-08"
    appeals.answer(started, first, "upheld", "zhao", "r")
    assert case(started)["state"] == "appealed"
    appeals.answer(started, second, "granted", "zhao", "r")
    assert case(started)["state"] == "in_review"


def test_a_decision_on_a_ring_is_appealed_against_in_the_case_of_the_ring(started: Books) -> None:
    appealed(started, applied(started, finding="F1", measure="warn", subject_kind="invitee", subject_id="A9"))
    assert (case(started)["state"], case(started, "C2")["state"]) == ("open", "appealed")


def test_a_decision_without_a_case_gets_one(started: Books, tmp_path: Path) -> None:
    appeal = appealed(started, applied(started, subject_id="P7"))
    row = appeals.listing(started)[0]
    made = case(started, row["case_id"])
    assert (made["state"], made["promoter_id"], made["deadline_on"]) == ("appealed", "P7", "2026-02-10")
    assert row["case_id"] in {c["case_id"] for c in frozen(started, tmp_path / "w", "books_case")}
    appeals.answer(started, appeal, "upheld", "zhao", "r")
    assert case(started, row["case_id"])["state"] == "decided"
    assert "appeal" in {e["kind"] for e in frozen(started, tmp_path / "w", "books_case_event")}


def test_the_deadline_of_an_appeal_lies_after_the_last_published_day(started: Books) -> None:
    decision = applied(started)
    with pytest.raises(NotAllowed, match="is over"):
        appealed(started, decision, LAST)
    assert appealed(started, decision, date(2026, 2, 1)).startswith("A")


def test_a_decision_with_an_open_appeal_is_not_overturned_past_its_reviewer(started: Books) -> None:
    decision = applied(started)
    appeal = appealed(started, decision)
    with pytest.raises(NotAllowed, match=f"appeal {appeal} against {decision} is open"):
        decide(started, decision, "overturn", "wang")
    appeals.answer(started, appeal, "upheld", "zhao", "r")
    assert decide(started, decision, "overturn", "wang")["status"] == "overturned"


@pytest.mark.parametrize(("as_of", "late"), [(date(2026, 2, 10), 0), (date(2026, 2, 11), 1)])
def test_a_run_escalates_a_case_whose_appeal_is_late(built: Build, as_of: date, late: int) -> None:
    given = {**CASE, "state": "appealed", "deadline_on": date(2026, 2, 10)}
    wh = built(as_of=as_of, books_case=[given])
    assert len(rows(wh, "select * from case_step where kind = 'escalated'")) == late


def test_the_list_has_what_waits_and_how_long_yet(started: Books) -> None:
    one, two = (
        appealed(started, applied(started)),
        appealed(started, applied(started, 3, measure="warn"), date(2026, 2, 5)),
    )
    assert [(a["appeal_id"], a["days_left"]) for a in appeals.listing(started)] == [(two, 5), (one, 10)]
    appeals.answer(started, two, "upheld", "zhao", "r")
    publish(started, 4, date(2026, 2, 12))
    assert [(a["appeal_id"], a["days_left"]) for a in appeals.listing(started)] == [(one, -2)]
    every = appeals.listing(started, answered=True)
    assert [(a["appeal_id"], a["outcome"], a["answered_by"]) for a in every] == [
        (two, "upheld", "zhao"),
        (one, None, None),
    ]


def test_words_and_ids_that_nobody_knows_are_named(started: Books) -> None:
    with pytest.raises(NotFound, match="A404"):
        appeals.answer(started, "A404", "upheld", "li", "x")
    with pytest.raises(UsageError, match="maybe"):
        appeals.answer(started, "A404", "maybe", "li", "x")


def test_the_command_line_files_lists_and_answers(sqlite_books: Books, tmp_path: Path) -> None:
    publish(sqlite_books, new_case=[CASE])
    decision, run, common = applied(sqlite_books), CliRunner(), ["--state", str(tmp_path)]
    filed = ["appeals", "file", decision, "--deadline", "2026-02-10", "--by", "clerk", "--reason", "no", *common]
    appeal = run.invoke(cli, filed).output.split()[-1]
    assert appeal in run.invoke(cli, ["appeals", "list", *common]).output
    answered = ["appeals", "answer", appeal, "upheld", "--reason", "r", *common, "--by"]
    assert run.invoke(cli, [*answered, "wang"]).exit_code == 2
    assert run.invoke(cli, [*answered, "zhao"]).exit_code == 0
    assert appeal not in run.invoke(cli, ["appeals", "list", *common]).output

"""Cases move by one table of moves, and whoever has a tie stays out: on both databases."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from casebook import cases, decisions, registers, verdicts
from casebook.books import Books
from data_contracts.contract import contracts
from data_contracts.errors import NotAllowed, NotFound, UsageError
from tests.casebook.conftest import LAST, appealed, decide, frozen, propose, publish
from tests.console.world.said import TOKEN

CASE = {"case_id": "C1", "subject_kind": "promoter", "subject_id": "P1", "promoter_id": "P1", "opened_on": LAST,
        "deadline_on": date(2026, 2, 14), "blind": 0}  # fmt: skip
JOINED = {"case_id": "C1", "kind": "finding", "item": "F1", "after": "F1", "reason": "found"}
PATHS = {"open": [], "in_review": ["take"], "waiting": ["take", "wait"], "decided": ["take", "decide"],
         "closed": ["take", "close"]}  # fmt: skip
BY_HAND = [a for a in cases.MOVES if a not in cases.OF_APPEALS]


@pytest.fixture
def started(books: Books) -> Books:
    """Books with a run that opened the case C1."""
    publish(books, new_case=[CASE], case_step=[JOINED])
    return books


def act(books: Books, action: str, by: str = "li", seen: int | None = None) -> dict[str, Any]:
    owner = "zhao" if action == "assign" else None
    until = date(2026, 3, 1) if action == "set_deadline" else None
    return cases.act(books, "C1", action, by, "because", owner=owner, deadline_on=until, seen=seen)


@pytest.mark.parametrize(("state", "action"), list(itertools.product([*PATHS, "appealed"], BY_HAND)))
def test_every_move_is_either_in_the_table_or_refused_and_logged(sqlite_books: Books, state: str, action: str) -> None:
    publish(sqlite_books, new_case=[CASE], case_step=[JOINED])
    if state == "appealed":
        appealed(sqlite_books)
    for step in PATHS.get(state, []):
        act(sqlite_books, step)
    before = cases.listing(sqlite_books)[0]
    assert before["state"] == state
    if state in cases.MOVES[action].froms:
        act(sqlite_books, action, "wang")
        last = cases.history(sqlite_books, "C1")[-1]
        assert last["by_whom"] == "wang" and last["reason"] == "because"
    else:
        with pytest.raises(NotAllowed):
            act(sqlite_books, action, "wang")
        assert cases.listing(sqlite_books)[0] == before
        with sqlite_books.reading() as book:
            assert book.value("select action from audit order by seq desc limit 1") == "refused"


def test_a_case_keeps_who_did_what_with_the_value_before_and_after(started: Books) -> None:
    act(started, "take")
    act(started, "assign")
    act(started, "set_deadline")
    told = [(e["kind"], e["before"], e["after"]) for e in cases.history(started, "C1")]
    assert told == [
        ("finding", None, "F1"), ("owner", None, "li"), ("state", "open", "in_review"), ("owner", "li", "zhao"),
        ("deadline", "2026-02-14", "2026-03-01"),
    ]  # fmt: skip


def test_a_run_sees_the_case_as_people_left_it(started: Books, tmp_path: Path) -> None:
    act(started, "take")
    (row,) = frozen(started, tmp_path / "w", "books_case")
    assert (row["state"], row["owner"], row["deadline_on"]) == ("in_review", "li", date(2026, 2, 14))
    assert len(frozen(started, tmp_path / "w", "books_case_event")) == 3


@pytest.mark.parametrize("kind", contracts()["case_step"].column("kind").enum)
def test_a_run_reads_back_every_kind_of_event_that_a_run_can_write(books: Books, tmp_path: Path, kind: str) -> None:
    publish(books, new_case=[CASE], case_step=[{**JOINED, "kind": kind, "after": "2026-02-20"}])
    assert [e["kind"] for e in frozen(books, tmp_path / "w", "books_case_event")] == [kind]


def test_of_two_analysts_on_one_case_the_second_learns_that_it_changed(started: Books) -> None:
    with started.reading() as book:
        seen = cases.case(book, "C1")["version"]
    act(started, "take", "li", seen=seen)
    with pytest.raises(NotAllowed, match="changed since"):
        act(started, "take", "wang", seen=seen)


def test_a_deadline_lies_after_the_last_published_day(started: Books) -> None:
    with pytest.raises(NotAllowed, match="is over"):
        cases.act(started, "C1", "set_deadline", "li", "r", deadline_on=LAST)
    assert cases.listing(started)[0]["deadline_on"] == "2026-02-14"


def test_who_declared_a_tie_neither_proposes_nor_decides(started: Books) -> None:
    decision = propose(started, by="li")
    cases.declare_tie(started, "Wang", "P1", "cousin")
    cases.declare_tie(started, "wang", "P1", "cousin, again")
    for move in ("approve", "reject"):
        with pytest.raises(NotAllowed, match="tie"):
            decide(started, decision, move, "wang")
    with pytest.raises(NotAllowed, match="tie"):
        propose(started, by="wang")
    assert decide(started, decision, "approve", "zhao")["status"] == "approved"


def test_a_tie_binds_on_the_findings_of_the_books_whatever_promoter_is_named(books: Books) -> None:
    finding = {"finding_id": "F1", "clause": "2.2(3)", "detector": "same_user", "subject_kind": "referral",
               "subject_id": "A2", "promoter_id": "P1", "first_seen": LAST}  # fmt: skip
    publish(books, new_finding=[finding])
    cases.declare_tie(books, "Wang", "P1", "cousin")
    with pytest.raises(NotAllowed, match="tie"):
        propose(books, by="wang", measure="warn", subject_kind="invitee", subject_id="A2")
    with pytest.raises(NotAllowed, match="tie"):
        verdicts.verdict(books, "F1", "false_alarm", "wang", "nothing there")
    verdicts.verdict(books, "F1", "confirmed", "zhao", "seen")
    decision = propose(books, measure="warn", subject_kind="invitee", subject_id="A2")
    with pytest.raises(NotAllowed, match="tie"):
        decide(books, decision, "reject", "wang")


def test_several_decisions_are_approved_together_or_not_at_all(started: Books) -> None:
    one, two = propose(started, by="li"), propose(started, by="wang", subject_id="P2")
    with pytest.raises(NotAllowed, match="own proposal"):
        decisions.decide_all(started, [one, two], "approve", "wang", "one ring")
    assert {d["status"] for d in decisions.listing(started)} == {"proposed"}
    assert len(decisions.decide_all(started, [one, two], "approve", "zhao", "one ring")) == 2
    assert {d["status"] for d in decisions.listing(started)} == {"approved"}


def test_ids_and_words_that_nobody_knows_are_named(started: Books) -> None:
    with pytest.raises(NotFound, match="C404"):
        cases.act(started, "C404", "take", "li", "x")
    for word in ("dance", *cases.OF_APPEALS):
        with pytest.raises(UsageError, match=word):
            act(started, word)


def test_overrides_and_shared_identifiers_stand_until_they_are_ended(books: Books, tmp_path: Path) -> None:
    before = books.human_seq()
    one = registers.add_override(books, "A2", "A1", "must_link", "li", "same papers")
    with pytest.raises(NotAllowed, match=one):
        registers.add_override(books, "A1", "A2", "must_link", "wang", "yes")
    shared = registers.add_shared(books, "ip", TOKEN, "campus", "li", "known", kid="kid", from_on=LAST)
    (override,) = frozen(books, tmp_path / "w", "books_override")
    assert (override["account_a"], override["account_b"], override["to_at"]) == ("A1", "A2", None)
    registers.end_override(books, one, "wang", "wrong")
    registers.end_shared(books, shared, "wang", "moved", to_on=date(2026, 2, 1))
    assert frozen(books, tmp_path / "w", "books_override")[0]["to_at"] > datetime(2026, 1, 1, tzinfo=UTC)
    assert frozen(books, tmp_path / "w", "books_shared")[0]["to_on"] == date(2026, 2, 1)
    with pytest.raises(NotAllowed, match="ended already"):
        registers.end_override(books, one, "wang", "again")
    assert registers.add_override(books, "A1", "A2", "cannot_link", "wang", "now so") != one
    assert books.human_seq() > before


def test_a_word_is_in_force_in_the_next_run_and_its_end_too_whatever_day_they_are_for(
    started: Books, tmp_path: Path
) -> None:
    """Runs are made after the day that they are for: the clock of who spoke is ahead of them."""
    (cutoff_at,) = (r["cutoff_at"] for r in frozen(started, tmp_path / "w", "books_run"))
    one = registers.add_override(started, "A1", "A2", "must_link", "li", "same papers")
    (said,) = frozen(started, tmp_path / "w", "books_override")
    assert said["from_at"] < cutoff_at, "in force in a run for the same day already"
    assert registers.end_word(started, "A2", "A1", "must_link", "li", "wrong") == one
    with pytest.raises(NotFound, match="no such override"):
        registers.end_word(started, "A2", "A1", "must_link", "li", "again")
    (said,) = frozen(started, tmp_path / "w", "books_override")
    assert said["from_at"] <= said["to_at"] < cutoff_at


def test_a_cannot_link_is_taken_beside_a_must_link_and_never_the_other_way(started: Books) -> None:
    registers.add_override(started, "A1", "A2", "must_link", "li", "same papers")
    parted = registers.add_override(started, "A1", "A2", "cannot_link", "wang", "twins")
    for kind in registers.OVERRIDES:
        with pytest.raises(NotAllowed, match=parted):
            registers.add_override(started, "A1", "A2", kind, "li", "but")


def test_a_word_that_expired_before_the_next_run_is_refused(started: Books) -> None:
    with pytest.raises(UsageError, match="later moment"):
        registers.add_override(started, "A1", "A2", "must_link", "li", "x", to_at=datetime(2025, 1, 1, tzinfo=UTC))
    with started.reading() as book:
        assert book.value("select count(*) from override_state") == 0

"""A person's work on a case: take it, wait for a reply, decide, close.

Which moves there are is one table, `MOVES`; everything else is refused and logged. Nothing expires in silence: the run
escalates a case whose deadline has passed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from casebook import chain, refusals, ties
from casebook.books import Books, Ledgerbook
from casebook.known import Known, anything, missing
from casebook.people import line, person, same_person
from casebook.refusals import Refusal
from casebook.standing import published
from data_contracts.errors import NotAllowed, NotFound, UsageError


@dataclass(frozen=True)
class Move:
    """From which states an action leads to which one; `to` None leaves the state as it is."""

    froms: tuple[str, ...]
    to: str | None


STATES = ("open", "in_review", "waiting", "decided", "appealed", "closed")
MOVES: Mapping[str, Move] = {
    "take": Move(("open", "in_review", "waiting"), "in_review"),
    "assign": Move(("open", "in_review", "waiting", "appealed"), None),
    "wait": Move(("in_review",), "waiting"),
    "resume": Move(("waiting",), "in_review"),
    "decide": Move(("in_review",), "decided"),
    "appeal": Move(STATES, "appealed"),
    "answer": Move(("appealed",), "decided"),
    "go_on": Move(("appealed",), "in_review"),
    "close": Move(("in_review", "decided"), "closed"),
    "set_deadline": Move(("open", "in_review", "waiting", "decided", "appealed"), None),
    "note": Move(STATES, None),
}
"""`appeal` comes with an appeal alone (`casebook/appeals.py`); its answer ends it with `answer`, or with `go_on` where the
appeal came into work that was not done."""
JUDGED = ("take", "assign", "decide", "close")
"""What nobody does, or is given, who has a tie to a promoter of the case."""
OF_APPEALS = ("appeal", "answer", "go_on")
DAYS = 14
"""The deadline of a new case, in days; `sql/new_case.sql` has the same."""


def act(
    books: Books, case_id: str, action: str, by: str, reason: str, *,
    owner: str | None = None, deadline_on: date | None = None, seen: int | None = None, of_run: ties.OfRun = ties.nobody,
) -> dict[str, Any]:  # fmt: skip
    """One action on a case; returns how it stands then.

    `owner` goes with assign, `deadline_on` with set_deadline. `seen` is the last entry that the person saw: when another
    person was faster the action is refused; so is what decides (`JUDGED`) by somebody with a tie to a promoter of the case,
    and giving the case to such a person. Raises NotFound, UsageError, or NotAllowed (logged).
    """
    who, why = person(by), line(reason, "reason")
    if action not in MOVES or action in OF_APPEALS:
        known = tuple(m for m in MOVES if m not in OF_APPEALS)
        raise UsageError(refusals.of("action_unknown", action=action, known=known))
    last_as_of = published(books)[0] if deadline_on is not None else None
    with books.writing() as book:
        before = case(book, case_id)
        fault = (
            _fault(before, action, owner, deadline_on, seen)
            or over(deadline_on, last_as_of)
            or _tied(book, before, action, owner or who, of_run)
        )
        if fault is None:
            enter(book, before, action, who, why, _events(before, action, who, owner, deadline_on))
            return case(book, case_id)
        refusals.log(book, who, action, case_id, fault)
    raise NotAllowed(fault, case_id=case_id, action=action, state=before["state"])


def act_on_all(
    books: Books, case_ids: Sequence[str], action: str, by: str, reason: str, of_run: ties.OfRun = ties.nobody
) -> dict[str, Refusal]:
    """One action on several cases for one reason, each by itself; why it was refused, by case.

    Raises UsageError, before anything is done, for what no case would take.
    """
    refused: dict[str, Refusal] = {}
    for case_id in dict.fromkeys(case_ids):
        try:
            act(books, case_id, action, by, reason, of_run=of_run)
        except (NotAllowed, NotFound) as fault:
            refused[case_id] = fault.args[0]
    return refused


def enter(
    book: Ledgerbook, before: Mapping[str, Any], action: str, who: str, why: str, events: Sequence[Mapping[str, Any]]
) -> None:
    """Record the events of a move that was found legal, within the caller's transaction."""
    case_id = before["case_id"]
    rows = [{"case_id": case_id, "item": "", "by_whom": who, "reason": why, "at": book.clock(), "run_seq": None, **e}
            for e in events]  # fmt: skip
    entry = chain.Entry(who, f"case.{action}", case_id, why, before=before["state"], after=[e["after"] for e in events])
    book.record(entry, {"case_event": rows})


def case(book: Ledgerbook, case_id: str) -> dict[str, Any]:
    """How a case stands, with `version`, the number of its last entry. Raises NotFound for an unknown id."""
    rows = book.rows(
        "select c.*, (select max(e.seq) from case_event as e where e.case_id = c.case_id) as version"
        " from case_state as c where c.case_id = :c", c=case_id,
    )  # fmt: skip
    if not rows:
        raise NotFound(refusals.of("case_unknown", case=case_id), case_id=case_id)
    return rows[0]


def _fault(
    state: Mapping[str, Any], action: str, owner: str | None, deadline_on: date | None, seen: int | None
) -> Refusal | None:
    if seen is not None and seen != state["version"]:
        return refusals.of("case_changed", case=state["case_id"])
    if state["state"] not in MOVES[action].froms:
        can = tuple(a for a, m in MOVES.items() if state["state"] in m.froms and a not in OF_APPEALS)
        return refusals.of("case_move", case=state["case_id"], state=state["state"], action=action, known=can)
    if (action == "assign") is (owner is None):
        return refusals.of("owner_needed")
    if (action == "set_deadline") is (deadline_on is None):
        return refusals.of("deadline_needed")
    return None


def _tied(book: Ledgerbook, state: Mapping[str, Any], action: str, who: str, of_run: ties.OfRun) -> Refusal | None:
    if action not in JUDGED:
        return None
    return ties.fault(
        book,
        who,
        state["subject_kind"],
        state["subject_id"],
        promoter=state["promoter_id"],
        finding=None,
        of_run=of_run,
    )


def over(deadline_on: date | None, last_as_of: date | None) -> Refusal | None:
    """Why a day can be no deadline: the last published day is that one or a later one."""
    if deadline_on is None or last_as_of is None or deadline_on > last_as_of:
        return None
    return refusals.of("deadline_over", day=str(deadline_on), last=str(last_as_of))


def state_event(before: Mapping[str, Any], action: str) -> list[dict[str, Any]]:
    """The event by which an action changes the state of a case; none when it leaves it."""
    to = MOVES[action].to or ("in_review" if action == "assign" and before["state"] == "open" else before["state"])
    return [] if to == before["state"] else [{"kind": "state", "before": before["state"], "after": to}]


def _events(
    before: Mapping[str, Any], action: str, who: str, owner: str | None, deadline_on: date | None
) -> list[dict[str, Any]]:
    found = state_event(before, action)
    new_owner = who if action == "take" else person(owner) if owner else before["owner"]
    if new_owner != before["owner"]:
        found.append({"kind": "owner", "before": before["owner"], "after": new_owner})
    if deadline_on is not None:
        found.append({"kind": "deadline", "before": before["deadline_on"], "after": deadline_on.isoformat()})
    return found or [{"kind": "note", "before": None, "after": action}]


def listing(books: Books, state: str | None = None) -> list[dict[str, Any]]:
    """The cases as they stand, by deadline and id; the money that hangs on them is in the run's `case_money`."""
    with books.reading() as book:
        rows = book.rows("select * from case_state order by deadline_on, case_id")
    return [r for r in rows if state is None or r["state"] == state]


def history(books: Books, case_id: str) -> list[dict[str, Any]]:
    """Every event of a case, in order, with previous and new value."""
    with books.reading() as book:
        case(book, case_id)
        return book.rows("select * from case_entry where case_id = :c order by entry_no", c=case_id)


def declare_tie(books: Books, by: str, promoter_id: str, reason: str, known: Known = anything) -> None:
    """A person declares a tie to a promoter, and decides nothing about that promoter from then on.

    NotFound for an id that is nobody's: a tie to it would bind nobody.
    """
    who, why, whom = person(by), line(reason, "reason"), line(promoter_id, "promoter")
    if not known("account", whom) and (fault := missing(books, known, "promoter", whom)) is not None:
        raise NotFound(fault)
    with books.writing() as book:
        if any(
            same_person(who, t["person"]) for t in book.rows("select person from tie where promoter_id = :p", p=whom)
        ):
            return
        row = {"person": who, "promoter_id": whom, "reason": why, "at": book.clock()}
        book.record(chain.Entry(who, "tie", whom, why), {"tie": [row]})

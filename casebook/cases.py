"""A person's work on a case: take it, wait for a reply, decide, close; and the promoter's appeal.

Which moves there are is one table, `MOVES`; everything else is refused and logged. Nothing expires in silence: the run
escalates a case whose deadline has passed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from casebook import chain, ties
from casebook.books import Books, Ledgerbook
from casebook.decisions import MOVES as DECISION_MOVES
from casebook.decisions import move, refuse, standing, tied
from casebook.people import line, person, same_person
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
    "appeal": Move(("decided", "closed"), "appealed"),
    "answer": Move(("appealed",), "decided"),
    "close": Move(("in_review", "decided"), "closed"),
    "set_deadline": Move(("open", "in_review", "waiting", "decided", "appealed"), None),
    "note": Move(STATES, None),
}


def act(
    books: Books, case_id: str, action: str, by: str, reason: str, *,
    owner: str | None = None, deadline_on: date | None = None, seen: int | None = None,
) -> dict[str, Any]:  # fmt: skip
    """One action on a case; returns how it stands then.

    `owner` goes with assign, `deadline_on` with set_deadline. `seen` is the last entry that the person saw: when another
    person was faster the action is refused. Raises NotFound, UsageError, or NotAllowed (logged).
    """
    who, why = person(by), line(reason, "reason")
    if action not in MOVES:
        raise UsageError(f"there is no action {action}; there are {', '.join(MOVES)}")
    with books.writing() as book:
        before = case(book, case_id)
        fault = _fault(before, action, owner, deadline_on, seen)
        if fault is None:
            events = _events(before, action, who, owner, deadline_on)
            rows = [{"case_id": case_id, "item": "", "by_whom": who, "reason": why, "at": book.clock(), "run_seq": None, **e}
                    for e in events]  # fmt: skip
            entry = chain.Entry(
                who, f"case.{action}", case_id, why, before=before["state"], after=[e["after"] for e in events]
            )
            book.record(entry, {"case_event": rows})
            return case(book, case_id)
        refuse(book, who, action, case_id, fault)
    raise NotAllowed(fault, case_id=case_id, action=action, state=before["state"])


def case(book: Ledgerbook, case_id: str) -> dict[str, Any]:
    """How a case stands, with `version`, the number of its last entry. Raises NotFound for an unknown id."""
    rows = book.rows(
        "select c.*, (select max(e.seq) from case_event as e where e.case_id = c.case_id) as version"
        " from case_state as c where c.case_id = :c", c=case_id,
    )  # fmt: skip
    if not rows:
        raise NotFound(f"there is no case {case_id}", case_id=case_id)
    return rows[0]


def _fault(
    state: Mapping[str, Any], action: str, owner: str | None, deadline_on: date | None, seen: int | None
) -> str | None:
    if seen is not None and seen != state["version"]:
        return f"case {state['case_id']} has changed since you saw it: look again, then decide"
    if state["state"] not in MOVES[action].froms:
        can = ", ".join(a for a, m in MOVES.items() if state["state"] in m.froms)
        return f"case {state['case_id']} is {state['state']}: {action} is no move from there ({can} are)"
    if (action == "assign") is (owner is None):
        return "assign names the new owner, and no other action does"
    if (action == "set_deadline") is (deadline_on is None):
        return "set_deadline names the new day, and no other action does"
    return None


def _events(
    before: Mapping[str, Any], action: str, who: str, owner: str | None, deadline_on: date | None
) -> list[dict[str, Any]]:
    found = []
    to = MOVES[action].to or ("in_review" if action == "assign" and before["state"] == "open" else before["state"])
    new_owner = who if action == "take" else person(owner) if owner else before["owner"]
    if to != before["state"]:
        found.append({"kind": "state", "before": before["state"], "after": to})
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


def declare_tie(books: Books, by: str, promoter_id: str, reason: str) -> None:
    """A person declares a tie to a promoter, and decides nothing about that promoter from then on."""
    who, why, whom = person(by), line(reason, "reason"), line(promoter_id, "promoter")
    with books.writing() as book:
        if any(
            same_person(who, t["person"]) for t in book.rows("select person from tie where promoter_id = :p", p=whom)
        ):
            return
        row = {"person": who, "promoter_id": whom, "reason": why, "at": book.clock()}
        book.record(chain.Entry(who, "tie", whom, why), {"tie": [row]})


def appeal(books: Books, decision_id: str, by: str, reason: str, *, filed_by: str, deadline_on: date) -> str:
    """Record that the promoter appeals against an applied decision; returns the appeal's id.

    `by` is the person who records it and so takes part, `filed_by` whoever it came from, as typed.
    """
    who, why, sender = person(by), line(reason, "reason"), line(filed_by, "name")
    with books.writing() as book:
        state = standing(book, decision_id)
        if state["status"] != "applied":
            fault = f"decision {decision_id} is {state['status']}: only an applied one can be appealed against"
        elif book.value(_OPEN_APPEAL, d=decision_id):
            fault = f"an appeal against {decision_id} is open already"
        else:
            number = hashlib.sha256(f"{decision_id}|{book.clock()}|appeal".encode()).hexdigest()[:16]
            row = {"appeal_id": f"A{number}", "decision_id": decision_id, "filed_by": sender, "reason": why, "at": book.clock(),
                   "deadline_on": deadline_on.isoformat()}  # fmt: skip
            book.record(chain.Entry(who, "appeal", decision_id, why, after=row), {"appeal": [row]})
            return str(row["appeal_id"])
        refuse(book, who, "appeal", decision_id, fault)
    raise NotAllowed(fault, decision_id=decision_id)


_OPEN_APPEAL = (
    "select count(*) from appeal as a left join appeal_outcome as o on o.appeal_id = a.appeal_id"
    " where a.decision_id = :d and o.appeal_id is null"
)


def answer(books: Books, appeal_id: str, outcome: str, by: str, reason: str, of_run: ties.OfRun = ties.nobody) -> None:
    """Answer an appeal: `upheld` keeps the decision, `granted` overturns it.

    The reviewer must not have taken part before and must have no tie to the promoter: else NotAllowed (logged).
    """
    who, why = person(by), line(reason, "reason")
    if outcome not in ("upheld", "granted"):
        raise UsageError(f"there is no outcome {outcome}; there are upheld, granted")
    with books.writing() as book:
        fault, decision_id = _appeal_fault(book, appeal_id, who, of_run)
        if fault is None:
            row = {"appeal_id": appeal_id, "outcome": outcome, "by_whom": who, "reason": why, "at": book.clock()}
            book.record(chain.Entry(who, f"appeal.{outcome}", appeal_id, why, after=row), {"appeal_outcome": [row]})
            if outcome == "granted":
                move(book, decision_id, "overturn", who, why, None)
            return
        refuse(book, who, f"appeal {outcome}", appeal_id, fault)
    raise NotAllowed(fault, appeal_id=appeal_id)


_TOOK_PART = """
select by_whom as name from decision_event where decision_id = :d and run_seq is null
union select a.actor from audit as a inner join appeal as p on p.seq = a.seq where p.decision_id = :d
union select a.actor from audit as a inner join notice_reply as r on r.seq = a.seq where r.decision_id = :d
"""
"""Who moved a decision, and who recorded its appeal or a reply to its notice."""


def _appeal_fault(book: Ledgerbook, appeal_id: str, who: str, of_run: ties.OfRun) -> tuple[str | None, str]:
    found = book.rows("select decision_id from appeal where appeal_id = :a", a=appeal_id)
    if not found:
        raise NotFound(f"there is no appeal {appeal_id}", appeal_id=appeal_id)
    decision_id = str(found[0]["decision_id"])
    if book.value("select count(*) from appeal_outcome where appeal_id = :a", a=appeal_id):
        return f"appeal {appeal_id} is answered already", decision_id
    state = standing(book, decision_id)
    took_part = [state["proposed_by"], *(e["name"] for e in book.rows(_TOOK_PART, d=decision_id))]
    if any(same_person(who, name) for name in took_part):
        return f"{who} took part in decision {decision_id}: another person must review the appeal", decision_id
    if state["status"] not in DECISION_MOVES["overturn"]:
        return f"decision {decision_id} is {state['status']} by now", decision_id
    return tied(book, state, who, of_run), decision_id

"""What people do about a proposal: approve, reject, overturn or release it.

Each move is one transaction of the books with its audit entry; a move that is not allowed is refused and logged too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from casebook import chain, refusals, ties
from casebook.books import Books, Ledgerbook
from casebook.measures import MEASURES, Measure
from casebook.people import line, micros, person, same_person
from casebook.refusals import Refusal
from casebook.standing import history, listing, notice, published, standing
from data_contracts.dates import cutoff
from data_contracts.errors import NotAllowed, UsageError

__all__ = [
    "MOVES", "decide", "decide_all", "history", "listing", "move", "notice", "open_appeal", "published", "standing", "tied",
]  # fmt: skip

MOVES: Mapping[str, tuple[str, ...]] = {
    "approve": ("proposed",),
    "reject": ("proposed",),
    "overturn": ("approved", "applied"),
    "release": ("applied",),
}
"""Which action is a legal move from which status; `apply` belongs to the run alone."""


def decide(books: Books, decision_id: str, action: str, by: str, reason: str, of_run: ties.OfRun = ties.nobody) -> str:
    """Approve, reject, overturn or release a decision; returns a sentence that says how it stands then.

    Raises NotFound for an unknown id, NotAllowed for a move that the state or the two-person rule forbids (logged).
    """
    return decide_all(books, [decision_id], action, by, reason, of_run)[0]


def decide_all(
    books: Books, decision_ids: Sequence[str], action: str, by: str, reason: str, of_run: ties.OfRun = ties.nobody
) -> list[str]:
    """One move on several decisions for one reason: on all of them, or when one is not allowed on none."""
    who, why = person(by), line(reason, "reason")
    if action not in MOVES:
        raise UsageError(refusals.of("action_unknown", action=action, known=tuple(MOVES)))
    last_as_of, zone = published(books)
    ends = micros(cutoff(last_as_of, zone), "UTC") if action == "release" else None
    with books.writing() as book:
        states = [standing(book, d) for d in dict.fromkeys(decision_ids)]
        faults = {s["decision_id"]: _illegal(book, s, action, who, ends) or tied(book, s, who, of_run) for s in states}
        refused = {name: fault for name, fault in faults.items() if fault is not None}
        if not refused:
            moved = [move(book, s, action, who, why, ends) for s in states]
            return [_told(s) + _notice_told(notice(book, s["decision_id"], last_as_of), action) for s in moved]
        for name, fault in refused.items():
            refusals.log(book, who, action, name, fault)
    raise NotAllowed(refusals.joined(refused.values()), action=action, decision_ids=tuple(refused))


def move(
    book: Ledgerbook, state: Mapping[str, Any], action: str, who: str, why: str, ends: int | None
) -> dict[str, Any]:
    """Record a move that was found legal from `state`, within the caller's transaction; how the decision stands then."""
    row = {"decision_id": state["decision_id"], "action": action, "by_whom": who, "reason": why, "at": book.clock(),
           "effective_to": ends, "run_seq": None}  # fmt: skip
    entry = chain.Entry(who, f"decision.{action}", state["decision_id"], why, before=state["status"], after=row)
    book.record(entry, {"decision_event": [row]})
    return standing(book, state["decision_id"])


def _told(state: Mapping[str, Any]) -> str:
    name, status = state["decision_id"], state["status"]
    missing = state["needed"] - state["approvals"]
    if status == "proposed" and state["approvals"]:
        return f"{name} has {state['approvals']} of {state['needed']} approvals: {missing} other person must approve it"
    told = {
        "approved": "the next run applies it",
        "overturned": "the next run undoes it",
        "rejected": "nothing follows",
    }
    return f"{name} is {status}: {told.get(status, 'it ends with the last published day')}"


def _notice_told(sent: Mapping[str, Any] | None, action: str) -> str:
    if sent is None or action != "approve":
        return ""
    said = f"{len(sent['replies'])} replies" if sent["replies"] else "no reply so far"
    return f" (notice of {sent['created_on']}: {sent['days_left']} days left to reply, {said})"


def _illegal(book: Ledgerbook, state: Mapping[str, Any], action: str, who: str, ends: int | None) -> Refusal | None:
    """Why a move is not allowed, None when it is."""
    name, status = state["decision_id"], state["status"]
    if status not in MOVES[action]:
        can = tuple(a for a, froms in MOVES.items() if status in froms) or "nothing"
        return refusals.of("decision_move", decision=name, status=status, action=action, known=can)
    if action == "approve":
        if same_person(who, state["proposed_by"]):
            return refusals.of("own_proposal", who=who, decision=name)
        approved = book.rows("select by_whom from decision_event where decision_id = :d and action = 'approve'", d=name)
        if any(same_person(who, a["by_whom"]) for a in approved):
            return refusals.of("approved_already", who=who, decision=name)
        if _false_alarm(book, state["finding_id"]):
            return refusals.of("false_alarm", decision=name)
        if MEASURES[state["measure"]].irreversible and notice_of(book, name) is None:
            return refusals.of("no_notice", measure=state["measure"], decision=name)
    if action == "overturn" and (appeal := open_appeal(book, name)) is not None:
        return refusals.of("appeal_open", appeal=appeal, decision=name)
    if action == "release":
        measure: Measure = MEASURES[state["measure"]]
        if not measure.holds:
            return refusals.of("holds_nothing", measure=state["measure"], decision=name)
        if ends is not None and state["effective_to"] is not None and state["effective_to"] <= ends:
            return refusals.of("ended_already", decision=name)
    return None


def _false_alarm(book: Ledgerbook, finding_id: str | None) -> bool:
    last = "select verdict from verdict where finding_id = :f order by seq desc limit 1"
    return finding_id is not None and book.value(last, f=finding_id) == "false_alarm"


def open_appeal(book: Ledgerbook, decision_id: str) -> str | None:
    """The id of the appeal against a decision that waits for an answer, None when none does."""
    found = book.value("select appeal_id from appeal_state where decision_id = :d and outcome is null", d=decision_id)
    return None if found is None else str(found)


def notice_of(book: Ledgerbook, decision_id: str) -> str | None:
    """The id of the notice that went out for a decision, None when none did."""
    found = book.value("select instruction_id from notice_state where decision_id = :d", d=decision_id)
    return None if found is None else str(found)


def tied(book: Ledgerbook, state: Mapping[str, Any], who: str, of_run: ties.OfRun) -> Refusal | None:
    """Why a tie keeps somebody from deciding on a decision, None when none does."""
    return ties.fault(
        book, who, state["subject_kind"], state["subject_id"],
        promoter=state["promoter_id"], finding=state["finding_id"], of_run=of_run,
    )  # fmt: skip

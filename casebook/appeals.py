"""The promoter's appeal: filed against an applied decision, answered in time by somebody who took no part in it.

An appeal stands in the decision's case. The case is `appealed` until the last of its appeals is answered, and has the
appeal's deadline: when that passes the run escalates the case, as it does any other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from casebook import cases, chain, refusals, ties
from casebook.books import Books, Ledgerbook
from casebook.decisions import MOVES, move, open_appeal, tied
from casebook.people import line, person, same_person
from casebook.refusals import Refusal
from casebook.standing import published, standing
from data_contracts.errors import NotAllowed, NotFound, UsageError

OUTCOMES = ("upheld", "granted")


def file(books: Books, decision_id: str, by: str, reason: str, *, filed_by: str, deadline_on: date) -> str:
    """Record that the promoter appeals against an applied decision; returns the appeal's id. Its case becomes `appealed`.

    `by` is the person who records it and so takes part, `filed_by` whoever it came from, as typed. The deadline lies after
    the last published day. Raises NotFound, or NotAllowed (logged).
    """
    who, why, sender = person(by), line(reason, "reason"), line(filed_by, "name")
    last_as_of, _ = published(books)
    with books.writing() as book:
        state = standing(book, decision_id)
        fault = _file_fault(book, state, deadline_on, last_as_of)
        if fault is None:
            number = hashlib.sha256(f"{decision_id}|{book.clock()}|appeal".encode()).hexdigest()[:16]
            row = {"appeal_id": f"A{number}", "decision_id": decision_id, "filed_by": sender, "reason": why, "at": book.clock(),
                   "deadline_on": deadline_on.isoformat()}  # fmt: skip
            book.record(chain.Entry(who, "appeal", decision_id, why, after=row), {"appeal": [row]})
            _enter_case(book, state, row, who, last_as_of)
            return str(row["appeal_id"])
        refusals.log(book, who, "appeal", decision_id, fault)
    raise NotAllowed(fault, decision_id=decision_id)


def _file_fault(book: Ledgerbook, state: Mapping[str, Any], deadline_on: date, last_as_of: date) -> Refusal | None:
    name = state["decision_id"]
    if state["status"] != "applied":
        return refusals.of("not_applied", decision=name, status=state["status"])
    if open_appeal(book, name) is not None:
        return refusals.of("appealed_already", decision=name)
    return cases.over(deadline_on, last_as_of)


CASE_OF = """
select c.*, (select max(e.seq) from case_event as e where e.case_id = c.case_id) as version
from case_state as c
left join (
    select f.case_id, f.subject_kind, f.subject_id
    from case_event as e inner join case_file as f on f.case_id = e.case_id
    where e.item = :f and e.kind = 'finding'
) as found on found.subject_kind = c.subject_kind and found.subject_id = c.subject_id
where found.case_id is not null or c.promoter_id = :p or (c.subject_kind = :k and c.subject_id = :s)
order by case when c.state = 'closed' then 1 else 0 end, case when found.case_id = c.case_id then 0 else 1 end,
    c.opened_on desc, c.case_id desc
limit 1
"""
"""The case that a decision belongs to: the open one before a closed one, that of its finding before another on the promoter."""


def _enter_case(
    book: Ledgerbook, state: Mapping[str, Any], appeal: Mapping[str, Any], who: str, last_as_of: date
) -> None:
    """Make the case of the decision `appealed`; a decision without one, such as of policy alone, gets a case first."""
    found = book.rows(
        CASE_OF, f=state["finding_id"], p=state["promoter_id"], k=state["subject_kind"], s=state["subject_id"]
    )
    case = found[0] if found else _new_case(book, state, who, last_as_of)
    until = str(appeal["deadline_on"])
    if case["state"] not in ("decided", "closed"):  # work that goes on is not given more time by an appeal
        until = min(until, str(case["deadline_on"]))
    events = cases.state_event(case, "appeal")
    if until != case["deadline_on"]:
        events.append({"kind": "deadline", "before": case["deadline_on"], "after": until})
    events.append({"kind": "appeal", "item": appeal["appeal_id"], "before": None, "after": state["decision_id"]})
    cases.enter(book, case, "appeal", who, str(appeal["reason"]), events)


def _new_case(book: Ledgerbook, state: Mapping[str, Any], who: str, last_as_of: date) -> dict[str, Any]:
    promoter = state["promoter_id"]
    kind, subject = ("promoter", promoter) if promoter else (state["subject_kind"], state["subject_id"])
    case_id = "C" + hashlib.sha256(f"{kind}|{subject}|1".encode()).hexdigest()[:16]
    row = {"case_id": case_id, "subject_kind": kind, "subject_id": subject, "promoter_id": promoter,
           "opened_on": last_as_of.isoformat(), "deadline_on": (last_as_of + timedelta(days=cases.DAYS)).isoformat(),
           "blind": 0, "priority_fen": None, "run_seq": None}  # fmt: skip
    why = f"decision {state['decision_id']} stands without a case and is appealed against"
    book.record(chain.Entry(who, "case.open", case_id, why, after=row), {"case_file": [row]})
    cases.enter(
        book, cases.case(book, case_id), "decide", who, why, [{"kind": "state", "before": "open", "after": "decided"}]
    )
    return cases.case(book, case_id)


def answer(books: Books, appeal_id: str, outcome: str, by: str, reason: str, of_run: ties.OfRun = ties.nobody) -> None:
    """Answer an appeal: `upheld` keeps the decision, `granted` overturns it. Its case is decided again, or goes back to work.

    The reviewer must not have taken part before and must have no tie to the promoter: else NotAllowed (logged).
    """
    who, why = person(by), line(reason, "reason")
    if outcome not in OUTCOMES:
        raise UsageError(refusals.of("outcome_unknown", outcome=outcome, known=OUTCOMES))
    with books.writing() as book:
        appeal = _one(book, appeal_id)
        state = standing(book, appeal["decision_id"])
        fault = _answer_fault(book, appeal, state, outcome, who, of_run)
        if fault is None:
            row = {"appeal_id": appeal_id, "outcome": outcome, "by_whom": who, "reason": why, "at": book.clock()}
            book.record(chain.Entry(who, f"appeal.{outcome}", appeal_id, why, after=row), {"appeal_outcome": [row]})
            if outcome == "granted" and state["status"] != "overturned":
                move(book, state, "overturn", who, why, None)
            if appeal["case_id"] is not None:
                _leave_case(book, appeal, outcome, who, why)
            return
        refusals.log(book, who, f"appeal {outcome}", appeal_id, fault)
    raise NotAllowed(fault, appeal_id=appeal_id)


def _leave_case(book: Ledgerbook, appeal: Mapping[str, Any], outcome: str, who: str, why: str) -> None:
    case = cases.case(book, appeal["case_id"])
    told = {"kind": "appeal", "item": appeal["appeal_id"], "before": appeal["decision_id"], "after": outcome}
    more = book.value("select count(*) from appeal_state where case_id = :c and outcome is null", c=case["case_id"])
    came_from = book.value(
        "select before from case_event where case_id = :c and kind = 'state' and after = 'appealed' order by seq desc limit 1",
        c=case["case_id"],
    )  # fmt: skip
    action = "answer" if came_from in ("decided", "closed") else "go_on"
    events = [] if more else cases.state_event(case, action)
    cases.enter(book, case, action, who, why, [*events, told])


_TOOK_PART = """
select by_whom as name from decision_event where decision_id = :d and run_seq is null
union select a.actor from audit as a inner join appeal as p on p.seq = a.seq where p.decision_id = :d
union select a.actor from audit as a inner join notice_reply as r on r.seq = a.seq where r.decision_id = :d
"""
"""Who moved a decision, and who recorded its appeal or a reply to its notice."""


def _one(book: Ledgerbook, appeal_id: str) -> dict[str, Any]:
    found = book.rows("select * from appeal_state where appeal_id = :a", a=appeal_id)
    if not found:
        raise NotFound(refusals.of("appeal_unknown", appeal=appeal_id), appeal_id=appeal_id)
    return found[0]


def _answer_fault(
    book: Ledgerbook, appeal: Mapping[str, Any], state: Mapping[str, Any], outcome: str, who: str, of_run: ties.OfRun
) -> Refusal | None:
    name = state["decision_id"]
    if appeal["outcome"] is not None:
        return refusals.of("appeal_answered", appeal=appeal["appeal_id"])
    took_part = [state["proposed_by"], *(e["name"] for e in book.rows(_TOOK_PART, d=name))]
    if any(same_person(who, n) for n in took_part):
        return refusals.of("took_part", who=who, decision=name)
    if state["status"] not in MOVES["overturn"] and (outcome, state["status"]) != ("granted", "overturned"):
        return refusals.of("appeal_moved", decision=name, status=state["status"])
    return tied(book, state, who, of_run)


LISTED = """
select
    a.appeal_id, a.decision_id, a.case_id, d.measure, d.clause, d.subject_kind, d.subject_id, d.promoter_id, a.filed_by,
    a.at, a.deadline_on, a.reason, c.escalated_on, a.outcome, a.answered_by, a.answer, a.answered_at
from appeal_state as a
inner join decision as d on d.decision_id = a.decision_id
left join case_state as c on c.case_id = a.case_id
order by a.deadline_on, a.appeal_id
"""


def listing(books: Books, *, answered: bool = False) -> list[dict[str, Any]]:
    """Appeals, the most urgent first, with `days_left` (negative once late) counted from the last published day.

    Those that wait for an answer, or with `answered` all that were ever filed. `escalated_on` is that of the case.
    """
    last = books.last_run()
    with books.reading() as book:
        rows = [r for r in book.rows(LISTED) if answered or r["outcome"] is None]
    for row in rows:
        open_yet = last is not None and row["outcome"] is None
        row["days_left"] = (date.fromisoformat(row["deadline_on"]) - last.as_of).days if last and open_yet else None
    return rows

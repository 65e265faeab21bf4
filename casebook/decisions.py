"""What people do: propose a measure, approve, reject, overturn or release it, and say what a finding was worth.

Each move is one transaction of the books with its audit entry; a move that is not allowed is refused and logged too.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from casebook import chain, ties
from casebook.books import Books, Ledgerbook
from casebook.measures import COLLUSION, MEASURES, SUBJECT_KINDS, Measure
from casebook.people import line, micros, person, same_person
from casebook.standing import history, listing, notice, published, standing
from data_contracts import money
from data_contracts.dates import cutoff, month_of
from data_contracts.errors import NotAllowed, NotFound, UsageError

__all__ = [
    "MOVES", "NOTICE_DAYS", "decide", "decide_all", "history", "listing", "move", "notice", "propose", "published",
    "refuse", "reply", "standing", "verdict",
]  # fmt: skip

MOVES: Mapping[str, tuple[str, ...]] = {
    "approve": ("proposed",),
    "reject": ("proposed",),
    "overturn": ("approved", "applied"),
    "release": ("applied",),
}
"""Which action is a legal move from which status; `apply` belongs to the run alone."""
NOTICE_DAYS = 7
"""The reply period of a notice; a run takes it from the policy."""
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


@dataclass(frozen=True)
class Proposal:
    """What a person proposes, whole and checked in form. Instants are microseconds UTC."""

    measure: str
    subject_kind: str
    subject_id: str
    clause: str
    by: str
    reason: str
    effective_from: int
    effective_to: int | None
    month: str | None
    amount_fen: int | None
    promoter_id: str | None
    functions: str | None
    proposed_on: str
    finding_id: str | None = None


def propose(
    books: Books,
    *,
    measure: str,
    subject_kind: str,
    subject_id: str,
    clause: str,
    by: str,
    reason: str,
    allowed: Mapping[str, Sequence[str]],
    zone: str | None = None,
    effective_from: datetime | None = None,
    effective_to: datetime | None = None,
    month: str | None = None,
    amount: str | None = None,
    promoter: str | None = None,
    functions: str | None = None,
    finding: str | None = None,
    notice_days: int = NOTICE_DAYS,
    of_run: ties.OfRun = ties.nobody,
) -> str:
    """Propose a measure under a clause; returns the decision id. `allowed` tells per clause which measures it knows.

    The end of the last published day is the default start, its month the default of `cancel_rebate`; an instant without
    offset is read in the zone of that run (or `zone`). `finding` is what the proposal rests on: when the evidence of that
    finding changes before the measure is applied, the proposal is void. `of_run` tells whom a published run ties to a subject.
    Raises NotAllowed when the agreement forbids it, UsageError when the proposal is not well formed.
    """
    last_as_of, run_zone = published(books)
    zone = zone or run_zone
    wanted = Proposal(
        measure, subject_kind, line(subject_id, "subject"), clause, person(by), line(reason, "reason"),
        micros(effective_from, zone) if effective_from else micros(cutoff(last_as_of, zone), zone),
        micros(effective_to, zone) if effective_to else None,
        month or (month_of(last_as_of) if measure == "cancel_rebate" else None),
        None if amount is None else _fen(amount),
        promoter or (subject_id if subject_kind == "promoter" else None), functions or None, last_as_of.isoformat(),
        finding or None,
    )  # fmt: skip
    _check_form(wanted)
    with books.writing() as book:
        fault = _fault(book, wanted, allowed, of_run)
        if fault is None:
            return _enter(book, wanted, notice_days)
        refuse(book, wanted.by, f"propose {measure}", wanted.subject_id, fault)
    raise NotAllowed(fault, measure=measure, clause=clause, subject_id=subject_id)


OF_PROMOTER = ("hold_payout", "suspend_functions", "cancel_rebate", "claw_back", "cancel_programme")
"""Measures on the money or the standing of one promoter, whatever their subject."""


def _check_form(wanted: Proposal) -> None:
    faults = []
    if wanted.measure not in MEASURES:
        faults.append(f"there is no measure {wanted.measure}; there are {', '.join(MEASURES)}")
    if wanted.subject_kind not in SUBJECT_KINDS:
        faults.append(f"there is no subject kind {wanted.subject_kind}; there are {', '.join(SUBJECT_KINDS)}")
    if wanted.month is not None and not _MONTH.fullmatch(wanted.month):
        faults.append(f"{wanted.month!r} is not a month such as 2026-03")
    if wanted.subject_kind in ("group", "coupon") and wanted.promoter_id is None and wanted.measure in OF_PROMOTER:
        faults.append(
            f"{wanted.measure} on a {wanted.subject_kind} needs the promoter whose money it is: give --promoter"
        )
    if wanted.effective_to is not None and wanted.effective_to <= wanted.effective_from:
        faults.append("it would end before it starts: give an --effective-to after --effective-from")
    if faults:
        raise UsageError("; ".join(faults))


def _fault(book: Ledgerbook, wanted: Proposal, allowed: Mapping[str, Sequence[str]], of_run: ties.OfRun) -> str | None:
    """Why the agreement forbids the proposal, None when it does not."""
    measure = MEASURES[wanted.measure]
    if wanted.clause not in allowed:
        return f"there is no clause {wanted.clause} under which measures are taken; `tongren clauses` lists them"
    if wanted.measure not in allowed[wanted.clause]:
        known = ", ".join(allowed[wanted.clause]) or "none"
        return f"clause {wanted.clause} does not allow {wanted.measure}; it allows {known}"
    tied = ties.fault(
        book, wanted.by, wanted.subject_kind, wanted.subject_id,
        promoter=wanted.promoter_id, finding=wanted.finding_id, of_run=of_run,
    )  # fmt: skip
    if tied is not None:
        return tied
    if wanted.finding_id is not None:
        found = book.rows("select promoter_id from finding where finding_id = :f", f=wanted.finding_id)
        if not found:
            return f"there is no finding {wanted.finding_id}: see findings.parquet of the last run"
        if None not in (found[0]["promoter_id"], wanted.promoter_id) and found[0]["promoter_id"] != wanted.promoter_id:
            return f"finding {wanted.finding_id} is about promoter {found[0]['promoter_id']}, not {wanted.promoter_id}"
    if measure.open_ended and wanted.effective_to is not None:
        return f"{wanted.measure} has no end: leave --effective-to out, and overturn the decision instead"
    if wanted.functions is not None and wanted.measure not in (
        "suspend_functions",
        "freeze_promoter",
        "freeze_invitee",
    ):
        return f"{wanted.measure} knows no functions: leave --functions out"
    if wanted.measure == "freeze_invitee" and not _colluded(book, wanted):
        return (
            f"freeze_invitee needs a finding of collusion on invitee {wanted.subject_id} (3.5(3)); there is none:"
            " see `tongren promoter` for the findings"
        )
    return None


def _colluded(book: Ledgerbook, wanted: Proposal) -> bool:
    if wanted.subject_kind not in ("invitee", "referral"):
        return False
    named = ", ".join(f"'{c}'" for c in COLLUSION)
    return bool(
        book.value(
            "select count(*) from finding as f where f.subject_kind in ('invitee', 'referral') and f.subject_id = :s"
            f" and f.clause in ({named}) and not exists (select 1 from verdict_entry as v"
            " where v.finding_id = f.finding_id and v.verdict = 'false_alarm' and v.entry_no ="
            " (select max(w.entry_no) from verdict_entry as w where w.finding_id = f.finding_id))",
            s=wanted.subject_id,
        )
    )


def _enter(book: Ledgerbook, wanted: Proposal, notice_days: int) -> str:
    rests_on = book.value(
        "select sha256 from finding_evidence where finding_id = :f order by run_seq desc limit 1", f=wanted.finding_id
    )
    row = {**vars(wanted), "status": "proposed", "decided_by": wanted.by, "proposed_by": wanted.by, "needed": 1,
           "run_seq": None, "evidence_sha256": rests_on}  # fmt: skip
    del row["by"]
    number = book.value("select coalesce(max(seq), 0) + 1 from audit")
    decision_id = "D" + hashlib.sha256(chain.canonical([number, row]).encode()).hexdigest()[:16]
    rows: dict[str, list[dict[str, Any]]] = {"decision": [{"decision_id": decision_id, **row}]}
    if MEASURES[wanted.measure].irreversible:
        rows["instruction"] = [_notice(decision_id, wanted, notice_days)]
    book.record(chain.Entry(wanted.by, "decision.propose", decision_id, wanted.reason, after=row), rows)
    return decision_id


def _notice(decision_id: str, wanted: Proposal, notice_days: int) -> dict[str, Any]:
    """The instruction that tells a promoter of a proposed irreversible measure; the same id when a run sends it."""
    number = hashlib.sha256(f"{decision_id}|notice".encode()).hexdigest()[:16]
    reply_by = date.fromisoformat(wanted.proposed_on) + timedelta(days=notice_days)
    return {"instruction_id": f"I{number}", "kind": "notice", "subject_id": wanted.promoter_id or wanted.subject_id,
            "decision_id": decision_id, "created_on": wanted.proposed_on, "reply_by": reply_by.isoformat(),
            "amount_fen": None, "run_seq": None}  # fmt: skip


def reply(books: Books, decision_id: str, by: str, text: str, *, filed_by: str) -> None:
    """Record what a promoter replied to the notice of a proposed decision; whoever approves sees it.

    `by` is the person who records it, `filed_by` whoever it came from, as typed.
    """
    who, said, sender = person(by), line(text, "reply"), line(filed_by, "name")
    with books.writing() as book:
        standing(book, decision_id)
        row = {"decision_id": decision_id, "filed_by": sender, "reply": said, "at": book.clock()}
        book.record(
            chain.Entry(who, "notice.reply", decision_id, said, about={"filed_by": sender}), {"notice_reply": [row]}
        )


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
        raise UsageError(f"there is no action {action}; there are {', '.join(MOVES)}")
    last_as_of, zone = published(books)
    ends = micros(cutoff(last_as_of, zone), "UTC") if action == "release" else None
    with books.writing() as book:
        states = [standing(book, d) for d in dict.fromkeys(decision_ids)]
        faults = {s["decision_id"]: _illegal(book, s, action, who, ends) or tied(book, s, who, of_run) for s in states}
        refused = {name: fault for name, fault in faults.items() if fault is not None}
        if not refused:
            moved = [move(book, s["decision_id"], action, who, why, ends) for s in states]
            return [_told(s) + _notice_told(notice(book, s["decision_id"], last_as_of), action) for s in moved]
        for name, fault in refused.items():
            refuse(book, who, action, name, fault)
    raise NotAllowed("; ".join(refused.values()), action=action, decision_ids=tuple(refused))


def move(book: Ledgerbook, decision_id: str, action: str, who: str, why: str, ends: int | None) -> dict[str, Any]:
    """Record a move that was found legal, within the caller's transaction; how the decision stands then."""
    row = {"decision_id": decision_id, "action": action, "by_whom": who, "reason": why, "at": book.clock(),
           "effective_to": ends, "run_seq": None}  # fmt: skip
    before = standing(book, decision_id)["status"]
    entry = chain.Entry(who, f"decision.{action}", decision_id, why, before=before, after=row)
    book.record(entry, {"decision_event": [row]})
    return standing(book, decision_id)


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


def _illegal(book: Ledgerbook, state: Mapping[str, Any], action: str, who: str, ends: int | None) -> str | None:
    """Why a move is not allowed, None when it is."""
    name, status = state["decision_id"], state["status"]
    if status not in MOVES[action]:
        can = [a for a, froms in MOVES.items() if status in froms]
        return f"decision {name} is {status}: {action} is no move from there ({', '.join(can) or 'nothing'} is)"
    if action == "approve":
        if same_person(who, state["proposed_by"]):
            return f"nobody approves an own proposal: {who} proposed {name}, another person must approve it"
        approved = book.rows("select by_whom from decision_event where decision_id = :d and action = 'approve'", d=name)
        if any(same_person(who, a["by_whom"]) for a in approved):
            return f"{who} has approved {name} already: it needs a second person"
        if _false_alarm(book, state["finding_id"]):
            return f"the finding of {name} was judged a false alarm: reject it, or propose on other evidence"
        if MEASURES[state["measure"]].irreversible and notice_of(book, name) is None:
            return f"{state['measure']} is irreversible and no notice of {name} has gone out: the next run sends it"
    if action == "overturn" and (appeal := open_appeal(book, name)) is not None:
        return f"appeal {appeal} against {name} is open: its answer decides"
    if action == "release":
        measure: Measure = MEASURES[state["measure"]]
        if not measure.holds:
            return f"{state['measure']} holds nothing that could be released: overturn {name} instead"
        if ends is not None and state["effective_to"] is not None and state["effective_to"] <= ends:
            return f"decision {name} has ended already"
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


def tied(book: Ledgerbook, state: Mapping[str, Any], who: str, of_run: ties.OfRun) -> str | None:
    """Why a tie keeps somebody from deciding on a decision, None when none does."""
    return ties.fault(
        book, who, state["subject_kind"], state["subject_id"],
        promoter=state["promoter_id"], finding=state["finding_id"], of_run=of_run,
    )  # fmt: skip


def refuse(book: Ledgerbook, who: str, action: str, subject: str, fault: str) -> None:
    """Leave in the audit chain that somebody wanted what is not allowed; the caller raises NotAllowed afterwards."""
    book.record(chain.Entry(who, "refused", subject, fault, about={"wanted": action}))


def verdict(
    books: Books, finding_id: str, verdict: str, by: str, reason: str, of_run: ties.OfRun = ties.nobody
) -> None:
    """Record what an analyst found a finding to be.

    Raises NotFound for a finding that no run has made, NotAllowed (logged) when the analyst has a tie to its promoter.
    """
    who, why = person(by), line(reason, "reason")
    if verdict not in ("confirmed", "false_alarm", "unclear"):
        raise UsageError(f"there is no verdict {verdict}; there are confirmed, false_alarm, unclear")
    with books.writing() as book:
        found = book.rows(
            "select subject_kind, subject_id, promoter_id from finding where finding_id = :f", f=finding_id
        )
        if not found:
            raise NotFound(f"there is no finding {finding_id}: see findings.parquet of the last run")
        fault = tied(book, {**found[0], "finding_id": finding_id}, who, of_run)
        if fault is None:
            row = {"finding_id": finding_id, "verdict": verdict, "by_whom": who, "reason": why, "at": book.clock()}
            book.record(chain.Entry(who, "verdict", finding_id, why, after=verdict), {"verdict": [row]})
            return
        refuse(book, who, f"verdict {verdict}", finding_id, fault)
    raise NotAllowed(fault, finding_id=finding_id)


def _fen(amount: str) -> int:
    try:
        return money.fen(amount)
    except ValueError as fault:
        raise UsageError(f"amount: {fault}") from fault

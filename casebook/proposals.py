"""What people propose: a measure under a clause, with its notice, and the promoter's reply to it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import Any

from casebook import chain, refusals, ties
from casebook.books import Books, Ledgerbook
from casebook.known import Known, anything, missing
from casebook.measures import COLLUSION, MEASURES, SUBJECT_KINDS
from casebook.people import line, micros, person
from casebook.refusals import Refusal
from casebook.standing import published, standing
from data_contracts import money
from data_contracts.dates import cutoff, month_of
from data_contracts.errors import NotAllowed, NotFound, UsageError

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


CONTENT = tuple(f.name for f in fields(Proposal) if f.name not in ("by", "reason", "proposed_on"))
"""What makes two proposals the same."""


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
    known: Known = anything,
) -> str:
    """Propose a measure under a clause; returns the decision id. `allowed` tells per clause which measures it knows.

    The end of the last published day is the default start, its month the default of `cancel_rebate`; an instant without
    offset is read in the zone of that run (or `zone`). `finding` is what the proposal rests on: when the evidence of that
    finding changes before the measure is applied, the proposal is void. `of_run` tells whom a published run ties to a subject,
    `known` whom and which months it knows. A ring has the promoter of its finding when none is named.
    Raises NotAllowed when the agreement forbids it, UsageError when the proposal is not well formed, NotFound for an unknown subject.
    """
    last_as_of, run_zone = published(books)
    zone = zone or run_zone
    wanted = Proposal(
        measure, subject_kind, line(subject_id, "subject"), clause, person(by), line(reason, "reason"),
        micros(effective_from, zone) if effective_from else micros(cutoff(last_as_of, zone), zone),
        micros(effective_to, zone) if effective_to else None,
        month or (month_of(last_as_of) if measure == "cancel_rebate" else None),
        None if amount is None else _fen(amount),
        promoter or promoter_of(books, subject_kind, subject_id), functions or None, last_as_of.isoformat(),
        finding or None,
    )  # fmt: skip
    _check_form(wanted)
    unknown = misnamed(books, known, subject_kind, wanted.subject_id, wanted.promoter_id)
    if unknown is not None:
        raise NotFound(unknown, subject_id=subject_id)
    wrong_month = month_fault(books, known, wanted.month)
    if wrong_month is not None:
        raise UsageError(wrong_month)
    with books.writing() as book:
        fault = _fault(book, wanted, allowed, of_run)
        if fault is None:
            return _enter(book, wanted, notice_days)
        refusals.log(book, wanted.by, f"propose {measure}", wanted.subject_id, fault)
    raise NotAllowed(fault, measure=measure, clause=clause, subject_id=subject_id)


OF_PROMOTER = ("hold_payout", "suspend_functions", "cancel_rebate", "claw_back", "cancel_programme")
"""Measures on the money or the standing of one promoter, whatever their subject."""

THROUGH_PROMOTER = (*OF_PROMOTER, "void_relation", "void_order", "reverse_transaction")
"""Measures that reach a ring through the promoter whose invitees it has."""

OF_ONE = ("invitee", "referral", "order")
"""Subjects that one promoter brought."""


def _check_form(wanted: Proposal) -> None:
    faults = []
    if wanted.measure not in MEASURES:
        faults.append(refusals.of("measure_unknown", measure=wanted.measure, known=tuple(MEASURES)))
    if wanted.subject_kind not in SUBJECT_KINDS:
        faults.append(refusals.of("subject_kind_unknown", kind=wanted.subject_kind, known=SUBJECT_KINDS))
    reached = THROUGH_PROMOTER if wanted.subject_kind == "ring" else OF_PROMOTER
    if wanted.subject_kind in ("group", "ring", "coupon") and wanted.promoter_id is None and wanted.measure in reached:
        faults.append(refusals.of("promoter_needed", measure=wanted.measure, kind=wanted.subject_kind))
    if wanted.effective_to is not None and wanted.effective_to <= wanted.effective_from:
        faults.append(refusals.of("ends_before_start"))
    if faults:
        raise UsageError(refusals.joined(faults))


def promoter_of(books: Books, kind: str, subject: str) -> str | None:
    """The promoter that a subject names by itself: a promoter itself, and for a ring the one that its findings are about."""
    if kind == "promoter":
        return subject
    if kind != "ring":
        return None
    with books.reading() as book:
        of_ring = "select distinct promoter_id from finding where subject_kind = 'ring' and subject_id = :s"
        found = [r["promoter_id"] for r in book.rows(of_ring, s=subject) if r["promoter_id"]]
    return str(found[0]) if len(found) == 1 else None


def misnamed(books: Books, known: Known, kind: str, subject: str, promoter: str | None) -> Refusal | None:
    """Why a subject or its promoter cannot be meant: the published run and the books know none of that id."""
    named = dict.fromkeys([(kind, subject), *([("promoter", promoter)] if promoter else [])])
    return next((fault for n in named if (fault := missing(books, known, *n)) is not None), None)


def month_fault(books: Books, known: Known, month: str | None) -> Refusal | None:
    """Why a month cannot be meant: it is none, it has not begun by the last published day, or no statement is of it."""
    if month is None:
        return None
    if not _MONTH.fullmatch(month):
        return refusals.of("month_form", month=month)
    last, _ = published(books)
    if month > month_of(last):
        return refusals.of("month_ahead", month=month, last=str(last))
    if month < month_of(last) and not known("month", month):
        return refusals.of("month_unknown", month=month)
    return None


def _fault(
    book: Ledgerbook, wanted: Proposal, allowed: Mapping[str, Sequence[str]], of_run: ties.OfRun
) -> Refusal | None:
    """Why the agreement forbids the proposal, None when it does not."""
    measure = MEASURES[wanted.measure]
    if wanted.clause not in allowed:
        return refusals.of("clause_unknown", clause=wanted.clause)
    if wanted.measure not in allowed[wanted.clause]:
        known = tuple(allowed[wanted.clause]) or "none"
        return refusals.of("clause_measure", clause=wanted.clause, measure=wanted.measure, known=known)
    tied = ties.fault(
        book, wanted.by, wanted.subject_kind, wanted.subject_id,
        promoter=wanted.promoter_id, finding=wanted.finding_id, of_run=of_run,
    )  # fmt: skip
    if tied is not None:
        return tied
    if wanted.finding_id is not None:
        found = book.rows("select promoter_id from finding where finding_id = :f", f=wanted.finding_id)
        if not found:
            return refusals.of("finding_unknown", finding=wanted.finding_id)
        if None not in (found[0]["promoter_id"], wanted.promoter_id) and found[0]["promoter_id"] != wanted.promoter_id:
            return refusals.of(
                "finding_other", finding=wanted.finding_id, promoter=found[0]["promoter_id"], other=wanted.promoter_id
            )
    if wanted.promoter_id is not None and not _of_promoter(wanted, wanted.promoter_id, of_run):
        return refusals.of("subject_other", subject=wanted.subject_id, promoter=wanted.promoter_id)
    if measure.open_ended and wanted.effective_to is not None:
        return refusals.of("no_end", measure=wanted.measure)
    if wanted.functions is not None and wanted.measure not in (
        "suspend_functions",
        "freeze_promoter",
        "freeze_invitee",
    ):
        return refusals.of("no_functions", measure=wanted.measure)
    if wanted.measure == "freeze_invitee" and not _colluded(book, wanted):
        return refusals.of("no_collusion", subject=wanted.subject_id)
    return _waiting(book, wanted)


def _waiting(book: Ledgerbook, wanted: Proposal) -> Refusal | None:
    """The same proposal waits already: a form that was sent twice, or two people with one thought."""
    waiting = (
        "select d.* from decision as d inner join decision_state as s on d.decision_id = s.decision_id"
        " where s.status = 'proposed' and d.measure = :m and d.subject_id = :s order by d.decision_id"
    )
    for row in book.rows(waiting, m=wanted.measure, s=wanted.subject_id):
        if all(row[name] == getattr(wanted, name) for name in CONTENT):
            return refusals.of("proposed_already", decision=row["decision_id"], who=row["proposed_by"])
    return None


def _of_promoter(wanted: Proposal, promoter: str, of_run: ties.OfRun) -> bool:
    """Whether one promoter's subject is that promoter's, as far as the published run knows it: the notice and the claim go there."""
    if wanted.subject_kind == "promoter":
        return wanted.subject_id == promoter
    known = set(of_run(wanted.subject_kind, wanted.subject_id)) if wanted.subject_kind in OF_ONE else set()
    return not known or promoter in known


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


def _fen(amount: str) -> int:
    try:
        return money.fen(amount)
    except ValueError as fault:
        raise UsageError(refusals.of("amount_form", fault=str(fault))) from fault

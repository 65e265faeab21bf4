"""Decisions: see what a measure would do, propose it, approve or reject it, release a hold, answer an appeal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from casebook import appeals as casebook_appeals
from casebook import cases as casebook_cases
from casebook import decisions as casebook_decisions
from casebook import proposals, refusals, standing, users, verdicts
from casebook.measures import MEASURES, SUBJECT_KINDS
from console import blind, tables
from console.attempts import apart
from console.desk import Desk, Guard, asked, back_to, change, desk, known, number_of, of_run, page
from console.effect import effect_of
from console.pages import lang_of
from console.reading import Reading
from console.replay import Content
from console.routes.session import safe
from console.sessions import Session
from data_contracts.errors import UsageError

router = APIRouter()
PER_PAGE = 100
Text = Annotated[str, Form(max_length=2000)]
Short = Annotated[str, Form(max_length=128)]
STATUSES = ("proposed", "approved", "applied", "rejected", "overturned")
FINDING_OF = (
    "select finding_id, promoter_id from findings where clause = $c and subject_kind = $k and subject_id = $s "
    "order by amount_at_stake desc, finding_id limit 1"
)
REGISTER = "select clause, measures from clause_register where len(measures) > 0 order by position"


def allowed(held: Desk) -> Mapping[str, tuple[str, ...]]:
    """Per clause the measures that it knows, from the run's register, in the order of the agreement."""
    return register(held.reading, held.reading.run_id)


@lru_cache(maxsize=8)
def register(reading: Reading, run_id: str) -> Mapping[str, tuple[str, ...]]:
    """The same of one run."""
    return {r["clause"]: tuple(r["measures"]) for r in reading.rows(REGISTER)}


@page(router, "/decisions", "read_cases", "decisions/decisions.html")
def decisions(request: Request) -> dict[str, Any]:
    """All decisions; by default those that wait for a person. What people proposed comes first, then the newest."""
    status, measure, search = (
        asked(request, "status") or "proposed",
        asked(request, "measure"),
        asked(request, "search"),
    )
    found = [
        d for d in desk(request).live.decisions()
        if (status == "all" or d["status"] == status) and (not measure or d["measure"] == measure)
        and (not search or search in (d["decision_id"], d["promoter_id"], d["subject_id"], d["clause"]))
    ]  # fmt: skip
    found.sort(key=lambda d: d["proposed_on"], reverse=True)
    found.sort(key=lambda d: d["proposed_by"] == "policy")
    number = number_of(request)
    return {
        "rows": blind.decisions(desk(request), found[(number - 1) * PER_PAGE : number * PER_PAGE]), "total": len(found), "page": number,
        "pages": max(1, -(-len(found) // PER_PAGE)), "statuses": STATUSES,
        "wanted": {"status": status, "measure": measure, "search": search},
    }  # fmt: skip


@page(router, "/appeals", "read_cases", "decisions/appeals.html")
def appeals(request: Request) -> dict[str, Any]:
    """Appeals that wait for somebody who did not decide, the most urgent first; with `all` those that were answered too."""
    every = bool(asked(request, "all"))
    return {"rows": casebook_appeals.listing(desk(request).books, answered=every), "every": every}


@page(router, "/decisions/{decision_id}", "read_cases", "decisions/decision.html")
def decision(request: Request, decision_id: str) -> dict[str, Any]:
    """One decision: what, why, on whose word, its history, and what it does to the money."""
    held = desk(request)
    with held.books.reading() as book:
        state = standing.standing(book, decision_id)
        notice = standing.notice(book, decision_id, standing.published(held.books)[0])
        appeals = book.rows("select * from appeal_state where decision_id = :d order by at", d=decision_id)
    hidden, history = bool(blind.among(held, [state["promoter_id"]])), standing.history(held.books, decision_id)
    if hidden:
        state, history = blind.decision(state), [blind.decision(e) for e in history]
    return {
        "decision": state, "hidden": hidden, "measure": MEASURES[state["measure"]], "appeals": appeals, "rows": history, "notice": notice,
        "finding": None if hidden else held.reading.one("select * from findings where finding_id = $f", f=state["finding_id"]),
        "moves": [a for a, froms in casebook_decisions.MOVES.items() if state["status"] in froms],
        "effect": _effect(request, _content_of(state)) if state["status"] in ("proposed", "approved") else None,
    }  # fmt: skip


def _content_of(state: Mapping[str, Any]) -> Content:
    return Content(
        state["measure"], state["clause"], state["subject_kind"], state["subject_id"], state["promoter_id"], state["month"],
        state["functions"], state["decision_id"], state["effective_from"],
    )  # fmt: skip


def _effect(request: Request, content: Content) -> dict[str, Any]:
    """What a measure would do, from settlement's replay; an estimate while that is under way or where none can be made.

    A person begins so many replays in a time; whoever has begun more sees estimates.
    """
    held = desk(request)
    replay = held.replays.known(content)
    if replay is None and not held.replays.failed(content):
        allowed_to = held.replays.begun(content) or held.rates.wait("replay", request.state.session.user) <= 0
        replay = held.replays.ask(content) if allowed_to else None
    under_way = replay is None and not held.replays.failed(content)
    return {**effect_of(held.reading, content, replay), "under_way": under_way}


@page(router, "/proposals/new", "propose", "decisions/propose.html")
def proposal(request: Request) -> dict[str, Any]:
    """What a measure would do, before it is proposed: the statement before and after."""
    held = desk(request)
    clause, _, measure = asked(request, "what").partition("|")
    kind, _, subject = asked(request, "subject").partition("|")
    register = allowed(held)
    if measure not in MEASURES or clause not in register or not subject or kind not in SUBJECT_KINDS:
        raise UsageError(refusals.of("choose_measure"))
    promoter = asked(request, "promoter") or proposals.promoter_of(held.books, kind, subject) or ""
    if kind == "ring":
        blind.refuse(held, [promoter])
    month = asked(request, "month") or (_last_month(held) if MEASURES[measure].needs_month else "")
    wrong = proposals.misnamed(held.books, known(held), kind, subject, promoter) or proposals.month_fault(
        held.books, known(held), month or None
    )
    effect = _effect(request, Content(measure, clause, kind, subject, promoter or None, month or None))
    return {
        "rows": effect["months"], "effect": effect, "clause": clause, "measure": MEASURES[measure], "month": month,
        "subject_kind": kind, "subject_id": subject, "promoter": promoter, "case_id": asked(request, "case"),
        "finding": _rests_on(held, asked(request, "finding"), clause, kind, subject, promoter),
        "reason": request.query_params.get("reason", "")[:2000], "permitted": measure in register[clause],
        "wrong": wrong and tables.refusal(lang_of(request), wrong),
        "register": held.reading.one("select * from clause_register where clause = $c", c=clause),
    }  # fmt: skip


def _rests_on(held: Desk, chosen: str, clause: str, kind: str, subject: str, promoter: str) -> str:
    """The finding that a proposal rests on: the one that was chosen, else that of its clause on its subject; empty for none.

    Where a case is decided blind there is only what was chosen: that there is a finding is kept from the reader.
    """
    if chosen:
        return "" if chosen == "none" else chosen
    found = held.reading.one(FINDING_OF, c=clause, k=kind, s=subject)
    hidden = found and blind.among(held, (found["promoter_id"], promoter))
    return str(found["finding_id"]) if found and not hidden else ""


def _last_month(held: Desk) -> str:
    last, _ = standing.published(held.books)
    return f"{last:%Y-%m}"


def _notice_days(held: Desk) -> int:
    """The reply period of the run's policy."""
    found = held.reading.one("select max(notice_days) as days from policy_rule")
    return int(found["days"]) if found and found["days"] is not None else proposals.NOTICE_DAYS


@change(router, "/proposals", "propose")
async def propose(
    request: Request, measure: Short, clause: Short, subject_kind: Short, subject_id: Short, reason: Text, csrf: Short,
    session: Annotated[Session, Depends(Guard("propose"))], promoter: Short = "", month: Short = "", functions: Short = "",
    finding: Short = "",
) -> Response:  # fmt: skip
    """Propose a measure under a clause; somebody else must approve it."""
    held = desk(request)
    register, days = await run_in_threadpool(lambda: (allowed(held), _notice_days(held)))
    made = await run_in_threadpool(
        proposals.propose, held.books, measure=measure, subject_kind=subject_kind, subject_id=subject_id,
        clause=clause, by=session.user, reason=reason, allowed=register, month=month or None, promoter=promoter or None,
        functions=functions or None, finding=finding or None, notice_days=days,
        of_run=of_run(held), known=known(held),
    )  # fmt: skip
    return back_to(request, f"/decisions/{made}")


@change(router, "/decisions/bulk", "decide")
async def decide_many(
    request: Request, action: Short, reason: Text, csrf: Short, session: Annotated[Session, Depends(Guard("decide"))],
    back: Short = "/decisions", decision_id: Annotated[list[str], Form(max_length=500)] = [],  # noqa: B006 - FastAPI copies it
) -> Response:  # fmt: skip
    """Approve or reject several decisions for one reason: all of them, or when one is refused none."""
    if action not in ("approve", "reject") or not decision_id:
        raise UsageError(refusals.of("choose_decisions"))
    await run_in_threadpool(
        casebook_decisions.decide_all, desk(request).books, decision_id, action, session.user, reason,
        of_run(desk(request)),
    )  # fmt: skip
    return back_to(request, safe(back))


@change(router, "/decisions/{decision_id}/release", "release")
async def release(
    request: Request, decision_id: str, reason: Text, password: Annotated[str, Form(max_length=1024)], csrf: Short,
    session: Annotated[Session, Depends(Guard("release"))],
) -> Response:  # fmt: skip
    """Release a held payout; the person's password is asked for again."""
    held = desk(request)
    address = request.client.host if request.client else ""
    wait = await run_in_threadpool(held.attempts.take, session.user, address)
    if wait > 0 or await apart(users.check, held.books, session.user, password) is None:
        raise HTTPException(403, refusals.of("password_wrong"))
    held.attempts.succeeded(session.user, address)
    await run_in_threadpool(
        casebook_decisions.decide, held.books, decision_id, "release", session.user, reason, of_run(held)
    )
    return back_to(request, f"/decisions/{decision_id}")


@change(router, "/decisions/{decision_id}/reply", "work_case")
async def reply(
    request: Request, decision_id: str, filed_by: Short, reason: Text, csrf: Short,
    session: Annotated[Session, Depends(Guard("work_case"))],
) -> Response:  # fmt: skip
    """Record what the promoter replied to the notice."""
    await run_in_threadpool(proposals.reply, desk(request).books, decision_id, session.user, reason, filed_by=filed_by)
    return back_to(request, f"/decisions/{decision_id}")


@change(router, "/decisions/{decision_id}/appeal", "work_case")
async def appeal(
    request: Request, decision_id: str, filed_by: Short, reason: Text, deadline_on: Annotated[date, Form()], csrf: Short,
    session: Annotated[Session, Depends(Guard("work_case"))],
) -> Response:  # fmt: skip
    """Record a promoter's appeal against an applied decision."""
    await run_in_threadpool(
        casebook_appeals.file, desk(request).books, decision_id, session.user, reason,
        filed_by=filed_by, deadline_on=deadline_on,
    )  # fmt: skip
    return back_to(request, f"/decisions/{decision_id}")


@change(router, "/decisions/{decision_id}/{action}", "decide")
async def decide(
    request: Request, decision_id: str, action: str, reason: Text, csrf: Short,
    session: Annotated[Session, Depends(Guard("decide"))],
) -> Response:  # fmt: skip
    """Approve, reject or overturn a decision; nobody approves an own proposal."""
    if action not in ("approve", "reject", "overturn"):
        raise UsageError(refusals.of("action_unknown", action=action, known=("approve", "reject", "overturn")))
    held = desk(request)
    await run_in_threadpool(
        casebook_decisions.decide, held.books, decision_id, action, session.user, reason, of_run(held)
    )
    return back_to(request, f"/decisions/{decision_id}")


@change(router, "/appeals/{appeal_id}/{outcome}", "decide")
async def answer(
    request: Request, appeal_id: str, outcome: str, reason: Text, csrf: Short,
    session: Annotated[Session, Depends(Guard("decide"))], back: Short = "/decisions",
) -> Response:  # fmt: skip
    """Answer an appeal; whoever took part in the decision may not."""
    held = desk(request)
    await run_in_threadpool(casebook_appeals.answer, held.books, appeal_id, outcome, session.user, reason, of_run(held))
    return back_to(request, safe(back))


@change(router, "/findings/{finding_id}/verdict", "judge")
async def verdict(
    request: Request, finding_id: str, verdict: Short, reason: Text, csrf: Short,
    session: Annotated[Session, Depends(Guard("judge"))], back: Short = "/queue",
) -> Response:  # fmt: skip
    """Say what a finding was worth: confirmed, false alarm, or unclear."""
    held = desk(request)
    await run_in_threadpool(verdicts.verdict, held.books, finding_id, verdict, session.user, reason, of_run(held))
    return back_to(request, safe(back))


@change(router, "/ties", "declare_tie")
async def tie(
    request: Request, promoter: Short, reason: Text, csrf: Short,
    session: Annotated[Session, Depends(Guard("declare_tie"))], back: Short = "/queue",
) -> Response:  # fmt: skip
    """Declare a tie to a promoter; from then on this person decides nothing about it."""
    held = desk(request)
    await run_in_threadpool(casebook_cases.declare_tie, held.books, session.user, promoter, reason, known(held))
    return back_to(request, safe(back))

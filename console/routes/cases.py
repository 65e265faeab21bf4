"""One case: what to do, how much is at stake, why, on what evidence, and the decision bar."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from casebook import cases as casebook_cases
from casebook import decisions as casebook_decisions
from console.desk import Guard, back_to, desk, page
from console.evidence import burst_days, findings_of, graph_of, money_of, orders_of, reasons_of, timeline_of
from console.sessions import Session
from data_contracts.errors import NotFound

router = APIRouter()
Text = Annotated[str, Form(max_length=2000)]
Short = Annotated[str, Form(max_length=128)]


@page(router, "/cases/{case_id}", "read_cases", "cases/case.html")
def case(request: Request, case_id: str) -> dict[str, Any]:
    """A case in the order in which an analyst needs it."""
    held = desk(request)
    with held.books.reading() as book:
        state = casebook_cases.case(book, case_id)
    promoter = str(state["promoter_id"] or state["subject_id"])
    findings = findings_of(held.reading, promoter)
    decisions = [d for d in casebook_decisions.listing(held.books) if d["promoter_id"] == promoter]
    return {
        "case": state, "promoter_id": promoter, "rows": findings, "reasons": reasons_of(findings)[:3],
        "money": money_of(held.reading, promoter), "graph": graph_of(held.reading, promoter),
        "timeline": timeline_of(held.reading, promoter), "bursts": burst_days(held.reading, promoter),
        "orders": orders_of(held.reading, promoter), "decisions": decisions,
        "history": casebook_cases.history(held.books, case_id), "next_case": next_case(request, case_id),
        "measures": held.reading.rows("select clause, measures, title_zh, title_en from clause_register "
                                      "where len(measures) > 0 order by position"),
        "moves": [a for a, m in casebook_cases.MOVES.items() if state["state"] in m.froms and a in BUTTONS],
        "row_of_case": held.reading.one("select *, money(stake_fen) as at_stake from case_money where case_id = $c", c=case_id),
    }  # fmt: skip


BUTTONS = ("take", "wait", "resume", "close", "note")
"""The moves that the page offers as buttons; the rest follow from decisions and appeals."""


def next_case(request: Request, case_id: str) -> str | None:
    """The next open case by priority, None when this is the last."""
    found = desk(request).reading.one(
        "select case_id from case_money where (priority_fen, case_id) < (select (priority_fen, case_id) "
        "from case_money where case_id = $c) order by priority_fen desc, case_id desc limit 1",
        c=case_id,
    )
    return str(found["case_id"]) if found else None


@router.post("/cases/{case_id}/{action}", openapi_extra={"x-action": "work_case"}, response_class=Response)
async def act(
    request: Request, case_id: str, action: str, reason: Text, seen: Annotated[int, Form()], csrf: Short,
    session: Annotated[Session, Depends(Guard("work_case", writes=True))],
) -> Response:  # fmt: skip
    """One move on a case; refused when somebody else was faster."""
    if action not in BUTTONS:
        raise NotFound(f"a case has no button {action}")
    await run_in_threadpool(
        casebook_cases.act, desk(request).books, case_id, action, session.user, reason or action, seen=seen
    )
    return back_to(request, f"/cases/{case_id}")


@router.post("/decisions/{decision_id}/appeal", openapi_extra={"x-action": "work_case"}, response_class=Response)
async def appeal(
    request: Request, decision_id: str, filed_by: Short, reason: Text, deadline_on: Annotated[date, Form()], csrf: Short,
    session: Annotated[Session, Depends(Guard("work_case", writes=True))],
) -> Response:  # fmt: skip
    """Record a promoter's appeal against an applied decision."""
    await run_in_threadpool(
        casebook_cases.appeal, desk(request).books, decision_id, filed_by, reason, deadline_on=deadline_on
    )
    return back_to(request, f"/decisions/{decision_id}")

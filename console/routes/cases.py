"""One case: what to do, how much is at stake, why, on what evidence, and the decision bar."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from casebook import cases as casebook_cases
from casebook import users
from casebook.measures import MEASURES
from console.desk import Desk, Guard, back_to, change, desk, page
from console.evidence import evidence_of, findings_of, reasons_of
from console.routes.decisions import allowed
from console.sessions import Session
from data_contracts.errors import NotFound

router = APIRouter()
Text = Annotated[str, Form(max_length=2000)]
Short = Annotated[str, Form(max_length=128)]
BUTTONS = ("take", "assign", "wait", "resume", "decide", "close", "set_deadline", "note")
"""The moves that the page offers; an appeal and its answer belong to the decision."""
BLIND = ("confidence", "detector", "detector_version", "evidence", "reason")


@page(router, "/cases/{case_id}", "read_cases", "cases/case.html")
def case(request: Request, case_id: str) -> dict[str, Any]:
    """A case in the order in which an analyst needs it."""
    held = desk(request)
    with held.books.reading() as book:
        state = casebook_cases.case(book, case_id)
    promoter = str(state["promoter_id"] or "")
    findings = findings_of(held.reading, promoter, str(state["subject_id"]))
    if state["blind"]:
        findings = [{**f, **dict.fromkeys(BLIND)} for f in findings]
    decisions = _decisions(held, promoter, findings)
    return {
        "case": state, "promoter_id": promoter, "rows": findings, "reasons": reasons_of(findings),
        **evidence_of(held.reading, promoter), "decisions": decisions, "advice": _advice(state, findings, decisions),
        "history": casebook_cases.history(held.books, case_id), **_neighbours(held, case_id, promoter),
        "choices": _choices(held, findings), "subjects": _subjects(state, findings),
        "moves": [a for a, m in casebook_cases.MOVES.items() if state["state"] in m.froms and a in BUTTONS],
        "people": [u.name for u in users.listing(held.books) if u.enabled and "analyst" in u.roles],
    }  # fmt: skip


def _decisions(held: Desk, promoter: str, findings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The decisions on the promoter, or for a ring those on its findings; what waits for people first."""
    if promoter:
        found = held.live.decisions_on(promoter)
    else:
        ids = {f["finding_id"] for f in findings}
        found = [d for d in held.live.decisions() if d["finding_id"] in ids]
    return sorted(found, key=lambda d: (d["status"] != "proposed", d["decision_id"]))


def _advice(state: dict[str, Any], findings: list[dict[str, Any]], decisions: list[dict[str, Any]]) -> dict[str, Any]:
    """What the page recommends: `key` of its sentence, and the proposals that it is about."""
    waiting = [d for d in decisions if d["status"] == "proposed"]
    holds = [d for d in decisions if d["status"] == "applied" and MEASURES[d["measure"]].holds]
    if state["blind"]:
        key = "blind"
    elif waiting:
        key = "decide_proposals"
    elif holds:
        key = "end_hold"
    elif any(f["status"] == "unknown" for f in findings):
        key = "find_out"
    else:
        key = "review" if findings else "close"
    return {"key": key, "waiting": len(waiting), "holds": len(holds)}


def _neighbours(held: Desk, case_id: str, promoter: str) -> dict[str, Any]:
    """The next case by priority, this case's row of the queue, and other cases of the promoter."""
    queue = held.live.cases()
    place = next((n for n, c in enumerate(queue) if c["case_id"] == case_id), None)
    following = queue[place + 1]["case_id"] if place is not None and place + 1 < len(queue) else None
    with held.books.reading() as book:
        related = book.rows("select case_id, state, opened_on, owner from case_state where promoter_id = :p and case_id <> :c "
                            "order by opened_on, case_id", p=promoter, c=case_id)  # fmt: skip
    return {"next_case": following, "place": place, "row_of_case": queue[place] if place is not None else None,
            "related": related}  # fmt: skip


def _choices(held: Desk, findings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What can be proposed: clause and measure, the clauses with a finding first."""
    found = {f["clause"] for f in findings}
    pairs = [
        {"clause": clause, "measure": m, "found": clause in found}
        for clause, known in allowed(held).items()
        for m in known
    ]
    return sorted(pairs, key=lambda r: not r["found"])


def _subjects(state: dict[str, Any], findings: list[dict[str, Any]]) -> list[tuple[str, str]]:
    own = [(state["subject_kind"], state["subject_id"])]
    return list(dict.fromkeys(own + [(f["subject_kind"], f["subject_id"]) for f in findings]))[:60]


@change(router, "/cases/{case_id}/{action}", "work_case")
async def act(
    request: Request, case_id: str, action: str, seen: Annotated[int, Form(ge=0, le=2**62)], csrf: Short,
    session: Annotated[Session, Depends(Guard("work_case"))], reason: Text = "", owner: Short = "",
    deadline_on: Annotated[date | None, Form()] = None,
) -> Response:  # fmt: skip
    """One move on a case; refused when somebody else was faster."""
    if action not in BUTTONS:
        raise NotFound(f"a case has no button {action}")
    await run_in_threadpool(
        casebook_cases.act, desk(request).books, case_id, action, session.user, reason or action,
        owner=owner if action == "assign" else None, deadline_on=deadline_on if action == "set_deadline" else None, seen=seen,
    )  # fmt: skip
    return back_to(request, f"/cases/{case_id}")

"""The queue: open cases, the most money at risk first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from casebook import cases as casebook_cases
from console.desk import Guard, asked, back_to, change, desk, number_of, page
from console.sessions import Session
from data_contracts.errors import UsageError

router = APIRouter()
PER_PAGE = 50
SOON_DAYS = 7
FILTERS = ("view", "state", "owner", "clause", "search")
VIEWS = ("all", "mine", "unowned", "soon", "escalated", "sample")
BULK = ("take", "close", "note")


@page(router, "/queue", "read_cases", "queue/queue.html")
def queue(request: Request) -> dict[str, Any]:
    """Open cases by priority (money at stake times confidence), with state, owner and days left."""
    held = desk(request)
    wanted = {name: asked(request, name) for name in FILTERS}
    everything = held.live.cases()
    rows = [r for r in everything if _fits(r, wanted, request.state.session.user)]
    number = number_of(request)
    start = (number - 1) * PER_PAGE
    return {
        "rows": [seen(r) for r in rows[start : start + PER_PAGE]], "total": len(rows), "page": number,
        "pages": max(1, -(-len(rows) // PER_PAGE)), "at_stake": sum(r["at_stake"] for r in rows), "wanted": wanted,
        "views": VIEWS, "states": sorted({r["state"] for r in everything}), "open": len(everything),
        "owners": sorted({r["owner"] for r in everything if r["owner"]}), "bulk": BULK,
        "clauses": sorted({c for r in everything if not r["blind"] for c in (r["clauses"] or "").split()}),
        "run_id": held.reading.run_id, "as_of": held.reading.manifest["as_of"],
        "cutoff_on": everything[0]["cutoff_on"] if everything else None,
        "days_left": everything[0]["days_left"] if everything else None,
    }  # fmt: skip


def _fits(row: Mapping[str, Any], wanted: Mapping[str, str], me: str) -> bool:
    view, clauses = wanted["view"], [] if row["blind"] else (row["clauses"] or "").split()
    return (
        (not wanted["search"] or wanted["search"] in (row["case_id"], row["promoter_id"], row["subject_id"]))
        and (not wanted["state"] or row["state"] == wanted["state"])
        and (not wanted["owner"] or row["owner"] == wanted["owner"])
        and (not wanted["clause"] or wanted["clause"] in clauses)
        and (view != "mine" or row["owner"] == me)
        and (view != "unowned" or row["owner"] is None)
        and (view != "soon" or (row["days_left"] is not None and row["days_left"] <= SOON_DAYS))
        and (view != "escalated" or row["escalated_on"] is not None)
        and (view != "sample" or bool(row["blind"]))
    )


def seen(row: dict[str, Any]) -> dict[str, Any]:
    """A random-sample case is shown without its score: it is decided blind."""
    return {**row, "confidence": None, "priority": None, "clauses": None} if row["blind"] else row


@change(router, "/cases/bulk", "work_case")
async def many(
    request: Request, action: Annotated[str, Form(max_length=32)], reason: Annotated[str, Form(max_length=2000)],
    csrf: Annotated[str, Form(max_length=128)], session: Annotated[Session, Depends(Guard("work_case"))],
    case_id: Annotated[list[str], Form(max_length=100)] = [],  # noqa: B006 - FastAPI copies it
) -> Response:  # fmt: skip
    """One move on several cases for one reason, case by case; stops at the first that is refused."""
    if action not in BULK or not case_id:
        raise UsageError(f"choose at least one case, and one of {', '.join(BULK)}")
    for one in dict.fromkeys(case_id):
        await run_in_threadpool(casebook_cases.act, desk(request).books, one, action, session.user, reason)
    return back_to(request, "/queue")

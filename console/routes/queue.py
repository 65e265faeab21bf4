"""The queue: open cases, the most money at risk first."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from markupsafe import Markup

from casebook import cases as casebook_cases
from casebook import refusals
from console import blind, pages, tables, views
from console.board import VIEWS
from console.desk import Desk, Guard, asked, back_to, change, desk, number_of, of_run, page
from console.live import PERSON
from console.pages import lang_of, part_of_page
from console.roles import may
from console.sessions import Session
from data_contracts.errors import UsageError
from data_contracts.money import yuan

router = APIRouter()
PER_PAGE = 50
FILTERS = ("view", "state", "owner", "clause", "search")
BULK = ("take", "close", "note")


@page(router, "/queue", "read_cases", "queue/queue.html", ready=lambda held, parts: True)
def queue(request: Request) -> dict[str, Any]:
    """Open cases by priority (money at stake times confidence), with state, owner and days left."""
    held = desk(request)
    wanted = {name: asked(request, name) for name in FILTERS}
    number = number_of(request)
    found = held.live.search(wanted, request.state.session.user, (number - 1) * PER_PAGE, PER_PAGE)
    facets = held.live.facets()
    rows, tick = [blind.row(r) for r in found.rows], may(request.state.session.roles, "work_case")
    first = facets.pop("first") or {"cutoff_on": None, "days_left": None}
    return {
        "rows": rows, "_written": lambda lang, zone: _written(rows, lang, zone, tick), "total": found.total, "page": number,
        "pages": max(1, -(-found.total // PER_PAGE)), "at_stake": yuan(found.at_stake_fen), "wanted": wanted,
        "views": VIEWS, "saved": _saved(held, request.state.session.user), "bulk": BULK, **facets,
        "run_id": held.reading.run_id, "as_of": held.reading.manifest["as_of"],
        "cutoff_on": first["cutoff_on"], "days_left": first["days_left"],
    }  # fmt: skip


def _saved(held: Desk, who: str) -> list[dict[str, Any]]:
    saved: list[dict[str, Any]] = held.live.kept(PERSON + who, lambda book: views.of(book, who))
    return saved


def _written(rows: list[dict[str, Any]], lang: str, zone: str, tick: bool) -> Markup:
    return Markup("").join(_row(tuple(row.items()), lang, zone, tick) for row in rows)


@lru_cache(maxsize=10_000)
def _row(row: tuple[tuple[str, Any], ...], lang: str, zone: str, tick: bool) -> Markup:
    """A row as it was written: it stays so until something in it moves."""
    return part_of_page("queue/row.html", lang, zone, r=dict(row), tick=tick)


@change(router, "/cases/bulk", "work_case")
async def many(
    request: Request, action: Annotated[str, Form(max_length=32)], reason: Annotated[str, Form(max_length=2000)],
    csrf: Annotated[str, Form(max_length=128)], session: Annotated[Session, Depends(Guard("work_case"))],
    case_id: Annotated[list[str], Form(max_length=100)] = [],  # noqa: B006 - FastAPI copies it
) -> Response:  # fmt: skip
    """One move on several cases for one reason, case by case; the page that follows names those that were refused, and why."""
    if action not in BULK or not case_id:
        raise UsageError(refusals.of("choose_cases", known=BULK))
    held = desk(request)
    refused = await run_in_threadpool(
        casebook_cases.act_on_all, held.books, case_id, action, session.user, reason, of_run(held)
    )
    if not refused:
        return back_to(request, "/queue")
    done = [one for one in dict.fromkeys(case_id) if one not in refused]
    rows = [{"case_id": one, "told": tables.refusal(lang_of(request), why)} for one, why in refused.items()]
    answer = pages.show(request, "queue/moved.html", {"rows": rows, "done": done, "action": action}, rows, "html")
    answer.status_code = 200 if done else 409
    return answer


@change(router, "/views", "read_cases")
async def save_view(
    request: Request, name: Annotated[str, Form(max_length=40)], csrf: Annotated[str, Form(max_length=128)],
    session: Annotated[Session, Depends(Guard("read_cases"))], query: Annotated[str, Form(max_length=2000)] = "",
) -> Response:  # fmt: skip
    """Save the search that is shown under a name, for this person alone."""
    kept = await run_in_threadpool(views.save, desk(request).books, session.user, name, query, FILTERS)
    return back_to(request, f"/queue?{kept}")


@change(router, "/views/{view_id}/forget", "read_cases")
async def forget_view(
    request: Request, view_id: str, csrf: Annotated[str, Form(max_length=128)],
    session: Annotated[Session, Depends(Guard("read_cases"))],
) -> Response:  # fmt: skip
    """Forget one of the own views."""
    await run_in_threadpool(views.forget, desk(request).books, session.user, view_id)
    return back_to(request, "/queue")

"""Deliveries to other systems: who is told of what, what was sent, and what a target still lacks."""

from __future__ import annotations

import os
from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Form, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from casebook import targets
from casebook.webhooks import KINDS, told_of
from console import pages
from console.desk import Guard, back_to, change, desk, page
from console.sessions import Session
from data_contracts.vault import load_key

router = APIRouter()
Short = Annotated[str, Form(max_length=128)]
Text = Annotated[str, Form(max_length=2000)]
Kinds = Annotated[list[str], Form(max_length=16)]
Admin = Annotated[Session, Depends(Guard("manage_targets"))]
SENT = (
    "select message_id, target, max(attempt) as attempts, max(delivered) as delivered, max(at) as at "
    "from delivery group by message_id, target order by max(at) desc, message_id, target limit 200"
)
OUTBOX = (
    "select instruction_id, kind, subject_id, decision_id, created_on, amount, cancels from outbox "
    "order by created_on desc, instruction_id limit 200"
)


@page(router, "/deliveries", "read_runs", "machine_room/deliveries.html")
def deliveries(request: Request) -> dict[str, Any]:
    """Who is told, what other systems were told, and what they still lack."""
    return _listed(request)


def _listed(request: Request, tested: str = "", told: str = "", made: targets.Made | None = None) -> dict[str, Any]:
    """The page's data. Addresses are cut to their host: their paths are often what lets one in."""
    held = desk(request)
    with held.books.reading() as book:
        sent = [{**r, "target": host(r["target"])} for r in book.rows(SENT)]
    who = [
        {**{k: t[k] for k in ("target_id", "by_whom", "reason", "ended_at")}, "host": host(t["address"]),
         "kinds": t["kinds"].split(","), "least": Decimal(t["least_fen"]) / 100, "added_at": t["at"]}
        for t in targets.listing(held.books)
    ]  # fmt: skip
    return {
        "rows": held.reading.rows(OUTBOX), "sent": sent, "targets": who, "kinds": KINDS, "tested": tested, "told": told,
        "made": made._asdict() if made else None,
    }  # fmt: skip


def host(address: str) -> str:
    """Where an address leads, without what stands behind the host."""
    return urlsplit(address).netloc.rpartition("@")[2]


@change(router, "/targets", "manage_targets")
async def add_target(
    request: Request, address: Text, reason: Text, csrf: Short, session: Admin, least: Short = "0", kind: Kinds = [],  # noqa: B006 - FastAPI copies it
) -> Response:  # fmt: skip
    """Tell an address of what happens from now on; the page that follows shows its secret, once."""
    held = desk(request)
    made = await run_in_threadpool(
        lambda: targets.add(
            held.books,
            address.strip(),
            session.user,
            reason,
            load_key(held.state, os.environ),
            kind,
            targets.least_of(least),
        )
    )
    return await _with_secret(request, made)


async def _with_secret(request: Request, made: targets.Made) -> Response:
    data = await run_in_threadpool(lambda: _listed(request, made=made))
    return pages.show(request, "machine_room/deliveries.html", data, (), "html")


@change(router, "/targets/{target_id}/rotate", "manage_targets")
async def rotate_secret(request: Request, target_id: str, reason: Text, csrf: Short, session: Admin) -> Response:
    """Give a target another secret; the page that follows shows it, once."""
    held = desk(request)
    made = await run_in_threadpool(
        lambda: targets.rotate(held.books, target_id, session.user, reason, load_key(held.state, os.environ))
    )
    return await _with_secret(request, made)


@change(router, "/targets/{target_id}/end", "manage_targets")
async def end_target(request: Request, target_id: str, reason: Text, csrf: Short, session: Admin) -> Response:
    """Tell a target nothing more."""
    await run_in_threadpool(targets.end, desk(request).books, target_id, session.user, reason)
    return back_to(request, "/deliveries")


@change(router, "/targets/{target_id}/test", "manage_targets")
async def test_target(request: Request, target_id: str, csrf: Short, session: Admin) -> Response:
    """Send a target a message of kind `test`; the page that follows says what it answered."""
    held = desk(request)

    def tried() -> dict[str, Any]:
        status = targets.test(held.books, target_id, session.user, load_key(held.state, os.environ))
        return _listed(request, target_id, told_of(status))

    data = await run_in_threadpool(tried)
    return pages.show(request, "machine_room/deliveries.html", data, (), "html")

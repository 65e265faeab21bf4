"""The machine room: runs, quarantine, detectors, known shared infrastructure, figures."""

from __future__ import annotations

import json
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from casebook import refusals, registers
from console import metrics as reckoned
from console import tables
from console.desk import Guard, asked, back_to, change, desk, page
from console.sessions import Session
from data_contracts.errors import NotFound, UsageError

router = APIRouter()
Short = Annotated[str, Form(max_length=128)]
Text = Annotated[str, Form(max_length=2000)]
FACTS = "select feed, file, rows_in, kept, quarantined, waiting, duplicates from feed_fact order by feed, file"
HUBS = """
select kind, token, mask, accounts, entities, suppressed, suppressed_since, reason from identifier_value
where $kind = '' or kind = $kind
order by suppressed desc, entities desc, kind, token limit 200
"""


@page(router, "/runs", "read_runs", "machine_room/runs.html")
def runs(request: Request) -> dict[str, Any]:
    """Published runs, and what the newest took in."""
    reading = desk(request).reading
    current = reading.run_id
    found = []
    for path in (desk(request).state / "runs").glob("*/manifest.json"):
        told = json.loads(path.read_text(encoding="utf-8"))
        found.append({"run_seq": told["run_seq"], "run_id": told["run_id"], "as_of": told["as_of"],
                      "seconds": round(sum(told["seconds"].values()), 1), "files": len(told["outputs"]),
                      "current": told["run_id"] == current})  # fmt: skip
    seconds = [{"stage": k, "seconds": v} for k, v in reading.manifest["seconds"].items()]
    return {"rows": sorted(found, key=lambda r: -r["run_seq"]), "feeds": reading.rows(FACTS), "seconds": seconds,
            "models": reading.manifest["models"], "manifest": reading.manifest}  # fmt: skip


@page(router, "/quarantine/{feed}", "read_runs", "machine_room/quarantine.html")
def quarantine(request: Request, feed: str) -> dict[str, Any]:
    """Rejected rows of a feed, identifiers masked, and by which rule."""
    reading = desk(request).reading
    feeds = [r["feed"] for r in reading.rows("select distinct feed from feed_fact order by feed")]
    if feed not in feeds:
        raise NotFound(refusals.of("feed_unknown", feed=feed, known=tuple(feeds)))
    rows, rules = reading.quarantined(feed)
    return {"rows": rows, "rules": rules, "feed": feed, "feeds": feeds}


@page(router, "/detectors", "read_runs", "machine_room/detectors.html")
def detectors(request: Request) -> dict[str, Any]:
    """Each detector: what it flagged, how analysts judged it, and whether its inputs have moved."""
    held = desk(request)
    waiting = reckoned.candidates(held.state)
    name = asked(request, "shadow")
    told = reckoned.shadow(held.state, held.reading, name) if name in {c["model"] for c in waiting} else ""
    return {
        "rows": reckoned.by_detector(held.reading, held.books), "drift": reckoned.drift(held.reading),
        "candidates": waiting, "shadow": told,
    }  # fmt: skip


@page(router, "/metrics", "read_money", "machine_room/metrics.html")
def metrics(request: Request) -> dict[str, Any]:
    """What the work came to: loss prevented and recovered, money wrongly held, reversals, time to decision, precision."""
    held = desk(request)
    found = reckoned.figures(held.books)
    return {
        "rows": found.figures(), "months": reckoned.by_month(held.reading), "detectors": reckoned.precision(found),
        "recall": reckoned.recall(found, held.reading),
    }  # fmt: skip


@page(router, "/shared", "read_runs", "machine_room/shared.html")
def shared(request: Request) -> dict[str, Any]:
    """Identifiers that strangers share: found by the run, or registered by analysts."""
    held = desk(request)
    with held.books.reading() as book:
        register = book.rows("select * from shared_state order by shared_id")
    kind = asked(request, "kind")
    hubs = held.reading.rows(HUBS, kind=kind)
    return {"rows": hubs, "register": register, "as_of": held.reading.manifest["as_of"], "kind": kind}


@change(router, "/shared", "register_shared")
async def add_shared(
    request: Request, kind: Short, token: Short, label: Short, reason: Text, csrf: Short, from_on: Annotated[date, Form()],
    session: Annotated[Session, Depends(Guard("register_shared"))],
) -> Response:  # fmt: skip
    """Register an identifier as shared by strangers; it links nobody from the next run on."""
    held = desk(request)
    if f"kind.{kind}" not in tables.texts():
        known = tuple(key[5:] for key in tables.texts() if key.startswith("kind."))
        raise UsageError(refusals.of("kind_unknown", kind=kind, known=known))
    await run_in_threadpool(
        lambda: registers.add_shared(
            held.books, kind, token, label, session.user, reason, kid=held.reading.manifest["key"], from_on=from_on
        )
    )
    return back_to(request, "/shared")


@change(router, "/shared/{shared_id}/end", "register_shared")
async def end_shared(
    request: Request, shared_id: str, reason: Text, csrf: Short, to_on: Annotated[date, Form()],
    session: Annotated[Session, Depends(Guard("register_shared"))],
) -> Response:  # fmt: skip
    """End an entry of the register."""
    await run_in_threadpool(
        lambda: registers.end_shared(desk(request).books, shared_id, session.user, reason, to_on=to_on)
    )
    return back_to(request, "/shared")

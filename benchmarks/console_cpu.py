"""CPU time of a request to the console, kind by kind, in one process and without sockets: hardly moved by what else runs.

python -m benchmarks.console_cpu
"""

from __future__ import annotations

import asyncio
import random
import statistics
import tempfile
import time
from pathlib import Path
from urllib.parse import urlencode

import click
from fastapi import FastAPI
from starlette.types import Message

from benchmarks.casebook_load import case_id
from benchmarks.console import made, proposals
from benchmarks.record import as_table, record
from casebook import users
from console.app import create_app

CASES = 2_000
ROUNDS = 5
EACH = {"case": 200, "queue": 200, "JSON": 200, "decision": 40}
"""Requests of a round. Cases are drawn from all, so that most of them were not shown before."""


async def ask(app: FastAPI, cookie: str, path: str, form: bytes) -> int:
    """One request straight to the application; its status."""
    bare, _, query = path.partition("?")
    headers = [(b"host", b"testserver"), (b"cookie", cookie.encode())]
    if form:
        headers += [
            (b"content-type", b"application/x-www-form-urlencoded"),
            (b"content-length", str(len(form)).encode()),
        ]
    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST" if form else "GET", "path": bare,
             "raw_path": bare.encode(), "query_string": query.encode(), "headers": headers, "client": ("127.0.0.1", 1),
             "server": ("testserver", 80), "scheme": "http", "root_path": ""}  # fmt: skip
    status: list[int] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": form, "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            status.append(message["status"])

    await app(scope, receive, send)
    return status[0]


async def figures(app: FastAPI, waiting: list[str]) -> list[dict[str, object]]:
    """Per kind the median of the rounds, ms of CPU a request."""
    token = app.state.desk.sessions.begin("load", frozenset({"analyst", "approver"}))
    form = urlencode({"csrf": app.state.desk.sessions.find(token).csrf, "reason": "checked"}).encode()
    turn, spent = random.Random(5), {kind: list[float]() for kind in EACH}
    for n in range(ROUNDS + 1):
        for kind, count in EACH.items():
            began = time.process_time()
            for i in range(count):
                case = f"/cases/{case_id(turn.randrange(CASES))}"
                path = {"case": case, "JSON": f"{case}.json", "queue": f"/queue?page={turn.randrange(1, 40)}"}.get(kind)
                path = path or f"/decisions/{waiting.pop()}/{'approve' if i % 2 else 'reject'}"
                status = await ask(
                    app, f"tongren={token}; lang={'zh' if i % 2 else 'en'}", path, form if kind == "decision" else b""
                )
                assert status == (303 if kind == "decision" else 200), (path, status)
            if n:  # the first round makes templates and caches ready
                spent[kind].append((time.process_time() - began) / count * 1000)
    return [{"request": kind, "CPU ms": f"{statistics.median(took):.2f}"} for kind, took in spent.items()]


@click.command()
def main() -> None:
    """Measure, print and record."""
    with tempfile.TemporaryDirectory() as scratch:
        state = Path(scratch) / "state"
        made(state, CASES, 10_000)
        app = create_app(state)
        users.add(app.state.desk.books, "load", ["analyst", "approver"], users.SETUP)
        app.state.desk.live.facets()
        app.state.desk.reading.watched = True  # as while the console is served: a thread looks for newer runs
        rows = asyncio.run(figures(app, proposals(state)))
        app.state.desk.books.close()
    body = f"{CASES:,} open cases, one process, no sockets; median of {ROUNDS} rounds.\n\n{as_table(rows)}"
    click.echo(body)
    record("Console: CPU a request", "python -m benchmarks.console_cpu", body)


if __name__ == "__main__":
    main()

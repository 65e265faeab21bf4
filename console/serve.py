"""Start the console: on loopback unless told otherwise, with a one-time link for the first administrator."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path

from casebook import users
from casebook.books import open_books
from console.app import create_app
from console.counter import fresh
from console.patience import SLOW_SECONDS, Patience
from data_contracts.errors import NotFound

PORT = 8765
MOST_CONNECTIONS = 2000
HEALTH_SECONDS = 120
"""A process that says nothing for so long is replaced; on a busy machine its start alone takes long."""
MOST_PROCESSES = 4


def serve(
    state: Path, books_url: str | None = None, port: int = PORT, *, host: str = "127.0.0.1", secure: bool = False,
    say: Callable[[str], None] | None = None, processes: int | None = None,
) -> None:  # fmt: skip
    """Serve the console over a state folder until interrupted. Raises NotFound when nothing is published there.

    `say` gets the lines for the person at the terminal. `secure` is for an HTTPS proxy in front. There is a process per
    core, four at most, unless `processes` says otherwise; they share sessions, and follow each other through the books.
    """
    if not (state / "current").exists():
        raise NotFound(
            f"nothing is published in {state} yet: run `tongren run --state {state} ...` first, or give --state"
        )
    tell = say or (lambda line: None)
    address = f"http://{host}:{port}"
    books = open_books(books_url or str(state / "books.db"))
    try:
        token = users.first_admin(books)
    finally:
        books.close()
    if token is not None:
        tell(f"first start: set the password of admin at {address}/welcome?token={token} (works once, for 24 hours)")
    tell(f"the console is at {address}")
    run(state, books_url, listening(host, port), secure=secure, processes=processes or cores())


def cores() -> int:
    """How many processes serve."""
    return max(1, min(len(os.sched_getaffinity(0)), MOST_PROCESSES))


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 takes a free one."""
    made = socket.create_server((host, port), backlog=2048, family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    # An answer goes out as head and body. asyncio turns Nagle off only for sockets made with IPPROTO_TCP, which this one is not;
    # without this the body waits 40 ms for the other side's delayed acknowledgement. Accepted connections inherit it.
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    made.set_inheritable(True)
    return made


def run(state: Path, books_url: str | None, ear: socket.socket, *, secure: bool, processes: int) -> None:
    """Serve on a listening socket until interrupted."""
    import uvicorn
    from uvicorn.supervisors.multiprocess import Multiprocess

    folder = state / "console"
    folder.mkdir(mode=0o700, exist_ok=True)
    shared = fresh(folder / "sessions.db")
    config = uvicorn.Config(
        partial(create_app, state, books_url, secure=secure, shared=shared), factory=True, http=Patience, ws="none",
        log_level="warning", access_log=False, server_header=False, date_header=True, workers=processes,
        timeout_keep_alive=int(SLOW_SECONDS), limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=int(SLOW_SECONDS), timeout_worker_healthcheck=HEALTH_SECONDS,
    )  # fmt: skip
    if processes == 1:
        uvicorn.Server(config).run([ear])
    else:
        Multiprocess(config, [ear]).run()

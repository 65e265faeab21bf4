"""Start the console: on loopback unless told otherwise, with a one-time link for the first administrator."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from casebook import users
from console.app import create_app
from console.desk import Desk
from data_contracts.errors import NotFound

PORT = 8765
SLOW_SECONDS = 10
"""How long an idle connection is kept."""


def serve(
    state: Path, books_url: str | None = None, port: int = PORT, *, host: str = "127.0.0.1", secure: bool = False,
    say: Callable[[str], None] | None = None,
) -> None:  # fmt: skip
    """Serve the console over a state folder until interrupted. Raises NotFound when nothing is published there.

    `say` gets the lines for the person at the terminal. `secure` is for an HTTPS proxy in front.
    """
    import uvicorn

    if not (state / "current").exists():
        raise NotFound(
            f"nothing is published in {state} yet: run `tongren run --state {state} ...` first, or give --state"
        )
    app = create_app(state, books_url, secure=secure)
    tell = say or (lambda line: None)
    address = f"http://{host}:{port}"
    held: Desk = app.state.desk
    token = users.first_admin(held.books)
    if token is not None:
        tell(f"first start: set the password of admin at {address}/welcome?token={token} (works once, for 24 hours)")
    tell(f"the console is at {address}")
    uvicorn.run(
        app, host=host, port=port, log_level="warning", access_log=False, server_header=False, date_header=True,
        timeout_keep_alive=SLOW_SECONDS, limit_concurrency=512, h11_max_incomplete_event_size=64 * 1024,
    )  # fmt: skip

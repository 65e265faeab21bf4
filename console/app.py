"""The console as a web application: routes, security headers, sessions, error pages."""

from __future__ import annotations

import gc
import logging
import os
import secrets
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from fastapi import FastAPI, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException as PlainHTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from casebook import refusals
from casebook.books import open_books
from casebook.sights import Sights
from casebook.targets import Rounds
from console import pages, tables
from console.access import Access
from console.attempts import Attempts
from console.counter import Counter
from console.desk import Desk
from console.live import Live
from console.oidc import Provider, settings
from console.rates import Rates
from console.reading import Reading
from console.replay import Replays
from console.routes import all_routers
from console.sessions import COOKIE, COOKIE_PLAIN, Session, Sessions
from console.shelf import Shelf
from data_contracts.errors import NotAllowed, NotFound, TongrenError, UsageError
from data_contracts.vault import load_key

log = logging.getLogger("tongren")
BODY_LIMIT = 1_000_000
SWITCH_SECONDS = 0.0005
"""How long a thread behind the pages keeps the interpreter from one that answers; Python's own 5 ms are felt at every system call."""
LOOK_SECONDS = 2.0
"""How often it is looked whether a newer run was published."""
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
HTTPS_ONLY = {"Strict-Transport-Security": "max-age=31536000"}
"""Said under `--https` too: a browser that has been here once comes by HTTPS for a year."""
NO_STORE = ((b"cache-control", b"no-store"),)


def create_app(
    state: Path, books_url: str | None = None, *, secure: bool = False, shared: Path | None = None
) -> FastAPI:
    """The application over one state folder. `secure` is for HTTPS in front: then cookies are `__Host-` and Secure.

    `shared` is the file in which the processes of one console keep sessions; without it this process is the only one.
    """
    app = FastAPI(title="Tongren console", docs_url=None, redoc_url=None, openapi_url=None, lifespan=_living)
    books = open_books(books_url or str(state / "books.db"))
    reading, counter = Reading(state), Counter(shared)
    told, sessions, shelf = settings(state), Sessions(counter=counter), Shelf(reading)
    app.state.desk = Desk(
        state, reading, books, sessions, Access(books, sessions), secure, Live(reading, books), shelf,
        Attempts(counter=counter), Rates(counter=counter), Provider(told, counter.secret("oidc")) if told else None,
        Sights(books), Replays(shelf),
    )  # fmt: skip
    app.state.rounds = Rounds(books, partial(load_key, state, os.environ), state / "console" / "webhooks.lock")
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static")
    app.add_middleware(Gate, held=app.state.desk)
    for kind in (HTTPException, PlainHTTPException):
        app.add_exception_handler(kind, _refused)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(Exception, _broken)
    faults: tuple[tuple[type[TongrenError], int], ...] = ((NotFound, 404), (NotAllowed, 409), (UsageError, 422))
    for fault, status in faults:
        app.add_exception_handler(fault, _fault(status))
    for router in all_routers():
        app.include_router(router)
    return app


@asynccontextmanager
async def _living(app: FastAPI) -> AsyncIterator[None]:
    """While the console is served: a newer run is made ready aside and then shown, all cases' parts are made ahead, and
    one of the processes tells other systems what they lack."""
    held: Desk = app.state.desk
    stop = threading.Event()

    def follow() -> None:
        held.reading.watched = True
        held.shelf.fill_behind()
        while not stop.wait(LOOK_SECONDS):
            if held.live.watch():
                held.shelf.fill_behind()
                _settle()

    sys.setswitchinterval(SWITCH_SECONDS)
    await run_in_threadpool(held.live.facets)
    _settle()
    thread = threading.Thread(target=follow, name="newer runs", daemon=True)
    thread.start()
    held.sights.loop.start()
    app.state.rounds.loop.start()
    yield
    stop.set()
    await run_in_threadpool(app.state.rounds.stop)
    await run_in_threadpool(held.sights.loop.stop)
    await run_in_threadpool(thread.join, 10)


def _settle() -> None:
    """What a run's cases take in memory lives as long as the run: the collector need not walk it at every full round (0.1 s and more)."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def headers_of(held: Desk) -> dict[str, str]:
    """The security headers that every answer of this console carries."""
    return {**HEADERS, **HTTPS_ONLY} if held.secure else HEADERS


class Gate:
    """In front of every route: session in, limits kept, security headers out."""

    def __init__(self, app: ASGIApp, held: Desk) -> None:
        self.app, self.held = app, held
        self.cookie = COOKIE if held.secure else COOKIE_PLAIN
        self.headers = tuple((k.lower().encode(), v.encode()) for k, v in headers_of(held).items())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        session = self.held.sessions.find(request.cookies.get(self.cookie))
        request.state.session = session if session is not None and await self._holds(session) else None
        request.state.cookie = self.cookie
        extra = self.headers if scope["path"].startswith("/static/") else self.headers + NO_STORE

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *extra]
            await send(message)

        await (_unwanted(request) or self.app)(scope, receive, guarded)

    async def _holds(self, session: Session) -> bool:
        access = self.held.access
        return access.holds(session) if access.at_hand else await run_in_threadpool(access.holds, session)


def _unwanted(request: Request) -> Response | None:
    """What is refused before it is looked at: too large, or a change that another site sent."""
    length = request.headers.get("content-length", "0")
    if not length.isdigit() or len(length) > 12 or int(length) > BODY_LIMIT:
        return _plainly(request, "body_large", 413)
    if "transfer-encoding" in request.headers:
        return _plainly(request, "length_missing", 411)
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return None
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin")
    if site not in ("same-origin", "none") or (origin and origin != f"{request.url.scheme}://{request.url.netloc}"):
        return _plainly(request, "foreign_page", 403)
    return None


def _plainly(request: Request, code: str, status: int) -> Response:
    return Response(refusals.of(code).told(pages.lang_of(request)), status, media_type="text/plain; charset=utf-8")


async def _refused(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, PlainHTTPException)
    if fault.status_code == 401 and not request.url.path.endswith((".json", ".csv")):
        return RedirectResponse(f"/sign-in?next={request.url.path}", 303)
    response = _error_page(request, fault.status_code, fault.detail)
    response.headers.update(fault.headers or {})
    return response


async def _malformed(request: Request, fault: Exception) -> Response:
    """A field that is missing or not of its form; what was typed is not repeated."""
    assert isinstance(fault, RequestValidationError)
    fields = sorted({tables.label(pages.lang_of(request), str(e["loc"][-1])) for e in fault.errors()})
    return _error_page(request, 422, refusals.of("fields_form", fields=tuple(fields)))


async def _broken(request: Request, fault: Exception) -> Response:
    """A fault of ours: the reader gets a number, the log gets the trace under it."""
    response = _error_page(request, 500, refusals.of("broken"), fault)
    response.headers.update(headers_of(request.app.state.desk))
    return response


def _fault(status: int) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def answer(request: Request, fault: Exception) -> Response:
        return _error_page(request, status, fault.args[0])

    return answer


def _error_page(request: Request, status: int, why: str, fault: Exception | None = None) -> Response:
    """What went wrong in the reader's language; the log has the number and no words."""
    incident = secrets.token_hex(4)
    level = logging.ERROR if fault else logging.INFO
    path = request.url.path.replace("\n", "").replace("\r", "")
    log.log(level, "console=%d path=%s incident=%s", status, path, incident, exc_info=fault)
    form = "json" if request.url.path.endswith(".json") else "html"
    data = {"status": status, "told": tables.refusal(pages.lang_of(request), why), "incident": incident}
    response = pages.show(request, "error.html", data, (), form)
    response.status_code = status
    return response

"""The console as a web application: routes, security headers, sessions, error pages."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException as PlainHTTPException

from casebook.books import open_books
from console import pages
from console.desk import Desk
from console.live import Live
from console.reading import Reading
from console.sessions import COOKIE, COOKIE_PLAIN, Sessions
from data_contracts.errors import NotAllowed, NotFound, TongrenError, UsageError

log = logging.getLogger("tongren")
BODY_LIMIT = 1_000_000
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
Next = Callable[[Request], Awaitable[Response]]


def create_app(state: Path, books_url: str | None = None, *, secure: bool = False) -> FastAPI:
    """The application over one state folder. `secure` is for HTTPS in front: then cookies are `__Host-` and Secure."""
    app = FastAPI(title="Tongren console", docs_url=None, redoc_url=None, openapi_url=None)
    books = open_books(books_url or str(state / "books.db"))
    reading = Reading(state)
    app.state.desk = Desk(state, reading, books, Sessions(), secure, Live(reading, books))
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static")
    app.middleware("http")(_guarded)
    for kind in (HTTPException, PlainHTTPException):
        app.add_exception_handler(kind, _refused)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(Exception, _broken)
    faults: tuple[tuple[type[TongrenError], int], ...] = ((NotFound, 404), (NotAllowed, 409), (UsageError, 422))
    for fault, status in faults:
        app.add_exception_handler(fault, _fault(status))
    _include_routes(app)
    return app


def _include_routes(app: FastAPI) -> None:
    from console.routes import all_routers

    for router in all_routers():
        app.include_router(router)


async def _guarded(request: Request, following: Next) -> Response:
    """Session in, limits kept, security headers out."""
    held: Desk = request.app.state.desk
    name = COOKIE if held.secure else COOKIE_PLAIN
    request.state.session = held.sessions.find(request.cookies.get(name))
    request.state.cookie = name
    response = _unwanted(request) or await following(request)
    for header, value in HEADERS.items():
        response.headers[header] = value
    if not request.url.path.startswith("/static/"):
        response.headers["Cache-Control"] = "no-store"
    return response


def _unwanted(request: Request) -> Response | None:
    """What is refused before it is looked at: too large, or a change that another site sent."""
    length = request.headers.get("content-length", "0")
    if not length.isdigit() or int(length) > BODY_LIMIT:
        return Response("the body is too large", 413)
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return None
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin")
    if site not in ("same-origin", "none") or (origin and origin != f"{request.url.scheme}://{request.url.netloc}"):
        return Response("a change must come from the console's own pages", 403)
    return None


async def _refused(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, PlainHTTPException)
    if fault.status_code == 401 and not request.url.path.endswith((".json", ".csv")):
        return RedirectResponse(f"/sign-in?next={request.url.path}", 303)
    return _error_page(request, fault.status_code, str(fault.detail))


async def _malformed(request: Request, fault: Exception) -> Response:
    """A field that is missing or not of its form; what was typed is not repeated."""
    assert isinstance(fault, RequestValidationError)
    fields = sorted({str(e["loc"][-1]) for e in fault.errors()})
    return _error_page(request, 422, f"not of the form expected: {', '.join(fields)}")


async def _broken(request: Request, fault: Exception) -> Response:
    """A fault of ours: the reader gets a number, the log gets the trace under it."""
    response = _error_page(request, 500, "the console could not do this; the log tells why under this number", fault)
    response.headers.update(HEADERS)
    return response


def _fault(status: int) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def answer(request: Request, fault: Exception) -> Response:
        return _error_page(request, status, str(fault))

    return answer


def _error_page(request: Request, status: int, told: str, fault: Exception | None = None) -> Response:
    incident = secrets.token_hex(4)
    level = logging.ERROR if fault else logging.INFO
    path = request.url.path.replace("\n", "").replace("\r", "")
    log.log(level, "console=%d path=%s incident=%s", status, path, incident, exc_info=fault)
    form = "json" if request.url.path.endswith(".json") else "html"
    data = {"status": status, "told": told, "incident": incident}
    response = pages.show(request, "error.html", data, (), form)
    response.status_code = status
    return response

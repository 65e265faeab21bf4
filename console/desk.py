"""What every route works with: the published run, the books, the sessions, and the guard in front of each action."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response

from casebook import known as known_of_run
from casebook import refusals, ties
from casebook.books import Books
from casebook.sights import Sights
from casebook.store import SQLite
from console import pages
from console.access import Access
from console.attempts import Attempts
from console.live import Live
from console.oidc import Provider
from console.rates import Rates
from console.reading import Reading
from console.replay import Replays
from console.roles import may
from console.sessions import Session, Sessions, csrf_holds
from console.shelf import Part, Shelf

MAIN = "rows"
"""The key under which a page's data holds the rows of its CSV form."""


@dataclass(frozen=True)
class Desk:
    """One console: its state folder, run, books and sessions."""

    state: Path
    reading: Reading
    books: Books
    sessions: Sessions
    access: Access
    secure: bool
    live: Live
    shelf: Shelf
    attempts: Attempts
    rates: Rates
    oidc: Provider | None
    sights: Sights
    replays: Replays


def of_run(held: Desk) -> ties.OfRun:
    """Whom the run that is shown ties to a subject."""
    return lambda kind, subject: [r["promoter_id"] for r in held.reading.rows(ties.OF_RUN, k=kind, s=subject)]


def known(held: Desk) -> known_of_run.Known:
    """Whom and which months the run that is shown knows."""

    def there(kind: str, name: str) -> bool:
        sql, values = known_of_run.asked(kind, name)
        return held.reading.one(sql, **values) is not None

    return there


def desk(request: Request) -> Desk:
    """The console that a request belongs to."""
    return cast(Desk, request.app.state.desk)


def signed_in(request: Request) -> Session:
    """The session of the request. Raises 401, which the app turns into the sign-in page."""
    session = request.state.session
    if session is None:
        raise HTTPException(401, refusals.of("sign_in"))
    return cast(Session, session)


class Guard:
    """Lets a request through when its person may do `action`; for a change also wants the session's CSRF token.

    `rate` names how often a person may: changes always have one.
    """

    def __init__(self, action: str, *, writes: bool = False, rate: str | None = None) -> None:
        self.action, self.writes = action, writes
        self.rate = rate or ("change" if writes else None)

    async def __call__(self, request: Request) -> Session:
        """The session. Raises 401, 403."""
        session = signed_in(request)
        if not may(session.roles, self.action):
            raise HTTPException(403, refusals.of("role_forbids", action=self.action))
        if self.rate:
            hold_to(request, self.rate, session.user)
        if self.writes:
            form = await request.form()
            if not csrf_holds(session, cast("str | None", form.get("csrf"))):
                raise HTTPException(403, refusals.of("form_old"))
        return session


def hold_to(request: Request, rate: str, who: str) -> None:
    """Counts one of what `who` may do in a time. Raises 429 with Retry-After when it was too much."""
    wait = desk(request).rates.wait(rate, who)
    if wait > 0:
        raise HTTPException(429, refusals.of("too_many"), {"Retry-After": str(int(wait) + 1)})


FAULTS: dict[int | str, dict[str, Any]] = {
    303: {"description": "to the sign-in page, or on to the page that shows what was done"},
    401: {"description": "not signed in"},
    403: {"description": "the roles, the form's token or its origin do not allow it"},
    404: {"description": "there is no such thing"},
    409: {"description": "the agreement, the two-person rule or somebody faster forbids it"},
    413: {"description": "the body is too large"},
    422: {"description": "a field is missing or not of its form"},
    429: {"description": "too many tries: wait as Retry-After says"},
}
"""What a route may answer besides its page."""

LOOKED_AT: Mapping[str, tuple[str, ...]] = {
    "/audit": (), "/audit/check": (), "/users": (), "/pairs": ("a", "b"), "/proposals/new": ("promoter", "subject"),
}  # fmt: skip
"""Pages without an id in their address whose readers are on record too, and where the address says whom they are about."""
Reader = Callable[..., dict[str, Any]]
Ready = Callable[[Desk, Mapping[str, str]], bool]


def page(
    router: APIRouter, path: str, action: str, template: str, *, ready: Ready | None = None
) -> Callable[[Reader], Reader]:
    """Register a reading route in three forms: the page, `.json` and `.csv` at the same address.

    The handler takes `request` and the path's parameters and returns the page's data; `rows` in it is the CSV. It runs in a
    thread, but for requests of which `ready` says that all is in memory: those are answered at once.
    """

    def register(handler: Reader) -> Reader:
        for form in ("json", "csv", "html"):
            suffix = "" if form == "html" else f".{form}"
            guard = Guard(action, rate="export" if form == "csv" else None)
            router.add_api_route(
                path + suffix,
                _route(handler, path, template, form, guard, ready),
                methods=["GET"],
                name=f"{handler.__name__}.{form}",
                response_class=Response,
                openapi_extra={"x-action": action},
                responses=FAULTS,
                summary=(handler.__doc__ or "").splitlines()[0],
            )
        return handler

    return register


def _route(
    handler: Reader, path: str, template: str, form: str, guard: Guard, ready: Ready | None
) -> Callable[..., Coroutine[Any, Any, Response]]:
    def made(request: Request, parts: Mapping[str, str]) -> Response:
        data = handler(request, **parts)
        if parts or path in LOOKED_AT:
            named = [*parts.values(), *(asked(request, name) for name in LOOKED_AT.get(path, ()))]
            desk(request).sights.see(request.state.session.user, path.split("/")[1], " ".join(named).strip())
        rows = cast("Sequence[dict[str, Any]] | Part", data.get(MAIN, ()))
        return pages.show(request, template, data, rows, form)

    async def answer(request: Request, **parts: str) -> Response:
        await guard(request)  # by hand: a dependency of FastAPI would cost as much as the rest of a small answer
        held = desk(request)
        if ready is not None and isinstance(held.books.dialect, SQLite) and ready(held, parts):
            return made(request, parts)
        return await run_in_threadpool(made, request, parts)

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    named = [inspect.Parameter(n, kind, annotation=str) for n in re.findall(r"\{(\w+)", path)]
    answer.__signature__ = inspect.Signature(  # type: ignore[attr-defined] # FastAPI reads the path's parameters off it
        [inspect.Parameter("request", kind, annotation=Request), *named], return_annotation=Response
    )
    return answer


def back_to(request: Request, path: str) -> Response:
    """After a change: a redirect for a plain form, the same address to HTMX."""
    if request.headers.get("hx-request") == "true":
        return Response(status_code=204, headers={"HX-Redirect": path})
    return RedirectResponse(path, status_code=303)


def change(router: APIRouter, path: str, action: str, *, public: bool = False) -> Callable[..., Any]:
    """Register a changing route: a form's POST by somebody who may do `action`, with the session's CSRF token.

    With `public` nobody need be signed in; then the origin check alone guards it.
    """
    return router.post(
        path,
        openapi_extra={"x-action": "public" if public else action},
        response_class=Response,
        responses=FAULTS,
        dependencies=[] if public else [Depends(Guard(action, writes=True))],
    )


def number_of(request: Request, name: str = "page") -> int:
    """The page number that an address asks for, 1 when it is none."""
    asked = request.query_params.get(name, "")
    return min(max(1, int(asked)), 1_000_000) if asked.isascii() and asked.isdigit() and len(asked) < 9 else 1


def asked(request: Request, name: str) -> str:
    """A search word of the address, trimmed and bounded."""
    return request.query_params.get(name, "").strip()[:128]

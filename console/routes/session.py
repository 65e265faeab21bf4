"""Sign in, set a password by one-time link, sign out, choose a language."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, RedirectResponse, Response

from casebook import refusals, users
from console import pages
from console.attempts import apart
from console.desk import FAULTS, Desk, Guard, desk, hold_to
from console.oidc import GOOD_SECONDS
from console.pages import LANGS
from console.roles import may
from console.sessions import Session
from data_contracts.errors import NotFound

router = APIRouter()
NOTE = "tongren-oidc"
PUBLIC = {"x-action": "public"}
Text = Annotated[str, Form(max_length=512)]


def safe(path: str) -> str:
    """A path of ours to go on to; anything that could lead elsewhere becomes the queue."""
    plain = path.isprintable() and "\\" not in path
    return path if plain and path.startswith("/") and not path.startswith("//") else "/"


LANDING = (("read_cases", "/queue"), ("manage_users", "/users"), ("read_audit", "/audit"), ("read_rules", "/rules"))
"""Where each person's day begins: the first that the roles allow."""


@router.get("/", openapi_extra={"x-action": "signed_in"}, response_class=Response, responses=FAULTS)
def home(session: Annotated[Session, Depends(Guard("signed_in"))]) -> Response:
    """To the page where this person's day begins."""
    return RedirectResponse(next((path for action, path in LANDING if may(session.roles, action)), "/queue"), 303)


@router.get(
    "/openapi.json",
    openapi_extra={"x-action": "signed_in"},
    responses=FAULTS,
    dependencies=[Depends(Guard("signed_in"))],
)
def description(request: Request) -> JSONResponse:
    """The console's own description (OpenAPI)."""
    return JSONResponse(request.app.openapi())


@router.get("/sign-in", openapi_extra=PUBLIC, response_class=Response, responses=FAULTS)
def sign_in_page(request: Request, next: str = "/") -> Response:
    """The sign-in form."""
    return _form(request, next, "")


@router.post("/sign-in", openapi_extra=PUBLIC, response_class=Response, responses=FAULTS)
async def sign_in(request: Request, name: Text, password: Text, next: Text = "/") -> Response:
    """Check name and password; the answer and its time are the same for an unknown name."""
    address = request.client.host if request.client else ""
    held = desk(request)
    wait = await run_in_threadpool(held.attempts.take, name, address)
    if wait > 0:
        return _again(request, next, "too_many", 429, {"Retry-After": str(int(wait) + 1)})
    user = await apart(users.check, held.books, name, password)
    if user is None:
        return _again(request, next, "wrong_password", 401, {})
    held.attempts.succeeded(name, address)
    held.sessions.end(request.cookies.get(request.state.cookie))
    answer = RedirectResponse(safe(next), 303)
    _begin(held, request, answer, user)
    return answer


@router.get("/oidc/start", openapi_extra=PUBLIC, response_class=Response, responses=FAULTS)
def company_sign_in(request: Request, next: str = "/") -> Response:
    """To the company's sign-in, with a note in a cookie that the way back needs."""
    held = desk(request)
    if held.oidc is None:
        raise NotFound(refusals.of("no_company"))
    hold_to(request, "public", request.client.host if request.client else "")
    begun = held.oidc.start(safe(next))
    answer = RedirectResponse(begun.address, 303)
    answer.set_cookie(NOTE, begun.note, max_age=GOOD_SECONDS, httponly=True, samesite="lax", secure=held.secure,
                      path="/oidc/return")  # fmt: skip
    return answer


@router.get("/oidc/return", openapi_extra=PUBLIC, response_class=Response, responses=FAULTS)
def company_signed_in(request: Request, code: str = "", state: str = "") -> Response:
    """Back from the company's sign-in: a session for the user of that name in the books, with the roles of the books."""
    held = desk(request)
    if held.oidc is None:
        raise NotFound(refusals.of("no_company"))
    hold_to(request, "public", request.client.host if request.client else "")
    name, following = held.oidc.finish(request.cookies.get(NOTE, ""), state, code)
    user = users.find(held.books, name)
    if user is None or not user.enabled:
        raise HTTPException(403, refusals.of("no_access"))
    held.sessions.end(request.cookies.get(request.state.cookie))
    # A Strict cookie is not sent on a way that began elsewhere: this page is ours, and the step from it is too.
    answer = pages.show(request, "session/signed_in.html", {"following": safe(following)}, (), "html")
    _begin(held, request, answer, user)
    answer.delete_cookie(NOTE, path="/oidc/return")
    return answer


def _begin(held: Desk, request: Request, answer: Response, user: users.User) -> None:
    token = held.sessions.begin(user.name, user.roles)
    answer.set_cookie(request.state.cookie, token, httponly=True, samesite="strict", secure=held.secure, path="/")


def _form(request: Request, next: str, told: str) -> Response:
    data = {"next": safe(next), "told": told, "sso": desk(request).oidc is not None}
    return pages.show(request, "session/sign_in.html", data, (), "html")


def _again(request: Request, next: str, told: str, status: int, headers: dict[str, str]) -> Response:
    response = _form(request, next, told)
    response.status_code = status
    response.headers.update(headers)
    return response


@router.get("/welcome", openapi_extra=PUBLIC, response_class=Response, responses=FAULTS)
def welcome(request: Request, token: str = "") -> Response:
    """Where a one-time link leads: set a password."""
    return pages.show(request, "session/welcome.html", {"token": token, "told": ""}, (), "html")


@router.post("/welcome", openapi_extra=PUBLIC, response_class=Response, responses=FAULTS)
async def set_password(request: Request, token: Text, password: Text) -> Response:
    """Set the password of a one-time link; sessions under the earlier password end."""
    hold_to(request, "public", request.client.host if request.client else "")
    held = desk(request)
    user = await apart(users.redeem, held.books, token, password)
    held.sessions.end_all_of(user.name)
    return RedirectResponse("/sign-in", 303)


@router.post("/sign-out", openapi_extra={"x-action": "signed_in"}, response_class=Response, responses=FAULTS,
             dependencies=[Depends(Guard("signed_in", writes=True))])  # fmt: skip
def sign_out(request: Request) -> Response:
    """End the session."""
    desk(request).sessions.end(request.cookies.get(request.state.cookie))
    answer = RedirectResponse("/sign-in", 303)
    answer.delete_cookie(request.state.cookie, path="/")
    return answer


@router.get("/language/{lang}", openapi_extra=PUBLIC, response_class=Response, responses=FAULTS)
def language(request: Request, lang: str, next: str = "/") -> Response:
    """Remember the reader's language."""
    answer = RedirectResponse(safe(next), 303)
    answer.set_cookie("lang", lang if lang in LANGS else "zh", samesite="strict", path="/")
    return answer

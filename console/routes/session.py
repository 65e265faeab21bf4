"""Sign in, set a password by one-time link, sign out, choose a language."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, RedirectResponse, Response

from casebook import users
from console import pages
from console.desk import FAULTS, Guard, desk
from console.pages import LANGS
from console.roles import may
from console.sessions import Session

router = APIRouter()
PUBLIC = {"x-action": "public"}
Text = Annotated[str, Form(max_length=512)]


def safe(path: str) -> str:
    """A path of ours to go on to; anything that could lead elsewhere becomes the queue."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) else "/"


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
    return pages.show(request, "session/sign_in.html", {"next": safe(next), "told": "", "sso": False}, (), "html")


@router.post("/sign-in", openapi_extra=PUBLIC, response_class=Response, responses=FAULTS)
async def sign_in(request: Request, name: Text, password: Text, next: Text = "/") -> Response:
    """Check name and password; the answer and its time are the same for an unknown name."""
    address = request.client.host if request.client else ""
    held = desk(request)
    wait = held.attempts.wait(name, address)
    if wait > 0:
        return _again(request, next, "too_many", 429, {"Retry-After": str(int(wait) + 1)})
    user = await run_in_threadpool(users.check, held.books, name, password)
    if user is None:
        held.attempts.failed(name, address)
        return _again(request, next, "wrong_password", 401, {})
    held.attempts.succeeded(name, address)
    held.sessions.end(request.cookies.get(request.state.cookie))
    answer = RedirectResponse(safe(next), 303)
    token = held.sessions.begin(user.name, user.roles)
    answer.set_cookie(request.state.cookie, token, httponly=True, samesite="strict", secure=held.secure, path="/")
    return answer


def _again(request: Request, next: str, told: str, status: int, headers: dict[str, str]) -> Response:
    response = pages.show(request, "session/sign_in.html", {"next": safe(next), "told": told, "sso": False}, (), "html")
    response.status_code = status
    response.headers.update(headers)
    return response


@router.get("/welcome", openapi_extra=PUBLIC, response_class=Response, responses=FAULTS)
def welcome(request: Request, token: str = "") -> Response:
    """Where a one-time link leads: set a password."""
    return pages.show(request, "session/welcome.html", {"token": token, "told": ""}, (), "html")


@router.post("/welcome", openapi_extra=PUBLIC, response_class=Response, responses=FAULTS)
async def set_password(request: Request, token: Text, password: Text) -> Response:
    """Set the password of a one-time link."""
    await run_in_threadpool(users.redeem, desk(request).books, token, password)
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

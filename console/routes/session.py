"""Sign in, set a password by one-time link, sign out, choose a language."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response

from casebook import users
from console import pages
from console.attempts import Attempts
from console.desk import desk
from console.pages import LANGS

router = APIRouter()
attempts = Attempts()
PUBLIC = {"x-action": "public"}
Text = Annotated[str, Form(max_length=512)]


def safe(path: str) -> str:
    """A path of ours to go on to; anything that could lead elsewhere becomes the queue."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) else "/"


@router.get("/sign-in", openapi_extra=PUBLIC, response_class=Response)
def sign_in_page(request: Request, next: str = "/") -> Response:
    """The sign-in form."""
    return pages.show(request, "session/sign_in.html", {"next": safe(next), "told": ""}, (), "html")


@router.post("/sign-in", openapi_extra=PUBLIC, response_class=Response)
async def sign_in(request: Request, name: Text, password: Text, next: Text = "/") -> Response:
    """Check name and password; the answer and its time are the same for an unknown name."""
    address = request.client.host if request.client else ""
    wait = attempts.wait(name, address)
    held = desk(request)
    if wait > 0:
        return _again(request, next, "too_many", 429, {"Retry-After": str(int(wait) + 1)})
    user = await run_in_threadpool(users.check, held.books, name, password)
    if user is None:
        attempts.failed(name, address)
        return _again(request, next, "wrong_password", 401, {})
    attempts.succeeded(name, address)
    held.sessions.end(request.cookies.get(request.state.cookie))
    answer = RedirectResponse(safe(next), 303)
    token = held.sessions.begin(user.name, user.roles)
    answer.set_cookie(request.state.cookie, token, httponly=True, samesite="strict", secure=held.secure, path="/")
    return answer


def _again(request: Request, next: str, told: str, status: int, headers: dict[str, str]) -> Response:
    response = pages.show(request, "session/sign_in.html", {"next": safe(next), "told": told}, (), "html")
    response.status_code = status
    response.headers.update(headers)
    return response


@router.get("/welcome", openapi_extra=PUBLIC, response_class=Response)
def welcome(request: Request, token: str = "") -> Response:
    """Where a one-time link leads: set a password."""
    return pages.show(request, "session/welcome.html", {"token": token, "told": ""}, (), "html")


@router.post("/welcome", openapi_extra=PUBLIC, response_class=Response)
async def set_password(request: Request, token: Text, password: Text) -> Response:
    """Set the password of a one-time link."""
    await run_in_threadpool(users.redeem, desk(request).books, token, password)
    return RedirectResponse("/sign-in", 303)


@router.post("/sign-out", openapi_extra={"x-action": "signed_in"}, response_class=Response)
def sign_out(request: Request) -> Response:
    """End the session."""
    desk(request).sessions.end(request.cookies.get(request.state.cookie))
    answer = RedirectResponse("/sign-in", 303)
    answer.delete_cookie(request.state.cookie, path="/")
    return answer


@router.get("/language/{lang}", openapi_extra=PUBLIC, response_class=Response)
def language(request: Request, lang: str, next: str = "/") -> Response:
    """Remember the reader's language."""
    answer = RedirectResponse(safe(next), 303)
    answer.set_cookie("lang", lang if lang in LANGS else "zh", samesite="strict", path="/")
    return answer



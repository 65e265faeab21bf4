"""People with access. A password is set by the person alone, with a link that works once and is shown once."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from casebook import refusals
from casebook import users as casebook_users
from console import pages
from console.desk import Guard, back_to, change, desk, page
from console.sessions import Session
from data_contracts.errors import UsageError

router = APIRouter()
Short = Annotated[str, Form(max_length=128)]
Roles = Annotated[list[str], Form(max_length=16)]


@page(router, "/users", "manage_users", "users/users.html")
def users(request: Request) -> dict[str, Any]:
    """Everybody with access, with roles."""
    return _listed(request)


def _listed(request: Request, token: str = "", name: str = "") -> dict[str, Any]:
    rows = [{"name": u.name, "roles": " ".join(sorted(u.roles)), "enabled": u.enabled, "has_password": u.has_password}
            for u in casebook_users.listing(desk(request).books)]  # fmt: skip
    link = f"{request.url.scheme}://{request.url.netloc}/welcome?token={token}" if token else ""
    return {"rows": rows, "roles": casebook_users.ROLES, "one_time_link": link, "link_of": name}


async def _with_link(request: Request, token: str, name: str) -> Response:
    data = await run_in_threadpool(_listed, request, token, name)
    return pages.show(request, "users/users.html", data, (), "html")


@change(router, "/users", "manage_users")
async def add(
    request: Request, name: Short, csrf: Short, session: Annotated[Session, Depends(Guard("manage_users"))], role: Roles = [],  # noqa: B006 - FastAPI copies it
) -> Response:  # fmt: skip
    """Add a person; the page that follows shows the one-time link, once."""
    token = await run_in_threadpool(casebook_users.add, desk(request).books, name, role, session.user)
    return await _with_link(request, token, name)


@change(router, "/users/{name}/{action}", "manage_users")
async def alter(
    request: Request, name: str, action: str, csrf: Short, session: Annotated[Session, Depends(Guard("manage_users"))],
    role: Roles = [],  # noqa: B006 - FastAPI copies it
) -> Response:  # fmt: skip
    """Give other roles, keep out, let in again, or make a new link. Sessions with other roles than the books' end by themselves."""
    held = desk(request)
    if action == "link":
        token = await run_in_threadpool(casebook_users.new_link, held.books, name, session.user)
        return await _with_link(request, token, name)
    if action == "roles":
        await run_in_threadpool(casebook_users.set_roles, held.books, name, role, session.user)
    elif action in ("disable", "enable"):
        await run_in_threadpool(
            lambda: casebook_users.set_enabled(held.books, name, session.user, enabled=action == "enable")
        )
    else:
        raise UsageError(refusals.of("action_unknown", action=action, known=("link", "roles", "disable", "enable")))
    return back_to(request, "/users")

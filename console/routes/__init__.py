"""Routes by noun. `all_routers` is the console's table of contents."""

from __future__ import annotations

from fastapi import APIRouter

from console.routes import (
    audit,
    cases,
    decisions,
    deliveries,
    groups,
    machine_room,
    promoters,
    queue,
    rules,
    session,
    users,
)


def all_routers() -> tuple[APIRouter, ...]:
    """Every router, what is asked for most first."""
    return (
        cases.router, queue.router, session.router, promoters.router, groups.router, decisions.router,
        rules.router, machine_room.router, deliveries.router, audit.router, users.router,
    )  # fmt: skip

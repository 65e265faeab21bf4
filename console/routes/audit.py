"""The audit chain, newest first, and its check."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from casebook.checkpoint import reach
from console.desk import asked, desk, number_of, page

router = APIRouter()
PER_PAGE = 100
ENTRIES = """
select seq, at, actor, action, object, payload, hash from audit
where (:actor = '' or actor = :actor) and (:action = '' or action = :action) and (:object = '' or object = :object)
order by seq desc limit :n offset :skip
"""


@page(router, "/audit", "read_audit", "audit/audit.html")
def audit(request: Request) -> dict[str, Any]:
    """Who did what when, each entry chained to the one before."""
    wanted = {name: asked(request, name) for name in ("actor", "action", "object")}
    number = number_of(request)
    with desk(request).books.reading() as book:
        rows = book.rows(ENTRIES, **wanted, n=PER_PAGE + 1, skip=(number - 1) * PER_PAGE)
        total = book.value("select max(seq) from audit") or 0
        actions = [r["action"] for r in book.rows("select distinct action from audit order by action")]
    return {
        "rows": rows[:PER_PAGE],
        "wanted": wanted,
        "page": number,
        "more": len(rows) > PER_PAGE,
        "total": total,
        "actions": actions,
    }


@page(router, "/audit/check", "read_audit", "audit/check.html")
def check(request: Request) -> dict[str, Any]:
    """Whether the chain, the rows under it and the signed checkpoints verify."""
    held = desk(request)
    faults = held.books.audit_faults(held.state / "checkpoints")
    anchor = held.books.anchor()
    return {
        "rows": [{"fault": f} for f in faults],
        "head": anchor,
        "checkpoints": len(list((held.state / "checkpoints").glob("*.json"))),
        "signed": reach(held.state / "checkpoints"),
    }

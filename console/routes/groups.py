"""A same-user group: what holds it together, what remains when a link is taken out, and what analysts know better."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from casebook import refusals, registers
from console import blind
from console.desk import Guard, asked, back_to, change, desk, known, page
from console.pages import lang_of
from console.routes.session import safe
from console.sessions import Session
from data_contracts.errors import NotFound, UsageError
from models.same_user.explain import explain_group, explain_pair

router = APIRouter()
Short = Annotated[str, Form(max_length=128)]
Text = Annotated[str, Form(max_length=2000)]
MOST_LINKS = 500
"""Shown, the strongest; what remains without some is reckoned over all."""
MEMBERS = """
select g.account_id, g.group_size, g.cohesion, g.status, a.registered_at, a.account_type, a.verified_as,
    (select count(*) > 0 from promoters as p where p.promoter_id = g.account_id) as promotes,
    (select any_value(r.promoter_id) from relations as r where r.invitee_id = g.account_id) as invited_by
from groups as g left join accounts as a on g.account_id = a.account_id
where g.group_id = $g order by promotes desc, a.registered_at, g.account_id
"""
INSIDE = """
select l.account_a, l.account_b, l.outcome, l.match_weight, l.kinds from links as l
semi join (select account_id from groups where group_id = $g) as a on l.account_a = a.account_id
semi join (select account_id from groups where group_id = $g) as b on l.account_b = b.account_id
order by l.match_weight desc, l.account_a, l.account_b
"""
HISTORY = "select event, run_id, account_id, other_group_id from group_history where group_id = $g order by run_seq, event, account_key"


@page(router, "/groups/{group_id}", "read_cases", "groups/group.html")
def group(request: Request, group_id: str) -> dict[str, Any]:
    """One group: members, links, the tree that holds it, its weakest link, its history."""
    held = desk(request)
    members = held.reading.rows(MEMBERS, g=group_id)
    if not members:
        raise NotFound(refusals.of("group_unknown", group=group_id))
    names = [m["account_id"] for m in members]
    blind.refuse(held, blind.behind(held, names))
    links = held.reading.rows(INSIDE, g=group_id)
    told = explain_group(held.reading.folder / "tables", group_id).as_dict()
    gone = request.query_params.getlist("without")[:50]
    with held.books.reading() as book:
        overrides = [o for o in book.rows("select * from override_state order by override_id")
                     if o["account_a"] in names or o["account_b"] in names]  # fmt: skip
    return {
        "group_id": group_id, "rows": members, "links": links[:MOST_LINKS],
        "all_links": len(links), "tree": told["tree"], "weakest": told["weakest"],
        "gone": gone, "parts": parts_of(names, links, gone), "overrides": overrides,
        "history": held.reading.rows(HISTORY, g=group_id), "graph": _graph(members, links[:MOST_LINKS], gone),
    }  # fmt: skip


def parts_of(accounts: Iterable[str], links: Iterable[dict[str, Any]], gone: Iterable[str]) -> list[list[str]]:
    """The groups that remain when the links named `a|b` are taken out, the largest first."""
    root = {a: a for a in accounts}

    def find(a: str) -> str:
        while root[a] != a:
            root[a] = root[root[a]]
            a = root[a]
        return a

    taken = set(gone)
    for link in links:
        a, b = link["account_a"], link["account_b"]
        if link["outcome"] in ("same_person", "same_controller") and f"{a}|{b}" not in taken:
            root[find(a)] = find(b)
    parts: dict[str, list[str]] = {}
    for account in sorted(root):
        parts.setdefault(find(account), []).append(account)
    return sorted(parts.values(), key=lambda p: (-len(p), p))


def _graph(members: list[dict[str, Any]], links: list[dict[str, Any]], gone: list[str]) -> dict[str, Any]:
    nodes = [
        {"id": m["account_id"], "label": m["account_id"], "kind": "promoter" if m["promotes"] else "account"}
        for m in members
    ]
    edges = [
        {"source": x["account_a"], "target": x["account_b"], "bits": x["match_weight"], "label": " ".join(x["kinds"])}
        for x in links if f"{x['account_a']}|{x['account_b']}" not in gone and x["outcome"] != "related"
    ]  # fmt: skip
    return {"nodes": nodes, "edges": edges}


@page(router, "/pairs", "read_cases", "groups/pair.html")
def pair(request: Request) -> dict[str, Any]:
    """Why two accounts are one user, or are not: what counts for and against, in bits."""
    a, b = asked(request, "a"), asked(request, "b")
    if not a or not b or a == b:
        raise UsageError(refusals.of("two_accounts"))
    blind.refuse(desk(request), blind.behind(desk(request), [a, b]))
    told = explain_pair(desk(request).reading.folder / "tables", a, b)
    return {
        "a": a,
        "b": b,
        "rows": told.as_dict()["pair"]["pieces"],
        "told": told.as_dict(),
        "text": told.as_text(lang_of(request)),
    }


@change(router, "/overrides", "link")
async def add_override(
    request: Request, account_a: Short, account_b: Short, kind: Short, reason: Text, csrf: Short,
    session: Annotated[Session, Depends(Guard("link"))], back: Short = "/queue",
) -> Response:  # fmt: skip
    """Say that two accounts are one user's, or are not; the next run obeys it."""
    held = desk(request)
    await run_in_threadpool(
        registers.add_override, held.books, account_a, account_b, kind, session.user, reason, known=known(held)
    )
    return back_to(request, safe(back))


@change(router, "/overrides/{override_id}/end", "link")
async def end_override(
    request: Request, override_id: str, reason: Text, csrf: Short, session: Annotated[Session, Depends(Guard("link"))],
    back: Short = "/queue",
) -> Response:  # fmt: skip
    """End such a word from now on."""
    await run_in_threadpool(registers.end_override, desk(request).books, override_id, session.user, reason)
    return back_to(request, safe(back))

"""The queue: open cases, the most money at risk first."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from casebook import cases as casebook_cases
from console.desk import desk, page

router = APIRouter()
PER_PAGE = 50
QUEUE = """
select
    m.case_id, m.subject_kind, m.subject_id, m.promoter_id, m.opened_on, m.escalated_on, m.blind, m.findings,
    money(m.stake_fen) as at_stake, m.confidence, money(m.priority_fen) as priority, m.cutoff_on, m.days_left,
    (select string_agg(distinct f.clause, ' ' order by f.clause) from findings as f
     where f.promoter_id = m.promoter_id) as clauses
from case_money as m
where ($search = '' or m.case_id = $search or m.promoter_id = $search or m.subject_id = $search)
order by m.priority_fen desc, m.case_id
"""


@page(router, "/", "read_cases", "queue/queue.html")
def queue(request: Request) -> dict[str, Any]:
    """Open cases by priority (money at stake times confidence), with state, owner and days left."""
    held = desk(request)
    asked = request.query_params
    live = {c["case_id"]: c for c in casebook_cases.listing(held.books)}
    rows = []
    for row in held.reading.rows(QUEUE, search=asked.get("search", "").strip()[:128]):
        state = live.get(row["case_id"])
        if state is None or state["state"] == "closed":
            continue
        rows.append({**row, "state": state["state"], "owner": state["owner"], "deadline_on": state["deadline_on"]})
    wanted = {k: asked[k] for k in ("state", "owner", "clause") if asked.get(k)}
    rows = [r for r in rows if _fits(r, wanted)]
    number = max(1, int(asked["page"])) if asked.get("page", "").isdigit() else 1
    start = (number - 1) * PER_PAGE
    return {
        "rows": [_seen(r) for r in rows[start : start + PER_PAGE]], "total": len(rows), "page": number,
        "pages": max(1, -(-len(rows) // PER_PAGE)), "at_stake": sum(r["at_stake"] for r in rows), "wanted": wanted,
        "search": asked.get("search", ""), "run_id": held.reading.run_id,
    }  # fmt: skip


def _fits(row: dict[str, Any], wanted: dict[str, str]) -> bool:
    if "clause" in wanted and wanted["clause"] not in (row["clauses"] or "").split():
        return False
    return all(row[k] == wanted[k] for k in ("state", "owner") if k in wanted)


def _seen(row: dict[str, Any]) -> dict[str, Any]:
    """A random-sample case is shown without its score: it is decided blind."""
    return {**row, "confidence": None, "priority": None, "clauses": None} if row["blind"] else row

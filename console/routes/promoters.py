"""A promoter, an account, a statement, and the evidence report to take away."""

from __future__ import annotations

import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from casebook import dossier, refusals, sample
from casebook.dossier import position
from casebook.dossier.press import file_name
from console import blind, pages
from console.desk import FAULTS, Desk, Guard, change, desk, page
from console.reveal import reveal, there
from console.sessions import Session
from data_contracts.errors import NotFound

router = APIRouter()
Short = Annotated[str, Form(max_length=128)]
Text = Annotated[str, Form(max_length=2000)]
TYPES = {
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
}
MEMBERSHIPS = (
    "select joined_at, left_at, left_reason, consented_version from promoters where promoter_id = $p order by joined_at"
)
STANDING = "select from_at, to_at, ended_by from standing where promoter_id = $p order by from_at"
RELATIONS = """
select established, reason, count(*) as invitees from relations where promoter_id = $p
group by all order by established desc, reason
"""
SAME = """
select invitee_id, outcome, match_weight, group_id, group_status, hops from referral_same
where promoter_id = $p order by match_weight desc, invitee_id limit 200
"""
PAYABLES = """
select month, instalment_no, due_on, amount, payer, status from payables where promoter_id = $p
order by month, instalment_no, part_no
"""
IDENTIFIERS = """
select u.kind, u.mask, u.token, min(u.first_seen) as first_seen, max(u.last_seen) as last_seen,
    coalesce(any_value(v.entities), 1) as shared_by, coalesce(any_value(v.suppressed), false) as suppressed
from identifier_use as u left join identifier_value as v on u.kind = v.kind and u.token = v.token
where u.account_id = $a group by u.kind, u.mask, u.token order by u.kind, first_seen, u.token limit 200
"""
LINKS = """
select case when account_a = $a then account_b else account_a end as account_id, outcome, match_weight, kinds
from links where account_a = $a or account_b = $a order by match_weight desc, account_id limit 200
"""
ACCOUNT_ORDERS = """
select o.order_id, o.product_code, o.kind, o.paid_at, money(o.cash_fen) as cash, money(sum(r.cash_fen)) as refunded
from orders as o left join refunds as r on o.order_id = r.order_id
where o.account_id = $a group by all order by o.paid_at desc, o.order_id limit 200
"""
STATEMENT_LINES = """
select line_kind, invitee_id, order_id, governing_document, net_amount, rate, rebate, qualifies, clause
from statement_lines where promoter_id = $p and month = $m order by line_no limit 1000
"""
LEDGER = """
select posted_on, earning_month, ledger_account, amount, cause, transaction_id
from ledger where promoter_id = $p and month = $m order by posted_on, entry_id limit 500
"""


@page(router, "/promoters/{promoter_id:path}", "read_cases", "promoters/promoter.html")
def promoter(request: Request, promoter_id: str) -> dict[str, Any]:
    """Everything about one promoter: standing, relations, same users, findings, decisions, money."""
    held = desk(request)
    reading = held.reading
    memberships = reading.rows(MEMBERSHIPS, p=promoter_id)
    relations = reading.rows(RELATIONS, p=promoter_id)
    if not memberships and not relations:
        raise NotFound(refusals.of("promoter_unknown", promoter=promoter_id))
    with held.books.reading() as book:
        ties = book.rows("select person, reason from tie where promoter_id = :p order by person", p=promoter_id)
    with held.live.now() as now:
        cases, decisions = now.cases_on(promoter_id), now.decisions_on(promoter_id)
    hidden, parts = any(map(sample.kept_back, cases)), held.shelf.parts(f"P{promoter_id}")
    if hidden:
        parts, decisions = blind.parts(parts), [blind.decision(d) for d in decisions]
        relations = []
    findings = parts["findings"].value
    return {
        "promoter_id": promoter_id, "stake": max((Decimal(f["amount_at_stake"]) for f in findings), default=Decimal(0)),
        "memberships": memberships, "relations": relations,
        "standing": reading.rows(STANDING, p=promoter_id), "same": [] if hidden else reading.rows(SAME, p=promoter_id),
        "rows": findings, "hidden": hidden, "decisions": decisions, "cases": cases, "ties": ties,
        "payables": reading.rows(PAYABLES, p=promoter_id),
        **{k: p.value for k, p in parts.items() if k in ("money", "timeline", "bursts", "orders", "payouts", "defence")},
    }  # fmt: skip


@page(router, "/accounts/{account_id:path}", "read_cases", "promoters/account.html")
def account(request: Request, account_id: str) -> dict[str, Any]:
    """One account: identifiers as masks with how many unrelated users hold them, links, orders."""
    return _account(desk(request), account_id)


def _account(held: Desk, account_id: str) -> dict[str, Any]:
    reading = held.reading
    found = reading.one("select * from accounts where account_id = $a", a=account_id)
    if found is None:
        raise NotFound(refusals.of("account_unknown", account=account_id))
    hidden = bool(blind.among(held, blind.behind(held, [account_id])))
    referral = reading.one("select * from relations where invitee_id = $a", a=account_id)
    return {
        "account": found, "rows": reading.rows(IDENTIFIERS, a=account_id), "hidden": hidden,
        "links": [] if hidden else reading.rows(LINKS, a=account_id),
        "group": None if hidden else reading.one("select * from groups where account_id = $a", a=account_id),
        "referral": {**referral, "established": None, "reason": None} if referral and hidden else referral,
        "promotes": reading.one("select count(*) as n from promoters where promoter_id = $a", a=account_id),
        "orders": reading.rows(ACCOUNT_ORDERS, a=account_id), "vault": there(held),
    }  # fmt: skip


@change(router, "/accounts/{account_id:path}/reveal", "reveal")
async def sight(
    request: Request, account_id: str, token: Short, case_id: Short, reason: Text, csrf: Short,
    session: Annotated[Session, Depends(Guard("reveal", rate="reveal"))],
) -> Response:  # fmt: skip
    """One identifier as it came, through the vault: logged before it is shown, on this page alone."""
    held = desk(request)
    raw = await run_in_threadpool(
        lambda: reveal(held, account_id, token, case_id=case_id, who=session.user, reason=reason)
    )
    data = await run_in_threadpool(_account, held, account_id)
    return pages.show(request, "promoters/account.html", {**data, "revealed": {"token": token, "raw": raw}}, (), "html")


@page(router, "/statements/{month}/{promoter_id:path}", "read_money", "promoters/statement.html")
def statement(request: Request, month: str, promoter_id: str) -> dict[str, Any]:
    """One promoter's statement of one month, line by line, with its postings."""
    held = desk(request)
    reading, hidden = held.reading, bool(blind.among(held, [promoter_id]))
    found = reading.one("select * from statements where promoter_id = $p and month = $m", p=promoter_id, m=month)
    if found is None:
        raise NotFound(refusals.of("statement_unknown", promoter=promoter_id, month=month))
    months = [
        r["month"]
        for r in reading.rows("select month from statements where promoter_id = $p order by month", p=promoter_id)
    ]
    place, lines = months.index(month), reading.rows(STATEMENT_LINES, p=promoter_id, m=month)
    return {
        "statement": found, "rows": sample.lines(lines) if hidden else lines, "hidden": hidden, "promoter_id": promoter_id,
        "ledger": reading.rows(LEDGER, p=promoter_id, m=month), "month": month,
        "payables": [r for r in reading.rows(PAYABLES, p=promoter_id) if r["month"] == month],
        "earlier": months[place - 1] if place else None, "later": months[place + 1] if place + 1 < len(months) else None,
    }  # fmt: skip


Format = Annotated[str, Query(pattern="^(html|pdf)$")]
Data = Annotated[str, Query(pattern="^(json|csv)$")]
DATA = ("json", "csv")
Edition = Annotated[str, Query(pattern="^(internal|promoter)$")]


@router.get("/reports/{promoter_id:path}", openapi_extra={"x-action": "read_cases"}, response_class=Response,
            responses=FAULTS, dependencies=[Depends(Guard("read_cases", rate="export"))])  # fmt: skip
def report(
    request: Request, promoter_id: str, format: Format = "html", edition: Edition = "internal",
    lang: Annotated[str, Query(pattern="^(zh|en)$")] = "zh",
) -> Response:  # fmt: skip
    """The evidence report, to read or to print."""
    return _written(request, promoter_id, format, edition, lang)


@router.get("/evidence/{promoter_id:path}", openapi_extra={"x-action": "export"}, response_class=Response,
            responses=FAULTS, dependencies=[Depends(Guard("export", rate="export"))])  # fmt: skip
def evidence(request: Request, promoter_id: str, format: Data = "json") -> Response:
    """The evidence as data, for whoever may export it."""
    return _written(request, promoter_id, format, "internal", "zh")


def _written(request: Request, promoter_id: str, format: str, edition: str, lang: str) -> Response:
    held = desk(request)
    blind.refuse(held, [promoter_id])
    reading = held.reading
    folder = reading.folder
    chain = position.of(held.books, folder.name, held.state / "checkpoints")
    with tempfile.TemporaryDirectory() as place:
        path = dossier.write_one(
            folder / "tables", promoter_id, Path(place), format=format, edition=edition, lang=lang,
            run_facts={**reading.manifest, "chain": chain},
        )  # fmt: skip
        body = path.read_bytes()
    held.sights.see(request.state.session.user, request.url.path.split("/")[1], promoter_id)
    if format in DATA:
        held.sights.flush()  # what leaves as data is on record before it is sent: without the entry it is not sent
    name = f"{file_name(promoter_id)}.{format}".encode("ascii", "replace").decode()
    return Response(body, media_type=TYPES[format], headers={"Content-Disposition": f'attachment; filename="{name}"'})

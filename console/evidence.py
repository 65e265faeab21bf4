"""What a case page shows of one promoter, read from the published run: findings, money, graph, timeline, orders."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from console.pages import reasons
from console.reading import Reading

MOST_NODES = 500
FINDINGS = """
select finding_id, clause, status, subject_kind, subject_id, detector, confidence, amount_at_stake, first_seen, reason, evidence
from findings where promoter_id = $p or ($p = '' and subject_id = $s) order by amount_at_stake desc, finding_id
"""
MONEY = """
select month, status, new_paying_users, net_amount, rebate, adjustments, carried_in, released, clawback_added, "offset",
       held, carried_out, payable, tax_estimate
from statements where promoter_id = $p order by month
"""
PAIRS = """
select invitee_id, outcome, match_weight, group_id, group_status, hops, evidence
from referral_same where promoter_id = $p order by match_weight desc, invitee_id limit 60
"""
NEAR = """
select l.account_a, l.account_b, list_transform(l.evidence, lambda e: e.token) as tokens
from links as l
inner join groups as a on l.account_a = a.account_id
inner join groups as b on l.account_b = b.account_id and a.group_id = b.group_id
where a.group_id in (select group_id from groups where account_id = $p)
    and l.outcome in ('same_person', 'same_controller')
order by l.account_a, l.account_b limit 5000
"""
TIMELINE = """
with mine as (select invitee_id from relations where promoter_id = $p),
orders_of as (select * from orders semi join mine on orders.account_id = mine.invitee_id)
select day, sum(registered) as registered, sum(bought) as bought, sum(refunded) as refunded from (
    select cast(timezone($zone, registered_at) as date) as day, 1 as registered, 0 as bought, 0 as refunded
    from accounts semi join mine on accounts.account_id = mine.invitee_id
    union all
    select cast(timezone($zone, paid_at) as date), 0, 1, 0 from orders_of
    union all
    select cast(timezone($zone, refunded_at) as date), 0, 0, 1 from refunds semi join orders_of using (order_id)
) group by all order by day
"""
ORDERS = """
select l.order_id, l.invitee_id, l.month, o.product_code, o.paid_at, money(o.cash_fen) as cash, l.net_amount, l.rate, l.rebate,
       l.qualifies, l.clause
from statement_lines as l inner join orders as o using (order_id)
where l.promoter_id = $p order by l.month desc, l.net_amount desc, l.order_id limit 100
"""
BURSTS = """
select window_start, window_end, refund_orders, expected_orders, refund_amount, q_value, reasons
from bursts where promoter_id = $p and flagged order by window_start
"""

DEFENCE = """
with mine as (select * from relations where promoter_id = $p),
lines as (select * from statement_lines where promoter_id = $p and line_kind = 'order')
select
    (select count(*) from mine) as invitees,
    (select count(*) from mine where established) as established,
    (select count(*) from mine anti join referral_same using (invitee_id)) as not_the_same,
    (select count(*) from lines) as orders,
    (select count(*) from lines where qualifies) as qualifying,
    (select count(distinct order_id) from refunds where order_id in (select order_id from lines)) as refunded,
    (select min(joined_at) from promoters where promoter_id = $p) as joined_at
"""
PAYOUTS = """
select month, paid_at, money(gross_fen) as gross, money(tax_fen) as tax, money(net_fen) as net, status
from payouts where promoter_id = $p order by paid_at, payout_id
"""


def findings_of(reading: Reading, promoter: str, subject: str = "") -> list[dict[str, Any]]:
    """Findings on a promoter (on another subject when `promoter` is empty), the most money first."""
    return list(_findings(reading, reading.run_id, promoter, subject))


@lru_cache(maxsize=512)
def _findings(reading: Reading, run_id: str, promoter: str, subject: str) -> tuple[dict[str, Any], ...]:
    return tuple(reading.rows(FINDINGS, p=promoter, s=subject))


@lru_cache(maxsize=512)
def _kept(reading: Reading, run_id: str, promoter: str) -> dict[str, Any]:
    return {
        "money": reading.rows(MONEY, p=promoter), "graph": graph_of(reading, promoter),
        "timeline": timeline_of(reading, promoter), "bursts": reading.rows(BURSTS, p=promoter),
        "orders": reading.rows(ORDERS, p=promoter), "payouts": reading.rows(PAYOUTS, p=promoter),
        "defence": defence_of(reading, promoter),
    }  # fmt: skip


def evidence_of(reading: Reading, promoter: str) -> dict[str, Any]:
    """A promoter's money, graph, timeline, bursts, orders and payouts; a published run never changes, so it is kept."""
    return dict(_kept(reading, reading.run_id, promoter))


def reasons_of(findings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Why, the most money first: each clause once, with how many findings say so, and the reason codes of its detectors
    with what was observed against what peers would show."""
    found: dict[str, dict[str, Any]] = {}
    for finding in findings:
        entry = found.setdefault(finding["clause"], {
            "clause": finding["clause"], "findings": 0, "at_stake": Decimal(0), "confidence": finding["confidence"],
            "reason": finding["reason"], "codes": {},
        })  # fmt: skip
        entry["findings"] += 1
        entry["at_stake"] = max(entry["at_stake"], finding["amount_at_stake"])
        for stated in _stated(finding["evidence"]):
            entry["codes"].setdefault(stated["code"], stated)
    order = sorted(found.values(), key=lambda e: (not e["codes"], -e["at_stake"], e["clause"]))
    return [{**e, "codes": list(e["codes"].values())} for e in order]


def _stated(evidence: str | None) -> list[dict[str, Any]]:
    """The coded reasons in a finding's evidence: code, observed, expected, ratio, q and the words of both languages."""
    loaded = json.loads(evidence or "[]")
    items = loaded.get("reasons", []) if isinstance(loaded, dict) else loaded
    return [
        {k: i.get(k) for k in ("code", "observed", "expected", "ratio", "q")} | dict(texts_of(i["code"]))
        for i in items if isinstance(i, dict) and isinstance(i.get("code"), str)
    ]  # fmt: skip


def texts_of(code: str) -> Mapping[str, str]:
    """What a reason code says: zh, en, clears_zh, clears_en; empty for an unknown one."""
    known = reasons().get(code, {})
    return {k: str(known.get(k, "")) for k in ("zh", "en", "clears_zh", "clears_en")}


def defence_of(reading: Reading, promoter: str) -> dict[str, Any]:
    """What speaks for the promoter, in figures."""
    return reading.one(DEFENCE, p=promoter) or {}


def timeline_of(reading: Reading, promoter: str) -> list[dict[str, Any]]:
    """Registrations, orders and refunds of the promoter's invitees per natural day."""
    return reading.rows(TIMELINE, p=promoter, zone=reading.manifest["zone"])


def graph_of(reading: Reading, promoter: str) -> dict[str, Any]:
    """Nodes (accounts and tokens) and edges of the strongest paths between the promoter and its invitees.

    The evidence of a path is numbered by step; whose step it is comes out of the links inside the group.
    """
    nodes: dict[str, dict[str, Any]] = {promoter: {"id": promoter, "kind": "promoter", "label": promoter}}
    edges: dict[tuple[str, str], dict[str, Any]] = {}
    table: list[dict[str, Any]] = []
    shared = _shared(reading, promoter)
    for pair in reading.rows(PAIRS, p=promoter):
        if len(nodes) >= MOST_NODES:
            break
        items = _items(pair["evidence"])
        path = _path(shared, promoter, pair["invitee_id"], items, int(pair["hops"]))
        nodes.setdefault(pair["invitee_id"], {"id": pair["invitee_id"], "kind": "invitee", "label": pair["invitee_id"]})
        for item in items:
            token = f"{item['kind']}:{item['token']}"
            nodes.setdefault(token, {"id": token, "kind": "token", "label": f"{item['kind']} {item.get('mask') or ''}"})
            for account in path[min(int(item.get("step", 1)), len(path) - 1) - 1 :][:2]:
                nodes.setdefault(account, {"id": account, "kind": "account", "label": account})
                edges[account, token] = {"source": account, "target": token, "bits": item.get("weight")}
            table.append({"invitee_id": pair["invitee_id"], "outcome": pair["outcome"], "step": item.get("step", 1),
                          "kind": item["kind"], "mask": item.get("mask"), "shared_by": item.get("shared_by"),
                          "bits": item.get("weight"), "first_seen": item.get("first_seen"),
                          "last_seen": item.get("last_seen")})  # fmt: skip
    return {"nodes": list(nodes.values()), "edges": list(edges.values()), "table": table}


def _shared(reading: Reading, promoter: str) -> dict[str, dict[str, frozenset[str]]]:
    """Per account of the promoter's group its neighbours, with the tokens that both hold."""
    near: dict[str, dict[str, frozenset[str]]] = {}
    for link in reading.rows(NEAR, p=promoter):
        tokens = frozenset(link["tokens"])
        near.setdefault(link["account_a"], {})[link["account_b"]] = tokens
        near.setdefault(link["account_b"], {})[link["account_a"]] = tokens
    return near


def _path(
    shared: Mapping[str, Mapping[str, frozenset[str]]], one: str, other: str, items: list[dict[str, Any]], hops: int
) -> list[str]:
    """The accounts of a path whose every step rests on just these tokens; both ends alone when none is found."""
    wanted = [frozenset(i["token"] for i in items if int(i.get("step", 1)) == n) for n in range(1, hops + 1)]
    paths = [[one]]
    for tokens in wanted:
        paths = [[*p, n] for p in paths for n, held in shared.get(p[-1], {}).items() if n not in p and tokens <= held]
    return next((p for p in sorted(paths) if p[-1] == other), [one, other])


def _items(evidence: str | None) -> list[dict[str, Any]]:
    """What counts for a pair: the shared identifiers. What counts against has no token."""
    return [i for i in json.loads(evidence or "[]") if isinstance(i, dict) and i.get("token") and i.get("kind")]

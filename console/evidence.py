"""What a case page shows of one promoter, read from the published run: findings, money, graph, timeline, orders."""

from __future__ import annotations

import json
from typing import Any

from console.reading import Reading

MOST_NODES = 500
MOST_ORDERS = 200
FINDINGS = """
select finding_id, clause, status, subject_kind, subject_id, detector, confidence, amount_at_stake, first_seen, reason, evidence
from findings where promoter_id = $p order by amount_at_stake desc, finding_id
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
where l.promoter_id = $p order by l.month desc, l.net_amount desc, l.order_id limit 200
"""
BURSTS = """
select window_start, window_end, refund_orders, expected_orders, refund_amount, q_value, reasons
from bursts where promoter_id = $p and flagged order by window_start
"""


def findings_of(reading: Reading, promoter: str) -> list[dict[str, Any]]:
    """Findings on a promoter, the most money first."""
    return reading.rows(FINDINGS, p=promoter)


def reasons_of(findings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The reasons of the findings, each once per clause, with observed and expected where a detector gave them."""
    seen: dict[str, dict[str, Any]] = {}
    for finding in findings:
        evidence = json.loads(finding["evidence"] or "{}")
        stated = evidence.get("reasons") if isinstance(evidence, dict) else None
        first = stated[0] if isinstance(stated, list) and stated and isinstance(stated[0], dict) else {}
        seen.setdefault(finding["clause"], {
            "clause": finding["clause"], "reason": finding["reason"], "code": first.get("code"),
            "observed": first.get("observed"), "expected": first.get("expected"), "ratio": first.get("ratio"),
            "q": first.get("q"), "clears": first.get("clears"), "confidence": finding["confidence"],
            "finding_id": finding["finding_id"],
        })  # fmt: skip
    return list(seen.values())


def money_of(reading: Reading, promoter: str) -> list[dict[str, Any]]:
    """The promoter's statements, month by month."""
    return reading.rows(MONEY, p=promoter)


def timeline_of(reading: Reading, promoter: str) -> list[dict[str, Any]]:
    """Registrations, orders and refunds of the promoter's invitees per natural day."""
    reading.run_id  # noqa: B018 - loads the manifest that names the zone
    return reading.rows(TIMELINE, p=promoter, zone=reading.manifest["zone"])


def burst_days(reading: Reading, promoter: str) -> list[dict[str, Any]]:
    """The flagged windows."""
    return reading.rows(BURSTS, p=promoter)


def orders_of(reading: Reading, promoter: str) -> list[dict[str, Any]]:
    """The orders of the promoter's invitees, newest month first, at most 200."""
    return reading.rows(ORDERS, p=promoter)


def graph_of(reading: Reading, promoter: str) -> dict[str, Any]:
    """Nodes (accounts and tokens) and edges of the strongest paths between the promoter and its invitees."""
    nodes: dict[str, dict[str, Any]] = {promoter: {"id": promoter, "kind": "promoter", "label": promoter}}
    edges: list[dict[str, Any]] = []
    table: list[dict[str, Any]] = []
    for pair in reading.rows(PAIRS, p=promoter):
        if len(nodes) >= MOST_NODES:
            break
        invitee = pair["invitee_id"]
        nodes.setdefault(invitee, {"id": invitee, "kind": "invitee", "label": invitee})
        for item in _items(pair["evidence"]):
            token = f"{item.get('kind')}:{item.get('token')}"
            label = f"{item.get('kind')} {item.get('mask') or ''}"
            nodes.setdefault(token, {"id": token, "kind": "token", "label": label})
            for account in (item.get("account_a") or promoter, item.get("account_b") or invitee):
                nodes.setdefault(account, {"id": account, "kind": "account", "label": account})
                edges.append({"source": account, "target": token, "bits": item.get("weight")})
            table.append({"invitee_id": invitee, "outcome": pair["outcome"], "kind": item.get("kind"),
                          "mask": item.get("mask"), "shared_by": item.get("shared_by"), "bits": item.get("weight"),
                          "first_seen": item.get("first_seen"), "last_seen": item.get("last_seen")})  # fmt: skip
    return {"nodes": list(nodes.values()), "edges": edges, "table": table}


def _items(evidence: str | None) -> list[dict[str, Any]]:
    loaded = json.loads(evidence or "[]")
    items = loaded.get("evidence", loaded.get("for", [])) if isinstance(loaded, dict) else loaded
    return [i for i in items if isinstance(i, dict) and i.get("token")]

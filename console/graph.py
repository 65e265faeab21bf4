"""The link graph of a promoter: the strongest paths to its invitees, each token with how many unrelated users hold it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from console.reading import Reading

MOST_NODES = 500
MOST_HOPS = 3
"""Longer paths are no evidence that a drawing should make look like some."""
NEAR = """
select l.account_a, l.account_b, list_transform(l.evidence, lambda e: e.token) as tokens
from links as l
inner join groups as a on l.account_a = a.account_id
inner join groups as b on l.account_b = b.account_id and a.group_id = b.group_id
where a.group_id in (select group_id from groups where account_id = $p)
    and l.outcome in ('same_person', 'same_controller')
order by l.account_a, l.account_b limit 5000
"""


def graph_of(reading: Reading, promoter: str, pairs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Nodes (accounts and tokens) and edges of the strongest paths between the promoter and its invitees.

    The evidence of a path is numbered by step; whose step it is comes out of the links inside the group.
    """
    nodes: dict[str, dict[str, Any]] = {promoter: {"id": promoter, "kind": "promoter", "label": promoter}}
    edges: dict[tuple[str, str], dict[str, Any]] = {}
    table: list[dict[str, Any]] = []
    shared = _shared(reading, promoter) if any(p["hops"] > 1 for p in pairs) else {}
    for pair in (p for p in pairs if p["hops"] <= MOST_HOPS):
        if len(nodes) >= MOST_NODES:
            break
        items = _items(pair["evidence"])
        path = _path(shared, promoter, pair["invitee_id"], items, int(pair["hops"]))
        nodes.setdefault(pair["invitee_id"], {"id": pair["invitee_id"], "kind": "invitee", "label": pair["invitee_id"]})
        for item in items:
            token = f"{item['kind']}:{item['token']}"
            nodes.setdefault(token, {"id": token, "kind": "token", "of": item["kind"], "label": item.get("mask") or "",
                                     "shared_by": item.get("shared_by")})  # fmt: skip
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
    if hops <= 1 or not shared:
        return [one, other]
    wanted = [frozenset(i["token"] for i in items if int(i.get("step", 1)) == n) for n in range(1, hops + 1)]
    paths = [[one]]
    for tokens in wanted:
        paths = [[*p, n] for p in paths for n, held in shared.get(p[-1], {}).items() if n not in p and tokens <= held]
    return next((p for p in sorted(paths) if p[-1] == other), [one, other])


def _items(evidence: str | None) -> list[dict[str, Any]]:
    """What counts for a pair: the shared identifiers. What counts against has no token."""
    return [i for i in json.loads(evidence or "[]") if isinstance(i, dict) and i.get("token") and i.get("kind")]

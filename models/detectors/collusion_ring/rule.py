"""Clause 3.4(1): invitees who act as one, or who are one another but not the promoter."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import networkx as nx
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.detectors.collusion_ring.lockstep import Clusters, clusters
from models.detectors.discovery import FDR, q_values, rounded
from models.detectors.families import families
from models.detectors.given import DETECTION, Given, detection
from models.detectors.panel import Ints, Texts, ints_of
from models.detectors.rates import Excess, excess, reason, unusual

LEAST_MEMBERS, RATIO = 4, 3.0
MOST_EDGES = 200


def rule(given: Given) -> Mapping[str, pa.Table]:
    """One row per unusual ring, and one per invitee in a flagged ring's lockstep."""
    conduct = given["promoter_conduct"]
    promoters = np.asarray(conduct["promoter_id"].to_pylist(), dtype=object)
    in_step = clusters(given["invitee_life"], given["refund_day"])
    place = _places(pa.array(promoters, pa.string()), in_step.promoters)
    lockstep = _lockstep(place, in_step)
    shared = _shared(given)
    trials = ints_of(conduct["invitees"]).astype(np.float64)
    sharer = _places(shared["promoter_id"], promoters)
    observed = np.bincount(sharer[sharer >= 0], minlength=len(promoters)).astype(np.float64)
    sharing = excess(observed, trials, families(promoters, given["group_member"]))
    p = rounded(np.minimum(2 * np.minimum(lockstep.p, sharing.p), 1.0))
    q = rounded(q_values(p))
    accounts = given["invitee_life"]["account_id"].to_pylist()
    rows: list[dict[str, Any]] = []
    for n in unusual(p, q):  # the few that are told
        promoter = str(promoters[n])
        step = sorted(accounts[r] for r in in_step.members.get(int(place[n]), []))
        together = sorted(shared.filter(pc.equal(shared["promoter_id"], promoter))["invitee_id"].to_pylist())
        rows += _ring(given, promoter, n, float(p[n]), float(q[n]), (lockstep, step), (sharing, together))
    return {"detection": pa.Table.from_pylist(rows, DETECTION)}


def _places(names: pa.Array | pa.ChunkedArray, among: Texts) -> Ints:
    """The position of each name, -1 where it is not `among` them."""
    return ints_of(pc.index_in(names, pa.array(among, pa.string())).fill_null(-1))


def _lockstep(place: Ints, found: Clusters) -> Excess:
    """The clusters by the promoters' `place` in them (-1: none of its invitees paid)."""
    known = place >= 0
    p, expected, observed = np.ones(len(place)), np.zeros(len(place)), np.zeros(len(place))
    p[known], expected[known] = found.p[place[known]], found.expected[place[known]]
    size = np.zeros(len(found.p))
    size[list(found.members)] = [len(rows) for rows in found.members.values()]
    observed[known] = size[place[known]]
    return Excess(observed, expected, p)


def _shared(given: Given) -> pa.Table:
    """Promoter and invitee where the invitee is in one group with others of the promoter's, and without the promoter."""
    member = given["group_member"]
    linked = member.filter(pc.equal(member["status"], "linked")).select(["account_id", "group_id"])
    own = linked.rename_columns(["account_id", "own_id"])
    invited = given["referrals"].select(["promoter_id", "invitee_id"])
    invited = invited.join(linked, "invitee_id", "account_id", "inner").join(own, "promoter_id", "account_id")
    apart = invited.filter(pc.fill_null(pc.not_equal(invited["group_id"], invited["own_id"]), fill_value=True))
    size = apart.group_by(["promoter_id", "group_id"]).aggregate([("invitee_id", "count")])
    several = size.filter(pc.greater(size["invitee_id_count"], 1))
    return apart.join(several.select(["promoter_id", "group_id"]), ["promoter_id", "group_id"], join_type="left semi")


def _ring(
    given: Given, promoter: str, n: int, p: float, q: float,
    lockstep: tuple[Excess, Sequence[str]], sharing: tuple[Excess, Sequence[str]],
) -> list[dict[str, Any]]:  # fmt: skip
    told, members = [], set[str]()
    for code, (part, ids) in (("CR01", lockstep), ("CR02", sharing)):
        if part.p[n] * 2 <= FDR and len(ids) >= LEAST_MEMBERS and part.observed[n] >= RATIO * part.expected[n]:
            told.append(reason(code, part, n, q, list(ids)))
            members |= set(ids)
    if not told:
        return []
    graph = subgraph(given["link"], promoter, members)
    if graph.number_of_edges() > len(members):
        told.append(_dense(graph, members, q))
    ring = "K" + hashlib.sha256(f"{promoter}|{min(members)}".encode()).hexdigest()[:16]
    flagged = q <= FDR
    rows = [detection("ring", ring, promoter, told, p=p, q=q, flagged=flagged)]
    if flagged and any(t["code"] == "CR01" for t in told):
        rows += [detection("invitee", a, promoter, told[:1], p=p, q=q, flagged=True) for a in lockstep[1]]
    return rows


def subgraph(link: pa.Table, promoter: str, members: set[str]) -> nx.Graph:
    """What an analyst sees: promoter and members, and the links among the members with their bits."""
    graph = nx.Graph()
    graph.add_node(promoter, role="promoter")
    graph.add_nodes_from(sorted(members), role="invitee")
    inside = pa.array(sorted(members), pa.string())
    pairs = link.filter(pc.and_(pc.is_in(link["account_a"], inside), pc.is_in(link["account_b"], inside)))
    for a, b, bits, outcome in zip(
        *(pairs[c].to_pylist() for c in ("account_a", "account_b", "match_weight", "outcome")), strict=True
    ):
        graph.add_edge(a, b, kind=outcome, bits=round(float(bits), 3))
    return graph


def _dense(graph: nx.Graph, members: set[str], q: float) -> dict[str, Any]:
    """CR03: links among the members, against one each."""
    edges = sorted((min(a, b), max(a, b), d["kind"]) for a, b, d in graph.edges(data=True))
    return {
        "code": "CR03", "observed": float(len(edges)), "expected": float(len(members)),
        "ratio": round(len(edges) / len(members), 2), "q": q, "ids": [" ".join(e) for e in edges[:MOST_EDGES]],
        "density": round(nx.density(graph.subgraph(members)), 6),
    }  # fmt: skip


__all__ = ["rule", "subgraph"]

"""Why two accounts are one user, and what holds a group together, out of the published tables of a run.

The pair is scored again by the very SQL that scored the run, on the two accounts' published evidence and with the
run's own model. Nothing here sees a raw identifier: values are shown as masks.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, pairwise
from pathlib import Path

import networkx as nx

from data_contracts.errors import NotFound, UsageError
from data_contracts.warehouse import Warehouse
from models.same_user import rescore
from models.same_user.explanation import (
    Against,
    Document,
    Explanation,
    Fall,
    GroupExplanation,
    Link,
    PairFacts,
    Piece,
    Silent,
)
from models.same_user.model import Model
from models.same_user.path import graph_of, strongest_path


def explain_pair(tables: Path, a: str, b: str) -> Explanation:
    """Explain two accounts from `<tables>/<stage>/<table>.parquet`. NotFound when an account is not in the run."""
    if a == b:
        raise UsageError("a pair is two accounts: name two different ones")
    one, other = min(a, b), max(a, b)
    with rescore.opened(tables) as wh:
        rescore.known(wh, (a, b))
        model = rescore.model_of(wh)
        pair = facts(wh, model, [(one, other)])[0]
        groups = {r[0]: (r[1], r[2]) for r in wh.execute(
            "select account_id, group_id, status from group_member where account_id in ($one, $other)", one=one, other=other
        )}  # fmt: skip
        together = one in groups and groups[one] == groups.get(other)
        group_id, status = groups[one] if together else ("", "")
        edges = group_edges(wh, group_id) if together else []
        path: tuple[PairFacts, ...] = ()
        if together and not pair.same:
            path = tuple(facts(wh, model, _steps(edges, one, other)))
        fall = facts(wh, model, _cut(edges, one, other)) if together else ([pair] if pair.same else [])
        if any(f.override == "must_link" for f in fall):
            fall = []  # no evidence need hold them
        return Explanation(
            together, pair, model.same_bits, group_id, status, path, tuple(silent(wh, one, other)),
            tuple(Fall(f.account_a, f.account_b, fewest_kinds(f, model)) for f in fall),
        )  # fmt: skip


def facts(wh: Warehouse, model: Model, pairs: list[tuple[str, str]]) -> list[PairFacts]:
    """Score pairs (a < b) again, in the order given."""
    found = rescore.score_pairs(wh, model, pairs)
    return [_facts(pair, found, model) for pair in pairs]


def _facts(pair: tuple[str, str], found: rescore.Scored, model: Model) -> PairFacts:
    pieces = tuple(Piece(*row) for row in found.pieces.get(pair, []))
    referred = pair in found.referrals
    alone = model.referral_prior_bits if referred else model.prior_bits
    referral, prior, bits, probability, outcome, override = found.totals.get(
        pair, (referred, alone, alone, model.probability(alone, referral=referred), "unrelated", "")
    )
    against = tuple(Against(*row) for row in found.against.get(pair, []))
    return PairFacts(
        *pair,
        referral,
        prior,
        bits,
        probability,
        outcome,
        override,
        corroborated(pieces),
        *found.homes.get(pair, (False, False)),
        pieces,
        against,
    )


def corroborated(pieces: Sequence[Piece]) -> bool:
    """Whether the kinds suffice for *same*: an identity document, or two rare kinds of which one is strong."""
    rare = [p for p in pieces if p.rare]
    return any(p.identifies for p in rare) or (len(rare) >= 2 and any(p.strong for p in rare))


def fewest_kinds(pair: PairFacts, model: Model) -> tuple[str, ...]:
    """The fewest kinds whose removal leaves the pair below *same*; among equals the ones with fewest bits."""
    kinds = [p.kind for p in pair.pieces]
    weight = {p.kind: p.full_bits for p in pair.pieces}
    for count in range(1, len(kinds) + 1):
        for gone in sorted(combinations(kinds, count), key=lambda c: (sum(weight[k] for k in c), c)):
            if not stays_same([p for p in pair.pieces if p.kind not in gone], pair, model):
                return tuple(sorted(gone))
    return ()


def stays_same(pieces: list[Piece], pair: PairFacts, model: Model) -> bool:
    """Whether these pieces alone would still make the pair the same. Without a hard one it may look like a household."""
    joint = min(model.joint_cap_bits, sum(p.full_bits for p in pieces if p.joint))
    against = sum(a.bits for a in pair.against if a.kind != "household")
    if not any(p.strong and not p.joint for p in pieces):
        against += _household(pieces, pair, model)
    bits = pair.prior_bits + joint + sum(p.full_bits for p in pieces if not p.joint) + against
    return bits >= model.same_bits and corroborated(pieces)


def _household(pieces: list[Piece], pair: PairFacts, model: Model) -> float:
    """What the looks of a household take off the pair, had it only these pieces; as `same_user_score.sql` does."""
    doors = [p for p in pair.pieces if p.kind == "address"]
    if pair.one_home and (not doors or doors[0] in pieces):
        return model.household_bits
    joint = [p for p in pieces if p.joint]
    whole, rest = (
        min(model.joint_cap_bits, sum(p.full_bits for p in some))
        for some in (joint, [p for p in joint if p.kind != "ip"])
    )
    return max(model.household_bits, rest - whole) if pair.went_round else 0.0


def explain_group(tables: Path, group_id: str) -> GroupExplanation:
    """How a group of the run holds together. NotFound when there is no such group."""
    with rescore.opened(tables) as wh:
        rows = wh.execute(
            "select account_id, status, cohesion from group_member where group_id = $group_id order by account_id",
            group_id=group_id,
        )
        if not rows:
            raise NotFound(f"group {group_id} is not in this run; `tongren promoter ID` names the groups of a promoter")
        edges = group_edges(wh, group_id)
        kinds = {(r[0], r[1]): (r[2], tuple(r[3])) for r in wh.execute(
            "select account_a, account_b, outcome, kinds from link"
            " semi join group_member on link.account_a = group_member.account_id and group_member.group_id = $group_id",
            group_id=group_id,
        )}  # fmt: skip
        documents = tuple(Document(mask, tuple(accounts)) for mask, accounts in wh.execute(
            "select any_value(mask), list(account_id order by account_id) from identifier_use semi join ("
            " select account_id from group_member where group_id = $group_id) using (account_id)"
            " where kind = 'id_doc' group by token order by count(*) desc, any_value(mask), min(account_id)",
            group_id=group_id,
        ))  # fmt: skip
    graph = nx.Graph()
    graph.add_weighted_edges_from(edges)
    tree = sorted(nx.maximum_spanning_edges(graph, data=True), key=lambda e: (-e[2]["weight"], min(e[:2]), max(e[:2])))
    described = tuple(
        Link(min(a, b), max(a, b), float(d["weight"]), *kinds[min(a, b), max(a, b)]) for a, b, d in tree
    )  # fmt: skip
    weakest = described[-1] if described else None
    return GroupExplanation(
        group_id, rows[0][1], rows[0][2], tuple(r[0] for r in rows), described, weakest, len(edges), documents
    )


def group_edges(wh: Warehouse, group_id: str) -> list[tuple[str, str, float]]:
    """The same pairs inside a group: (a, b, bits), ordered."""
    return [(r[0], r[1], float(r[2])) for r in wh.execute(
        "select link.account_a, link.account_b, link.match_weight from link"
        " inner join group_member as one on link.account_a = one.account_id"
        " inner join group_member as other on link.account_b = other.account_id and one.group_id = other.group_id"
        " where one.group_id = $group_id and link.outcome in ('same_person', 'same_controller') order by all",
        group_id=group_id,
    )]  # fmt: skip


def silent(wh: Warehouse, one: str, other: str) -> list[Silent]:
    """Identifiers that both hold and that were suppressed."""
    return [Silent(r[0], r[1], int(r[2]), r[3], str(r[4])) for r in wh.execute(
        "select v.kind, v.mask, v.entities, v.reason, v.suppressed_since from identifier_value as v"
        " where v.suppressed"
        " and exists (from identifier_use as u where u.account_id = $one and u.kind = v.kind and u.token = v.token)"
        " and exists (from identifier_use as u where u.account_id = $other and u.kind = v.kind and u.token = v.token)"
        " order by v.kind, v.token", one=one, other=other,
    )]  # fmt: skip


def _steps(edges: list[tuple[str, str, float]], one: str, other: str) -> list[tuple[str, str]]:
    names = sorted({n for a, b, _ in edges for n in (a, b)})
    number = {n: i for i, n in enumerate(names)}
    graph = graph_of([(number[a], number[b], round(w * 1e6)) for a, b, w in edges])
    path = [names[n] for n in strongest_path(graph, number[one], number[other])]
    return [(min(step), max(step)) for step in pairwise(path)]


def _cut(edges: list[tuple[str, str, float]], one: str, other: str) -> list[tuple[str, str]]:
    graph = nx.Graph()
    for a, b, bits in edges:
        graph.add_edge(a, b, capacity=round(bits * 1e6))
    _, (side, _) = nx.minimum_cut(graph, one, other)
    return [(a, b) for a, b, _ in edges if (a in side) != (b in side)]

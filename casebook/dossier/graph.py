"""Where the link graph's nodes and lines stand: promoter, what it shares, accounts, what these share among themselves.

Four columns, so that a reader follows one line from left to right; only geometry here, `graph.svg.j2` draws it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from casebook.dossier.facts import Facts

WIDTH = 960
ROW = 46
COLUMNS = (90, 330, 610, 860)
MOST_ACCOUNTS = 12
MOST_TOKENS = 18


@dataclass(frozen=True)
class Node:
    """One box. `role` is promoter, invitee, other or token; token nodes carry their kind, mask and holders."""

    key: str
    role: str
    x: float
    y: float
    about: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Line:
    """One line between two boxes. `width` grows with the bits; `strong` lines are on the strongest path."""

    x1: float
    y1: float
    x2: float
    y2: float
    width: float
    strong: bool

    @property
    def path(self) -> str:
        """The curve as SVG path data."""
        bend = (self.x2 - self.x1) / 2 if self.x1 != self.x2 else 60
        return (
            f"M{self.x1:.1f} {self.y1:.1f}C{self.x1 + bend:.1f} {self.y1:.1f} "
            f"{self.x2 - bend:.1f} {self.y2:.1f} {self.x2:.1f} {self.y2:.1f}"
        )


@dataclass(frozen=True)
class Graph:
    """The whole drawing. `left_out` accounts were too many to draw."""

    width: int
    height: int
    nodes: tuple[Node, ...]
    lines: tuple[Line, ...]
    left_out: int


def layout(facts: Facts) -> Graph | None:
    """The graph of one report, or None when nothing is shared."""
    promoter = facts["report"]["promoter_id"]
    accounts, left_out = _accounts(promoter, facts, facts["shares"])
    if len(accounts) == 1:
        return None
    shares = [s for s in facts["shares"] if s["account_a"] in accounts and s["account_b"] in accounts]
    tokens = _tokens(shares)
    edges = _edges(shares, tokens)
    strong = _strongest(promoter, accounts, shares)
    invitees = {r["invitee_id"] for r in facts["relations"]}
    invitees |= {m["account_id"] for m in facts["members"] if m["is_invitee"]}
    nodes = _place(promoter, accounts, tokens, edges, invitees)
    lines = tuple(_line(nodes[a], nodes[t], w, (a, t) in strong) for (a, t), w in sorted(edges.items()))
    height = int(max(n.y for n in nodes.values()) + 40)
    return Graph(WIDTH, height, tuple(nodes.values()), lines, left_out)


def _key(share: Mapping[str, Any]) -> str:
    """One identifier; without its token (the promoter's edition) kind and mask have to tell it apart."""
    return f"{share['kind']} {share.get('token') or share['mask']}"


def _accounts(promoter: str, facts: Facts, shares: Sequence[Mapping[str, Any]]) -> tuple[list[str], int]:
    """The promoter and the accounts with the heaviest links, heaviest first."""
    paired = {p["invitee_id"] for p in facts["pairs"]}
    weight: dict[str, float] = defaultdict(float)
    for s in shares:
        for account in (s["account_a"], s["account_b"]):
            weight[account] = max(weight[account], s.get("match_weight", 0.0))
    others = sorted((a for a in weight if a != promoter), key=lambda a: (a not in paired, -weight[a], a))
    return [promoter, *others[:MOST_ACCOUNTS]], max(0, len(others) - MOST_ACCOUNTS)


def _tokens(shares: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """The identifiers to draw, by node key: those that weigh most."""
    best: dict[str, Mapping[str, Any]] = {}
    for s in shares:
        key = _key(s)
        if key not in best or s.get("weight", 0.0) > best[key].get("weight", 0.0):
            best[key] = s
    kept = sorted(best, key=lambda k: (-best[k].get("weight", 0.0), k))[:MOST_TOKENS]
    return {k: best[k] for k in kept}


def _edges(shares: Sequence[Mapping[str, Any]], tokens: Mapping[str, Any]) -> dict[tuple[str, str], float]:
    edges: dict[tuple[str, str], float] = {}
    for s in shares:
        key = _key(s)
        if key in tokens:
            for account in (s["account_a"], s["account_b"]):
                edges[account, key] = max(edges.get((account, key), 0.0), s.get("weight", 0.0))
    return edges


def _strongest(promoter: str, accounts: Sequence[str], shares: Sequence[Mapping[str, Any]]) -> set[tuple[str, str]]:
    """Account-token lines on the widest path (weakest step as strong as can be) from the promoter to each account."""
    step: dict[tuple[str, str], tuple[float, float, str]] = {}
    for s in shares:
        rank = (s.get("match_weight", 0.0), s.get("weight", 0.0), _key(s))
        for pair in ((s["account_a"], s["account_b"]), (s["account_b"], s["account_a"])):
            step[pair] = max(step.get(pair, rank), rank)
    reach = {promoter: float("inf")}
    strong: set[tuple[str, str]] = set()
    while True:
        ways = [(min(reach[a], s[0]), a, b, s[2]) for (a, b), s in step.items() if a in reach and b not in reach]
        if not ways:
            return strong
        width, a, b, token = max(ways)
        reach[b] = width
        strong |= {(a, token), (b, token)}


def _place(
    promoter: str, accounts: Sequence[str], tokens: Mapping[str, Mapping[str, Any]],
    edges: Mapping[tuple[str, str], float], invitees: set[str],
) -> dict[str, Node]:  # fmt: skip
    of_promoter = [t for t in tokens if (promoter, t) in edges]
    among = [t for t in tokens if (promoter, t) not in edges]
    others = [a for a in accounts if a != promoter and any((a, t) in edges for t in tokens)]
    others.sort(key=lambda a: (_centre(a, of_promoter, edges), a))
    among.sort(key=lambda t: (_centre(t, others, {(t2, a2): w for (a2, t2), w in edges.items()}), t))
    tallest = max(len(of_promoter), len(others), len(among), 1)
    middle = 30 + tallest * ROW / 2
    nodes = {promoter: Node(promoter, "promoter", COLUMNS[0], middle)}
    for x, column in zip(COLUMNS[1:], (of_promoter, others, among), strict=True):
        top = middle - (len(column) - 1) * ROW / 2
        for place, key in enumerate(column):
            role = "token" if key in tokens else "invitee" if key in invitees else "other"
            nodes[key] = Node(key, role, x, top + place * ROW, tokens.get(key, {}))
    return nodes


def _centre(key: str, column: Sequence[str], edges: Mapping[tuple[str, str], float]) -> float:
    """Mean place of the neighbours in another column: keeps lines short and uncrossed."""
    places = [i for i, other in enumerate(column) if (key, other) in edges]
    return sum(places) / len(places) if places else float(len(column))


def _line(account: Node, token: Node, weight: float, strong: bool) -> Line:
    left, right = sorted((account, token), key=lambda n: n.x)
    return Line(left.x + 70, left.y, right.x - 70, right.y, round(1 + min(max(weight, 0.0), 30.0) / 12, 2), strong)

"""From same pairs to groups: components, then splits and reviews of what is thin or contradictory.

Pure functions over arrays; nothing depends on the order of rows or the names of accounts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from data_contracts.warehouse import Warehouse
from models.same_user.cut import Bridge, lightest_cuts, parting_cut, weak_bridges
from models.same_user.model import MICRO, Model, micro
from models.same_user.transient import hold, whole

SQL = Path(__file__).parent / "sql"
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Papers = Mapping[int, frozenset[int]]


@dataclass(frozen=True)
class Edges:
    """Same pairs, in numbers, a < b. `weight` is in millionths of a bit."""

    a: Ints
    b: Ints
    weight: Ints

    def __len__(self) -> int:
        return len(self.a)

    def take(self, keep: Bools) -> Edges:
        """Some of the edges."""
        return Edges(self.a[keep], self.b[keep], self.weight[keep])

    def across(self, side: Ints, rest: Ints) -> Bools:
        """Which edges run between two sets of accounts."""
        return (np.isin(self.a, side) & np.isin(self.b, rest)) | (np.isin(self.a, rest) & np.isin(self.b, side))


@dataclass(frozen=True)
class Groups:
    """Accounts in groups of two or more: `account` ascending, `label` the smallest account of its group.

    `size`, `cohesion` (millionths of a bit) and `review` are repeated on each account of a group.
    """

    account: Ints
    label: Ints
    size: Ints
    cohesion: Ints
    review: Bools


def components(a: Ints, b: Ints) -> tuple[Ints, Ints]:
    """Accounts that stand in an edge, ascending, and the smallest account that each is connected to."""
    nodes, index = np.unique(np.concatenate([a, b]), return_inverse=True)
    if not len(nodes):
        return nodes.astype(np.int64), nodes.astype(np.int64)
    one, other = index[: len(a)], index[len(a) :]
    graph = coo_array((np.ones(len(one), dtype=np.int8), (one, other)), shape=(len(nodes), len(nodes)))
    _, part = connected_components(graph, directed=False)
    smallest = np.full(part.max() + 1, np.iinfo(np.int64).max)
    np.minimum.at(smallest, part, nodes)
    return nodes, smallest[part]


def form(edges: Edges, apart: Edges, papers_of: Callable[[Ints], Papers], model: Model) -> Groups:
    """Groups out of same pairs.

    `apart` are pairs that an analyst parted: their group is cut between them at the fewest bits. `papers_of` gives the
    valid identity documents of accounts: two parts of a group that hang together by few bits and have other papers on
    each side are split; by a few more, the group waits for people.
    """
    edges = _honour(edges, apart)
    account, label = components(edges.a, edges.b)
    split, review = micro(model.groups["split_bits"]), micro(model.groups["review_bits"])
    doubtful: list[Bridge] = []
    while len(edges):
        bridges = weak_bridges(account, label, edges.a, edges.b, edges.weight, review)
        papers = papers_of(np.unique(np.concatenate([np.r_[f.side, f.rest] for f in bridges]))) if bridges else {}
        doubtful = [f for f in bridges if f.weight < review and contradictory(f, papers)]
        if not doubtful or doubtful[0].weight >= split:
            break
        edges = edges.take(~edges.across(doubtful[0].side, doubtful[0].rest))
        account, label = components(edges.a, edges.b)
    waiting = np.array(sorted({int(min(f.side[0], f.rest[0])) for f in doubtful}), dtype=np.int64)
    return _described(account, label, edges, waiting, model)


def contradictory(bridge: Bridge, papers: Papers) -> bool:
    """Whether both sides have valid identity documents and share none."""
    one: set[int] = set().union(*(papers.get(n, frozenset()) for n in bridge.side.tolist()))
    other: set[int] = set().union(*(papers.get(n, frozenset()) for n in bridge.rest.tolist()))
    return bool(one) and bool(other) and not one & other


def _honour(edges: Edges, apart: Edges) -> Edges:
    """Cut every group that holds a parted pair between the two, until no group does."""
    while len(apart):
        account, label = components(edges.a, edges.b)
        of = dict(zip(account.tolist(), label.tolist(), strict=True))
        pairs = zip(apart.a.tolist(), apart.b.tolist(), strict=True)
        held = [(a, b) for a, b in pairs if a in of and of[a] == of.get(b)]
        if not held:
            break
        a, b = min(held)
        members = account[label == of[a]]
        inside = np.isin(edges.a, members)
        side = parting_cut(edges.a[inside], edges.b[inside], edges.weight[inside], a, b)
        edges = edges.take(~edges.across(side, np.setdiff1d(members, side)))
    return edges


def _described(account: Ints, label: Ints, edges: Edges, waiting: Ints, model: Model) -> Groups:
    names, cohesion = lightest_cuts(account, label, edges.a, edges.b, edges.weight)
    index = np.searchsorted(names, label)
    size = np.bincount(index, minlength=len(names)).astype(np.int64)
    pairs = np.bincount(index[np.searchsorted(account, edges.a)], minlength=len(names))
    limits = model.groups
    thin = (size > 2) & (pairs < limits["review_density"] * size * (size - 1) / 2)
    review = np.isin(names, waiting) | thin | (size > limits["review_size"])
    return Groups(account, label, size[index], cohesion[index], review[index])


def build(wh: Warehouse, model: Model) -> None:
    """Make the transient `same_user_group` (account_no, label_no, group_size, cohesion, status)."""
    same = whole(
        wh,
        "select a, b, match_ubits from same_user_link where outcome in ('same_person', 'same_controller') order by a, b",
    )
    parted = whole(wh, "select a, b, 0 as weight from same_user_override where kind = 'cannot_link' order by a, b")
    found = form(Edges(*same), Edges(*parted), lambda accounts: _papers(wh, accounts), model)
    table = pa.table({
        "account_no": found.account, "label_no": found.label, "group_size": found.size,
        "cohesion": found.cohesion / MICRO, "status": np.where(found.review, "needs_review", "linked"),
    })  # fmt: skip
    hold(wh, "same_user_group", table)


def _papers(wh: Warehouse, accounts: Ints) -> Papers:
    hold(wh, "same_user_crowd", pa.table({"account_no": accounts}))
    wh.make(SQL / "same_user_document.sql")
    found: dict[int, set[int]] = {}
    for account, document in wh.execute("select account_no, document_no from same_user_document order by all"):
        found.setdefault(int(account), set()).add(int(document))
    return {account: frozenset(held) for account, held in found.items()}

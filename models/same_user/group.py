"""From same pairs to groups: components, then the cut that holds each group together, splits and reviews.

Pure functions over arrays; nothing depends on the order of rows or the names of accounts.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from data_contracts.warehouse import Warehouse
from models.same_user.cut import lightest_cuts, parting_cut
from models.same_user.model import MICRO, Model, micro
from models.same_user.transient import hold, whole

SQL = Path(__file__).parent / "sql"
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Edges:
    """Same pairs, in numbers. `weight` is in millionths of a bit; `differ` where two papers differ on the pair."""

    a: Ints
    b: Ints
    weight: Ints

    def __len__(self) -> int:
        return len(self.a)

    def take(self, keep: Bools | Ints) -> Edges:
        """Some of the edges."""
        return Edges(self.a[keep], self.b[keep], self.weight[keep])


@dataclass(frozen=True)
class Groups:
    """Accounts in groups of two or more: `account` ascending, `label` the smallest account of its group.

    `cohesion` (millionths of a bit) and `review` are repeated on each account of a group.
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


def form(edges: Edges, apart: Edges, papers: dict[int, frozenset[int]], model: Model) -> Groups:
    """Groups out of same pairs.

    `apart` are pairs that an analyst parted: their group is cut between them at the fewest bits. `papers` maps an
    account to its valid identity documents: a group whose lightest cut is thin and has other papers on its two sides
    is split there.
    """
    edges = _honour(edges, apart)
    while True:
        account, label = components(edges.a, edges.b)
        cuts = lightest_cuts(account, label, edges.a, edges.b, edges.weight)
        crossing = np.zeros(len(edges), dtype=np.bool_)
        for cut in cuts.values():
            if cut.weight < micro(model.groups["split_bits"]) and contradictory(cut.side, cut.rest, papers):
                inside = np.isin(edges.a, cut.side) ^ np.isin(edges.b, cut.side)
                crossing |= inside & np.isin(edges.a, np.concatenate([cut.side, cut.rest]))
        if not crossing.any():
            break
        edges = edges.take(~crossing)
    return _described(account, label, edges, {k: c.weight for k, c in cuts.items()}, model)


def contradictory(side: Ints, rest: Ints, papers: dict[int, frozenset[int]]) -> bool:
    """Whether both sides have valid identity documents and share none."""
    one: set[int] = set().union(*(papers.get(int(n), frozenset()) for n in side))
    other: set[int] = set().union(*(papers.get(int(n), frozenset()) for n in rest))
    return bool(one) and bool(other) and not one & other


def _honour(edges: Edges, apart: Edges) -> Edges:
    """Cut every group that holds a parted pair between the two, until no group does."""
    while len(apart):
        account, label = components(edges.a, edges.b)
        of = dict(zip(account.tolist(), label.tolist(), strict=True))
        held = [(a, b) for a, b in zip(apart.a.tolist(), apart.b.tolist(), strict=True) if a in of and of[a] == of.get(b)]
        if not held:
            break
        a, b = min(held)
        inside = np.isin(edges.a, account[label == of[a]])
        side = parting_cut(edges.a[inside], edges.b[inside], edges.weight[inside], a, b)
        edges = edges.take(~(inside & (np.isin(edges.a, side) ^ np.isin(edges.b, side))))
    return edges


def _described(account: Ints, label: Ints, edges: Edges, cohesion: dict[int, int], model: Model) -> Groups:
    names, index, size = np.unique(label, return_inverse=True, return_counts=True)
    held = np.array([cohesion[int(n)] for n in names], dtype=np.int64)
    pairs = np.zeros(len(names), dtype=np.int64)
    if len(edges):
        np.add.at(pairs, index[np.searchsorted(account, edges.a)], 1)
    density = pairs / np.maximum(size * (size - 1) / 2, 1)
    limits = model.groups
    review = (size > limits["review_size"]) | (
        (size > 2) & ((held < micro(limits["review_bits"])) | (density < limits["review_density"]))
    )
    return Groups(account, label, size[index], held[index], review[index])


def build(wh: Warehouse, model: Model) -> None:
    """Make the transient `same_user_group` (account_no, label_no, size, cohesion, status) from `same_user_link`."""
    same = whole(
        wh,
        "select a, b, match_ubits from same_user_link where outcome in ('same_person', 'same_controller') order by a, b",
    )
    parted = whole(wh, "select a, b, 0 as weight from same_user_override where kind = 'cannot_link' order by a, b")
    found = form(Edges(*same), Edges(*parted), _papers(wh), model)
    table = pa.table({
        "account_no": found.account, "label_no": found.label, "group_size": found.size,
        "cohesion": found.cohesion / MICRO, "status": np.where(found.review, "needs_review", "linked"),
    })  # fmt: skip
    hold(wh, "same_user_group", table)


def _papers(wh: Warehouse) -> dict[int, frozenset[int]]:
    wh.make(SQL / "same_user_document.sql")
    found: dict[int, set[int]] = {}
    for account, document in wh.execute("select account_no, document_no from same_user_document order by all"):
        found.setdefault(int(account), set()).add(int(document))
    return {account: frozenset(held) for account, held in found.items()}

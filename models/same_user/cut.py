"""Cuts of groups, in whole weights: the lightest cut of each group, its weak bridges, and the cut that parts two accounts."""

from __future__ import annotations

from dataclasses import dataclass

import networkx as nx
import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import minimum_spanning_tree

Ints = npt.NDArray[np.int64]
WHOLE = 400  # of larger groups only the lightest member is looked at: they go to people anyway
BATCH = 4_000_000  # cells of the stacked matrices that are worked on at once


@dataclass(frozen=True)
class Bridge:
    """A link of the maximum spanning tree whose fall parts a group: `weight` of all links across, and the two sides."""

    weight: int
    side: Ints
    rest: Ints


def lightest_cuts(account: Ints, label: Ints, a: Ints, b: Ints, weight: Ints) -> tuple[Ints, Ints]:
    """Labels, ascending, and the weight of each group's lightest cut. `account` ascends; edges lie inside groups.

    Stoer and Wagner's algorithm (J. ACM 44, 1997), run on all groups of one size at once.
    """
    order = np.lexsort((account, label))
    names, first, size = np.unique(label[order], return_index=True, return_counts=True)
    place = np.empty(len(account), dtype=np.int64)
    place[order] = np.arange(len(account)) - np.repeat(first, size)
    ia, ib = np.searchsorted(account, a), np.searchsorted(account, b)
    group = np.searchsorted(names, label[ia])
    by_size = np.argsort(size[group], kind="stable")
    sizes = size[group][by_size]
    found = np.zeros(len(names), dtype=np.int64)
    for n in np.unique(size).tolist():
        here = np.flatnonzero(size == n)
        chosen = by_size[slice(*np.searchsorted(sizes, [n, n + 1]))]
        row = np.searchsorted(here, group[chosen])
        step = max(1, BATCH // (n * n))
        for start in range(0, len(here), step):
            part = (row >= start) & (row < start + step)
            picked = chosen[part]
            cells = np.zeros((min(step, len(here) - start), n, n), dtype=np.int64)
            np.add.at(cells, (row[part] - start, place[ia[picked]], place[ib[picked]]), weight[picked])
            cells += cells.transpose(0, 2, 1)
            lightest = _stacked(cells) if 2 < n <= WHOLE else cells.sum(axis=2).min(axis=1)
            found[here[start : start + step]] = lightest
    return names, found


def _stacked(cells: Ints) -> Ints:
    """Lightest cuts of stacked weight matrices: (graphs, n, n) to (graphs,). Consumes `cells`."""
    graphs, n, _ = cells.shape
    rows = np.arange(graphs)
    alive = np.ones((graphs, n), dtype=np.bool_)
    best = np.full(graphs, np.iinfo(np.int64).max)
    for left in range(n, 1, -1):
        tied = np.where(alive, 0, -1).astype(np.int64)
        last = before = phase = np.zeros(graphs, dtype=np.int64)
        for _ in range(left):
            before, last = last, tied.argmax(axis=1)
            phase = tied[rows, last]
            tied = np.where(tied >= 0, tied + cells[rows, last], -1)
            tied[rows, last] = -1
        best = np.minimum(best, phase)
        # the last vertex of the phase becomes one with the one before it
        cells[rows, before] += cells[rows, last]
        cells[rows, :, before] += cells[rows, :, last]
        cells[rows, before, before] = 0
        cells[rows, last] = 0
        cells[rows, :, last] = 0
        alive[rows, last] = False
    return best


def weak_bridges(account: Ints, label: Ints, a: Ints, b: Ints, weight: Ints, below: int) -> list[Bridge]:
    """Links of the groups' maximum spanning trees that weigh less than `below` and have two or more accounts on either
    side, each with the whole weight across the cut that it makes; by weight, then by side."""
    ia, ib = np.searchsorted(account, a), np.searchsorted(account, b)
    shape = (len(account), len(account))
    tree = minimum_spanning_tree(coo_array((-weight.astype(np.float64), (ia, ib)), shape=shape)).tocoo()
    both_ways = (tree + tree.T).tocsr()
    degree = np.diff(both_ways.indptr)
    weak = np.flatnonzero((-tree.data < below) & (degree[tree.row] > 1) & (degree[tree.col] > 1))
    members, edges = _ByLabel(label), _ByLabel(label[ia])
    found = []
    for at in weak.tolist():
        one, other = int(tree.row[at]), int(tree.col[at])
        group = int(label[one])
        side = _side(both_ways.indptr, both_ways.indices, one, other)
        inside = edges[group]
        across = np.isin(ia[inside], side) ^ np.isin(ib[inside], side)
        rest = np.setdiff1d(members[group], side)
        found.append(Bridge(int(weight[inside][across].sum()), account[side], account[rest]))
    return sorted(found, key=lambda f: (f.weight, f.side.tolist()))


class _ByLabel:
    """Positions by label, ascending; a lookup costs no more than its answer."""

    def __init__(self, label: Ints) -> None:
        self.order = np.argsort(label, kind="stable")
        self.sorted = label[self.order]

    def __getitem__(self, label: int) -> Ints:
        low, high = np.searchsorted(self.sorted, [label, label + 1])
        return self.order[low:high]


def _side(start: Ints, neighbour: Ints, one: int, other: int) -> Ints:
    """What hangs on `one` when the tree's link to `other` is gone, ascending."""
    seen, waiting = {one}, [one]
    while waiting:
        node = waiting.pop()
        for to in neighbour[start[node] : start[node + 1]].tolist():
            if to not in seen and not (node == one and to == other):
                seen.add(to)
                waiting.append(to)
    return np.array(sorted(seen), dtype=np.int64)


def parting_cut(a: Ints, b: Ints, weight: Ints, one: int, other: int) -> Ints:
    """The accounts on `one`'s side of the lightest cut that parts it from `other`."""
    graph = nx.Graph()
    graph.add_weighted_edges_from(zip(a.tolist(), b.tolist(), weight.tolist(), strict=True), weight="capacity")
    _, (side, _) = nx.minimum_cut(graph, one, other)
    return np.array(sorted(side), dtype=np.int64)

"""The lightest cut of a group: how few bits hold it together, and where it would part.

Stoer and Wagner's algorithm (J. ACM 44, 1997), run on all groups of one size at once; integers throughout.
"""

from __future__ import annotations

from dataclasses import dataclass

import networkx as nx
import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
WHOLE = 400  # larger groups are cut at their lightest member: they go to people anyway
BATCH = 20_000_000  # cells of the stacked matrices that are worked on at once


@dataclass(frozen=True)
class Cut:
    """`weight` in the units of the edges; `side` and `rest` are the accounts of the two parts, ascending."""

    weight: int
    side: Ints
    rest: Ints


def lightest_cuts(account: Ints, label: Ints, a: Ints, b: Ints, weight: Ints) -> dict[int, Cut]:
    """The lightest cut of each group, by label. `account` ascends; edges lie inside groups."""
    order = np.lexsort((account, label))
    names, first, size = np.unique(label[order], return_index=True, return_counts=True)
    place = np.empty(len(account), dtype=np.int64)
    place[order] = np.arange(len(account)) - np.repeat(first, size)
    group = np.searchsorted(names, label)
    ia, ib = np.searchsorted(account, a), np.searchsorted(account, b)
    edge_group = group[ia]
    edge_size = size[edge_group]
    by_size = np.argsort(edge_size, kind="stable")
    found: dict[int, Cut] = {}
    for n in np.unique(size).tolist():
        here = np.flatnonzero(size == n)
        low, high = np.searchsorted(edge_size[by_size], [n, n + 1])
        chosen = by_size[low:high]
        row = np.searchsorted(here, edge_group[chosen])
        members = account[order][first[here][:, None] + np.arange(n)]
        step = max(1, BATCH // (n * n))
        for start in range(0, len(here), step):
            part = (row >= start) & (row < start + step)
            picked = chosen[part]
            cells = np.zeros((min(step, len(here) - start), n, n), dtype=np.int64)
            np.add.at(cells, (row[part] - start, place[ia[picked]], place[ib[picked]]), weight[picked])
            cells += cells.transpose(0, 2, 1)
            best, inside = _stacked(cells) if n <= WHOLE else _lightest_member(cells)
            for i in range(len(cells)):
                who = members[start + i]
                found[int(names[here[start + i]])] = Cut(int(best[i]), who[inside[i]], who[~inside[i]])
    return found


def _lightest_member(cells: Ints) -> tuple[Ints, npt.NDArray[np.bool_]]:
    degree = cells.sum(axis=2)
    inside = np.zeros(degree.shape, dtype=np.bool_)
    inside[np.arange(len(cells)), degree.argmin(axis=1)] = True
    return degree.min(axis=1), inside


def _stacked(cells: Ints) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Lightest cuts of stacked weight matrices (graphs, n, n): weights (graphs,) and one side (graphs, n)."""
    graphs, n, _ = cells.shape
    rows = np.arange(graphs)
    cells = cells.copy()
    merged = np.broadcast_to(np.eye(n, dtype=np.bool_), (graphs, n, n)).copy()
    alive = np.ones((graphs, n), dtype=np.bool_)
    best = np.full(graphs, np.iinfo(np.int64).max)
    inside = np.zeros((graphs, n), dtype=np.bool_)
    for left in range(n, 1, -1):
        tied = np.full((graphs, n), -1, dtype=np.int64)
        tied[alive] = 0
        last = before = np.zeros(graphs, dtype=np.int64)
        phase = np.zeros(graphs, dtype=np.int64)
        for _ in range(left):
            before, last = last, tied.argmax(axis=1)
            phase = tied[rows, last]
            tied += np.where(tied >= 0, cells[rows, last], 0)
            tied[rows, last] = -1
        lighter = phase < best
        best = np.where(lighter, phase, best)
        inside[lighter] = merged[rows, last][lighter]
        # the last vertex of the phase becomes one with the one before it
        cells[rows, before] += cells[rows, last]
        cells[rows, :, before] += cells[rows, :, last]
        cells[rows, before, before] = 0
        cells[rows, last] = 0
        cells[rows, :, last] = 0
        merged[rows, before] |= merged[rows, last]
        alive[rows, last] = False
    return best, inside


def parting_cut(a: Ints, b: Ints, weight: Ints, one: int, other: int) -> Ints:
    """The accounts on `one`'s side of the lightest cut that parts it from `other`."""
    graph = nx.Graph()
    graph.add_weighted_edges_from(zip(a.tolist(), b.tolist(), weight.tolist(), strict=True), weight="capacity")
    _, (side, _) = nx.minimum_cut(graph, one, other)
    return np.array(sorted(side), dtype=np.int64)

"""The strongest path between two accounts of a group: the one whose weakest step has the most bits."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence

Graph = Mapping[int, Mapping[int, int]]  # account to neighbour to weight, both ways
MOST_HOPS = 3


def graph_of(edges: Sequence[tuple[int, int, int]]) -> dict[int, dict[int, int]]:
    """Both directions of (a, b, weight) edges."""
    found: dict[int, dict[int, int]] = {}
    for a, b, weight in edges:
        found.setdefault(a, {})[b] = weight
        found.setdefault(b, {})[a] = weight
    return found


def strongest_path(graph: Graph, one: int, other: int, most_hops: int = MOST_HOPS) -> list[int]:
    """Accounts from `one` to `other`, both included; of at most `most_hops` steps when there is such a path.

    Ties go to fewer steps, then to smaller accounts. Empty when the two are not connected.
    """
    return _within(graph, one, other, most_hops) or _widest(graph, one, other)


def _within(graph: Graph, one: int, other: int, most_hops: int) -> list[int]:
    layers: list[dict[int, tuple[int, int]]] = [{one: (1 << 62, -1)}]
    for _ in range(most_hops):
        layer: dict[int, tuple[int, int]] = {}
        for node, (held, _from) in sorted(layers[-1].items()):
            for to, weight in graph.get(node, {}).items():
                reach = min(held, weight)
                if to not in layer or reach > layer[to][0]:
                    layer[to] = (reach, node)
        layers.append(layer)
    reached = [(-layer[other][0], hops) for hops, layer in enumerate(layers) if hops and other in layer]
    if not reached:
        return []
    hops = min(reached)[1]
    path = [other]
    for layer in reversed(layers[1 : hops + 1]):
        path.append(layer[path[-1]][1])
    return path[::-1]


def _widest(graph: Graph, one: int, other: int) -> list[int]:
    waiting: list[tuple[int, int, int, int]] = [(-(1 << 62), 0, one, -1)]
    came_from: dict[int, int] = {}
    while waiting:
        held, hops, node, before = heapq.heappop(waiting)
        if node in came_from:
            continue
        came_from[node] = before
        if node == other:
            break
        for to, weight in graph.get(node, {}).items():
            if to not in came_from:
                heapq.heappush(waiting, (max(held, -weight), hops + 1, to, node))
    if other not in came_from:
        return []
    path = [other]
    while path[-1] != one:
        path.append(came_from[path[-1]])
    return path[::-1]

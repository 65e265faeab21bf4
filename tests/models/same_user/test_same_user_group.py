"""Groups against networkx and a plain union-find, cuts against networkx, splits, reviews and analysts' words."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, pairwise
from typing import Any

import networkx as nx
import numpy as np
import pytest
from linked_accounts import Build, sighting, uses

from features.sharing import smallest_reachable
from models import same_user
from models.same_user.cut import lightest_cuts, weak_bridges
from models.same_user.group import Edges, Groups, components, form
from models.same_user.path import graph_of, strongest_path
from tests.counts import SOAK, SoakCount

Ints = np.ndarray[Any, np.dtype[np.int64]]


def union_find(a: Ints, b: Ints) -> dict[int, int]:
    parent: dict[int, int] = {}

    def root(n: int) -> int:
        parent.setdefault(n, n)
        while parent[n] != n:
            parent[n] = parent[parent[n]]
            n = parent[n]
        return n

    for one, other in zip(a.tolist(), b.tolist(), strict=True):
        low, high = sorted((root(one), root(other)))
        parent[high] = low
    return {n: root(n) for n in list(parent)}


def graphs() -> list[tuple[str, Ints, Ints]]:
    rng = np.random.default_rng(3)
    found = [
        ("star", np.zeros(5000, dtype=np.int64), np.arange(1, 5001)),
        ("chain", np.arange(100_000), np.arange(1, 100_001)),
        (
            "shuffled chain",
            *np.split(rng.permutation(100_001)[np.stack([np.arange(100_000), np.arange(1, 100_001)])], 2),
        ),
        ("loops and repeats", np.array([1, 1, 2, 7]), np.array([1, 2, 1, 7])),
    ]
    found = [(name, np.ravel(a), np.ravel(b)) for name, a, b in found]
    for edges in [*([40] * 60), *([400] * 20), 100_000]:
        nodes = int(rng.integers(edges // 2 + 2, edges * 2))
        found.append((f"random {edges}", rng.integers(0, nodes, edges), rng.integers(0, nodes, edges)))
    return found


def test_components_equal_networkx_and_a_plain_union_find_and_the_sharing_labels() -> None:
    for name, a, b in graphs():
        account, label = components(a, b)
        ours = dict(zip(account.tolist(), label.tolist(), strict=True))
        assert ours == union_find(a, b), name
        nodes, reached = smallest_reachable(a, b)
        assert ours == dict(zip(nodes.tolist(), reached.tolist(), strict=True)), name
        if len(a) <= 5000:
            graph = nx.Graph(zip(a.tolist(), b.tolist(), strict=True))
            assert ours == {n: min(part) for part in nx.connected_components(graph) for n in part}, name


def test_random_graphs_equal_networkx_and_a_plain_union_find(soak_count: SoakCount) -> None:
    """Sizes spread evenly over the orders of magnitude; the largest has a hundred thousand edges, in a soak a million."""
    graphs = 1000 if SOAK else 10
    large = [1_000_000] if SOAK else [100_000]
    soak_count("group_graphs", graphs)
    rng = np.random.default_rng(5)
    for edges in [*large, *(10 ** rng.uniform(1, 4, graphs - len(large))).astype(int).tolist()]:
        # from a forest of crumbs to one giant: fewer nodes than edges, or many more
        nodes = max(2, int(edges * 10 ** rng.uniform(-0.5, 0.7)))
        a, b = rng.integers(0, nodes, edges), rng.integers(0, nodes, edges)
        account, label = components(a, b)
        ours = dict(zip(account.tolist(), label.tolist(), strict=True))
        assert ours == union_find(a, b), (edges, nodes)
        graph = nx.Graph(zip(a.tolist(), b.tolist(), strict=True))
        assert ours == {n: min(part) for part in nx.connected_components(graph) for n in part}, (edges, nodes)


@pytest.mark.parametrize("seed", range(6))
def test_groups_are_the_components_and_no_parted_pair_stays_together(seed: int) -> None:
    """Without papers nothing is a contradiction, so that groups are components; an analyst's word cuts inside them alone."""
    edges, rng, model = random_edges(seed, 60, 80), np.random.default_rng(seed), same_user.load()
    nothing = Edges(*(np.zeros(0, dtype=np.int64),) * 3)
    whole = form(edges, nothing, lambda _: {}, model)
    account, label = components(edges.a, edges.b)
    assert (whole.account.tolist(), whole.label.tolist()) == (account.tolist(), label.tolist())
    one, other = rng.choice(account, 12), rng.choice(account, 12)
    apart = Edges(
        np.minimum(one, other)[one != other],
        np.maximum(one, other)[one != other],
        np.zeros(int((one != other).sum()), dtype=np.int64),
    )
    cut = form(edges, apart, lambda _: {}, model)
    of, was = (dict(zip(g.account.tolist(), g.label.tolist(), strict=True)) for g in (cut, whole))
    assert all(a not in of or of[a] != of.get(b) for a, b in zip(apart.a.tolist(), apart.b.tolist(), strict=True))
    assert all(was[n] == was[to] for n, to in of.items()), "a cut never joins"
    graph = nx.Graph(zip(edges.a.tolist(), edges.b.tolist(), strict=True))
    for group in set(of.values()):
        assert nx.is_connected(graph.subgraph(n for n, to in of.items() if to == group))


def random_edges(seed: int, nodes: int, edges: int) -> Edges:
    rng = np.random.default_rng(seed)
    pairs = sorted({(int(min(p)), int(max(p))) for p in rng.integers(0, nodes, (edges, 2)) if p[0] != p[1]})
    a, b = (np.array([p[i] for p in pairs], dtype=np.int64) for i in (0, 1))
    return Edges(a, b, rng.integers(6_000_000, 30_000_000, len(a)))


@pytest.mark.parametrize("seed", range(12))
def test_lightest_cuts_equal_stoer_and_wagner_of_networkx(seed: int) -> None:
    edges = random_edges(seed, 60, 50 + 8 * seed)
    account, label = components(edges.a, edges.b)
    names, weight = lightest_cuts(account, label, edges.a, edges.b, edges.weight)
    graph = nx.Graph()
    graph.add_weighted_edges_from(zip(edges.a.tolist(), edges.b.tolist(), edges.weight.tolist(), strict=True))
    for part in nx.connected_components(graph):
        expected, _ = nx.stoer_wagner(graph.subgraph(part))
        assert weight[np.searchsorted(names, min(part))] == expected


@pytest.mark.parametrize("seed", range(8))
def test_strongest_paths_equal_all_paths_tried(seed: int) -> None:
    edges = random_edges(seed, 9, 14)
    triples = list(zip(edges.a.tolist(), edges.b.tolist(), edges.weight.tolist(), strict=True))
    graph = nx.Graph()
    graph.add_weighted_edges_from(triples)
    weight = {frozenset((a, b)): w for a, b, w in triples}

    def strength(path: list[int]) -> int:
        return min(weight[frozenset(step)] for step in pairwise(path))

    for one, other in combinations(sorted(graph), 2):
        ours = strongest_path(graph_of(triples), one, other)
        every = list(nx.all_simple_paths(graph, one, other))
        short = [p for p in every if len(p) <= 4] or every
        assert bool(ours) == bool(every)
        if every:
            assert strength(ours) == max(strength(p) for p in short)


def formed(
    edges: list[tuple[int, int, float]],
    papers: dict[int, str] | None = None,
    apart: Sequence[tuple[int, int]] = (),
) -> Groups:
    a, b = (np.array([e[i] for e in edges], dtype=np.int64) for i in (0, 1))
    weight = np.array([round(e[2] * 1e6) for e in edges], dtype=np.int64)
    x, y = (np.array([p[i] for p in apart], dtype=np.int64) for i in (0, 1))
    known = {n: frozenset({hash(p)}) for n, p in (papers or {}).items()}
    return form(Edges(a, b, weight), Edges(x, y, np.zeros(len(x), dtype=np.int64)), lambda _: known, same_user.load())


TWO_CLUSTERS = [(1, 2, 20.0), (3, 4, 20.0), (2, 3, 4.6)]


def test_two_clusters_with_their_own_papers_are_split_at_a_thin_bridge() -> None:
    found = formed(TWO_CLUSTERS, {1: "x", 4: "y"})
    assert found.label.tolist() == [1, 1, 3, 3]
    assert found.cohesion.tolist() == [20_000_000] * 4


def test_a_bridge_that_is_a_little_stronger_waits_for_people() -> None:
    found = formed([(1, 2, 20.0), (3, 4, 20.0), (2, 3, 4.9)], {1: "x", 4: "y"})
    assert found.label.tolist() == [1] * 4
    assert found.review.all()


def test_a_thin_bridge_without_contradiction_holds() -> None:
    found = formed(TWO_CLUSTERS, {1: "x"})
    assert found.label.tolist() == [1] * 4
    assert not found.review.any()
    assert found.cohesion[0] == 4_600_000


def test_a_bridge_that_is_not_alone_is_no_bridge() -> None:
    found = formed([*TWO_CLUSTERS, (1, 4, 4.6)], {1: "x", 4: "y"})
    assert found.label.tolist() == [1] * 4


def test_parted_accounts_are_cut_at_the_fewest_bits() -> None:
    found = formed([(1, 2, 9.0), (2, 3, 7.0), (3, 4, 9.0)], apart=[(1, 4)])
    assert found.label.tolist() == [1, 1, 3, 3]


def test_adding_an_edge_only_merges_and_removing_one_never_does() -> None:
    edges = random_edges(7, 80, 70)
    whole = dict(zip(*(x.tolist() for x in components(edges.a, edges.b)), strict=True))
    for gone in range(0, len(edges), 7):
        keep = np.arange(len(edges)) != gone
        part = dict(zip(*(x.tolist() for x in components(edges.a[keep], edges.b[keep])), strict=True))
        assert all(whole[n] == whole[label] for n, label in part.items())


def test_weak_bridges_have_two_accounts_on_either_side() -> None:
    account = np.arange(1, 6)
    a, b = np.array([1, 2, 3, 4]), np.array([2, 3, 4, 5])
    found = weak_bridges(account, np.ones(5, dtype=np.int64), a, b, np.array([5, 5, 5, 5]), 10)
    assert [(f.side.tolist(), f.rest.tolist()) for f in found] == [([1, 2], [3, 4, 5]), ([1, 2, 3], [4, 5])]


def word(kind: str, a: str = "A", b: str = "B", **more: Any) -> dict[str, Any]:
    return {"override_id": kind, "kind": kind, "account_a": a, "account_b": b, "to_at": None, **more}


def test_a_must_link_joins_and_a_cannot_link_wins(link: Build) -> None:
    rows = [*uses("A", phone="1"), *uses("B", phone="2")]
    assert link(rows, books_override=[word("must_link")]).execute("select count(*) from group_member") == [(2,)]
    both = [word("must_link"), word("cannot_link", "B", "A")]
    assert link(rows, books_override=both).execute("select count(*) from group_member") == [(0,)]


def test_a_cannot_link_parts_what_others_connect(link: Build) -> None:
    rows = [
        *uses("A", payment="p", ip="i"), *uses("M", payment="p", ip="i", id_doc="d"), sighting("B", "id_doc", "id_doc-d"),
    ]  # fmt: skip
    wh = link(rows, books_override=[word("cannot_link")])
    assert wh.execute("select account_id from group_member order by all") == [("B",), ("M",)]


def test_an_expired_word_is_not_in_force(link: Build) -> None:
    rows = [sighting(a, "id_doc", "d") for a in "AB"]
    from datetime import UTC, datetime

    expired = word("cannot_link", to_at=datetime(2025, 6, 1, tzinfo=UTC))
    assert link(rows, books_override=[expired]).execute("select count(*) from group_member") == [(2,)]

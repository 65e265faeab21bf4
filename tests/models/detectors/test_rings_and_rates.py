"""Shares against peers, rings in lockstep and the order in which detectors run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import networkx as nx
import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import betabinom, combine_pvalues

from data_contracts.contract import contracts
from models import detectors
from models.detectors.collusion_ring.lockstep import clusters
from models.detectors.collusion_ring.rule import subgraph
from models.detectors.counts import Peers, fit_peers, level_tail, share_tail, window_tail
from models.detectors.rates import Excess, excess, jointly

BEGIN = datetime(2025, 3, 1, tzinfo=UTC)


def test_every_detector_runs_after_those_whose_tables_it_reads() -> None:
    made: set[str] = set()
    for card in detectors.cards():
        if "detection" in card.reads:
            others = [c for c in detectors.cards() if c.name != card.name]
            assert made >= {t for c in others for t in c.about.get("writes", ())}
        assert {t for t in card.reads if t not in contracts()} <= made
        made |= set(card.about.get("writes", ()))
    assert detectors.cards()[-1].name == "audit_sample"


def test_a_share_far_above_the_peers_has_a_small_p_and_peers_have_not() -> None:
    rng = np.random.default_rng(1)
    trials = np.full(60, 40.0)
    observed = rng.binomial(40, 0.05, size=60).astype(np.float64)
    observed[7] = 25.0
    part = excess(observed, trials, np.arange(60, dtype=np.int64))
    assert part.p[7] < 1e-6 and np.delete(part.p, 7).min() > 1e-3
    assert part.expected[7] == pytest.approx(2.0, abs=0.6)


def test_a_share_has_the_tail_of_a_beta_binomial_and_never_more_than_one() -> None:
    hits, trials = np.array([0.0, 1, 3, 12, 7, 200]), np.array([5.0, 5, 9, 13, 7, 900])
    share, shape = np.array([0.1, 0.3, 0.02, 0.08, 0.5, 0.2]), np.array([2.0, 4, 0.5, 3, 20, 6])
    total = shape * (1 - share) / share - 1
    exact = betabinom.sf(hits - 1, trials.astype(int), share * total, (1 - share) * total)
    assert share_tail(hits, trials, share, shape) == pytest.approx(exact, rel=1e-6)
    assert share_tail(np.full(1, 5.0), np.full(1, 4.0), np.full(1, 0.9), np.full(1, 0.1))[0] <= 1.0


def test_two_traits_together_have_the_p_that_fisher_gives() -> None:
    one, other = (Excess(np.ones(1), np.ones(1), np.full(1, p)) for p in (0.01, 0.02))
    assert jointly(one, other).p[0] == pytest.approx(combine_pvalues([0.01, 0.02])[1])


def test_the_fit_finds_the_spread_that_honest_promoters_were_drawn_with() -> None:
    rng = np.random.default_rng(2)
    expected = rng.uniform(2, 30, size=2_000)
    observed = rng.poisson(expected * rng.gamma(3.0, 1 / 3.0, size=2_000)).astype(np.float64)
    numbers = np.arange(2_000, dtype=np.int64)
    peers = fit_peers(observed, expected, np.zeros(2_000), numbers, np.zeros(2_000, dtype=np.int64))
    assert peers.shape[0] == pytest.approx(3.0, rel=0.2) and peers.mean[0] == pytest.approx(1.0, abs=0.05)
    p = level_tail(observed, expected, np.zeros(2_000), peers)
    assert np.mean(p <= 0.05) == pytest.approx(0.05, abs=0.02)


def test_own_refunds_outside_of_a_window_excuse_what_is_in_it() -> None:
    peers = Peers(np.ones(1), np.full(1, 3.0))
    inside, due, none, weeks = np.full(1, 6.0), np.ones(1), np.zeros(1), np.full(1, 10.0)
    quiet = window_tail(inside, due, none, np.full(1, 8.0), weeks, peers)
    heavy = window_tail(inside, due, none, np.full(1, 60.0), weeks, peers)
    assert quiet[0] < 0.01 < heavy[0]


def life(promoter: str, hours: list[float], refunds: list[float | None]) -> list[dict[str, object]]:
    return [
        {"promoter_id": promoter, "account_id": f"{promoter}{n}", "registered_at": BEGIN + timedelta(hours=h),
         "first_paid_at": BEGIN + timedelta(hours=h + 1),
         "first_refunded_at": None if r is None else BEGIN + timedelta(hours=r), "refund_orders": int(r is not None)}
        for n, (h, r) in enumerate(zip(hours, refunds, strict=True))
    ]  # fmt: skip


def test_lockstep_is_found_and_the_same_refunds_weeks_apart_are_not() -> None:
    rows = life("R", [1, 2, 3, 4, 5, 6], [900, 901, 902, 903, 904, 905])
    rows += life("S", [1, 200, 400, 600, 800, 1000], [900, 1300, 1700, 2100, 2500, 2900])
    rows += life("T", [float(h) for h in range(0, 2000, 50)], [None] * 40)
    empty = pa.table({"day": pa.array([], pa.date32()), "refund_orders": pa.array([], pa.int64())})
    stamp = pa.timestamp("us", "UTC")
    schema = pa.schema([("promoter_id", pa.string()), ("account_id", pa.string()), ("registered_at", stamp),
                        ("first_paid_at", stamp), ("first_refunded_at", stamp), ("refund_orders", pa.int64())])  # fmt: skip
    found = clusters(pa.Table.from_pylist(rows, schema), empty)
    p = dict(zip(found.promoters, found.p, strict=True))
    assert p["R"] < 0.01 < p["S"]
    assert len(found.members[list(found.promoters).index("R")]) == 6


def test_the_subgraph_holds_promoter_members_and_the_links_among_them() -> None:
    link = pa.table(
        {
            "account_a": ["a", "a", "c"],
            "account_b": ["b", "x", "d"],
            "match_weight": [20.0, 9.0, 7.5],
            "outcome": ["same_controller", "possibly", "related"],
        }
    )
    graph = subgraph(link, "P", {"a", "b", "c", "d"})
    assert set(graph.nodes) == {"P", "a", "b", "c", "d"} and set(map(frozenset, graph.edges)) == {
        frozenset("ab"),
        frozenset("cd"),
    }
    assert graph.edges["a", "b"] == {"kind": "same_controller", "bits": 20.0}
    assert nx.number_connected_components(graph) == 3

"""Slow drips: p of honest promoters is flat, and late returns in many weeks are found with their weeks."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, nbinom

from models.detectors.counts import Peers, noisy_shape
from models.detectors.discovery import FDR, q_values
from models.detectors.drips import Drips, Late, _largest, drips
from tests.counts import SOAK

PROMOTERS, WEEKS = 300, 26
SHAPE = 4.0


def honest(seed: int, due: float = 6.0) -> Late:
    """Late returns of promoters whose rates vary about one, the orders at risk growing and two weeks lifted."""
    rng = np.random.default_rng(seed)
    expected = np.outer(rng.uniform(0.5, 1.5, PROMOTERS), np.linspace(0.5, 1.5, WEEKS)) * due / WEEKS
    lifted = np.zeros_like(expected)
    lifted[:, 10] = expected[:, 10] * 0.5
    counted = rng.poisson(rng.gamma(SHAPE, 1 / SHAPE, size=(PROMOTERS, 1)) * expected)
    return Late(counted.astype(np.float64), expected, lifted)


def judged(late: Late) -> Drips:
    everyone = np.arange(PROMOTERS)
    return drips(late, np.ones(PROMOTERS, dtype=np.bool_), everyone, WEEKS * 7)


def test_honest_promoters_have_flat_p() -> None:
    p = np.concatenate([judged(honest(seed)).p for seed in range(40 if SOAK else 4)])
    for level in (0.01, 0.05, 0.2, 0.5):
        most = binom.ppf(0.999, len(p), level)
        assert (p <= level).sum() <= most
    assert (p <= 0.5).mean() > 0.35 and (p <= 0.1).mean() > 0.05  # nor is it too careful


def test_a_slow_drip_is_found_with_its_weeks_and_nobody_else_is() -> None:
    late = honest(2, due=0.8)
    late.counted[5] = 0.0
    late.counted[5, 6:24:2] = 1.0
    found = judged(late)
    assert np.flatnonzero(q_values(found.p) <= FDR).tolist() == [5]
    assert (found.first_day[5], found.last_day[5]) == (6 * 7, 22 * 7 + 6)
    assert found.returns[5] == 9.0


def test_one_busy_week_is_no_drip() -> None:
    late = honest(2, due=0.8)
    late.counted[5] = 0.0
    late.counted[5, 8] = 7.0
    assert judged(late).p[5] == 1.0


def test_the_ratio_is_that_of_two_negative_binomials() -> None:
    late = Late(np.zeros((1, 8)), np.full((1, 8), 0.25), np.zeros((1, 8)))
    late.counted[0, [1, 5]] = [3.0, 4.0]
    peers = Peers(np.full(1, 0.8), np.full(1, SHAPE))
    ratio, first, last = _largest(late, peers)
    mean, shape = (
        5 * 0.25 * 0.8 * SHAPE / (SHAPE + 0.8 * 3 * 0.25),
        float(noisy_shape(np.full(1, SHAPE), np.zeros(1))[0]),
    )
    raised, usual = (nbinom.logpmf(7, shape, shape / (shape + m)) for m in (7.0, mean))
    assert (first[0], last[0]) == (1, 5) and ratio[0] == pytest.approx(raised - usual)

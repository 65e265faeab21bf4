"""Counts of refunds against expectations: tails, and how much honest promoters differ from one another.

A promoter's own rate is Gamma(shape, mean) over its peers, its refunds are Poisson given that rate, so that counts are
negative binomial. All functions work on whole arrays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import betainc, betaln, gammaln

from models.detectors.panel import Bools, Floats, Ints, sums

_SHAPES = np.logspace(-0.6, 2.4, 61)
_USUAL_SHAPE, _USUAL_SPREAD = np.log(4.0), 1.0  # where the shape stays when there are few peers to learn it from
SPECIAL_SHAPE = 2.0
_LEAST_TOTAL = 1.0  # of a beta's two parameters: no share is taken as more uncertain than a flat one nearly is
_TRIM_BELOW = 0.002  # promoters this far out do not teach what honest ones do


@dataclass(frozen=True)
class Peers:
    """What comparable promoters do: `mean` refunds per expected one, and the gamma `shape` of their rates."""

    mean: Floats
    shape: Floats

    def at(self, positions: Ints) -> Peers:
        """Those of the promoters at these positions."""
        return Peers(self.mean[positions], self.shape[positions])


def tail(observed: Floats, shape: Floats, odds: Floats) -> Floats:
    """P(X >= observed) of a negative binomial with this shape and `odds` = mean / (mean + shape). Not above 1."""
    some = observed > 0
    found = betainc(np.where(some, observed, 1.0), shape, odds)
    return np.asarray(np.where(some, np.minimum(found, 1.0), 1.0), dtype=np.float64)


def share_tail(hits: Floats, trials: Floats, share: Floats, shape: Floats) -> Floats:
    """P of at least `hits` among `trials`, whose share varies about `share` as much as a gamma of `shape` would. Not above 1.

    Beta-binomial: there are no more hits than trials, so where nearly all of a few trials are hits, an unbounded count
    (`tail`) would still call it likely.
    """
    trials = np.maximum(trials, hits)
    total = np.maximum(shape * (1 - share) / share - 1.0, _LEAST_TOTAL)
    a, b = share * total, (1 - share) * total
    ways = gammaln(trials + 1) - gammaln(hits + 1) - gammaln(trials - hits + 1)
    term = np.exp(ways + betaln(hits + a, trials - hits + b) - betaln(a, b))
    found, at = term.copy(), hits.copy()
    for _ in range(int((trials - hits).max(initial=0))):
        left = trials - at
        term = np.where(left > 0, term * left / (at + 1) * (a + at) / (b + np.maximum(left, 1) - 1), 0.0)
        found, at = found + term, at + 1
        if not (term > 1e-9 * found).any():
            break
    return np.asarray(np.where(hits > 0, np.minimum(found, 1.0), 1.0), dtype=np.float64)


def level_tail(observed: Floats, expected: Floats, special_share: Floats, peers: Peers) -> Floats:
    """P of at least `observed` refunds when peers with the same exposure are expected to have `expected`, of which
    `special_share` on days that lifted everybody."""
    return _tail_about(observed, expected * peers.mean, special_share, peers.shape)


def window_tail(
    inside: Floats, expected: Floats, special_share: Floats, outside: Floats, expected_outside: Floats, peers: Peers
) -> Floats:
    """P of at least `inside` refunds in a window, given peers and the promoter's own refunds outside of the window."""
    shape = peers.shape + outside
    rate = shape / (peers.shape / peers.mean + expected_outside)
    return _tail_about(inside, expected * rate, special_share, shape)


def _tail_about(observed: Floats, mean: Floats, special_share: Floats, shape: Floats) -> Floats:
    noisy = noisy_shape(shape, special_share)
    return tail(observed, noisy, mean / (mean + noisy))


def noisy_shape(shape: Floats, special_share: Floats) -> Floats:
    """What a special day did to everybody it did not do to all alike: its share of the mean is as noisy as
    `SPECIAL_SHAPE` says."""
    return np.asarray(1.0 / (1.0 / shape + special_share**2 / SPECIAL_SHAPE), dtype=np.float64)


def fit_peers(
    observed: Floats, expected: Floats, special: Floats, family: Ints, cohort: Ints, *, doubted: bool = False
) -> Peers:
    """Mean and shape per promoter from its cohort, its own `family` (same-user group) left out of the mean.

    Promoters far out are left out of the fit, so that cheats do not set the standard that they are judged by. With
    `doubted` the fit begins without those that are far out for usual peers and takes back whom it can explain: where a
    trait is rare with honest promoters, a few cheats would otherwise widen the standard until it holds them.
    """
    mean, shape = np.ones(len(observed)), np.full(len(observed), float(np.exp(_USUAL_SHAPE)))
    for label in np.unique(cohort):
        members = np.flatnonzero(cohort == label)
        mean[members], shape[members] = _fit(
            observed[members], expected[members], special[members], family[members], doubted
        )
    return Peers(mean, shape)


def _fit(observed: Floats, expected: Floats, special: Floats, family: Ints, doubted: bool) -> tuple[Floats, float]:
    kept: Bools = expected > 0
    due = np.maximum(expected, 1e-9)
    mean, shape = 1.0, float(np.exp(_USUAL_SHAPE))
    if doubted:
        kept &= level_tail(observed, due, special / due, Peers(np.full(1, mean), np.full(1, shape))) > _TRIM_BELOW
    for _ in range(8):
        mean = (observed[kept].sum() + 2.0) / (expected[kept].sum() + 2.0)
        shape = _likeliest_shape(observed[kept], expected[kept] * mean)
        p = level_tail(observed, due, special / due, Peers(np.full(1, mean), np.full(1, shape)))
        now = (expected > 0) & (p > _TRIM_BELOW)
        if np.array_equal(now, kept):
            break
        kept = now
    _, place = np.unique(family, return_inverse=True)
    own_observed = sums(place, np.where(kept, observed, 0.0), len(place))[place]
    own_expected = sums(place, np.where(kept, expected, 0.0), len(place))[place]
    others = (observed[kept].sum() - own_observed + 2.0) / (expected[kept].sum() - own_expected + 2.0)
    return others, shape


def _likeliest_shape(observed: Floats, mean: Floats) -> float:
    """Maximum likelihood over a grid of shapes, with a weak pull to the usual one."""
    n, mu, k = observed[:, None], mean[:, None], _SHAPES[None, :]
    fit = gammaln(n + k) - gammaln(k) + k * np.log(k / (k + mu)) + n * np.log(np.maximum(mu, 1e-12) / (k + mu))
    prior = -((np.log(_SHAPES) - _USUAL_SHAPE) ** 2) / (2 * _USUAL_SPREAD**2)
    return float(_SHAPES[int(np.argmax(np.round(fit.sum(axis=0) + prior, 6)))])

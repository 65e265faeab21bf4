"""When: the most unusual window of each promoter, and how often chance alone makes one as unusual.

Every window that starts and ends on a day with refunds is looked at: 1 to 14 days for a burst, 28, 56 and 112 for slow
drips (a generalised likelihood ratio over change points), and the whole history (level). The smallest of so many tail
probabilities is no probability; its null distribution comes from simulated promoters under a fixed seed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.detectors.counts import SPECIAL_SHAPE, Peers, level_tail, window_tail
from models.detectors.exposure import Exposure
from models.detectors.panel import Bools, Floats, Ints

BURST_DAYS = 14
DRIP_DAYS = (28, 56, 112)
SEED = 20250701
_PROFILES = 48
_REPEATS = 40  # simulated promoters per profile; fewer where they are busy
_MOST_CELLS = 60_000
_TAIL_FROM = 60  # the null's tail beyond this many simulated values is extrapolated


@dataclass(frozen=True)
class Days:
    """Days with refunds, sorted by promoter and day. `before` and `through` are the promoter's expectations cumulated up
    to the day and through it, `special_*` those of days that lifted everybody."""

    promoter: Ints
    day: Ints
    refunds: Floats
    before: Floats
    through: Floats
    special_before: Floats
    special_through: Floats


@dataclass(frozen=True)
class Windows:
    """One entry per window: first and last entry in `Days`, refunds and expected in it, and its bare tail."""

    promoter: Ints
    first: Ints
    last: Ints
    refunds: Floats
    expected: Floats
    tail: Floats


def windows(days: Days, total: Floats, expected: Floats, peers: Peers) -> Windows:
    """All windows of all promoters. `total`, `expected` and `peers` are per promoter position."""
    first, last = _pairs(days)
    cumulated = np.concatenate([[0.0], np.cumsum(days.refunds)])
    inside = cumulated[last + 1] - cumulated[first]
    promoter = days.promoter[first]
    share = Peers(peers.mean[promoter], peers.shape[promoter])
    due = np.maximum(days.through[last] - days.before[first], 1e-9)
    outside = np.maximum(expected[promoter] - due, 0.0)
    special = np.maximum(days.special_through[last] - days.special_before[first], 0.0)
    tails = window_tail(inside, due, special, total[promoter] - inside, outside, share)
    return Windows(promoter, first, last, inside, due, tails)


def _pairs(days: Days) -> tuple[Ints, Ints]:
    count = len(days.day)
    here = np.arange(count)
    key = days.promoter * 100_000 + days.day
    until = np.searchsorted(key, key + BURST_DAYS - 1, side="right")
    lengths = until - here
    first = np.repeat(here, lengths)
    last = first + np.arange(len(first)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    for length in DRIP_DAYS:
        begin = np.searchsorted(key, key - length + 1)
        longer = days.day[here] - days.day[begin] >= BURST_DAYS
        first, last = np.concatenate([first, begin[longer]]), np.concatenate([last, here[longer]])
    return first.astype(np.int64), last.astype(np.int64)


def smallest(count: int, found: Windows, level: Floats) -> Floats:
    """Per promoter the smallest tail among its windows and its level."""
    least = np.array(level, dtype=np.float64)
    np.minimum.at(least, found.promoter, found.tail)
    return least[:count]


@dataclass(frozen=True)
class Null:
    """Simulated smallest tails per class of expected refunds; `values[c]` ascending."""

    edges: Floats
    values: tuple[Floats, ...]

    def p(self, least: Floats, expected: Floats) -> Floats:
        """How often chance gives a smallest tail as small as `least` to a promoter that expects `expected`."""
        result = np.ones(len(least))
        place = np.digitize(expected, self.edges)
        for label in np.unique(place):
            mine = place == label
            result[mine] = _rank(self.values[label], least[mine])
        return np.where(least >= 1.0, 1.0, np.clip(result, 1e-300, 1.0))


def _rank(null: Floats, least: Floats) -> Floats:
    if len(null) == 0:
        return np.ones(len(least))
    rank = (np.searchsorted(null, least, side="right") + 1.0) / (len(null) + 1.0)
    turn = min(_TAIL_FROM, len(null)) - 1
    low = np.maximum(null[:turn], 1e-300)
    # Hill's slope of the tail; never steeper than a lone tail probability would be
    slope = float(np.clip(1.0 / max(np.mean(np.log(max(null[turn], 1e-300) / low)), 1.0), 0.6, 1.0)) if turn else 1.0
    beyond = (turn + 1.0) / (len(null) + 1.0) * (np.maximum(least, 1e-300) / max(null[turn], 1e-300)) ** slope
    return np.asarray(np.where(least < null[turn], np.minimum(beyond, rank), rank))


def simulate_null(exposure: Exposure, expected: Floats, peers: Peers, tested: Bools) -> Null:
    """Honest promoters with the exposures and rates of real ones, drawn under a fixed seed."""
    edges = np.power(2.0, np.arange(-2, 11))
    place = np.digitize(expected, edges)
    values: list[Floats] = []
    for label in range(len(edges) + 1):
        members = np.flatnonzero(tested & (place == label))
        if not len(members):
            values.append(np.zeros(0))
            continue
        rng = np.random.default_rng([SEED, label])
        chosen = np.sort(rng.choice(members, size=min(_PROFILES, len(members)), replace=False))
        values.append(np.sort(_draw(exposure, chosen, expected, peers, rng)))
    return Null(edges, tuple(values))


def _draw(exposure: Exposure, chosen: Ints, expected: Floats, peers: Peers, rng: np.random.Generator) -> Floats:
    busiest = max(1.0, min(float(expected[chosen].max()), float(exposure.panel.days)))
    repeats = int(np.clip(_MOST_CELLS / busiest / len(chosen), 8, _REPEATS * _PROFILES / len(chosen)))
    drawn, special = [], exposure.calendar.special
    for some, profile, _ in exposure.chunks(chosen):
        for position, daily in zip(some, profile, strict=True):
            mean, shape = float(peers.mean[position]), float(peers.shape[position])
            rate = rng.gamma(shape, mean / shape, size=(repeats, 1)) * daily[None, :]
            rate[:, special] *= rng.gamma(SPECIAL_SHAPE, 1 / SPECIAL_SHAPE, size=(repeats, int(special.sum())))
            counts = rng.poisson(rate).astype(np.float64)
            drawn.append(_least(counts, daily, special, Peers(np.full(repeats, mean), np.full(repeats, shape))))
    return np.concatenate(drawn)


def _least(counts: Floats, daily: Floats, special: Bools, peers: Peers) -> Floats:
    """The smallest tail of each simulated promoter, by the very functions that judge real ones."""
    through, lifted = np.cumsum(daily), np.cumsum(np.where(special, daily, 0.0))
    promoter, day = np.nonzero(counts)
    days = Days(
        promoter, day, counts[promoter, day], through[day] - daily[day], through[day],
        lifted[day] - np.where(special, daily, 0.0)[day], lifted[day],
    )  # fmt: skip
    expected, total = np.full(len(counts), max(through[-1], 1e-9)), counts.sum(axis=1)
    found = windows(days, total, expected, peers)
    return smallest(len(counts), found, level_tail(total, expected, np.full(len(counts), lifted[-1]), peers))

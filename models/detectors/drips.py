"""Slow drips: orders given back long after payment, a few at a time, week after week.

Honest refunds cluster in the first days, so late ones are few, and many of them stand out before a promoter's total does.
The statistic is a generalised likelihood ratio over change points: of all spans of four weeks or more the largest log ratio
between the rate of the late returns in it and the rate that peers and the promoter's own late returns outside of it let
expect (negative binomial). Its null is simulated under the fixed seed of the scan and judged by the same function.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.detectors.counts import SPECIAL_SHAPE, Peers, fit_peers, noisy_shape
from models.detectors.exposure import CHUNK, Cells
from models.detectors.panel import LATE_BAND, Bools, Floats, Ints, sums
from models.detectors.scan import LEAST_REFUNDS, PROFILES, REPEATS, SEED, between, pairs, rank

WEEK = 7
LEAST_WEEKS = 4  # what is over sooner is a burst, and the scan's
_EDGES = np.power(2.0, np.arange(-3, 10))  # classes of expected late returns that share a null
_STREAM = 1_000  # numbers of the null's random streams, apart from the scan's


@dataclass(frozen=True)
class Late:
    """Late returns per promoter and week: `counted`; `expected`; and of these `lifted`, on days that lifted everybody."""

    counted: Floats
    expected: Floats
    lifted: Floats


@dataclass(frozen=True)
class Drips:
    """Per promoter: its best span of weeks (first and last day number), the late returns in it and those expected given
    peers, all late returns and all expected, peers, exp(-ratio) of the span, p of as large a ratio by chance, and `reach`:
    how often chance gives any p below 1."""

    first_day: Ints
    last_day: Ints
    returns: Floats
    expected: Floats
    total: Floats
    due: Floats
    peers: Peers
    least: Floats
    p: Floats
    reach: Floats


def by_week(daily: Floats) -> Floats:
    """Sums over weeks of days, the last week may be short: (promoters, days) becomes (promoters, weeks)."""
    return np.asarray(np.add.reduceat(daily, np.arange(0, daily.shape[1], WEEK), axis=1), dtype=np.float64)


def counted(cells: Cells, promoters: int, days: int) -> Floats:
    """Late returns per promoter and week."""
    weeks = -(-days // WEEK)
    returns = np.round(cells.bands[:, LATE_BAND:].sum(axis=1), 6)
    place = cells.promoter * weeks + cells.day // WEEK
    return sums(place, returns, promoters * weeks).reshape(promoters, weeks)


def drips(late: Late, tested: Bools, family: Ints, days: int) -> Drips:
    """Test every promoter's late returns; p is 1 where no span holds `LEAST_REFUNDS` of them."""
    total, due = late.counted.sum(axis=1), late.expected.sum(axis=1)
    peers, mine = Peers(np.ones(len(total)), np.ones(len(total))), np.flatnonzero(tested)
    everyone, special = np.zeros(len(mine), dtype=np.int64), late.lifted.sum(axis=1)
    fitted = fit_peers(total[mine], due[mine], special[mine], family[mine], everyone, doubted=True)
    peers.mean[mine], peers.shape[mine] = fitted.mean, fitted.shape
    ratio, first, last = _largest(late, peers)
    least = np.exp(-ratio)
    inside = np.arange(late.counted.shape[1])
    within = (inside >= first[:, None]) & (inside <= last[:, None])
    returns, expected = ((values * within).sum(axis=1) for values in (late.counted, late.expected))
    p, reach = _p(late, peers, least, tested)
    return Drips(
        first * WEEK, np.minimum(last * WEEK + WEEK, days) - 1, returns, expected * peers.mean, total, due, peers, least,
        p, reach,
    )  # fmt: skip


def _largest(late: Late, peers: Peers) -> tuple[Floats, Ints, Ints]:
    """Per promoter the largest log likelihood ratio, and the span that has it; of equal ones the shortest, then the first."""
    count = len(late.counted)
    ratio, first, last = np.zeros(count), np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    for start in range(0, count, CHUNK):  # blocks bound the memory that the spans take
        some = slice(start, start + CHUNK)
        part = Late(late.counted[some], late.expected[some], late.lifted[some])
        row, begin, end, found = _ratios(part, Peers(peers.mean[some], peers.shape[some]))
        order = np.lexsort((begin, end - begin, -found, row))
        rows, place = np.unique(row[order], return_index=True)
        best = order[place]
        ratio[start + rows], first[start + rows], last[start + rows] = found[best], begin[best], end[best]
    return ratio, first, last


def _ratios(late: Late, peers: Peers) -> tuple[Ints, Ints, Ints, Floats]:
    """Log likelihood ratios of all spans that begin and end in weeks with late returns: row, first and last week, ratio."""
    row, week = np.nonzero(late.counted)
    begin, end = pairs(np.searchsorted(row, row, side="right"))
    of, first, last = row[begin], week[begin], week[end]
    inside = between(late.counted[row, week], begin, end)
    due, lifted = (_within(values, of, first, last) for values in (late.expected, late.lifted))
    outside = np.maximum(late.counted.sum(axis=1)[of] - inside, 0.0)
    due_outside = np.maximum(late.expected.sum(axis=1)[of] - due, 0.0)
    shape = peers.shape[of] + outside
    mean = due * shape / (peers.shape[of] / peers.mean[of] + due_outside)
    shape = noisy_shape(shape, lifted / due)
    rise = inside * np.log(inside / mean) - (inside + shape) * np.log((inside + shape) / (mean + shape))
    unusual = (inside > mean) & (inside >= LEAST_REFUNDS) & (last - first + 1 >= LEAST_WEEKS)
    return of, first, last, np.where(unusual, np.maximum(rise, 0.0), 0.0)


def _within(values: Floats, row: Ints, first: Ints, last: Ints) -> Floats:
    through = np.cumsum(values, axis=1)
    return np.maximum(through[row, last] - through[row, first] + values[row, first], 1e-9)


def _p(late: Late, peers: Peers, least: Floats, tested: Bools) -> tuple[Floats, Floats]:
    """How often honest promoters of the same class of expected late returns come as far, and how often anywhere."""
    p, reach = np.ones(len(least)), np.ones(len(least))
    place = np.digitize(late.expected.sum(axis=1) * peers.mean, _EDGES)
    for label in np.unique(place[tested]):
        members = np.flatnonzero(tested & (place == label))
        rng = np.random.default_rng([SEED, _STREAM + label])
        chosen = np.sort(rng.choice(members, size=min(PROFILES, len(members)), replace=False))
        null = np.sort(np.exp(-_largest(*_drawn(late, peers, chosen, rng))[0]))
        p[members] = np.where(least[members] < 1.0, np.clip(rank(null, least[members]), 1e-300, 1.0), 1.0)
        reach[members] = (np.count_nonzero(null < 1.0) + 1.0) / (len(null) + 1.0)
    return p, reach


def _drawn(late: Late, peers: Peers, chosen: Ints, rng: np.random.Generator) -> tuple[Late, Peers]:
    """Honest promoters with the exposures of those `chosen`: each with its own rate, days that lift all lift them unlike."""
    who = np.repeat(chosen, REPEATS * PROFILES // len(chosen))
    expected, lifted, some = late.expected[who], late.lifted[who], peers.at(who)
    own = rng.gamma(some.shape, some.mean / some.shape)[:, None]
    unlike = rng.gamma(SPECIAL_SHAPE, 1 / SPECIAL_SHAPE, size=lifted.shape)
    returns = rng.poisson(own * (expected + lifted * (unlike - 1.0)).clip(0.0)).astype(np.float64)
    return Late(returns, expected, lifted), some

"""When: the most unusual window of each promoter, and how often chance alone makes one as unusual.

Every window that starts and ends on a day with refunds is looked at: 1 to 14 days for a burst, 28, 56 and 112 for slow
drips (a generalised likelihood ratio over change points), and the whole history (level). The smallest of so many tail
probabilities is no probability; its null distribution comes from simulated promoters under a fixed seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.detectors.counts import SPECIAL_SHAPE, Peers, level_tail, window_tail
from models.detectors.exposure import Exposure
from models.detectors.panel import Bools, Floats, Ints, sums

BURST_DAYS = 14
LEAST_REFUNDS = 3  # fewer refunded orders are no "large refund orders in a short time", whatever their chance
DRIP_DAYS = (28, 56, 112)
SEED = 20250701
PROFILES = 48
REPEATS = 40  # simulated promoters per profile; fewer where they are busy
_MOST_CELLS = 60_000
_TAIL_FROM = 60  # the null's tail beyond this many simulated values is extrapolated


@dataclass(frozen=True)
class Days:
    """Days with refunds, sorted by promoter and day. `*_before` and `*_through` are the promoter's expectations cumulated
    up to the day and through it: of orders, of those on days that lifted everybody, and of fen."""

    promoter: Ints
    day: Ints
    refunds: Floats
    before: Floats
    through: Floats
    special_before: Floats
    special_through: Floats
    fen: Floats
    fen_before: Floats
    fen_through: Floats


@dataclass(frozen=True)
class Standard:
    """Per promoter: totals observed and expected, and what its peers do. `unit_fen` turns fen into refunds of the size
    at which their spread is that of a count."""

    refunds: Floats
    expected: Floats
    special: Floats
    fen: Floats
    expected_fen: Floats
    unit_fen: Floats
    peers: Peers
    fen_peers: Peers

    def level(self) -> tuple[Floats, Floats]:
        """Tails of the whole history: orders, and fen."""
        due, unit = np.maximum(self.expected, 1e-9), self.unit_fen
        share = self.special / due
        by_fen = level_tail(self.fen / unit, np.maximum(self.expected_fen / unit, 1e-9), share, self.fen_peers)
        enough = self.refunds >= LEAST_REFUNDS
        by_orders = level_tail(self.refunds, due, share, self.peers)
        return np.where(enough, by_orders, 1.0), np.where(enough, by_fen, 1.0)


@dataclass(frozen=True)
class Windows:
    """One entry per window: first and last entry in `Days`; refunds and expected in it, by orders and in units of fen;
    the share expected of days that lifted everybody; and its bare tails."""

    promoter: Ints
    first: Ints
    last: Ints
    refunds: Floats
    expected: Floats
    units: Floats
    expected_units: Floats
    special_share: Floats
    tail: Floats
    fen_tail: Floats


def windows(days: Days, standard: Standard) -> Windows:
    """All windows with `LEAST_REFUNDS` of all promoters."""
    first, last = _pairs(days)
    enough = between(days.refunds, first, last) >= LEAST_REFUNDS
    first, last = first[enough], last[enough]
    promoter = days.promoter[first]
    due = np.maximum(days.through[last] - days.before[first], 1e-9)
    share = np.maximum(days.special_through[last] - days.special_before[first], 0.0) / due
    unit = standard.unit_fen[promoter]
    due_fen = np.maximum(days.fen_through[last] - days.fen_before[first], 1e-6) / unit
    inside, units = between(days.refunds, first, last), between(days.fen, first, last) / unit
    bare = Windows(promoter, first, last, inside, due, units, due_fen, share, np.zeros(0), np.zeros(0))
    tail, fen_tail = tails(bare, np.arange(len(first)), standard, ())
    return replace(bare, tail=tail, fen_tail=fen_tail)


def tails(found: Windows, some: Ints, standard: Standard, told: Sequence[int]) -> tuple[Floats, Floats]:
    """Tails of the windows `some` given peers and the promoter's refunds outside of them, by orders and by fen. Windows
    already `told` of the same promoter belong to no ordinary outside: what is in them is left out."""
    promoter, gone = found.promoter[some], list(told)
    unit = standard.unit_fen[promoter]
    inside, due, units, due_units = (
        v[some] for v in (found.refunds, found.expected, found.units, found.expected_units)
    )
    rest = np.maximum(standard.refunds[promoter] - found.refunds[gone].sum() - inside, 0.0)
    outside = np.maximum(standard.expected[promoter] - found.expected[gone].sum() - due, 0.0)
    rest_units = np.maximum(standard.fen[promoter] / unit - found.units[gone].sum() - units, 0.0)
    outside_units = np.maximum(
        standard.expected_fen[promoter] / unit - found.expected_units[gone].sum() - due_units, 0.0
    )
    share = found.special_share[some]
    return (
        window_tail(inside, due, share, rest, outside, standard.peers.at(promoter)),
        window_tail(units, due_units, share, rest_units, outside_units, standard.fen_peers.at(promoter)),
    )


def between(values: Floats, first: Ints, last: Ints) -> Floats:
    """Sums of the values of each span of entries, both ends included."""
    cumulated = np.concatenate([[0.0], np.cumsum(values)])
    return np.asarray(cumulated[last + 1] - cumulated[first], dtype=np.float64)


def _pairs(days: Days) -> tuple[Ints, Ints]:
    count = len(days.day)
    here = np.arange(count)
    key = days.promoter * 100_000 + days.day
    until = np.searchsorted(key, key + BURST_DAYS - 1, side="right")
    first, last = pairs(until)
    for length in DRIP_DAYS:
        begin = np.searchsorted(key, key - length + 1)
        longer = days.day[here] - days.day[begin] >= BURST_DAYS
        first, last = np.concatenate([first, begin[longer]]), np.concatenate([last, here[longer]])
    return first.astype(np.int64), last.astype(np.int64)


def pairs(until: Ints) -> tuple[Ints, Ints]:
    """All spans of entries: each one begins at an entry and ends at it or a later one before its `until`."""
    here = np.arange(len(until))
    lengths = until - here
    first = np.repeat(here, lengths)
    return first, first + np.arange(len(first)) - np.repeat(np.cumsum(lengths) - lengths, lengths)


def smallest(found: Windows, standard: Standard) -> tuple[Floats, Floats]:
    """Per promoter the smallest tail among its windows and its level: by orders, and by fen."""
    by_orders, by_fen = (np.array(level, dtype=np.float64) for level in standard.level())
    np.minimum.at(by_orders, found.promoter, found.tail)
    np.minimum.at(by_fen, found.promoter, found.fen_tail)
    return by_orders, by_fen


@dataclass(frozen=True)
class Null:
    """Simulated smallest tails per class of expected refunds, ascending: by orders, by fen, and the smaller of their
    two p-values."""

    edges: Floats
    by_orders: tuple[Floats, ...]
    by_fen: tuple[Floats, ...]
    either: tuple[Floats, ...]

    def p_orders(self, least: Floats, expected: Floats) -> Floats:
        """How often chance gives a smallest tail as small as `least` to a promoter that expects `expected` refunds."""
        return self._p(self.by_orders, least, expected)

    def p_fen(self, least: Floats, expected: Floats) -> Floats:
        """The same for money."""
        return self._p(self.by_fen, least, expected)

    def p(self, least_orders: Floats, least_fen: Floats, expected: Floats) -> Floats:
        """How often chance makes either as unusual."""
        both = np.minimum(self.p_orders(least_orders, expected), self.p_fen(least_fen, expected))
        return np.asarray(np.minimum(self._p(self.either, both, expected), 2 * both), dtype=np.float64)

    def _p(self, values: tuple[Floats, ...], least: Floats, expected: Floats) -> Floats:
        result, place = np.ones(len(least)), np.digitize(expected, self.edges)
        for label in np.unique(place):
            mine = place == label
            result[mine] = rank(values[label], least[mine])
        return np.where(least >= 1.0, 1.0, np.clip(result, 1e-300, 1.0))


def rank(null: Floats, least: Floats) -> Floats:
    """How often chance comes as far as `least`, by simulated values `null`, ascending; beyond them by their own slope."""
    if len(null) == 0:
        return np.ones(len(least))
    place = (np.searchsorted(null, least, side="right") + 1.0) / (len(null) + 1.0)
    turn = min(_TAIL_FROM, len(null)) - 1
    low = np.maximum(null[:turn], 1e-300)
    # Hill's slope of the tail; never steeper than a lone tail probability would be
    slope = float(np.clip(1.0 / max(np.mean(np.log(max(null[turn], 1e-300) / low)), 1.0), 0.6, 1.0)) if turn else 1.0
    beyond = (turn + 1.0) / (len(null) + 1.0) * (np.maximum(least, 1e-300) / max(null[turn], 1e-300)) ** slope
    return np.asarray(np.where(least < null[turn], np.minimum(beyond, place), place))


def simulate_null(exposure: Exposure, standard: Standard, sizes: Floats, tested: Bools) -> Null:
    """Honest promoters with the exposures and rates of real ones, drawn under a fixed seed. `sizes` are refunded amounts
    in units of their promoter's expected amount, from which amounts are drawn."""
    edges = np.power(2.0, np.arange(-2, 11))
    place = np.digitize(standard.expected * standard.peers.mean, edges)
    tables: list[tuple[Floats, Floats, Floats]] = []
    for label in range(len(edges) + 1):
        members = np.flatnonzero(tested & (place == label))
        if not len(members):
            tables.append((np.zeros(0), np.zeros(0), np.zeros(0)))
            continue
        rng = np.random.default_rng([SEED, label])
        chosen = np.sort(rng.choice(members, size=min(PROFILES, len(members)), replace=False))
        by_orders, by_fen = _draw(exposure, chosen, standard, sizes, rng)
        both = np.minimum(rank(np.sort(by_orders), by_orders), rank(np.sort(by_fen), by_fen))
        tables.append((np.sort(by_orders), np.sort(by_fen), np.sort(both)))
    by_orders_of, by_fen_of, either = zip(*tables, strict=True)
    return Null(edges, by_orders_of, by_fen_of, either)


def _draw(
    exposure: Exposure, chosen: Ints, standard: Standard, sizes: Floats, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    busiest = max(1.0, min(float(standard.expected[chosen].max()), float(exposure.panel.days)))
    repeats = int(np.clip(_MOST_CELLS / busiest / len(chosen), 8, REPEATS * PROFILES / len(chosen)))
    drawn, special = [], exposure.calendar.special
    for some, profile, profile_fen, _ in exposure.chunks(chosen):
        for position, daily, daily_fen in zip(some, profile, profile_fen, strict=True):
            mean, shape = float(standard.peers.mean[position]), float(standard.peers.shape[position])
            rate = rng.gamma(shape, mean / shape, size=(repeats, 1)) * daily[None, :]
            rate[:, special] *= rng.gamma(SPECIAL_SHAPE, 1 / SPECIAL_SHAPE, size=(repeats, int(special.sum())))
            counts = rng.poisson(rate).astype(np.float64)
            fen = _amounts(counts, daily, daily_fen, sizes, rng)
            drawn.append(_least(counts, fen, daily, daily_fen, special, standard, int(position)))
    return np.concatenate([d[0] for d in drawn]), np.concatenate([d[1] for d in drawn])


def _amounts(counts: Floats, daily: Floats, daily_fen: Floats, sizes: Floats, rng: np.random.Generator) -> Floats:
    """Refunded fen per simulated promoter and day: each refund draws its size."""
    refunds = int(counts.sum())
    each = sizes[rng.integers(0, len(sizes), size=refunds)] if refunds else np.zeros(0)
    row = np.repeat(np.arange(counts.size), counts.astype(np.int64).ravel())
    usual = np.divide(daily_fen, daily, out=np.zeros_like(daily), where=daily > 0)
    return np.asarray(sums(row, each, counts.size).reshape(counts.shape) * usual[None, :], dtype=np.float64)


def _least(
    counts: Floats, fen: Floats, daily: Floats, daily_fen: Floats, special: Bools, standard: Standard, position: int
) -> tuple[Floats, Floats]:
    """The smallest tails of each simulated promoter, by the very functions that judge real ones."""
    promoter, day = np.nonzero(counts)
    lifted = np.where(special, daily, 0.0)
    bounds: list[Floats] = []
    for values in (daily, lifted, daily_fen):
        through = np.cumsum(values)
        bounds += [through[day] - values[day], through[day]]
    days = Days(
        promoter, day, counts[promoter, day], bounds[0], bounds[1], bounds[2], bounds[3],
        fen[promoter, day], bounds[4], bounds[5],
    )  # fmt: skip
    many, here = len(counts), np.full(len(counts), position)
    simulated = Standard(
        counts.sum(axis=1), np.full(many, max(daily.sum(), 1e-9)), np.full(many, lifted.sum()),
        fen.sum(axis=1), np.full(many, daily_fen.sum()), standard.unit_fen[here],
        standard.peers.at(here), standard.fen_peers.at(here),
    )  # fmt: skip
    return smallest(windows(days, simulated), simulated)

"""How many returns were to be expected: orders at risk by age and product, times what the day did to everybody.

1. Hazard per age band, over all promoters, each one's share capped: no ring sets the standard.
2. Day effect: refunds of a day over those expected, each promoter's share capped again. A site-wide outage lifts
   everybody and is divided out; the burst of one promoter lifts nobody else. Each promoter is judged by what *others*
   did that day.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import gammainc

from models.detectors.panel import BANDS, LATE_BAND, Bools, Floats, Ints, Panel, sums

CHUNK = 1_000
# What a programme without history starts from: refunds per order and day, by age band. Half a refund's weight each.
_USUAL_HAZARD = np.array([0.012, 0.008, 0.006, 0.004, 0.002, 0.001, 4e-4, 2e-4, 5e-5, 2e-6])
_PRIOR = 0.5
LARGEST_SHARE = 0.9
_CAP = 3.0  # one promoter counts for at most 1 + 3 x its expectation
_PULL, _PULL_SPECIAL = 25.0, 1.0  # expected refunds' worth of "an ordinary day"
_SPECIAL_BELOW = 1e-4


@dataclass(frozen=True)
class Cells:
    """One entry per promoter and day with refunds, in that order. `returns` are decisions to give back (see `Refunded`),
    `bands` counts them by age band, `orders` are the refunded orders. In `capped_fen` no return counts for more than
    nine in ten stay below: one dear order alone is no burst."""

    promoter: Ints
    day: Ints
    orders: Floats
    returns: Floats
    fen: Floats
    capped_fen: Floats
    bands: Floats


@dataclass(frozen=True)
class Calendar:
    """Day effects. `counted` and `expected` are the capped totals per day; those of special days also per age band."""

    counted: Floats
    expected: Floats
    pull: Floats
    special: Bools
    band_counted: Floats
    band_expected: Floats
    cell_counted: Floats
    cell_bands: Floats

    @property
    def effect(self) -> Floats:
        """How many times the refunds of an ordinary day each day had."""
        return (self.counted + self.pull) / (self.expected + self.pull)


@dataclass(frozen=True)
class Exposure:
    """Everything that expectations are made of."""

    panel: Panel
    cells: Cells
    hazard: Floats
    calendar: Calendar
    refund_share: float

    def chunks(self, wanted: Ints | None = None) -> Iterator[tuple[Ints, Floats, Floats, Floats]]:
        """For promoters (all, or positions `wanted`, ascending): positions, and per day expected returns, expected fen,
        and of the returns those of late orders (`LATE_BAND`)."""
        positions = np.arange(self.panel.count) if wanted is None else wanted
        for start in range(0, len(positions), CHUNK):
            some = positions[start : start + CHUNK]
            yield some, *_expected(self, some)


def expose(panel: Panel) -> Exposure:
    """Fit hazard and day effects to a panel."""
    cells = _cells(panel)
    per_promoter, per_day, per_cell = _at_risk(panel, cells)
    hazard = _hazard(panel, cells, per_promoter)
    calendar = _calendar(cells, per_day * hazard, per_cell * hazard, panel.background[cells.promoter])
    typical = panel.paid.fen.sum() / max(panel.paid.orders.sum(), 1.0)
    share = cells.fen.sum() / max(cells.returns.sum() * typical, 1.0)
    return Exposure(panel, cells, hazard, calendar, float(np.clip(share, 0.2, 5.0)))


def _cells(panel: Panel) -> Cells:
    refunded = panel.refunded
    key = refunded.promoter * panel.days + refunded.day
    distinct, place = np.unique(key, return_inverse=True)
    size, bands = len(distinct), np.zeros((len(distinct), len(BANDS)))
    np.add.at(bands, (place, refunded.band), refunded.returns)
    capped = refunded.fen * np.minimum(1.0, _largest(panel) / np.maximum(refunded.return_fen, 1.0))
    return Cells(
        distinct // panel.days, distinct % panel.days, sums(place, np.ones(len(place)), size),
        np.round(bands.sum(axis=1), 6), sums(place, refunded.fen, size), sums(place, capped, size), bands,
    )  # fmt: skip


def _largest(panel: Panel) -> Floats:
    """Per refund the most that its return counts for: its promoter's usual order times what nine in ten stay below."""
    paid, refunded = panel.paid, panel.refunded
    usual = (sums(paid.promoter, paid.fen, panel.count) + 1.0) / (sums(paid.promoter, paid.orders, panel.count) + 1e-4)
    mine = usual[refunded.promoter]
    share = np.quantile(refunded.return_fen / mine, LARGEST_SHARE) if len(mine) else 1.0
    return np.asarray(mine * share, dtype=np.float64)


def _cumulated(panel: Panel, some: Ints, weight: Floats) -> Floats:
    """Paid orders (or fen) before each day, per promoter of `some`: shape (promoters, days + 1)."""
    low, high = np.searchsorted(panel.paid.promoter, [some[0], some[-1] + 1]) if len(some) else (0, 0)
    rows = slice(int(low), int(high))
    place = np.searchsorted(some, panel.paid.promoter[rows])
    mine = some[np.minimum(place, len(some) - 1)] == panel.paid.promoter[rows]
    dense = np.zeros((len(some), panel.days + 1))
    np.add.at(dense, (place[mine], panel.paid.day[rows][mine] + 1), weight[rows][mine])
    return np.cumsum(dense, axis=1)


def _by_band(cumulated: Floats, days: int) -> Iterator[Floats]:
    """Orders at risk in each age band per promoter and day."""
    today = np.arange(days)
    for youngest, oldest in BANDS:
        upper = cumulated[:, np.maximum(today - youngest + 1, 0)]
        yield upper - cumulated[:, np.maximum(today - oldest, 0)]


def _at_risk(panel: Panel, cells: Cells) -> tuple[Floats, Floats, Floats]:
    per_promoter, per_day = np.zeros((panel.count, len(BANDS))), np.zeros((panel.days, len(BANDS)))
    per_cell = np.zeros((len(cells.day), len(BANDS)))
    for start in range(0, panel.count, CHUNK):
        some = np.arange(start, min(start + CHUNK, panel.count))
        low, high = np.searchsorted(cells.promoter, [some[0], some[-1] + 1])
        rows, days = cells.promoter[low:high] - start, cells.day[low:high]
        for band, at_risk in enumerate(_by_band(_cumulated(panel, some, panel.paid.orders), panel.days)):
            per_promoter[some, band] = at_risk.sum(axis=1)
            per_day[:, band] += at_risk.sum(axis=0)
            per_cell[low:high, band] = at_risk[rows, days]
    return per_promoter, per_day, per_cell


def _hazard(panel: Panel, cells: Cells, at_risk: Floats) -> Floats:
    refunded = np.zeros_like(at_risk)
    np.add.at(refunded, cells.promoter, cells.bands)
    free = panel.background[:, None]
    hazard = (refunded.sum(axis=0) + _PRIOR) / (at_risk.sum(axis=0) + _PRIOR / _USUAL_HAZARD)
    for _ in range(12):
        capped = np.where(free, refunded, np.minimum(refunded, 1.0 + _CAP * hazard * at_risk))
        hazard = (capped.sum(axis=0) + _PRIOR) / (at_risk.sum(axis=0) + _PRIOR / _USUAL_HAZARD)
    return np.asarray(hazard, dtype=np.float64)


def _calendar(cells: Cells, per_day: Floats, per_cell: Floats, background: Bools) -> Calendar:
    days = len(per_day)
    expected, mine = per_day.sum(axis=1), per_cell.sum(axis=1)
    effect, counted, capped = np.ones(days), np.zeros(days), cells.returns
    for _ in range(8):  # a special day lifts its own caps step by step; a lone burst does not
        cap = 1.0 + _CAP * effect[cells.day] * mine
        capped = np.where(background, cells.returns, np.minimum(cells.returns, cap))
        counted = sums(cells.day, capped, days)
        effect = (counted + _PULL_SPECIAL) / (expected + _PULL_SPECIAL)
    # the chance of as many from a Poisson half as noisy again
    chance = gammainc(np.maximum(counted / 1.5, 1e-9), np.maximum(expected, 1e-9) / 1.5)
    special = (counted >= 5) & (chance < _SPECIAL_BELOW)
    shares = cells.bands * (capped / np.maximum(cells.returns, 1e-9))[:, None]
    by_band = np.zeros_like(per_day)
    np.add.at(by_band, cells.day, shares)
    pull = np.where(special, _PULL_SPECIAL, _PULL)
    return Calendar(counted, expected, pull, special, by_band, per_day, capped, shares)


def _expected(exposure: Exposure, some: Ints) -> tuple[Floats, Floats, Floats]:
    """Expected returns, fen and late returns per promoter of `some` and day, others' day effects applied."""
    panel, calendar = exposure.panel, exposure.calendar
    days, special = panel.days, np.flatnonzero(calendar.special)
    own, own_bands = _own(exposure, some)
    orders = np.stack(list(_by_band(_cumulated(panel, some, panel.paid.orders), days))) * exposure.hazard[:, None, None]
    fen = np.stack(list(_by_band(_cumulated(panel, some, panel.paid.fen), days))) * exposure.hazard[:, None, None]
    plain = orders.sum(axis=0)
    others = np.maximum(calendar.expected - plain, 0.0)
    effect = (np.maximum(calendar.counted - own, 0.0) + calendar.pull) / (others + calendar.pull)
    expected, expected_fen = plain * effect, fen.sum(axis=0) * effect
    late = orders[LATE_BAND:].sum(axis=0) * effect
    for n, day in enumerate(special):
        base = effect[:, day][None, :]
        by_others = np.maximum(calendar.band_expected[day][:, None] - orders[:, :, day], 0.0)
        counted = np.maximum(calendar.band_counted[day][:, None] - own_bands[n].T, 0.0)
        factor = (counted + 2.0 * base) / (by_others + 2.0)
        expected[:, day] = (orders[:, :, day] * factor).sum(axis=0)
        expected_fen[:, day] = (fen[:, :, day] * factor).sum(axis=0)
        late[:, day] = (orders[:, :, day] * factor)[LATE_BAND:].sum(axis=0)
    return expected, expected_fen * exposure.refund_share, late


def _own(exposure: Exposure, some: Ints) -> tuple[Floats, Floats]:
    """What the promoters of `some` added to the day totals: (promoters, days), and (special days, promoters, bands)."""
    cells, calendar = exposure.cells, exposure.calendar
    place = np.minimum(np.searchsorted(some, cells.promoter), len(some) - 1)
    mine = np.flatnonzero(some[place] == cells.promoter)
    own = np.zeros((len(some), exposure.panel.days))
    own[place[mine], cells.day[mine]] = calendar.cell_counted[mine]
    special = np.flatnonzero(calendar.special)
    bands = np.zeros((len(special), len(some), len(BANDS)))
    if len(special):
        number = np.searchsorted(special, cells.day[mine])
        hit = special[np.minimum(number, len(special) - 1)] == cells.day[mine]
        bands[number[hit], place[mine][hit]] = calendar.cell_bands[mine][hit]
    return own, bands

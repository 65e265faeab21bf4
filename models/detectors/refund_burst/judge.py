"""The verdict of the counts: per promoter expected refunds, windows, p and q."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa

from models.detectors.counts import Peers, fit_peers
from models.detectors.discovery import FDR, q_values, rounded
from models.detectors.drips import Drips, Late, by_week, counted, drips
from models.detectors.exposure import Exposure, expose
from models.detectors.families import families
from models.detectors.panel import Bools, Floats, Ints, Panel, Texts, panel, sums
from models.detectors.scan import Days, Null, Standard, Windows, simulate_null, smallest, windows

LEAST_PEERS = 30


@dataclass(frozen=True)
class Verdict:
    """Arrays over `promoters` unless they belong to `days` or `windows`. `dripping` are those of whom a slow drip is told
    and no window: the scan alone would not flag them and the drip is less likely by chance."""

    exposure: Exposure
    days: Days
    windows: Windows
    standard: Standard
    null: Null
    drips: Drips
    dripping: Bools
    p: Floats
    q: Floats
    tested: Bools

    @property
    def promoters(self) -> Texts:
        """Promoter ids by position."""
        return self.exposure.panel.promoters

    @property
    def orders_per_return(self) -> float:
        """Refunded orders per return over everybody: turns expected returns into expected orders."""
        cells = self.exposure.cells
        return float(cells.orders.sum() / cells.returns.sum()) if len(cells.day) else 1.0


def judge(refund_day: pa.Table, refund_order: pa.Table, group_member: pa.Table, as_of: date) -> Verdict:
    """Test every promoter of the panel against its peers and its own history."""
    exposure = expose(panel(refund_day, refund_order, as_of))
    board, cells = exposure.panel, exposure.cells
    totals, bounds, late = _cumulate(exposure)
    tested = ~board.background & (totals[0] > 0)
    days = Days(
        cells.promoter, cells.day, cells.returns, bounds[0], bounds[1], bounds[2], bounds[3],
        cells.capped_fen, bounds[4], bounds[5],
    )  # fmt: skip
    family = families(board.promoters, group_member)
    standard, sizes = _standard(exposure, totals, tested, family)
    found = windows(days, standard)
    null = simulate_null(exposure, standard, sizes, tested)
    scanned = np.where(tested, null.p(*smallest(found, standard), standard.expected * standard.peers.mean), 1.0)
    slow = drips(late, tested, family, board.days)
    p, q = _tested(np.minimum(scanned, slow.p), slow.reach, tested)
    dripping = (slow.p < scanned) & (_tested(scanned, slow.reach, tested)[1] > FDR)
    return Verdict(exposure, days, found, standard, null, slow, dripping, p, q, tested)


def _tested(least: Floats, reach: Floats, tested: Bools) -> tuple[Floats, Floats]:
    """p and q of the better of two tests, scan and drip. Both rise with the same refunds, so Sidak's bound holds; that of
    a drip falls below 1 no more often than `reach`."""
    capped = np.minimum(least, 1.0 - 1e-12)
    p = rounded(-np.expm1(np.log1p(-capped) + np.log1p(-np.minimum(capped, reach))))
    p, q = np.where(least < 1.0, p, 1.0), np.ones(len(least))
    q[tested] = rounded(q_values(p[tested]))
    return p, q


def _standard(exposure: Exposure, totals: Floats, tested: Bools, family: Ints) -> tuple[Standard, Floats]:
    """What is expected of each promoter, by orders and by fen; and the sizes of refunds in expected amounts."""
    board, cells = exposure.panel, exposure.cells
    expected, special, expected_fen = totals
    refunds, fen = sums(cells.promoter, cells.returns, board.count), sums(cells.promoter, cells.capped_fen, board.count)
    cohort = _cohorts(board, expected, tested)
    peers = _peers(refunds, expected, special, tested, family, cohort)
    usual = np.divide(expected_fen, expected, out=np.ones(board.count), where=expected > 0)
    sizes = cells.capped_fen / np.maximum(cells.returns * usual[cells.promoter], 1.0) if len(cells.day) else np.ones(1)
    # a compound sum is spread like a count of refunds of this size: mean square over mean
    unit = np.maximum(usual * float((sizes**2).sum() / max(sizes.sum(), 1e-9)), 1.0)
    by_fen = _peers(fen / unit, expected_fen / unit, special * usual / unit, tested, family, cohort)
    return Standard(refunds, expected, special, fen, expected_fen, unit, peers, by_fen), sizes


def _cumulate(exposure: Exposure) -> tuple[Floats, Floats, Late]:
    """Expected returns, those on special days, and fen: totals per promoter (3 rows); and per cell the sums before and
    through its day (6 rows). And late returns by week."""
    cells, board = exposure.cells, exposure.panel
    late = [counted(cells, board.count, board.days)]
    late += [np.zeros_like(late[0]), np.zeros_like(late[0])]
    totals, bounds = np.zeros((3, exposure.panel.count)), np.zeros((6, len(cells.day)))
    for some, daily, daily_fen, daily_late in exposure.chunks():
        late[1][some], late[2][some] = by_week(daily_late), by_week(daily_late * exposure.calendar.special)
        low, high = np.searchsorted(cells.promoter, [some[0], some[-1] + 1])
        row, day = cells.promoter[low:high] - some[0], cells.day[low:high]
        for n, values in enumerate((daily, daily * exposure.calendar.special, daily_fen)):
            totals[n, some] = values.sum(axis=1)
            through = np.cumsum(values, axis=1)[row, day]
            bounds[2 * n, low:high], bounds[2 * n + 1, low:high] = through - values[row, day], through
    return totals, bounds, Late(*late)


def _peers(observed: Floats, expected: Floats, special: Floats, tested: Bools, family: Ints, cohort: Ints) -> Peers:
    """Peers of each promoter: the narrowest cohort (volume and tenure, volume, all) with `LEAST_PEERS` others."""
    peers, mine = Peers(np.ones(len(observed)), np.ones(len(observed))), np.flatnonzero(tested)
    fitted = fit_peers(observed[mine], expected[mine], special[mine], family[mine], cohort[mine])
    peers.mean[mine], peers.shape[mine] = fitted.mean, fitted.shape
    return peers


def _cohorts(board: Panel, expected: Floats, tested: Bools) -> Ints:
    volume = np.digitize(expected, [1.0, 4.0, 16.0, 64.0])
    begun = np.full(board.count, board.days, dtype=np.int64)
    np.minimum.at(begun, board.paid.promoter, board.paid.day)
    tenure = np.digitize(board.days - begun, [60, 180])
    cohort = np.zeros(board.count, dtype=np.int64)
    for label in (1 + volume, 10 + volume * 10 + tenure):
        size = np.bincount(label[tested], minlength=int(label.max()) + 1) if len(label) else label
        cohort = np.where(size[label] > LEAST_PEERS, label, cohort)
    return cohort

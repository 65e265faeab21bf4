"""Which windows of an unusual promoter are told: the best one, and further disjoint ones that hold on their own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.detectors.discovery import FDR, q_values, rounded
from models.detectors.panel import Floats, Ints
from models.detectors.refund_burst.judge import Verdict
from models.detectors.scan import tails

UNUSUAL = 0.05  # p below which a promoter's best window is published, flagged or not
MOST_WINDOWS = 6


@dataclass(frozen=True)
class Found:
    """One unusual window. Days are day numbers of the panel; `expected*` already follow the peers' mean. `refunds` are
    orders, `returns` decisions to give back, which is what is tested; `expected` is in orders. A slow drip is told as
    `late`: its test is of the late orders in it, so it has no tails of its own."""

    position: int
    first_day: int
    last_day: int
    refunds: float
    returns: float
    fen: float
    expected: float
    expected_fen: float
    by_orders: float
    by_fen: float
    p: float
    q: float
    months: int = 1
    late: bool = False


def choose(verdict: Verdict) -> list[Found]:
    """The windows to tell, by promoter and first day."""
    unusual = np.flatnonzero(verdict.tested & ((verdict.p <= UNUSUAL) | (verdict.q <= FDR)))
    order = np.argsort(verdict.windows.promoter, kind="stable")
    bounds = np.searchsorted(verdict.windows.promoter[order], [unusual, unusual + 1])
    found: list[Found] = []
    for position, low, high in zip(unusual, *bounds, strict=True):
        found += sorted(_of_promoter(verdict, int(position), order[low:high]), key=lambda f: f.first_day)
    return found


def _of_promoter(verdict: Verdict, position: int, mine: Ints) -> list[Found]:
    """Best first, each next one judged without those already told; the whole history if that is what stands out, or
    the slow drip."""
    if verdict.dripping[position]:
        return [_drip(verdict, position)]
    level = np.array([v[position] for v in verdict.standard.level()])
    whole = _p(verdict, position, level[:1], level[1:])[0]
    found = verdict.windows
    p = _p(verdict, position, found.tail[mine], found.fen_tail[mine])
    if not len(mine) or whole < p.min():
        return [_whole(verdict, position, level)]
    chosen, chances = list[int](), list[float]()
    while len(mine) and len(chosen) < MOST_WINDOWS:
        best = _best(verdict, mine, p)
        chosen.append(int(mine[best]))
        chances.append(float(p[best]))
        mine = mine[(found.last[mine] < found.first[chosen[-1]]) | (found.first[mine] > found.last[chosen[-1]])]
        p = _p(verdict, position, *tails(found, mine, verdict.standard, chosen))
    told = rounded(np.array(chances))
    q = np.maximum(rounded(q_values(told, dependent=True)), verdict.q[position])
    q[0], told[0] = verdict.q[position], verdict.p[position]
    kept = [k for k in range(len(chosen)) if k == 0 or q[k] <= FDR]
    begins = [verdict.days.day[found.first[chosen[k]]] for k in kept]
    months = len({f"{verdict.exposure.panel.on(int(day)):%Y-%m}" for day in begins})
    return [_found(verdict, chosen[k], float(told[k]), float(q[k]), months) for k in kept]


def _p(verdict: Verdict, position: int, by_orders: Floats, by_fen: Floats) -> Floats:
    """How often chance gives this promoter a smallest tail as small, either by orders or by fen."""
    size = np.full(len(by_orders), verdict.standard.expected[position] * verdict.standard.peers.mean[position])
    least = np.minimum(verdict.null.p_orders(by_orders, size), verdict.null.p_fen(by_fen, size))
    return np.asarray(np.minimum(2 * least, 1.0), dtype=np.float64)


def _best(verdict: Verdict, mine: Ints, p: Floats) -> int:
    """The least p; at equal p the smaller tail, then the shorter, then the earlier window."""
    found = verdict.windows
    length = verdict.days.day[found.last[mine]] - verdict.days.day[found.first[mine]]
    return int(np.lexsort((found.first[mine], length, np.minimum(found.tail[mine], found.fen_tail[mine]), p))[0])


def _found(verdict: Verdict, n: int, p: float, q: float, months: int) -> Found:
    found, days, standard = verdict.windows, verdict.days, verdict.standard
    first, last, position = int(found.first[n]), int(found.last[n]), int(found.promoter[n])
    cells, mean, mean_fen = (
        verdict.exposure.cells,
        float(standard.peers.mean[position]),
        float(standard.fen_peers.mean[position]),
    )
    return Found(
        position, int(days.day[first]), int(days.day[last]), float(cells.orders[first : last + 1].sum()),
        float(found.refunds[n]), float(cells.fen[first : last + 1].sum()),
        float(found.expected[n]) * mean * verdict.orders_per_return,
        float(days.fen_through[last] - days.fen_before[first]) * mean_fen,
        float(found.tail[n]), float(found.fen_tail[n]), p, q, months,
    )  # fmt: skip


def _whole(verdict: Verdict, position: int, level: Floats) -> Found:
    """The promoter's whole history: its level is what stands out, no window does."""
    standard, days = verdict.standard, verdict.days
    mine = np.flatnonzero(days.promoter == position)
    months = len({f"{verdict.exposure.panel.on(int(d)):%Y-%m}" for d in days.day[mine]})
    return Found(
        position, int(days.day[mine[0]]), int(days.day[mine[-1]]), float(verdict.exposure.cells.orders[mine].sum()),
        float(standard.refunds[position]), float(verdict.exposure.cells.fen[mine].sum()),
        float(standard.expected[position] * standard.peers.mean[position]) * verdict.orders_per_return,
        float(standard.expected_fen[position] * standard.fen_peers.mean[position]), float(level[0]), float(level[1]),
        float(verdict.p[position]), float(verdict.q[position]), months,
    )  # fmt: skip


def _drip(verdict: Verdict, position: int) -> Found:
    """The weeks in which late orders kept coming back, with all that was given back in them."""
    slow, standard, days, panel = verdict.drips, verdict.standard, verdict.days, verdict.exposure.panel
    first, last = int(slow.first_day[position]), int(slow.last_day[position])
    mine = np.flatnonzero((days.promoter == position) & (days.day >= first) & (days.day <= last))
    begin, end, cells = mine[0], mine[-1], verdict.exposure.cells
    late = panel.refunded.late(position, first, last)
    return Found(
        position, int(days.day[begin]), int(days.day[end]), float(cells.orders[mine].sum()),
        float(days.refunds[mine].sum()), float(cells.fen[mine].sum()),
        float((days.through[end] - days.before[begin]) * standard.peers.mean[position]) * verdict.orders_per_return,
        float((days.fen_through[end] - days.fen_before[begin]) * standard.fen_peers.mean[position]), 1.0, 1.0,
        float(verdict.p[position]), float(verdict.q[position]),
        len({f"{panel.on(int(day)):%Y-%m}" for day in panel.refunded.day[late]}), late=True,
    )  # fmt: skip

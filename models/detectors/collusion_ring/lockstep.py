"""Register, buy and refund within the same hours: clusters of one promoter's invitees, and their chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from models.detectors.counts import share_tail
from models.detectors.panel import Floats, Ints, Texts, codes, days_of, ints_of
from models.detectors.rates import UNUSUAL

HOUR = 3_600_000_000
REGISTER_WITHIN, REFUND_WITHIN = 48 * HOUR, 72 * HOUR
DAY = 24 * HOUR
# Refunds of one cohort fall within three days of one of them this often, given that they come at all: twice what honest
# worlds show (0.10 to 0.13), as real customers have causes in common.
CONCENTRATION = 0.25
PEER_SHAPE, PEER_WEIGHT = 2.0, 10.0
LEAST_FOLLOWERS = 3
MOST_SHARE = 0.9
MOST_AT_ONCE = 5_000_000  # rows of cohorts laid end to end


@dataclass(frozen=True)
class Clusters:
    """Best cluster per promoter (positions in `promoters`): its chance, and where that is at most `UNUSUAL` its members' rows
    in invitee_life."""

    promoters: Texts
    members: dict[int, Ints]
    expected: Floats
    p: Floats


def clusters(life: pa.Table, refund_day: pa.Table) -> Clusters:
    """Look at every refunding invitee as the first of a cluster; the best one's chance times how many could have led one.

    A cohort holds only so many invitees, hence the beta-binomial; fewer than `LEAST_FOLLOWERS` in step are no cluster.
    """
    promoters, (mine,) = codes([life["promoter_id"]])
    registered = ints_of(life["registered_at"].cast(pa.timestamp("us", "UTC")).cast(pa.int64()))
    refunded = ints_of(life["first_refunded_at"].cast(pa.timestamp("us", "UTC")).cast(pa.int64()).fill_null(-1))
    order = np.lexsort((refunded, registered, mine))
    mine, registered, refunded = mine[order], registered[order], refunded[order]
    anchors = np.flatnonzero(refunded >= 0)
    key = mine.astype(np.float64) * 1e17 + registered
    until = np.searchsorted(key, key[anchors] + REGISTER_WITHIN, side="right")
    cohort = until - anchors - 1
    together = _together(refunded, anchors, until)
    payers, refunders = (
        np.bincount(mine, minlength=len(promoters)),
        np.bincount(mine[anchors], minlength=len(promoters)),
    )
    usual = (refunders.sum() + 1.0) / (payers.sum() + 20.0)
    rest = np.maximum(refunders[mine[anchors]] - together - 1, 0.0)
    others = np.maximum(payers[mine[anchors]] - cohort - 1, 0)
    rate = (rest + PEER_WEIGHT * usual) / (others + PEER_WEIGHT)
    share = np.minimum(rate * CONCENTRATION * _lifted(refund_day, refunded[anchors], together + 1), MOST_SHARE)
    could_lead = np.bincount(mine[anchors][cohort >= LEAST_FOLLOWERS], minlength=len(promoters))
    chance = share_tail(together, cohort.astype(np.float64), share, PEER_SHAPE + rest) * could_lead[mine[anchors]]
    chance[together < LEAST_FOLLOWERS] = 1.0
    return _best(promoters, mine, refunded, anchors, until, cohort * share, np.minimum(chance, 1.0), order)


def _together(refunded: Ints, anchors: Ints, until: Ints) -> Floats:
    """Per anchor how many of the rows after it and before its `until` refunded in step with it.

    Cohorts are laid end to end, in blocks so that those of a campaign's many thousand invitees fit into memory.
    """
    lengths = until - anchors - 1
    found, ends = np.zeros(len(anchors)), np.cumsum(lengths)
    begin = 0
    while begin < len(anchors):
        before = int(ends[begin] - lengths[begin])
        end = max(begin + 1, int(np.searchsorted(ends, before + MOST_AT_ONCE, side="right")))
        some = slice(begin, end)
        place = np.repeat(np.arange(end - begin), lengths[some])
        at = np.arange(len(place)) + np.repeat(anchors[some] + 1 - (ends[some] - lengths[some] - before), lengths[some])
        hits = _in_step(refunded[at], refunded[anchors[some]][place])
        found[some] = np.bincount(place[hits], minlength=end - begin)
        begin = end
    return found


def _in_step(refunded: Ints, anchor: Ints | int) -> np.ndarray:
    return np.asarray((refunded >= anchor - REFUND_WITHIN) & (refunded >= 0) & (refunded <= anchor + REFUND_WITHIN))


def _best(
    promoters: Texts, mine: Ints, refunded: Ints, anchors: Ints, until: Ints, due: Floats, chance: Floats, order: Ints
) -> Clusters:
    p, expected = np.ones(len(promoters)), np.zeros(len(promoters))
    ranked = np.lexsort((anchors, chance, mine[anchors]))
    best = ranked[np.unique(mine[anchors][ranked], return_index=True)[1]]
    best = best[chance[best] < 1.0]
    of = mine[anchors[best]]
    p[of], expected[of] = chance[best], due[best] + 1.0
    members: dict[int, Ints] = {}
    for k in best[chance[best] <= UNUSUAL]:  # the few promoters of whom a cluster may be told
        anchor = int(anchors[k])
        inside = anchor + 1 + np.flatnonzero(_in_step(refunded[anchor + 1 : until[k]], int(refunded[anchor])))
        members[int(mine[anchor])] = order[np.concatenate([[anchor], inside])]
    return Clusters(promoters, members, expected, p)


def _lifted(refund_day: pa.Table, refunded: Ints, own: Floats) -> Floats:
    """How many times the refunds of ordinary days around it everybody else had within three days of each instant."""
    if not len(refund_day):
        return np.ones(len(refunded))
    days, counts = days_of(refund_day["day"]), ints_of(refund_day["refund_orders"])
    first = int(days.min())
    daily = np.bincount(days - first, counts, minlength=int(days.max()) - first + 1)
    at = np.clip(refunded // DAY - first, 0, len(daily) - 1)
    usual = np.array([max(float(np.median(daily[max(d - 14, 0) : d + 15])), 0.5) for d in range(len(daily))])
    busy = np.array([float(daily[max(d - 3, 0) : d + 4].sum()) for d in range(len(daily))])
    return np.asarray(np.maximum((busy[at] - own) / (7 * usual[at]), 1.0), dtype=np.float64)

"""Register, buy and refund within the same hours: clusters of one promoter's invitees, and their chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from models.detectors.counts import share_tail
from models.detectors.panel import Floats, Ints, Texts, codes, days_of, ints_of

HOUR = 3_600_000_000
REGISTER_WITHIN, REFUND_WITHIN = 48 * HOUR, 72 * HOUR
DAY = 24 * HOUR
# Refunds of one cohort fall within three days of one of them this often, given that they come at all: twice what honest
# worlds show (0.10 to 0.13), as real customers have causes in common.
CONCENTRATION = 0.25
PEER_SHAPE, PEER_WEIGHT = 2.0, 10.0
LEAST_FOLLOWERS = 3
MOST_SHARE = 0.9


@dataclass(frozen=True)
class Clusters:
    """Best cluster per promoter (positions in `promoters`): its members' rows in invitee_life, its chance."""

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
    together = np.array(
        [int(_in_step(refunded[a + 1 : u], refunded[a]).sum()) for a, u in zip(anchors, until, strict=True)],
        dtype=np.float64,
    )
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


def _in_step(refunded: Ints, anchor: int) -> np.ndarray:
    return np.asarray((refunded >= anchor - REFUND_WITHIN) & (refunded >= 0) & (refunded <= anchor + REFUND_WITHIN))


def _best(
    promoters: Texts, mine: Ints, refunded: Ints, anchors: Ints, until: Ints, due: Floats, chance: Floats, order: Ints
) -> Clusters:
    p, expected = np.ones(len(promoters)), np.zeros(len(promoters))
    members: dict[int, Ints] = {}
    ranked = np.lexsort((anchors, chance, mine[anchors]))
    _, first = np.unique(mine[anchors][ranked], return_index=True)
    for k in ranked[first]:
        anchor, position = int(anchors[k]), int(mine[anchors[k]])
        inside = anchor + 1 + np.flatnonzero(_in_step(refunded[anchor + 1 : until[k]], int(refunded[anchor])))
        members[position] = order[np.concatenate([[anchor], inside])]
        p[position], expected[position] = chance[k], due[k] + 1.0
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

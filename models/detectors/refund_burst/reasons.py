"""Why a window is unusual: reason codes with observed, expected, ratio, q, the orders, and what would clear it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from scipy.special import betainc

from models.detectors.panel import Bools, ints_of
from models.detectors.refund_burst.judge import Verdict

MOST_IDS = 50
_SURE = 0.01  # tail below which a trait of the window is named as a reason


@dataclass(frozen=True)
class Found:
    """One unusual window. Days are day numbers of the panel; `expected*` already follow the peers' mean."""

    position: int
    first_day: int
    last_day: int
    refunds: float
    fen: float
    expected: float
    expected_fen: float
    tail: float
    p: float
    q: float


def explain(verdict: Verdict, found: Found, refund_order: pa.Table, group_member: pa.Table) -> list[dict[str, Any]]:
    """The reasons of one window, RB01 first. Ids are the refunded orders in it, at most `MOST_IDS`."""
    refunded = verdict.exposure.panel.refunded
    mine = (refunded.promoter == found.position) & (refunded.day >= found.first_day) & (refunded.day <= found.last_day)
    inside = refund_order.take(refunded.row[mine])
    ids = inside["order_id"].to_pylist()[:MOST_IDS]
    reasons = [_reason("RB01", found.refunds, found.expected, found.q, ids)]
    if found.fen > 3 * max(found.expected_fen, 1.0) and found.refunds >= 2:
        reasons.append(_reason("RB02", found.fen / 100, found.expected_fen / 100, found.q, ids))
    everyone = refund_order.take(refunded.row)
    for code, trait in (("RB03", _first_and_full), ("RB04", _after_issue)):
        reasons += _trait(code, trait(inside), trait(everyone), found.q, ids)
    reasons += _own_history(verdict, found, ids)
    return reasons


def _reason(code: str, observed: float, expected: float, q: float, ids: list[str]) -> dict[str, Any]:
    return {
        "code": code, "observed": round(observed, 2), "expected": round(expected, 2),
        "ratio": round(observed / max(expected, 0.01), 2), "q": q, "ids": ids,
    }  # fmt: skip


def _first_and_full(orders: pa.Table) -> Bools:
    full, first = (np.asarray(orders[c].to_numpy(), dtype=bool) for c in ("full_refund", "first_purchase"))
    return np.asarray(full & first, dtype=np.bool_)


def _after_issue(orders: pa.Table) -> Bools:
    days = ints_of(orders["days_after_issue"].fill_null(-1))
    payout = ints_of(orders["days_after_payout"].fill_null(-1))
    return np.asarray(((days >= 0) & (days <= 7)) | ((payout >= 0) & (payout <= 7)), dtype=np.bool_)


def _trait(code: str, inside: Bools, everyone: Bools, q: float, ids: list[str]) -> list[dict[str, Any]]:
    """A reason when the trait is more frequent among the window's refunds than among all refunds."""
    share = float((everyone.sum() + 1) / (len(everyone) + 2))
    chance = _at_least(int(inside.sum()), len(inside), share)
    if chance > _SURE:
        return []
    return [_reason(code, float(inside.sum()), share * len(inside), q, [i for i, hit in zip(ids, inside, strict=False) if hit])]


def _at_least(hits: int, trials: int, share: float) -> float:
    return float(betainc(hits, trials - hits + 1, share)) if hits else 1.0


def _own_history(verdict: Verdict, found: Found, ids: list[str]) -> list[dict[str, Any]]:
    """RB09: the window against the promoter's own refunds outside of it."""
    mean = float(verdict.peers.mean[found.position])
    outside = float(verdict.expected[found.position]) - found.expected / mean
    rest = float(verdict.refunds[found.position]) - found.refunds
    if outside < 1.0:
        return []
    shape = float(verdict.peers.shape[found.position])
    due = found.expected / mean * (shape + rest) / (shape / mean + outside)
    return [_reason("RB09", found.refunds, due, found.q, ids)] if found.refunds > 3 * due else []

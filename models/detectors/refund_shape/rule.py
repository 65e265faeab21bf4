"""The shape of a promoter's refunds: an isolation forest over conduct rates orders the queue, and alone flags nobody."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.detectors.given import DETECTION, NO_WINDOW, Given
from models.detectors.panel import Floats, Texts, ints_of

SEED = 20250701
TREES = 200
UNUSUAL_SHARE = 0.02  # the furthest out are published as detections; they are never flagged
MOST_REASONS = 3
FEWEST = 2  # whom nobody can be compared with has no unusual shape, and no model is opened for it
# feature: what is counted over what, and how many average units pull it to the programme's rate
RATES = {
    "refund_share": ("refund_orders", "orders", 5.0),
    "refund_fen_share": ("refund_fen", "paid_fen", 0.0),
    "full_share": ("full_refunds", "refund_orders", 3.0),
    "first_purchase_share": ("first_purchase_refunds", "refund_orders", 3.0),
    "after_issue_share": ("after_issue_refunds", "refund_orders", 3.0),
    "after_payout_share": ("after_payout_refunds", "refund_orders", 3.0),
    "vanished_share": ("vanished_invitees", "paying_invitees", 5.0),
    "busiest_day_share": ("busiest_day_refunds", "refund_orders", 5.0),
    "busiest_invitee_share": ("busiest_invitee_refunds", "refund_orders", 5.0),
    "repeated_amount_share": ("repeated_amount_refunds", "refund_orders", 5.0),
    "linked_share": ("linked_invitees", "invitees", 5.0),
    "unclicked_share": ("unclicked", "invitees", 5.0),
    "hasty_share": ("hasty", "invitees", 5.0),
}
FEATURES = (*RATES, "refund_age_days", "recent_change")
SCORE = pa.schema([("promoter_id", pa.string()), ("score", pa.float64())])


def fit(given: Given) -> tuple[Any, dict[str, Any], dict[str, float], Floats]:
    """A new model: the forest, its parameters, its metrics, and the training features (for drift)."""
    from sklearn.ensemble import IsolationForest

    _, features = matrix(given)
    parameters = {"n_estimators": TREES, "max_samples": min(256, max(len(features), 2)), "random_state": SEED}
    rows = features if len(features) > 1 else np.zeros((2, len(FEATURES)))
    forest = IsolationForest(**parameters, n_jobs=1).fit(rows)
    scores = -forest.score_samples(rows)
    metrics = {
        "promoters": float(len(features)),
        "score_median": float(np.median(scores)),
        "score_p99": float(np.quantile(scores, 0.99)),
    }
    return forest, parameters, metrics, rows


def rule(given: Given) -> Mapping[str, pa.Table]:
    """`promoter_score` for every promoter with orders, and detections (never flagged) for those furthest out."""
    promoters, features = matrix(given)
    if len(promoters) < FEWEST:
        promoters, features = promoters[:0], features[:0]
    scores = np.round(-given.model.score_samples(features), 6) if len(features) else np.zeros(0)
    tails = right_tails(features)
    order = np.lexsort((promoters.astype(str), -scores))[: int(np.ceil(UNUSUAL_SHARE * len(scores)))]
    rows = [
        _detection(str(promoters[n]), float(scores[n]), features[n], tails[n], np.median(features, axis=0))
        for n in order
    ]
    found = pa.table(
        {"promoter_id": pa.array(promoters, pa.string()), "score": pa.array(scores, pa.float64())}, schema=SCORE
    )
    return {"promoter_score": found, "detection": pa.Table.from_pylist(rows, DETECTION)}


def matrix(given: Given) -> tuple[Texts, Floats]:
    """Promoters with orders, sorted, and their features: (promoters, `FEATURES`). Higher is more abnormal."""
    conduct = given["promoter_conduct"].sort_by("promoter_id")
    conduct = conduct.append_column("linked_invitees", _linked(given, conduct["promoter_id"].to_pylist()))
    conduct = conduct.filter(pc.greater(conduct["orders"], 0))
    promoters = np.asarray(conduct["promoter_id"].to_pylist(), dtype=object)
    columns = [_rate(conduct, *RATES[name]) for name in RATES]
    columns.append(np.minimum(ints_of(conduct["refund_age_days"]), 120).astype(np.float64))
    now = _rate(conduct, "last_month_refunds", "last_month_orders", 5.0)
    columns.append(now - columns[0])
    return promoters, np.asarray(np.round(np.column_stack(columns), 6), dtype=np.float64)


def _rate(conduct: pa.Table, part: str, whole: str, pull: float) -> Floats:
    counted, total = ints_of(conduct[part]).astype(np.float64), ints_of(conduct[whole]).astype(np.float64)
    average = counted.sum() / max(total.sum(), 1.0)
    return np.asarray(np.minimum((counted + pull * average) / np.maximum(total + pull, 1.0), 1.0), dtype=np.float64)


def _linked(given: Given, promoters: list[str]) -> pa.Array:
    """Invitees in one group with their promoter or with another of its invitees."""
    members, referrals = given["group_member"], given["referrals"]
    group = dict(zip(members["account_id"].to_pylist(), members["group_id"].to_pylist(), strict=True))
    referrals = referrals.filter(pc.is_in(referrals["invitee_id"], members["account_id"].combine_chunks()))
    seen: dict[tuple[str, str], int] = {}
    for invitee, promoter in zip(*(referrals[c].to_pylist() for c in ("invitee_id", "promoter_id")), strict=True):
        seen[promoter, group[invitee]] = seen.get((promoter, group[invitee]), 0) + 1
    linked: dict[str, int] = {}
    for (promoter, its_group), count in seen.items():
        if count > 1 or group.get(promoter) == its_group:
            linked[promoter] = linked.get(promoter, 0) + count
    return pa.array([linked.get(p, 0) for p in promoters], pa.int64())


def right_tails(features: Floats) -> Floats:
    """ECOD: per feature the share of promoters at least as far out to the right."""
    if not len(features):
        return features
    ordered = np.sort(features, axis=0)
    below = np.column_stack(
        [np.searchsorted(ordered[:, n], features[:, n], side="left") for n in range(features.shape[1])]
    )
    return 1.0 - below / len(features)


def _detection(promoter: str, score: float, features: Floats, tails: Floats, usual: Floats) -> dict[str, Any]:
    furthest = np.lexsort((np.arange(len(FEATURES)), tails))[:MOST_REASONS]
    evidence = [
        {"feature": FEATURES[n], "observed": round(float(features[n]), 6), "expected": round(float(usual[n]), 6),
         "share_as_far_out": round(float(tails[n]), 6)}
        for n in furthest
    ]  # fmt: skip
    return {
        "subject_kind": "promoter", "subject_id": promoter, "promoter_id": promoter, "window_start": NO_WINDOW,
        "window_end": None, "score": score, "p_value": None, "q_value": None, "confidence": 0.0, "flagged": False,
        "reasons": [], "evidence": json.dumps(evidence, sort_keys=True),
    }  # fmt: skip

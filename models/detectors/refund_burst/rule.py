"""Clause 3.5(2): many refunds of a promoter's invitees in a short time, beyond what peers and own history explain."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pyarrow as pa

from models.detectors.discovery import FDR
from models.detectors.given import DETECTION, Given
from models.detectors.refund_burst.choice import choose
from models.detectors.refund_burst.judge import judge
from models.detectors.refund_burst.reasons import Teller

BURST = pa.schema(
    [
        ("promoter_id", pa.string()),
        ("window_start", pa.date32()),
        ("window_end", pa.date32()),
        ("refund_orders", pa.int64()),
        ("refund_fen", pa.int64()),
        ("expected_orders", pa.float64()),
        ("expected_amount", pa.float64()),
        ("p_value", pa.float64()),
        ("q_value", pa.float64()),
        ("anomaly_score", pa.float64()),
        ("flagged", pa.bool_()),
        ("reasons", pa.list_(pa.string())),
    ]
)


def rule(given: Given) -> Mapping[str, pa.Table]:
    """Detections and bursts, one row per promoter and unusual window; windows of one promoter are disjoint."""
    verdict = judge(given["refund_day"], given["refund_order"], given["group_member"], given.as_of)
    scored = given["promoter_score"]
    scores = dict(zip(scored["promoter_id"].to_pylist(), scored["score"].to_pylist(), strict=True))
    teller = Teller(verdict, given["refund_order"], given["group_member"])
    bursts, detections = [], []
    for window in choose(verdict):
        promoter, reasons = str(verdict.promoters[window.position]), teller.reasons(window)
        shared = {
            "promoter_id": promoter, "window_start": verdict.exposure.panel.on(window.first_day),
            "window_end": verdict.exposure.panel.on(window.last_day), "p_value": window.p, "q_value": window.q,
            "flagged": window.q <= FDR, "reasons": [r["code"] for r in reasons],
        }  # fmt: skip
        bursts.append(
            {**shared, "refund_orders": round(window.refunds), "refund_fen": round(window.fen),
             "expected_orders": round(window.expected, 6), "expected_amount": round(window.expected_fen / 100, 6),
             "anomaly_score": scores.get(promoter, 0.0)}
        )  # fmt: skip
        detections.append(
            {**shared, "subject_kind": "promoter", "subject_id": promoter, "score": scores.get(promoter, 0.0),
             "confidence": round(1 - window.q, 6), "evidence": json.dumps(reasons, ensure_ascii=False, sort_keys=True)}
        )  # fmt: skip
    return {"detection": pa.Table.from_pylist(detections, DETECTION), "burst": pa.Table.from_pylist(bursts, BURST)}

"""Clause 3.5(2): many refunds of a promoter's invitees in a short time, beyond what peers and own history explain."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from models.detectors.discovery import FDR, q_values, rounded
from models.detectors.given import DETECTION, Given
from models.detectors.panel import Ints
from models.detectors.refund_burst.judge import Verdict, judge
from models.detectors.refund_burst.reasons import Found, explain

UNUSUAL = 0.05  # p below which a promoter's best window is published, flagged or not
MOST_WINDOWS = 6
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
    scores = dict(zip(given["promoter_score"]["promoter_id"].to_pylist(), given["promoter_score"]["score"].to_pylist(), strict=True))
    found = [window for position in _unusual(verdict) for window in _windows(verdict, position)]
    found.sort(key=lambda f: (verdict.promoters[f.position], f.first_day))
    explained = [explain(verdict, f, given["refund_order"], given["group_member"]) for f in found]
    bursts, detections = [], []
    for window, reasons in zip(found, explained, strict=True):
        promoter = str(verdict.promoters[window.position])
        codes = [r["code"] for r in reasons]
        span = {
            "window_start": verdict.exposure.panel.on(window.first_day),
            "window_end": verdict.exposure.panel.on(window.last_day),
        }
        errors = {"p_value": window.p, "q_value": window.q, "flagged": window.q <= FDR, "reasons": codes}
        bursts.append(
            {"promoter_id": promoter, **span, "refund_orders": round(window.refunds), "refund_fen": round(window.fen),
             "expected_orders": round(window.expected, 6), "expected_amount": round(window.expected_fen / 100, 6),
             "anomaly_score": scores.get(promoter, 0.0), **errors}
        )  # fmt: skip
        detections.append(
            {"subject_kind": "promoter", "subject_id": promoter, "promoter_id": promoter, **span,
             "score": scores.get(promoter, 0.0), "confidence": round(1 - window.q, 6),
             "evidence": json.dumps(reasons, ensure_ascii=False, sort_keys=True), **errors}
        )  # fmt: skip
    return {"detection": pa.Table.from_pylist(detections, DETECTION), "burst": pa.Table.from_pylist(bursts, BURST)}


def _unusual(verdict: Verdict) -> list[int]:
    return [int(i) for i in np.flatnonzero(verdict.tested & ((verdict.p <= UNUSUAL) | (verdict.q <= FDR)))]


def _windows(verdict: Verdict, position: int) -> list[Found]:
    """The promoter's best window, and further disjoint ones that hold on their own; the whole history when it is the
    level and no window that stands out."""
    low, high = np.searchsorted(verdict.windows.promoter[: _bursts(verdict)], [position, position + 1])
    mine = np.concatenate([np.arange(low, high), _drips(verdict, position)])
    tails = verdict.windows.tail[mine]
    if not len(mine) or verdict.level[position] < tails.min():
        return [_whole(verdict, position)]
    order = mine[np.lexsort((mine, tails))]
    chosen: list[int] = []
    for n in order:
        span = (verdict.windows.first[n], verdict.windows.last[n])
        if all(span[1] < verdict.windows.first[c] or span[0] > verdict.windows.last[c] for c in chosen):
            chosen.append(int(n))
        if len(chosen) == MOST_WINDOWS:
            break
    share = np.full(len(chosen), verdict.expected[position] * verdict.peers.mean[position])
    p = rounded(verdict.null.p(verdict.windows.tail[chosen], share))
    q = np.maximum(rounded(q_values(p, dependent=True)), verdict.q[position])
    q[0], p[0] = verdict.q[position], verdict.p[position]
    return [_found(verdict, n, p[k], q[k]) for k, n in enumerate(chosen) if k == 0 or q[k] <= FDR]


def _bursts(verdict: Verdict) -> int:
    """Windows of at most 14 days stand first, sorted by promoter; slow drips follow."""
    breaks = np.flatnonzero(np.diff(verdict.windows.promoter) < 0)
    return int(breaks[0]) + 1 if len(breaks) else len(verdict.windows.promoter)


def _drips(verdict: Verdict, position: int) -> Ints:
    start = _bursts(verdict)
    return np.asarray(start + np.flatnonzero(verdict.windows.promoter[start:] == position), dtype=np.int64)


def _found(verdict: Verdict, n: int, p: float, q: float) -> Found:
    found, days = verdict.windows, verdict.days
    first, last = int(found.first[n]), int(found.last[n])
    fen = float(verdict.exposure.cells.fen[first : last + 1].sum())
    due = float(found.expected[n] * verdict.peers.mean[found.promoter[n]])
    due_fen = float((verdict.fen_through[last] - verdict.fen_before[first]) * verdict.peers.mean[found.promoter[n]])
    return Found(
        int(found.promoter[n]), int(days.day[first]), int(days.day[last]),
        float(found.refunds[n]), fen, due, due_fen, float(found.tail[n]), float(p), float(q),
    )  # fmt: skip


def _whole(verdict: Verdict, position: int) -> Found:
    mine = np.flatnonzero(verdict.days.promoter == position)
    mean = float(verdict.peers.mean[position])
    return Found(
        position, int(verdict.days.day[mine[0]]), int(verdict.days.day[mine[-1]]), float(verdict.refunds[position]),
        float(verdict.refunded_fen[position]), float(verdict.expected[position]) * mean,
        float(verdict.expected_fen[position]) * mean, float(verdict.level[position]),
        float(verdict.p[position]), float(verdict.q[position]),
    )  # fmt: skip

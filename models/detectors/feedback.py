"""What analysts' verdicts say of each detector: precision with its interval, and the cut-off that a wanted one needs.

Nothing here changes a threshold: the proposal is a row that people read.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from scipy.special import betaincinv

from data_contracts.warehouse import Warehouse

SQL = Path(__file__).parent / "sql"
WANTED_PRECISION = 0.95
LEAST_VERDICTS = 20  # fewer judge no threshold, and no recall
FEEDBACK = pa.schema(
    [
        ("detector", pa.string()),
        ("confirmed", pa.int64()),
        ("false_alarm", pa.int64()),
        ("unclear", pa.int64()),
        ("precision", pa.float64()),
        ("precision_low", pa.float64()),
        ("precision_high", pa.float64()),
        ("proposed_q", pa.float64()),
    ]
)


def build(wh: Warehouse) -> None:
    """Make `detector_feedback` from the latest verdict on each finding in the books."""
    wh.make(SQL / "verdict_row.sql")
    rows: dict[str, list[tuple[str, float | None]]] = {}
    for detector, verdict, q in wh.execute("select detector, verdict, q_value from verdict_row order by all"):
        rows.setdefault(detector, []).append((verdict, q))
    wh.admit("detector_feedback", pa.Table.from_pylist([summary(d, rows[d]) for d in sorted(rows)], FEEDBACK))


def summary(detector: str, verdicts: list[tuple[str, float | None]]) -> dict[str, Any]:
    """One row: counts, precision of the judged (confirmed or false alarm) with a 95 % Clopper-Pearson interval, and the
    largest q at which the judged findings still have `WANTED_PRECISION` (null: too few verdicts, or none)."""
    counts = {word: sum(v == word for v, _ in verdicts) for word in ("confirmed", "false_alarm", "unclear")}
    judged = counts["confirmed"] + counts["false_alarm"]
    low, high = interval(counts["confirmed"], judged)
    return {
        "detector": detector, **counts, "precision": round(counts["confirmed"] / judged, 6) if judged else None,
        "precision_low": round(low, 6), "precision_high": round(high, 6), "proposed_q": _proposed(verdicts),
    }  # fmt: skip


def interval(hits: int, trials: int, sure: float = 0.95) -> tuple[float, float]:
    """Clopper-Pearson limits of a share; 0 and 1 when there are no trials."""
    half = (1 - sure) / 2
    low = float(betaincinv(hits, trials - hits + 1, half)) if hits else 0.0
    high = float(betaincinv(hits + 1, trials - hits, 1 - half)) if hits < trials else 1.0
    return low, high


@dataclass(frozen=True)
class Recall:
    """What share of the cheating promoters is flagged: an estimate with its 95 % interval, None with too few verdicts.

    `judged` of the random audit sample were judged and `confirmed` of them cheat; `needed` verdicts make an estimate.
    """

    judged: int
    confirmed: int
    needed: int = LEAST_VERDICTS
    share: float | None = None
    low: float = 0.0
    high: float = 1.0


def recall(sample: tuple[int, int], found: tuple[int, int], flagged: int, unflagged: int) -> Recall:
    """Recall from (confirmed, judged) promoters of the audit sample and of the flagged ones, and how many there are of each.

    Caught are `flagged` times the share confirmed of those judged, missed likewise. Each share is taken at its 97.5 % limits,
    so that both hold with 95 %.
    """
    if min(sample[1], found[1]) < LEAST_VERDICTS:
        return Recall(sample[1], sample[0])
    caught, missed = flagged * found[0] / found[1], unflagged * sample[0] / sample[1]
    (found_low, found_high), (missed_low, missed_high) = interval(*found, 0.975), interval(*sample, 0.975)
    return Recall(
        sample[1], sample[0], LEAST_VERDICTS, _part(caught, missed),
        _part(flagged * found_low, unflagged * missed_high) or 0.0,
        _part(flagged * found_high, unflagged * missed_low) or 0.0,
    )  # fmt: skip


def _part(caught: float, missed: float) -> float | None:
    return caught / (caught + missed) if caught + missed else None


def _proposed(verdicts: list[tuple[str, float | None]]) -> float | None:
    judged = sorted((q, v == "confirmed") for v, q in verdicts if q is not None and v != "unclear")
    if len(judged) < LEAST_VERDICTS:
        return None
    q = np.array([entry[0] for entry in judged])
    share = np.cumsum([entry[1] for entry in judged]) / np.arange(1, len(judged) + 1)
    last_of_its_q = np.append(q[1:] != q[:-1], True)
    good = np.flatnonzero((share >= WANTED_PRECISION) & last_of_its_q)
    return float(q[good[-1]]) if len(good) else None

"""Has the world moved since the model was trained? Population stability index per feature and of the score."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data_contracts.cards import Card
from models.detectors.panel import Floats, ints_of

MOVED = 0.25  # the customary mark of a real shift
LEAST_ROWS = 50  # fewer promoters say nothing about a distribution
SCORE = "score"
LEVELS = tuple(round(0.05 * n, 2) for n in range(21))
DRIFT = pa.schema(
    [
        ("model", pa.string()),
        ("feature", pa.string()),
        ("psi", pa.float64()),
        ("rows", pa.int64()),
        ("moved", pa.bool_()),
    ]
)


def quantiles(values: Floats) -> list[float]:
    """What is kept of a training distribution: its quantiles at `LEVELS`."""
    return [round(float(v), 6) for v in np.quantile(values, LEVELS, method="inverted_cdf")]


def psi(reference: Sequence[float], values: Floats) -> float:
    """Sum of (now - then) x ln(now / then) over about ten bins of the training quantiles; ties share a bin."""
    edges = np.unique(np.asarray(reference[2:-1:2], dtype=np.float64))
    grid = np.interp(edges, *_steps(reference))
    then = np.diff(np.concatenate([[0.0], grid, [1.0]]))
    bins = np.searchsorted(edges, np.round(values, 6), side="left")
    now = np.bincount(bins, minlength=len(edges) + 1) / max(len(values), 1)
    small = 0.5 / max(len(values), 1)
    then, now = np.maximum(then, small), np.maximum(now, small)
    return float(np.sum((now - then) * np.log(now / then)))


def _steps(reference: Sequence[float]) -> tuple[Floats, Floats]:
    """The training distribution function: at each distinct value the largest level that reaches it."""
    values, levels = np.asarray(reference, dtype=np.float64), np.asarray(LEVELS)
    distinct, first = np.unique(values[::-1], return_index=True)
    return distinct, levels[::-1][first]


def watched(cards: Iterable[Card], get: Callable[[str], pa.Table]) -> dict[str, Floats]:
    """What the cards' `watch` names, as `detector.name`: per row of a table the share of hits among trials, where there are any.

    These detectors are tests, fitted anew in each run; what they are compared with is the data that the live model was trained on.
    """
    found = {}
    for card in cards:
        for table, shares in card.about.get("watch", {}).items():
            rows = get(table)
            for name, (hits, trials) in shares.items():
                tried = rows.filter(pc.greater(rows[trials], 0))
                found[f"{card.name}.{name}"] = ints_of(tried[hits]) / np.maximum(ints_of(tried[trials]), 1)
    return found


def table(model: str, reference: Mapping[str, Sequence[float]], now: Mapping[str, Floats]) -> pa.Table:
    """One row per feature that the model was trained on, one of its score, and one per share that a detector watches."""
    rows = []
    for feature in sorted(set(reference) & set(now)):
        count = len(now[feature])
        value = round(psi(reference[feature], now[feature]), 6) if count else 0.0
        moved = count >= LEAST_ROWS and value > MOVED
        owner, _, name = feature.rpartition(".")
        rows.append({"model": owner or model, "feature": name, "psi": value, "rows": count, "moved": moved})
    return pa.Table.from_pylist(rows, DRIFT)

"""False-discovery control: of what is flagged at `fdr`, at most that share is honest."""

from __future__ import annotations

import numpy as np

from models.detectors.panel import Floats

FDR = 0.05


def q_values(p: Floats, *, dependent: bool = False) -> Floats:
    """Benjamini-Hochberg q-values; Benjamini-Yekutieli when the tests may depend on each other in any way."""
    count = len(p)
    if count == 0:
        return np.zeros(0)
    order = np.argsort(p, kind="stable")
    penalty = float(np.sum(1.0 / np.arange(1, count + 1))) if dependent else 1.0
    stepped = p[order] * count * penalty / np.arange(1, count + 1)
    q = np.empty(count)
    q[order] = np.minimum(np.minimum.accumulate(stepped[::-1])[::-1], 1.0)
    return q


def rounded(values: Floats) -> Floats:
    """Quantised to 1e-6 relative to itself for small numbers, so that a threshold never hangs on the last bit."""
    safe = np.where(values > 0, values, 1.0)
    scale = 10.0 ** (np.floor(np.log10(safe)) - 6)
    return np.asarray(np.where(values > 0, np.round(safe / scale) * scale, 0.0), dtype=np.float64)

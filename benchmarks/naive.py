"""The rules that people start with, on the same tables as the detectors: what they would flag."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import gammainc

from data_contracts.warehouse import Warehouse
from models.detectors.discovery import FDR, q_values

Found = dict[str, dict[str, tuple[float, bool]]]
"""Rule -> promoter -> its score and whether the rule flags it."""


def rules(wh: Warehouse) -> Found:
    """Each rule over the promoters with orders."""
    rows = wh.execute("select promoter_id, orders, refund_orders from promoter_conduct where orders > 0 order by 1")
    ids = [r[0] for r in rows]
    orders, refunds = (np.array([r[k] for r in rows], dtype=np.float64) for k in (1, 2))
    rate, found = refunds / orders, Found()
    found["30 % refund rate"] = {p: (v, bool(v >= 0.3)) for p, v in zip(ids, rate, strict=True)}
    daily = dict(
        wh.execute("select promoter_id, max(refund_orders) from refund_day where promoter_id <> '' group by 1")
    )
    found["more than 3 refunds a day"] = {p: (daily.get(p, 0), daily.get(p, 0) > 3) for p in ids}
    tail = np.where(refunds > 0, gammainc(np.maximum(refunds, 1), orders * refunds.sum() / orders.sum()), 1.0)
    found["Poisson with BH"] = {
        p: (-math.log10(max(t, 1e-300)), bool(v <= FDR)) for p, t, v in zip(ids, tail, q_values(tail), strict=True)
    }
    name, score = _ecod(np.column_stack([rate, refunds, [daily.get(p, 0) for p in ids]]))
    limit = np.quantile(score, 0.95)
    found[f"{name}, top 5 %"] = {p: (float(s), bool(s > limit)) for p, s in zip(ids, score, strict=True)}
    return found


def _ecod(features: np.ndarray) -> tuple[str, np.ndarray]:
    """PyOD's ECOD where PyOD is installed, else its definition; its name says which: the largest of the summed left, right
    and skewness-picked tail logarithms per row."""
    try:
        from pyod.models.ecod import ECOD
    except ImportError:
        pass
    else:
        return "PyOD's ECOD", np.asarray(ECOD().fit(features).decision_scores_)
    ranks = [np.sort(features[:, n]) for n in range(features.shape[1])]
    count = len(features)
    left = np.column_stack(
        [-np.log(np.searchsorted(r, features[:, n], side="right") / count) for n, r in enumerate(ranks)]
    )
    right = np.column_stack(
        [-np.log((count - np.searchsorted(r, features[:, n], side="left")) / count) for n, r in enumerate(ranks)]
    )
    centred = features - features.mean(axis=0)
    skewed = np.where((centred**3).mean(axis=0) < 0, left, right)
    return "ECOD", np.asarray(np.max([left.sum(axis=1), right.sum(axis=1), skewed.sum(axis=1)], axis=0))

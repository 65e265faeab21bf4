"""Clause 3.5(1): a random sample of promoters that nothing flags goes to people as well, marked as such."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from models.detectors.given import DETECTION, NO_WINDOW, Given

ONE_IN, MOST = 100, 20


def rule(given: Given) -> Mapping[str, pa.Table]:
    """One row per sampled promoter, and `audit_frame`: what it was drawn from. The evidence is empty: nothing speaks against
    anybody in the sample."""
    found = given["detection"]
    flagged = set(found.filter(found["flagged"])["promoter_id"].to_pylist())
    flagged |= set(given["referral_same"]["promoter_id"].to_pylist())
    conduct = given["promoter_conduct"]
    active = set(conduct.filter(pc.greater(conduct["orders"], 0))["promoter_id"].to_pylist())
    open_to_it = active - flagged
    month = f"{given.as_of:%Y-%m}"
    ranked = sorted(open_to_it, key=lambda p: hashlib.sha256(f"{month}|{p}".encode()).hexdigest())
    rows = [
        {"subject_kind": "promoter", "subject_id": p, "promoter_id": p, "window_start": NO_WINDOW, "window_end": None,
         "score": 0.0, "p_value": None, "q_value": None, "confidence": 0.0, "flagged": True, "reasons": ["AS01"],
         "evidence": "{}"}
        for p in ranked[: min(max(len(open_to_it) // ONE_IN, 1), MOST)]
    ]  # fmt: skip
    frame = {"month": month, "flagged": len(active & flagged), "unflagged": len(open_to_it), "drawn": len(rows)}
    return {"detection": pa.Table.from_pylist(rows, DETECTION), "audit_frame": pa.Table.from_pylist([frame])}

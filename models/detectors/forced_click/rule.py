"""Clause 3.1(2): relations forced on users, seen as registrations without a click or within seconds of it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.detectors.discovery import FDR
from models.detectors.families import families
from models.detectors.given import DETECTION, Given, detection
from models.detectors.panel import Bools, ints_of
from models.detectors.rates import combined, excess, reason, stands_out, unusual

LEAST, RATIO = 5, 3.0
HASTY_SECONDS = 5
MOST_IDS = 50


def rule(given: Given) -> Mapping[str, pa.Table]:
    """One row per promoter with unusually many such registrations."""
    conduct = given["promoter_conduct"]
    promoters = np.asarray(conduct["promoter_id"].to_pylist(), dtype=object)
    family, trials = families(promoters, given["group_member"]), ints_of(conduct["invitees"]).astype(np.float64)
    parts = {
        code: excess(ints_of(conduct[column]).astype(np.float64), trials, family)
        for code, column in (("FC01", "unclicked"), ("FC02", "hasty"))
    }
    p, q = combined(list(parts.values()))
    rows = []
    for n in unusual(p, q):
        codes = [c for c, part in parts.items() if stands_out(part, n, len(parts), least=LEAST, ratio=RATIO)]
        told = [reason(c, parts[c], n, q[n], _invitees(given, str(promoters[n]), c)) for c in codes]
        if not told:
            continue
        promoter, flagged = str(promoters[n]), bool(q[n] <= FDR)
        rows.append(detection("promoter", promoter, promoter, told, p=float(p[n]), q=float(q[n]), flagged=flagged))
    return {"detection": pa.Table.from_pylist(rows, DETECTION)}


def _invitees(given: Given, promoter: str, code: str) -> list[str]:
    referrals = given["referrals"].filter(pc.equal(given["referrals"]["promoter_id"], promoter))
    if code == "FC01":
        return list(referrals.filter(pc.is_null(referrals["clicked_at"]))["invitee_id"].to_pylist()[:MOST_IDS])
    both = referrals.join(given["accounts"].select(["account_id", "registered_at"]), "invitee_id", "account_id")
    hasty = _hasty(both)
    return sorted(i for i, hit in zip(both["invitee_id"].to_pylist(), hit_list(hasty), strict=True) if hit)[:MOST_IDS]


def _hasty(both: pa.Table) -> Bools:
    registered, clicked = (
        both[c].cast(pa.int64()).to_numpy(zero_copy_only=False) for c in ("registered_at", "clicked_at")
    )
    return np.asarray(registered < clicked + HASTY_SECONDS * 1_000_000, dtype=np.bool_)


def hit_list(hits: Bools) -> list[bool]:
    """Plain booleans; a missing click compares as no hit."""
    return [bool(h) for h in hits]

"""What a detector is given: the tables that its card names, the run, and its live model if it has one."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa

NO_WINDOW = date(1, 1, 1)

DETECTION = pa.schema(
    [
        ("subject_kind", pa.string()),
        ("subject_id", pa.string()),
        ("promoter_id", pa.string()),
        ("window_start", pa.date32()),
        ("window_end", pa.date32()),
        ("score", pa.float64()),
        ("p_value", pa.float64()),
        ("q_value", pa.float64()),
        ("confidence", pa.float64()),
        ("flagged", pa.bool_()),
        ("reasons", pa.list_(pa.string())),
        ("evidence", pa.string()),
    ]
)


@dataclass(frozen=True)
class Given:
    """The loader hands a rule these and nothing else. `tables` holds what `reads` in its card names."""

    tables: Mapping[str, pa.Table]
    as_of: date
    model: Any = None

    def __getitem__(self, table: str) -> pa.Table:
        return self.tables[table]


def detection(
    subject_kind: str,
    subject_id: str,
    promoter_id: str | None,
    told: list[dict[str, Any]],
    *,
    p: float,
    q: float,
    flagged: bool,
    window: tuple[date, date] | None = None,
) -> dict[str, Any]:
    """One row of `DETECTION` of a test with p and q; `told` are its reasons, whose codes are listed in their order."""
    return {
        "subject_kind": subject_kind, "subject_id": subject_id, "promoter_id": promoter_id,
        "window_start": window[0] if window else NO_WINDOW, "window_end": window[1] if window else None,
        "score": round(min(-math.log10(max(p, 1e-300)), 300.0), 6), "p_value": p, "q_value": q,
        "confidence": round(1 - q, 6), "flagged": flagged, "reasons": [r["code"] for r in told],
        "evidence": json.dumps(told, ensure_ascii=False, sort_keys=True),
    }  # fmt: skip

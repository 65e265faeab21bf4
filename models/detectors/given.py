"""What a detector is given: the tables that its card names, the run, and its live model if it has one."""

from __future__ import annotations

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

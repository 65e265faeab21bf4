"""Documented faults planted into finished feeds, with the codes that a reader should give them.

A spoilt feed is delivered with all columns as text, as exports often are; clean rows stay what they were. Only rows
that nothing else refers to are spoilt, so that one fault makes one quarantined row.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from simulator.press import Press, Sheet

SPOILT = ("orders", "refunds", "identifiers", "payouts")
_READ = (*SPOILT, "coupons")


def spoil(press: Press, out: Path) -> int:
    """Rewrite some feeds with faults and write ``truth/dirt.parquet`` (table, row_number, code); returns their number."""
    for feed in _READ:
        press.lend(feed, pq.read_table(out / f"{feed}.parquet"))
    faults = []
    for feed in SPOILT:
        with Sheet(out / f"{feed}.parquet") as sheet:
            for rows in press.rows(f"dirt_{feed}"):
                sheet.write(rows.drop_columns(["row_number", "expected"]))
                spoilt = rows.filter(rows["expected"].is_valid())
                faults.append(_expected(feed, spoilt))
    table = pa.concat_tables(faults)
    pq.write_table(table, out / "truth" / "dirt.parquet", compression="zstd")
    return int(table.num_rows)


def _expected(feed: str, spoilt: pa.Table) -> pa.Table:
    return pa.table({
        "table": pa.array([feed] * spoilt.num_rows, pa.string()),
        "row_number": spoilt["row_number"],
        "code": spoilt["expected"].cast(pa.string()),
    })  # fmt: skip

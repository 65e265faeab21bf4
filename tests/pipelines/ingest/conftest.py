"""A small source folder that is right in every way; tests spoil one thing in it."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from data_contracts.contract import contracts
from data_contracts.run import Run
from data_contracts.vault import Key
from data_contracts.warehouse import Warehouse
from pipelines.ingest import IngestSummary, build, child
from pipelines.ingest.sources import SourceFile
from pipelines.reading.__main__ import serve

Row = dict[str, Any]
Feeds = dict[str, list[Row]]

KEY = Key(bytes(range(7, 39)))
AS_OF = date(2026, 1, 31)
ZONE = "Asia/Shanghai"

GOOD: Mapping[str, Sequence[Row]] = {
    "accounts": [
        {"account_id": a, "registered_at": f"2025-11-0{i}T10:00:00+08:00", "account_type": "individual",
         "verified_as": "individual"} for i, a in enumerate(("P1", "P2", "A1", "A2", "A3"), start=1)
    ],
    "identifiers": [
        {"account_id": "A1", "kind": "phone", "value": "13812340001", "observed_at": "2025-11-03T10:00:00+08:00",
         "source": "registration"},
        {"account_id": "A2", "kind": "phone", "value": "+86 139 1234 0002", "observed_at": "2025-11-05T10:00:00+08:00",
         "source": "login"},
    ],
    "promoters": [
        {"promoter_id": p, "joined_at": "2025-11-03T12:00:00+08:00", "consented_version": "base", "left_at": None,
         "left_reason": None, "declared_staff_tie": "false"} for p in ("P1", "P2")
    ],
    "referrals": [
        {"invitee_id": a, "promoter_id": p, "link_id": f"L{a}", "clicked_at": "2025-11-03T09:00:00+08:00"}
        for a, p in (("A1", "P1"), ("A2", "P1"), ("A3", "P2"))
    ],
    "orders": [
        {"order_id": f"O{i}", "account_id": a, "product_code": "ecs", "activity_id": None, "kind": "purchase",
         "paid_at": f"2025-12-0{i}T10:00:00+08:00", "list_amount": "120.00", "coupon_amount": "10.00",
         "voucher_amount": "10", "cash_amount": "100.00"} for i, a in ((1, "A1"), (2, "A2"), (3, "A3"))
    ],
    "refunds": [
        {"refund_id": "R1", "order_id": "O1", "refunded_at": "2025-12-20T10:00:00+08:00", "kind": "refund",
         "cash_amount": "40.00"},
    ],
}  # fmt: skip


def csv_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as CSV with a header; None is an empty field."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: "" if v is None else v for k, v in row.items()} for row in rows)
    return out.getvalue()


@pytest.fixture
def feeds() -> Feeds:
    """A copy of the good feeds that a test may change."""
    return deepcopy({t: [dict(r) for r in rows] for t, rows in GOOD.items()})


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """An empty source folder."""
    folder = tmp_path / "sources"
    folder.mkdir()
    return folder


Deliver = Callable[[Feeds], Path]


@pytest.fixture
def deliver(source: Path) -> Deliver:
    """`deliver(feeds)` writes them as CSV files and gives the source folder."""

    def write(feeds: Feeds) -> Path:
        for table, rows in feeds.items():
            if rows:
                (source / f"{table}.csv").write_text(csv_text(rows), encoding="utf-8")
            else:
                (source / f"{table}.csv").write_text(csv_text(GOOD[table][:1]).splitlines()[0] + "\n", encoding="utf-8")
        return source

    return write


class Ingested:
    """The outcome of one ingestion: its summary, its tables by query, its quarantine."""

    def __init__(self, wh: Warehouse, summary: IngestSummary) -> None:
        self.wh, self.summary = wh, summary

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """All rows of a query over the kept tables."""
        return self.wh.execute(sql)

    def quarantine(self, table: str) -> list[Row]:
        """The quarantined rows of a feed, by file and row number."""
        return list(pq.read_table(self.wh.folder / "quarantine" / f"{table}.parquet").to_pylist())

    def broken(self, table: str) -> list[tuple[int, str]]:
        """Row number and rule of each."""
        return [(r["row_number"], r["rule"]) for r in self.quarantine(table)]


Ingest = Callable[..., Ingested]


def read_here(
    files: Sequence[SourceFile], sources: Path, allow_read: Sequence[Path], take: child.Take, *, lines: bool = False
) -> None:
    """The reader's work in this process, which saves the start of another: for tests of what rows mean."""
    buffer = io.BytesIO()
    named = [
        {"name": f.name, "path": str(f.path), "form": f.form, "columns": contracts()[f.table].names} for f in files
    ]
    serve({"files": named, "lines": lines}, buffer)
    buffer.seek(0)
    gone = subprocess.Popen(["true"])
    gone.wait()
    for file in files:
        child._one(gone, buffer, file, take)


@pytest.fixture
def ingest(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ingest]:
    """`ingest(folder, share="1", as_of=...)`; the share is open unless a test is about it.

    Modules that say `READER_APART = True` run the real reader process.
    """
    open_ones: list[Warehouse] = []
    if not getattr(request.module, "READER_APART", False):
        monkeypatch.setattr(sys.modules["pipelines.ingest.build"], "read_all", read_here)

    def run(folder: Path, *, share: str = "1", as_of: date = AS_OF, run_seq: int = 1, **more: Any) -> Ingested:
        wh = Warehouse(tmp_path / f"work{len(open_ones)}", "feeds", Run("test", run_seq, as_of, ZONE))
        open_ones.append(wh)
        summary = build(wh, sources=folder, zone=ZONE, max_quarantine_share=share, **({"key": KEY} | more))
        return Ingested(wh, summary)

    yield run
    for wh in open_ones:
        wh.close()

"""Times the ingestion of a large feed of which more than half is hostile: read, judged, quarantined, written.

The rows are made by SQL from a number alone: 57 of 100 carry one of the planted faults below, the rest are honest.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import sys
import time
from datetime import date
from pathlib import Path

import duckdb

from benchmarks.record import as_table, record
from data_contracts.run import Run
from data_contracts.vault import Key
from data_contracts.warehouse import Warehouse
from pipelines.ingest import build

FAULTS = {
    "cash_amount": (
        "'1e3'",
        "'12.345'",
        "'NaN'",
        "'+5'",
        "'007'",
        "'-0.01'",
        "'12元'",
        "'N/A'",
        "'1000000000000.00'",
        "'5000.01'",
    ),
    "paid_at": (
        "'2025-02-30T10:00:00+08:00'",
        "'infinity'",
        "'2025-12-01T24:00:00+08:00'",
        "'31/12/2025'",
        "'1764554400000'",
    ),
    "kind": ("'gift'", "''"),
    "account_id": ("'nobody' || i", "'1.1E+17'"),
    "order_id": ("'o' || chr(8238) || i",),
}


def sources(folder: Path, rows: int) -> Path:
    """A source folder whose orders are `rows` text rows in one CSV file."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    accounts = max(1000, rows // 10)
    hostile = [(column, fault) for column, faults in FAULTS.items() for fault in faults]

    def of(column: str, honest: str) -> str:
        cases = "".join(f" when bad = {n} then {fault}" for n, (c, fault) in enumerate(hostile) if c == column)
        return f"case{cases} else {honest} end as {column}" if cases else f"{honest} as {column}"

    orders = ", ".join([
        of("order_id", "'o' || i"), of("account_id", f"'a' || (i * 7919 % {accounts})"), "'ecs' as product_code",
        "null as activity_id", of("kind", "'purchase'"),
        of("paid_at", "strftime(timestamp '2025-10-01' + to_seconds(i % 7000000), '%Y-%m-%dT%H:%M:%S+08:00')"),
        "'5000.00' as list_amount", "'0.00' as coupon_amount", "'0.00' as voucher_amount",
        of("cash_amount", "printf('%d.%02d', i % 4000, i % 100)"),
    ])  # fmt: skip
    made = {
        "accounts": "select 'a' || i as account_id, '2025-01-01T00:00:00+08:00' as registered_at, 'individual' as account_type, "
        f"'individual' as verified_as from range({accounts}) as r(i)",
        "identifiers": "select '' as account_id, '' as kind, '' as value, '' as observed_at, '' as source limit 0",
        "promoters": "select 'a1' as promoter_id, '2025-02-01T00:00:00+08:00' as joined_at, 'base' as consented_version, "
        "null as left_at, null as left_reason, null as declared_staff_tie",
        "referrals": "select 'a2' as invitee_id, 'a1' as promoter_id, 'l' as link_id, null as clicked_at",
        "refunds": "select '' as refund_id, '' as order_id, '' as refunded_at, '' as kind, '' as cash_amount limit 0",
        "orders": f"select {orders} from (select i, case when hash(i) % 100 < 57 then hash(i + 1) % {len(hostile)} end as bad "
        f"from range({rows}) as r(i))",
    }
    with duckdb.connect() as con:
        con.execute("set TimeZone = 'UTC'")
        for name, query in made.items():
            con.sql(query).write_csv(str(folder / f"{name}.csv"), header=True)
    return folder


def main() -> None:
    """Make the feed, ingest it, record."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--rows", type=int, default=10_000_000)
    asked.add_argument("--folder", type=Path, default=Path("build/hostile"))
    asked.add_argument("--keep", action="store_true", help="Measure without recording.")
    given = asked.parse_args()
    folder = sources(given.folder / "sources", given.rows)
    work = given.folder / "work"
    shutil.rmtree(work, ignore_errors=True)
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    with Warehouse(work, "feeds", Run("bench", 1, date(2026, 1, 31), "Asia/Shanghai", 2, "4GB")) as wh:
        done = build(wh, sources=folder, key=Key(bytes(range(7, 39))), zone="Asia/Shanghai", max_quarantine_share="1")
        wh.publish()
    after = resource.getrusage(resource.RUSAGE_SELF)
    child = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime + child.ru_utime + child.ru_stime
    seconds = time.perf_counter() - started
    bad = done.quarantined["orders"]
    row = {
        "rows": f"{given.rows:,}", "hostile": f"{bad:,} ({bad / given.rows:.1%})", "wall s": round(seconds, 1), "CPU s": round(cpu, 1),
        "peak GiB": round(after.ru_maxrss / 2**20, 2), "at most 100 s": "yes" if seconds <= 100 else "*missed*",
    }  # fmt: skip
    sys.stdout.write(as_table([row]) + "\n")
    if not given.keep:
        record("A hostile feed", f"python -m benchmarks.hostile_feed --rows {given.rows}", as_table([row]))


if __name__ == "__main__":
    main()

"""Speed of refund features and of the burst test.

    python -m benchmarks.bursts --orders 10000000 --promoters 100000

Orders, refunds and referrals are drawn in DuckDB and written as Parquet first, as a run finds them: orders in slices, in a
process of its own so that its memory is not counted here. With `--data DIR` they are kept there and drawn once.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.record import as_table, record
from data_contracts.contract import contracts
from data_contracts.run import Run
from data_contracts.warehouse import Warehouse
from features import refunds
from models.detectors.refund_burst.judge import judge

AS_OF = date(2025, 12, 31)
DRAWN = {
    "referrals": """
        select 'A' || lpad(i::varchar, 9, '0') as invitee_id,
            'P' || lpad(floor($promoters * power(hash(i) % 1000003 / 1000003.0, 2))::bigint::varchar, 7, '0') as promoter_id,
            'L' as link_id, timestamptz '2025-07-01 00:00+00' as clicked_at
        from range($accounts * 6 // 10) as r(i)""",
    "accounts": """
        select 'A' || lpad(i::varchar, 9, '0') as account_id, timestamptz '2025-07-01 00:00:10+00' as registered_at,
            'individual' as account_type, 'individual' as verified_as
        from range($accounts) as r(i)""",
    "orders": """
        select 'O' || lpad(i::varchar, 10, '0') as order_id, 'A' || lpad((hash(i, 1) % $accounts)::varchar, 9, '0') as account_id,
            'product' || (hash(i, 2) % 12)::varchar as product_code, cast(null as varchar) as activity_id, 'purchase' as kind,
            timestamptz '2025-07-01 01:00+00' + to_seconds(cast(hash(i, 3) % 15800000 as bigint)) as paid_at,
            cast(1000 + hash(i, 4) % 50000 as bigint) as cash_fen
        from range($first, $past) as r(i)""",
}


SLICE = 10_000_000
REFUNDED = """
select 'R' || order_id as refund_id, order_id, paid_at + to_seconds(cast(hash(order_id, 6) % 1200000 as bigint)) as refunded_at,
    'refund' as kind, cash_fen
from read_parquet($slice) where hash(order_id, 5) % 100 < 5"""
FEEDS = ("referrals", "accounts", "orders", "refunds")
# What the yardstick of the promoter-day aggregate does, on the same orders.
PROMOTER_DAY = """
select promoter_no, paid_day, count(*) as orders, count(distinct account_no) as invitees, sum(cash_fen) as cash_fen
from referred_order group by all"""


def draw(folder: Path, orders: int, promoters: int) -> None:
    """Write the drawn feeds as Parquet below `folder`, a folder of slices per feed."""
    con = duckdb.connect()
    con.execute("set enable_progress_bar = false")
    con.execute("set memory_limit = '3GB'")
    con.execute("set preserve_insertion_order = false")
    for table in FEEDS:
        (folder / table).mkdir(parents=True)
    numbers = {"promoters": promoters, "accounts": orders // 5}
    for table in ("referrals", "accounts"):
        wanted = {k: v for k, v in numbers.items() if f"${k}" in DRAWN[table]}
        con.execute(f"copy ({DRAWN[table]}) to '{folder / table / '0.parquet'}'", wanted)
    for first in range(0, orders, SLICE):
        name = f"{first // SLICE}.parquet"
        slices = {"accounts": numbers["accounts"], "first": first, "past": min(first + SLICE, orders)}
        con.execute(f"copy ({DRAWN['orders']}) to '{folder / 'orders' / name}'", slices)
        con.execute(f"copy ({REFUNDED}) to '{folder / 'refunds' / name}'", {"slice": str(folder / "orders" / name)})


def features(folder: Path, work: Path, memory: str) -> tuple[Warehouse, dict[str, float], float]:
    """Time the features; the warehouse they are in, CPU seconds per table, and wall seconds up to the refund features."""
    wh = Warehouse(work, "models", Run("bench", 1, AS_OF, "Asia/Shanghai", memory_limit=memory))
    wh.con.close()
    from data_contracts.warehouse import connect

    wh.con = connect([work, folder], memory_limit=memory, temp=work / "spill")
    for contract in contracts().values():
        wh.empty(contract.table)
    for table in FEEDS:
        wh.execute(f"drop table {table}")
        wh.con.read_parquet(str(folder / table / "*.parquet")).create_view(table)
    for table in set(refunds.TABLES) & set(contracts()):
        wh.execute(f"drop table {table}")
    wh.execute(
        "insert into parameter_span by name select 'statement_day' as path, date '2000-01-01' as from_day,"
        " cast(null as date) as to_day, 'd' as document_id, '20' as value"
    )
    seconds: dict[str, float] = {}
    begun, refunds_only = time.perf_counter(), 0.0
    for table in refunds.TABLES:
        started = time.process_time()
        wh.make(refunds.SQL / f"{table}.sql")
        seconds[table] = round(time.process_time() - started, 2)
        if table == "refund_conduct":
            refunds_only = round(time.perf_counter() - begun, 2)
    return wh, seconds, refunds_only


def burst_test(wh: Warehouse) -> dict[str, Any]:
    """Time reading what the burst test needs, and the test."""
    before, cpu = time.perf_counter(), time.process_time()
    tables = [wh.con.sql(f"select * from {t}").to_arrow_table() for t in ("refund_day", "refund_order", "group_member")]
    read = round(time.perf_counter() - before, 2)
    verdict = judge(*tables, AS_OF)
    return {
        "read_seconds": read,
        "burst_test_seconds": round(time.perf_counter() - before, 2),
        "burst_test_cpu_seconds": round(time.process_time() - cpu, 2),
        "tested": int(verdict.tested.sum()),
        "flagged": int((verdict.q <= 0.05).sum()),
    }


def peak() -> float:
    """The most memory that this process ever held, in GiB."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2)


def main() -> None:
    """Draw, time, print as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=10_000_000)
    parser.add_argument("--promoters", type=int, default=100_000)
    parser.add_argument("--memory", default="2GB")
    parser.add_argument("--data", type=Path, help="where drawn feeds are kept")
    parser.add_argument("--features-only", action="store_true", help="leave the burst test out")
    parser.add_argument("--record", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.data) as place:
        folder = (asked.data or Path(place)) / f"feeds-{asked.orders}-{asked.promoters}"
        if not folder.exists():
            drawing = multiprocessing.get_context("spawn").Process(
                target=draw, args=(folder, asked.orders, asked.promoters)
            )
            drawing.start()
            drawing.join()
        report: dict[str, Any] = {
            "orders": asked.orders,
            "promoters": asked.promoters,
            "memory_limit": asked.memory,
            "load_average": round(os.getloadavg()[0], 1),
        }
        before, cpu = time.perf_counter(), time.process_time()
        wh, report["cpu_seconds_by_table"], report["refund_features_seconds"] = features(
            folder, Path(place) / "work", asked.memory
        )
        report["features_seconds"] = round(time.perf_counter() - before, 2)
        report["features_cpu_seconds"] = round(time.process_time() - cpu, 2)
        report["features_peak_gib"] = peak()
        before, cpu = time.perf_counter(), time.process_time()
        wh.execute(f"create or replace temp table promoter_day as {PROMOTER_DAY}")
        report["promoter_day_seconds"] = round(time.perf_counter() - before, 2)
        report["promoter_day_cpu_seconds"] = round(time.process_time() - cpu, 2)
        if not asked.features_only:
            report |= burst_test(wh)
        report["peak_gib"] = peak()
        print(json.dumps(report, indent=1))
        if asked.record:
            command = f"python -m benchmarks.bursts --orders {asked.orders} --promoters {asked.promoters} --record"
            body = as_table([{"what": k, "value": v} for k, v in report.items()])
            told = (
                "Where the load average is far above the two cores, the CPU seconds count and the wall seconds do not. Wanted: refund"
                " features of 10 M orders in 10 s and of 100 M in 60 s, burst test in 60 s, 3 GiB. The tables up to refund_conduct are"
                " the refund features; the rest serves the other detectors."
            )
            record(f"Refund features and burst test at {asked.orders:,} orders", command, f"{told}\n\n{body}")


if __name__ == "__main__":
    main()

"""Speed of refund features and of the burst test.

    python -m benchmarks.bursts --orders 10000000 --promoters 100000

Orders, refunds and referrals are drawn in DuckDB and written as Parquet first, as a run finds them.
"""

from __future__ import annotations

import argparse
import json
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
        from range($orders) as r(i)""",
}


def draw(folder: Path, orders: int, promoters: int) -> None:
    """Write the drawn feeds as Parquet below `folder`."""
    con = duckdb.connect()
    con.execute("set memory_limit = '4GB'")
    con.execute("set preserve_insertion_order = false")
    numbers = {"orders": orders, "promoters": promoters, "accounts": orders // 5}
    for table, sql in DRAWN.items():
        wanted = {k: v for k, v in numbers.items() if f"${k}" in sql}
        con.execute(f"copy ({sql}) to '{folder / table}.parquet'", wanted)
    con.execute(
        f"copy (select 'R' || order_id as refund_id, order_id, paid_at + to_seconds(cast(hash(order_id, 6) % 1200000 as bigint)) as"
        f" refunded_at, 'refund' as kind, cash_fen from read_parquet('{folder}/orders.parquet') where hash(order_id, 5) % 100 < 5)"
        f" to '{folder}/refunds.parquet'"
    )


def features(folder: Path, work: Path, memory: str) -> tuple[Warehouse, dict[str, float], float]:
    """Time the features; the warehouse they are in, CPU seconds per table, and wall seconds up to the refund features."""
    wh = Warehouse(work, "models", Run("bench", 1, AS_OF, "Asia/Shanghai", memory_limit=memory))
    wh.con.close()
    from data_contracts.warehouse import connect

    wh.con = connect([work, folder], memory_limit=memory, temp=work / "spill")
    for contract in contracts().values():
        wh.empty(contract.table)
    for table in ("referrals", "accounts", "orders", "refunds"):
        wh.execute(f"drop table {table}")
        wh.con.read_parquet(str(folder / f"{table}.parquet")).create_view(table)
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


def main() -> None:
    """Draw, time, print as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=10_000_000)
    parser.add_argument("--promoters", type=int, default=100_000)
    parser.add_argument("--memory", default="2GB")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--record", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.out) as place:
        folder = Path(place)
        draw(folder, asked.orders, asked.promoters)
        report: dict[str, Any] = {
            "orders": asked.orders,
            "promoters": asked.promoters,
            "load_average": os.getloadavg()[0],
        }
        before, cpu = time.perf_counter(), time.process_time()
        wh, report["cpu_seconds_by_table"], report["refund_features_seconds"] = features(
            folder, folder / "work", asked.memory
        )
        report["features_seconds"] = round(time.perf_counter() - before, 2)
        report["features_cpu_seconds"] = round(time.process_time() - cpu, 2)
        before, cpu = time.perf_counter(), time.process_time()
        tables = [
            wh.con.sql(f"select * from {t}").to_arrow_table() for t in ("refund_day", "refund_order", "group_member")
        ]
        report["read_seconds"] = round(time.perf_counter() - before, 2)
        verdict = judge(*tables, AS_OF)
        report["burst_test_seconds"] = round(time.perf_counter() - before, 2)
        report["burst_test_cpu_seconds"] = round(time.process_time() - cpu, 2)
        report["tested"] = int(verdict.tested.sum())
        report["flagged"] = int((verdict.q <= 0.05).sum())
        report["peak_gib"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2)
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

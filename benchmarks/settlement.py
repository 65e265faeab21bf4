"""How long settlement takes: `python -m benchmarks.settlement [--orders N ...]`.

A made-up year: 100,000 promoters, ten times as many invitees a promoter as months, refunds, groups, payouts, decisions. The
first figure issues all twelve months at once; the second restates eleven issued months and issues the twelfth, with the
books of the first behind it. Each size runs in a process of its own, so that the memory is its own too.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import duckdb

import settlement
from benchmarks.record import record
from data_contracts.contract import STAGES, contracts
from data_contracts.dates import cutoff
from data_contracts.run import Run
from data_contracts.warehouse import Warehouse
from rulebook import programme

ZONE = "Asia/Shanghai"
PROGRAMME = """
programme: benchmark
timezone: Asia/Shanghai
documents:
  - id: base
    level: base
    effective_from: "2025-01-01"
    announced_on: "2024-12-01"
    payer: vendor-a
    instalments: [{share: "0.50", after_months: 0}, {share: "0.50", after_months: 1}]
  - id: detail
    level: detail
    effective_from: "2025-01-01"
    announced_on: "2024-12-01"
    rebate:
      tiers: [{from: 0, rate: "0.05"}, {from: 3, rate: "0.10"}, {from: 10, rate: "0.15"}]
      invitee_month_cap: "5000.00"
  - id: double-11
    level: activity
    effective_from: "2025-11-01"
    effective_to: "2025-11-15"
    announced_on: "2025-10-01"
    products: [p03]
    rebate: {tiers: [{from: 0, rate: "0.20"}]}
"""
# One row per table; $n orders, $p promoters, $i invitees. Chance is a hash of the row's number: the same world each time.
WORLD = {
    "feeds/accounts": "select case when k < $p then 'P' || lpad(k::varchar, 7, '0') else 'I' || lpad((k - $p)::varchar, 8, '0') end"
    " as account_id, case when k < $p then timestamptz '2024-06-01 00:00:00+00' else timestamptz '2025-01-01 00:00:00+00'"
    " + to_seconds((hash(k) % 29000000)::bigint) end as registered_at, 'individual' as account_type, 'individual' as verified_as"
    " from range($p + $i) as t(k)",
    "feeds/promoters": "select 'P' || lpad(k::varchar, 7, '0') as promoter_id, timestamptz '2024-12-31 16:00:00+00' as joined_at,"
    " 'base' as consented_version, null::timestamptz as left_at, null::varchar as left_reason, null::boolean as declared_staff_tie"
    " from range($p) as t(k)",
    "rulebook/standing": "select 'P' || lpad(k::varchar, 7, '0') as promoter_id, timestamptz '2024-12-31 16:00:00+00' as from_at,"
    " null::timestamptz as to_at, null::varchar as ended_by from range($p) as t(k)",
    "feeds/referrals": "select 'I' || lpad(k::varchar, 8, '0') as invitee_id, 'P' || lpad((k % $p)::varchar, 7, '0') as promoter_id,"
    " 'l' as link_id, null::timestamptz as clicked_at from range($i) as t(k)",
    "feeds/products": "select 'p' || lpad(k::varchar, 2, '0') as product_code, timestamptz '2020-01-01 00:00:00+00' as valid_from,"
    " null::timestamptz as valid_to, 'c' as category, k < 18 as promotable, k = 17 as recharge_card from range(20) as t(k)",
    "feeds/orders": "select 'O' || lpad(k::varchar, 9, '0') as order_id, 'I' || lpad((k % $i)::varchar, 8, '0') as account_id,"
    " 'p' || lpad((hash(k + 1) % 20)::varchar, 2, '0') as product_code, null::varchar as activity_id, 'purchase' as kind,"
    " timestamptz '2025-01-01 00:00:00+00' + to_seconds((hash($p + k % $i) % 29000000 + hash(k + 2) % 3200000)::bigint) as paid_at,"
    " c as list_fen, 0::bigint as coupon_fen, 0::bigint as voucher_fen, c as cash_fen"
    " from (select k, (1000 + hash(k + 3) % 90000)::bigint as c from range($n) as t(k))",
    "feeds/refunds": "select 'R' || order_id as refund_id, order_id, paid_at + to_seconds((hash(order_id) % 8000000)::bigint)"
    " as refunded_at, 'refund' as kind, cash_fen from '{orders}' where hash(order_id || 'r') % 20 = 0",
    "models/group_member": "select 'I' || lpad(k::varchar, 8, '0') as account_id, 'G' || (k // 2)::varchar as group_id,"
    " 2::bigint as group_size, 20.0::double as cohesion, 'linked' as status from range($i // 20) as t(k)",
}


def build(folder: Path, orders: int) -> None:
    """Write the world of that many orders as the stages before settlement would."""
    promoters, invitees = max(orders // 100, 10), max(orders // 4, 40)
    for name, sql in WORLD.items():
        path = folder / f"{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        values = {k: v for k, v in {"n": orders, "p": promoters, "i": invitees}.items() if f"${k}" in sql}
        sql = sql.replace("{orders}", str(folder / "feeds/orders.parquet"))
        with duckdb.connect() as con:
            con.execute("set threads = 2")
            con.execute(f"copy ({sql} order by 1) to '{path}' (format parquet)", values or None)
    file = folder / "programme.yaml"
    file.write_text(PROGRAMME, encoding="utf-8")
    with Warehouse(folder, "rules", Run("b", 1, date(2026, 1, 20), ZONE)) as wh:
        programme.admit(wh, programme.load(file))
        wh.empty("policy_rule")
        for contract in contracts().values():
            if contract.stage == "rules" and not wh.execute(
                f"select * from duckdb_tables() where table_name = '{contract.table}'"
            ):
                wh.empty(contract.table)
        wh.publish()


def fill(folder: Path, run: Run) -> None:
    """Publish every table of the earlier stages that the world does not have, with no rows."""
    for stage in STAGES[: STAGES.index("settlement")]:
        with Warehouse(folder, stage, run) as wh:
            for contract in contracts().values():
                path = folder / stage / f"{contract.table}.parquet"
                if contract.stage == stage and not path.exists():
                    path.parent.mkdir(parents=True, exist_ok=True)
                    wh.empty(contract.table)
                    wh.con.table(contract.table).write_parquet(str(path))


def as_known(folder: Path, as_of: date) -> Path:
    """A copy of the world with what happened after the end of a day left out, as ingestion would."""
    early = folder / "early"
    shutil.copytree(
        folder, early, ignore=shutil.ignore_patterns("early", "settlement", "orders.parquet", "refunds.parquet")
    )
    for name, instant in (("orders", "paid_at"), ("refunds", "refunded_at")):
        with duckdb.connect() as con:
            con.execute("set threads = 2")
            con.execute(
                f"copy (select * from '{folder}/feeds/{name}.parquet' where {instant} < $end order by 1)"
                f" to '{early}/feeds/{name}.parquet'",
                {"end": cutoff(as_of, ZONE)},
            )
    return early


def later(early: Path, folder: Path) -> None:
    """The books after eleven months, made out of a run that issued them."""
    (folder / "books").mkdir(exist_ok=True)
    for kind in ("issue", "statement", "posting", "instalment", "known"):
        with duckdb.connect() as con:
            made = early / "settlement" / f"new_{kind}.parquet"
            con.execute(f"copy (select *, 1::bigint as run_seq from '{made}') to '{folder}/books/books_{kind}.parquet'")


def settle(folder: Path, as_of: date, run_seq: int) -> dict[str, float]:
    """One run of the stage, published. Returns seconds and the peak of memory in MB."""
    run = Run("b", run_seq, as_of, ZONE, memory_limit="2700MB")
    fill(folder, run)
    started = time.perf_counter()
    with Warehouse(folder, "settlement", run) as wh:
        settlement.build(wh)
        built = time.perf_counter() - started
        facts = wh.publish()
    return {
        "built": built, "seconds": time.perf_counter() - started, "statements": facts["new_statement"].rows,
        "postings": facts["new_posting"].rows, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }  # fmt: skip


def one(orders: int, step: str, folder: Path) -> None:
    """A part of the benchmark in a process of its own; prints its figures as JSON."""
    if step == "build":
        build(folder, orders)
        figures: dict[str, float] = {}
    elif step == "all":
        figures = settle(folder, date(2026, 1, 20), 1)
    elif step == "eleven":
        early = as_known(folder, date(2025, 12, 20))
        figures = settle(early, date(2025, 12, 20), 1)
        later(early, folder)
        shutil.rmtree(early)
    else:
        figures = settle(folder, date(2026, 1, 20), 2)
    print(json.dumps(figures))


def main() -> None:
    """Run every size and write the section of `benchmarks/RESULTS.md`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--orders", type=int, nargs="*", default=[1_000_000, 10_000_000])
    parser.add_argument("--one", nargs=3, metavar=("ORDERS", "STEP", "FOLDER"))
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args()
    if given.one:
        one(int(given.one[0]), given.one[1], Path(given.one[2]))
        return
    lines = [
        "| orders | promoters | run | seconds | peak MB | statements | postings |",
        "|---|---|---|---|---|---|---|",
    ]
    for orders in given.orders:
        folder = given.keep or Path(tempfile.mkdtemp())
        for step in ("build", "all", "eleven", "twelfth"):
            told = subprocess.run(
                [sys.executable, "-m", "benchmarks.settlement", "--one", str(orders), step, str(folder)],
                check=True, capture_output=True, text=True,
            )  # fmt: skip
            f = json.loads(told.stdout.strip().splitlines()[-1])
            if step in ("all", "twelfth"):
                name = "12 months at once" if step == "all" else "the 12th, 11 restated"
                lines.append(f"| {orders:,} | {orders // 100:,} | {name} | {f['seconds']:.1f} | {f['peak_mb']:.0f} |"
                             f" {f['statements']:,.0f} | {f['postings']:,.0f} |")  # fmt: skip
        if not given.keep:
            shutil.rmtree(folder)
    lines += [
        "",
        f"Load average at the end: {os.getloadavg()[1]:.1f}. The goal is 60 s and 3 GB for 10,000,000 orders.",
    ]
    record("Settlement", "python -m benchmarks.settlement", "\n".join(lines))


if __name__ == "__main__":
    main()

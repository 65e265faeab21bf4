"""Many sightings per identifier: raw sightings reduced to evidence rows (`identifier_use`), by the product's own SQL.

    python -m benchmarks.sightings --accounts 10000000 --record

Each account has six tokens (a number, a card, two devices, two lines), each seen five times on two days of 180. The Parquet is
written in pieces into a folder of its own and deleted afterwards; the run stops before it takes more than `--disk` GiB. Accounts and
tokens are whole numbers, as in `benchmarks.linkage`. The process that reduces has 2 GB for DuckDB and spills the rest.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

import duckdb

from benchmarks.linkage import measured
from benchmarks.record import as_table, record
from data_contracts.run import Run
from data_contracts.warehouse import Warehouse
from features import sharing

SIGHTED = 30  # per account
PIECE = 500_000  # accounts a file
RAW = """
copy (
    select account_id, ['phone', 'payment', 'device', 'device', 'ip', 'ip'][1 + thing] as kind,
        hash(account_id * 8 + thing) // 2 as token,
        timestamptz '2025-06-01 00:00:00+00' + to_days((hash(account_id * 64 + thing * 8 + (visit % 2)) % 180)::int)
        + to_seconds((hash(account_id * 64 + thing * 8 + visit) % 50000)::int) as observed_at,
        case when thing = 0 then 'mobile' else '' end as class, '****' as mask, true as links
    from range($first, $last) as a (account_id), range(6) as t (thing), range(5) as v (visit)
    order by hash(account_id * 64 + thing * 8 + visit) % 1000
) to '$file' (format parquet, compression zstd)
"""


def generate(folder: Path, accounts: int, most: float) -> None:
    """The raw sightings, a file per `PIECE` accounts, in no order."""
    con = duckdb.connect()
    con.execute("set threads = 2; set memory_limit = '2GB'; set TimeZone = 'UTC'")
    for first in range(0, accounts, PIECE):
        file = folder / f"sightings_{first:09d}.parquet"
        values = {"$first": str(first), "$last": str(min(accounts, first + PIECE)), "$file": str(file)}
        query = RAW
        for name, value in values.items():
            query = query.replace(name, value)
        con.execute(query)
        if used(folder) > most / 2:
            raise SystemExit(f"the sightings alone take more than {most / 2} GiB: choose fewer accounts")


def used(folder: Path) -> float:
    """GiB of the files in a folder."""
    return float(sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / 2**30)


def reduce(folder: Path) -> dict[str, object]:
    """`identifier_use` out of the sightings, as the features stage makes it; the days' count checks that none is lost."""
    with Warehouse(folder, "features", Run("sightings", 1, date(2025, 12, 31), "Asia/Shanghai")) as wh:
        wh.con.read_parquet(str(folder / "sightings_*.parquet")).create_view("identifiers")
        sharing.uses(wh)
        rows, days = wh.execute("select count(*), sum(days_seen) from identifier_use")[0]
        return {"evidence rows": rows, "days": int(days)}


def main() -> None:
    """Generate, reduce in a fresh process, print, and keep the figures with --record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=1_000_000)
    parser.add_argument("--disk", type=float, default=25.0, help="GiB that sightings and spill may take together")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--reduce", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.reduce:
        print(json.dumps(measured(reduce, given.reduce)))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        generate(folder, given.accounts, given.disk)
        size = used(folder)
        if shutil.disk_usage(folder).free / 2**30 < given.disk - size:
            raise SystemExit(f"less than {given.disk - size:.0f} GiB are free")
        command = [sys.executable, "-m", "benchmarks.sightings", "--reduce", name]
        found = json.loads(
            subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()[-1]
        )
    rows = [{
        "accounts": f"{given.accounts:,}", "sightings": f"{given.accounts * SIGHTED:,}", "Parquet GiB": round(size, 1),
        "evidence rows": f"{found['evidence rows']:,}", "wall s": round(found["wall"], 1), "CPU s": round(found["cpu"], 1),
        "CPU s per million sightings": round(found["cpu"] / given.accounts / SIGHTED * 1e6, 2), "peak GiB": round(found["gib"], 2),
    }]  # fmt: skip
    print(as_table(rows))
    if given.record:
        command_line = f"python -m benchmarks.sightings --accounts {given.accounts}"
        record("Sightings reduced to evidence", command_line, as_table(rows))


if __name__ == "__main__":
    main()

"""Simulated source folders straight into the kept tables that features and detectors read, without tokens or books."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from data_contracts.contract import contracts
from data_contracts.run import Run
from data_contracts.warehouse import Warehouse

ZONE = "Asia/Shanghai"
WAITS = {
    "orders": "paid_at", "refunds": "refunded_at", "payouts": "paid_at", "coupons": "issued_at", "accounts": "registered_at",
}  # fmt: skip
FEEDS = ("accounts", "referrals", "orders", "refunds", "promoters", "payouts", "coupons", "products")


def kept(source: Path, table: str) -> pa.Table:
    """A feed of a simulated world in its kept form: money as whole fen."""
    con = duckdb.connect()
    con.execute("set TimeZone = 'UTC'")
    path = str(source / f"{table}.parquet")
    have = {r[0] for r in con.execute("describe select * from read_parquet($p)", {"p": path}).fetchall()}
    columns = []
    for column in contracts()[table].kept().columns:
        money = column.name.removesuffix("_fen") + "_amount"
        if column.name in have:
            columns.append(f'"{column.name}"')
        elif money in have:
            columns.append(f'cast("{money}" * 100 as bigint) as "{column.name}"')
        else:
            columns.append(f'cast(null as {column.duck}) as "{column.name}"')
    return con.execute(f"select {', '.join(columns)} from read_parquet($p)", {"p": path}).to_arrow_table()


def warehouse(source: Path, work: Path, as_of: date, groups: pa.Table | None = None) -> Warehouse:
    """A warehouse of the models stage with the feeds of a world up to `as_of`, and the features of refunds made."""
    from features import refunds
    from rulebook import programme

    wh = Warehouse(work, "models", Run("bench", 1, as_of, ZONE))
    for contract in contracts().values():
        wh.empty(contract.table)
    for table in FEEDS:
        if (source / f"{table}.parquet").exists():
            wh.admit(table, kept(source, table))
    for table, column in WAITS.items():
        wh.execute(f"delete from {table} where {column} >= $cutoff_at")
    wh.execute("delete from referrals where invitee_id not in (select account_id from accounts)")
    wh.execute("delete from refunds where order_id not in (select order_id from orders)")
    programme.admit(wh, programme.load(source / "programme.yaml"))
    if groups is not None:
        wh.admit("group_member", groups)
    for table in set(refunds.TABLES) & set(contracts()):
        wh.execute(f"drop table {table}")
    refunds.build(wh)
    return wh


def true_groups(source: Path) -> pa.Table:
    """Same-user groups as the truth has them: what detection of bursts would have from perfect linkage."""
    con = duckdb.connect()
    return con.execute(
        "select account_id, 'G' || controller as group_id, count(*) over (partition by controller) as group_size,"
        " cast(20 as double) as cohesion, 'linked' as status from read_parquet($p) qualify group_size > 1",
        {"p": str(source / "truth" / "accounts.parquet")},
    ).to_arrow_table()


def events(source: Path) -> dict[str, Any]:
    """The truth's events: period, outage, seasons."""
    return dict(json.loads((source / "truth" / "events.json").read_text(encoding="utf-8")))

"""A published run and its books, written row by row from the contracts: what the console's tests read and change.

P has two findings and three decisions (one proposed by the run, for two people), and is in a group with I1. R is a ring.
S is drawn at random and decided blind. Any field that a feed or a person could fill may be given as `hostile`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from casebook.books import open_books
from data_contracts.contract import Column, contracts
from tests.conftest import NEUTRAL
from tests.console.world import cases, money, people, programme
from tests.console.world.cases import BLIND, CASE, HOLD, PROPOSED, RING
from tests.console.world.said import DAY, RUN, Rows

__all__ = ["BLIND", "CASE", "DAY", "HOLD", "PROPOSED", "RING", "RUN", "published"]
PLAIN = "plain words"
WORDS = ("kind", "subject_kind", "clause", "measure", "detector", "detector_version", "mode", "status", "feed", "stage", "event", "level",
         "do", "reason", "functions", "ledger_account", "line_kind", "document", "run_id", "when_json")  # fmt: skip
"""Columns of text that hold our own words, or that the rows below fill themselves."""


def published(
    folder: Path, hostile: str = PLAIN, blind: Collection[str] = ("S",), *, reason: str = "", invitee: str = "I1", books_url: str = "",
) -> Path:  # fmt: skip
    """Write the run and its books under `folder`; returns the state folder.

    `blind` are the promoters that chance drew; `reason` is what rules and detectors say, when it is not `hostile` too; `invitee`
    is the id of I1; `books_url` says where the books are, when not in the state.
    """
    state = folder / "state"
    run = state / "runs" / RUN.run_id
    why = reason or hostile
    written = {
        **people.rows(hostile, why),
        **money.rows(hostile),
        **programme.rows(hostile),
        **cases.rows(hostile, why, blind),
    }
    tables = {t: [{k: invitee if v == "I1" else v for k, v in r.items()} for r in rows] for t, rows in written.items()}
    with duckdb.connect() as con:
        for name, contract in contracts().items():
            place = run if contract.stage == "results" else run / "tables" / contract.stage
            _write(con, place / f"{name}.parquet", name, tables.get(name, ()), hostile)
        for feed in ("orders", "accounts"):
            row = {
                "file": f"{feed}.csv",
                "row_number": 3,
                "rule": "money.negative",
                "detail": hostile,
                "row": json.dumps({"x": hostile}),
            }
            (run / "quarantine").mkdir(exist_ok=True)
            con.register("bad", pa.Table.from_pylist([row]))
            con.execute(f"copy bad to '{run / 'quarantine' / feed}.parquet' (format parquet)")
    (run / "manifest.json").write_text(json.dumps(programme.MANIFEST), encoding="utf-8")
    (state / "current").symlink_to(Path("runs") / RUN.run_id)
    _keep(books_url or state / "books.db", tables)
    return state


def _write(con: duckdb.DuckDBPyConnection, path: Path, table: str, rows: Rows, hostile: str) -> None:
    columns = contracts()[table].kept().columns
    names = {c.name for c in columns}
    assert all(set(r) <= names for r in rows), f"{table} has other columns: {[set(r) - names for r in rows]}"
    path.parent.mkdir(parents=True, exist_ok=True)
    con.execute("create or replace table t (" + ", ".join(f'"{c.name}" {c.duck}' for c in columns) + ")")
    for row in rows:
        con.execute(
            f"insert into t values ({', '.join('?' * len(columns))})", [_value(row, c, hostile) for c in columns]
        )
    con.execute(f"copy t to '{path}' (format parquet)")


def _value(row: Mapping[str, Any], column: Column, hostile: str) -> Any:
    """What a row says of a column; free text that it leaves out is hostile when the world is."""
    if column.name in row:
        return row[column.name]
    if hostile != PLAIN and column.type == "text" and not column.enum and column.name not in WORDS:
        return hostile
    return None if column.nullable else NEUTRAL.get(column.duck, [])


def _keep(where: str | Path, tables: Mapping[str, Rows]) -> None:
    """What the run recorded, in the books."""
    records: dict[str, list[pa.Table]] = {}
    for name, contract in contracts().items():
        if contract.records and tables.get(name):
            filled = [{c.name: _value(r, c, PLAIN) for c in contract.columns} for r in tables[name]]
            records.setdefault(contract.records, []).append(pa.Table.from_pylist(filled))
    books = open_books(where)
    try:
        books.commit(RUN, records, fingerprint="0" * 64, models={})
    finally:
        books.close()

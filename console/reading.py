"""The published run that the console shows, in memory: loaded once, loaded again when a newer run is published.

One DuckDB holds the run's tables; each request reads through a cursor of its own. Nothing here writes.
"""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import duckdb

from data_contracts.errors import NotFound
from data_contracts.warehouse import connect

RESULTS = (
    "links", "groups", "group_history", "bursts", "findings", "decisions", "relations",
    "statement_lines", "statements", "ledger", "payables", "outbox",
)  # fmt: skip
STAGE_TABLES = (
    "feeds/accounts", "feeds/account_changes", "feeds/promoters", "feeds/referrals", "feeds/orders",
    "feeds/refunds", "feeds/payouts", "feeds/feed_fact", "feeds/quarantined_money", "features/identifier_use",
    "features/identifier_value", "models/referral_same", "models/detection", "models/model_drift",
    "rulebook/standing", "rules/clause_register", "rules/programme_document", "rules/programme_parameter",
    "rules/policy_rule", "casebook/case_money", "books/books_run", "books/books_group_event",
)  # fmt: skip


class Reading:
    """The tables of the newest published run of `state`. Rows come as dicts; `$name` marks a value."""

    def __init__(self, state: Path) -> None:
        self.state = Path(state)
        self._lock = threading.Lock()
        self._run_id = ""
        self._con: duckdb.DuckDBPyConnection | None = None
        self.manifest: dict[str, Any] = {}

    @property
    def folder(self) -> Path:
        """The folder of the newest published run."""
        link = self.state / "current"
        if not link.exists():
            raise NotFound(f"nothing is published in {self.state} yet: run `tongren run` first")
        return link.resolve()

    @property
    def run_id(self) -> str:
        """The run that is shown, after a look whether a newer one was published."""
        self._fresh()
        return self._run_id

    def rows(self, sql: str, /, **values: Any) -> list[dict[str, Any]]:
        """All rows of a query over the run's tables; parameters are DuckDB's `$name`."""
        result = self._fresh().cursor().execute(sql, values)
        names = [d[0] for d in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def one(self, sql: str, /, **values: Any) -> dict[str, Any] | None:
        """The first row, None when there is none."""
        rows = self.rows(sql, **values)
        return rows[0] if rows else None

    def has(self, table: str) -> bool:
        """Whether the run has such a table; older runs may lack a newer one."""
        return self.one("select 1 as there from duckdb_tables() where table_name = $t", t=table) is not None

    def quarantined(self, feed: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """The first 200 rejected rows of a feed of this run, and how many each rule rejected. `feed` is one of the run's."""
        path = str(self.folder / "quarantine" / f"{feed}.parquet")
        rows = self.rows(
            "select file, row_number, rule, detail, row from read_parquet($f) order by file, row_number limit 200",
            f=path,
        )
        return rows, self.rows(
            "select rule, count(*) as n from read_parquet($f) group by rule order by n desc, rule", f=path
        )

    def _fresh(self) -> duckdb.DuckDBPyConnection:
        folder = self.folder
        with self._lock:
            if self._con is None or folder.name != self._run_id:
                self._con = _load(folder)
                self._run_id = folder.name
                self.manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
            return self._con


def _load(folder: Path) -> duckdb.DuckDBPyConnection:
    con = connect([folder], threads=1)
    for name in RESULTS:
        con.read_parquet(str(folder / f"{name}.parquet")).create(name)
    for name in STAGE_TABLES:
        path = folder / "tables" / f"{name}.parquet"
        if path.exists():
            con.read_parquet(str(path)).create(path.stem)
    return con

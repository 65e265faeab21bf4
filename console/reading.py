"""The published run that the console shows, in memory: loaded once, and a newer one when it is published.

One DuckDB holds the run's tables; each request reads through a cursor of its own. Nothing here writes.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from casebook import refusals
from data_contracts.errors import NotFound
from data_contracts.warehouse import connect

RESULTS = (
    "links", "groups", "group_history", "bursts", "findings", "decisions", "relations",
    "statement_lines", "statements", "ledger", "payables", "outbox",
)  # fmt: skip
STAGE_TABLES = (
    "feeds/accounts", "feeds/account_changes", "feeds/promoters", "feeds/referrals", "feeds/orders",
    "feeds/refunds", "feeds/payouts", "feeds/feed_fact", "feeds/quarantined_money", "features/identifier_use",
    "features/identifier_value", "models/referral_same", "models/detection", "models/model_drift", "models/audit_frame",
    "rulebook/standing", "rules/clause_register", "rules/programme_document", "rules/programme_parameter",
    "rules/policy_rule", "casebook/case_money", "books/books_run", "books/books_group_event", "books/books_issue", "settlement/new_issue",
)  # fmt: skip

SELDOM = ("feeds/coupons",)
"""Tables that stay on the disk."""


@dataclass(frozen=True)
class Loaded:
    """One published run in memory."""

    run_id: str
    folder: Path
    con: duckdb.DuckDBPyConnection
    manifest: dict[str, Any]


class Reading:
    """The tables of the newest published run of `state`. Rows come as dicts; `$name` marks a value.

    Each look checks whether a newer run was published; once `watched` is set somebody else does, and calls `show`.
    """

    def __init__(self, state: Path) -> None:
        self.state = Path(state)
        self.watched = False
        self._lock = threading.Lock()
        self._now: Loaded | None = None

    @property
    def newest(self) -> Path:
        """The folder of the newest published run. Raises NotFound before the first."""
        link = self.state / "current"
        if not link.exists():
            raise NotFound(refusals.of("none_published", state=str(self.state)))
        return link.resolve()

    @property
    def folder(self) -> Path:
        """The folder of the run that is shown."""
        return self.now.folder

    @property
    def run_id(self) -> str:
        """The run that is shown."""
        return self.now.run_id

    @property
    def manifest(self) -> dict[str, Any]:
        """What the run says of itself."""
        return self.now.manifest

    @property
    def now(self) -> Loaded:
        """The run that is shown, after a look whether a newer one was published."""
        if self.watched and self._now is not None:
            return self._now
        with self._lock:
            newer = self.newer()
            if newer is not None:
                self._now = newer
            assert self._now is not None
            return self._now

    def newer(self) -> Loaded | None:
        """The newest run in memory, when it is not the one that is shown; to be given to `show`."""
        folder = self.newest
        if self._now is not None and folder.name == self._now.run_id:
            return None
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        return Loaded(folder.name, folder, _load(folder), manifest)

    def show(self, loaded: Loaded) -> None:
        """From now on show this run."""
        self._now = loaded

    def rows(self, sql: str, /, **values: Any) -> list[dict[str, Any]]:
        """All rows of a query over the run's tables; parameters are DuckDB's `$name`."""
        return rows_of(self.now, sql, **values)

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


def rows_of(loaded: Loaded, sql: str, /, **values: Any) -> list[dict[str, Any]]:
    """All rows of a query over a run's tables."""
    result = loaded.con.cursor().execute(sql, values)
    names = [d[0] for d in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _load(folder: Path) -> duckdb.DuckDBPyConnection:
    con = connect([folder], threads=1)
    for name in RESULTS:
        con.read_parquet(str(folder / f"{name}.parquet")).create(name)
    for name in STAGE_TABLES:
        path = folder / "tables" / f"{name}.parquet"
        if path.exists():
            con.read_parquet(str(path)).create(path.stem)
    for name in SELDOM:
        path = folder / "tables" / f"{name}.parquet"
        if path.exists():
            con.read_parquet(str(path)).create_view(path.stem)
    return con

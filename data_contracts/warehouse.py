"""A DuckDB connection for one stage that admits no table without its contract, and is locked down.

A stage sees the published tables of earlier stages as views over Parquet, makes its own tables, and leaves by `publish`,
which checks each contracted table and writes it, totally ordered, to `<folder>/<stage>/<table>.parquet`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import duckdb

from data_contracts.contract import STAGES, Contract, contracts, named_parameters, of_stage
from data_contracts.dates import DAY_START_SQL, MONTH_SQL, NATURAL_DAY_SQL
from data_contracts.errors import ContractBroken, TableTooOld, UsageError
from data_contracts.instructions import CALLING_BACK_SQL
from data_contracts.money import MONEY_SQL, ROUND_PPM_SQL
from data_contracts.run import Run

log = logging.getLogger("tongren")


@dataclass(frozen=True)
class TableFacts:
    """What is known of a published table."""

    table: str
    rows: int
    path: Path


def connect(
    allowed: Iterable[Path], *, threads: int = 2, memory_limit: str = "2GB", temp: Path | None = None
) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB that can reach `allowed` folders and nothing else, and cannot be unlocked again.

    Raises UsageError for a folder whose path DuckDB would read as a pattern, and so mistake for others.
    """
    con = duckdb.connect(":memory:", config={"autoinstall_known_extensions": "false"})
    con.execute("set autoload_known_extensions = false")
    con.execute("set python_enable_replacements = false")
    con.execute("set allow_community_extensions = false")
    con.execute("set allow_persistent_secrets = false")
    # Gave wrong comparisons in a query that reads one subquery several times (DuckDB 2.0.1): `tests/settlement/test_recovery.py`.
    con.execute("set disabled_optimizers = 'common_subplan'")
    con.execute("set TimeZone = 'UTC'")
    con.execute("set preserve_insertion_order = true")
    if con.execute("select current_setting('enable_progress_bar')").fetchall()[0][0]:
        con.execute("set enable_progress_bar = false")  # off by default in a notebook, where setting it needs a widget
    con.execute("set threads = ?", [threads])
    con.execute("set memory_limit = ?", [memory_limit])
    folders = [str(Path(a).resolve()) for a in allowed]
    if pattern := next((f for f in folders if set(f) & set("*?[")), None):
        raise UsageError(f"the path {pattern} has one of the signs * ? [ in it: give a folder without them")
    if temp is not None:
        temp.mkdir(parents=True, exist_ok=True)
        con.execute("set temp_directory = ?", [str(temp.resolve())])
        folders.append(str(temp.resolve()))
    for macro in (ROUND_PPM_SQL, MONEY_SQL, NATURAL_DAY_SQL, DAY_START_SQL, MONTH_SQL, CALLING_BACK_SQL):
        con.execute(macro)
    con.execute("set allowed_directories = ?", [folders])
    con.execute("set enable_external_access = false")
    con.execute("set lock_configuration = true")
    return con


def published(con: duckdb.DuckDBPyConnection, path: Path, contract: Contract) -> duckdb.DuckDBPyRelation:
    """A published table as it is, and columns that its contract got later: those are empty.

    Raises TableTooOld when such a column may not be empty.
    """
    table = con.read_parquet(str(path))
    have = set(table.columns)
    later = [c for c in contract.columns if c.name not in have]
    if must := [c.name for c in later if not c.nullable]:
        raise TableTooOld(
            f"{path.name} was published by an older version: it lacks {', '.join(must)}; read it with the version that its"
            " manifest names, or make the run again",
            table=contract.table,
        )
    return (
        table.project(", ".join(["*", *(f'cast(null as {c.duck}) as "{c.name}"' for c in later)])) if later else table
    )


class Warehouse:
    """The tables of one stage of one run.

    `folder` is the run's private folder; `stage` one of `data_contracts.contract.STAGES`. Use as a context manager.
    What does not fit into memory goes to `spill`, by default a folder of that name in `folder`.
    """

    def __init__(self, folder: Path, stage: str, run: Run, spill: Path | None = None) -> None:
        self.folder, self.stage, self.run = Path(folder), stage, run
        self.spill = spill or self.folder / "spill"
        self.con = connect([self.folder], threads=run.threads, memory_limit=run.memory_limit, temp=self.spill)
        self.facts: dict[str, TableFacts] = {}
        self._attach()

    def _attach(self) -> None:
        for stage in STAGES[: STAGES.index(self.stage)]:
            for contract in of_stage(stage):
                path = self.folder / stage / f"{contract.table}.parquet"
                if path.exists():
                    published(self.con, path, contract.kept()).create_view(contract.table)

    def fill_gaps(self) -> None:
        """Make empty the tables of earlier stages that came into being after this run was published: for reading old runs."""
        for stage in STAGES[: STAGES.index(self.stage)]:
            for contract in of_stage(stage) if (self.folder / stage).is_dir() else ():
                if not (self.folder / stage / f"{contract.table}.parquet").exists():
                    self.empty(contract.table)

    def make(self, sql_file: Path, **parameters: Any) -> None:
        """Run one `.sql` file, which creates the table that it is named after.

        Parameters are those of the run plus `parameters`; only the ones that the file names are passed.
        """
        started = time.perf_counter()
        self.execute(Path(sql_file).read_text(encoding="utf-8"), **parameters)
        log.debug("stage=%s table=%s seconds=%.2f", self.stage, Path(sql_file).stem, time.perf_counter() - started)

    def make_all(self, folder: Path, tables: Iterable[str], **parameters: Any) -> None:
        """`make` each `<folder>/<table>.sql` in the order given: the list is the stage's table of contents."""
        for table in tables:
            self.make(folder / f"{table}.sql", **parameters)

    def execute(self, sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """Run a statement with those of the run's and the given parameters that it names; all rows of its result."""
        given = {**self.run.parameters, **parameters}
        wanted = {name: given[name] for name in named_parameters(sql)}
        # DuckDB 2 refuses further work while a result is unfinished, so every result is fetched here.
        return (self.con.execute(sql, wanted) if wanted else self.con.execute(sql)).fetchall()

    def admit(self, table: str, data: Any) -> None:
        """Make `table` from a pyarrow Table, a pandas frame or a DuckDB relation, cast to the contract's types."""
        contract = contracts()[table].kept()
        source = "admitted_source"
        self.con.register(source, data)
        columns = ", ".join(f'cast("{c.name}" as {c.duck}) as "{c.name}"' for c in contract.columns)
        self.con.execute(f"create or replace table {table} as select {columns} from {source}")
        self.con.unregister(source)

    def empty(self, table: str) -> None:
        """Make `table` with its contract's columns and no rows."""
        columns = ", ".join(f'"{c.name}" {c.duck}' for c in contracts()[table].kept().columns)
        self.con.execute(f"create or replace table {table} ({columns})")

    def publish(self) -> dict[str, TableFacts]:
        """Check every contracted table of this stage and write it. Raises ContractBroken at the first that is not as promised."""
        target = self.folder / self.stage
        target.mkdir(parents=True, exist_ok=True)
        for contract in of_stage(self.stage):
            kept = contract.kept()
            rows = self._check(kept)
            path = target / f"{kept.table}.parquet"
            names = columns_of(kept)
            order = "" if _numbered(kept) else " order by " + ", ".join(f'"{n}"' for n in kept.order)
            self.con.sql(f"select {names} from {kept.table}{order}").write_parquet(str(path), compression="zstd")
            self.facts[kept.table] = TableFacts(kept.table, rows, path)
            log.debug("stage=%s table=%s rows=%d", self.stage, kept.table, rows)
        return self.facts

    def _check(self, contract: Contract) -> int:
        have = {r[0]: r[1] for r in self.execute(f"describe {contract.table}")}
        columns = [c for c in contract.columns if not _numbered(contract) or c.name not in contract.key]
        for c in columns:
            if have.get(c.name) != c.duck:
                raise ContractBroken(
                    f"{self.stage}.{contract.table}.{c.name} is {have.get(c.name)}, its contract says {c.duck}"
                )
        if not _numbered(contract):
            key = ", ".join(f'"{k}"' for k in contract.key)
            twice = self.execute(f"select {key} from {contract.table} group by all having count(*) > 1 limit 1")
            if twice:
                raise ContractBroken(f"{self.stage}.{contract.table}: key {twice[0]} stands in more than one row")
        tests = [f'count(*) filter (where "{c.name}" is null)' for c in columns if not c.nullable]
        names = [f"{c.name} is null" for c in columns if not c.nullable]
        for c in columns:
            if c.enum:
                values = ", ".join("'" + v.replace("'", "''") + "'" for v in c.enum)
                tests.append(f'count(*) filter (where "{c.name}" not in ({values}))')
                names.append(f"{c.name} is none of {'|'.join(c.enum)}")
        counts = self.execute(f"select count(*), {', '.join(tests)} from {contract.table}")[0]
        for fault, count in zip(names, counts[1:], strict=True):
            if count:
                raise ContractBroken(f"{self.stage}.{contract.table}: {fault} in {count} rows")
        return int(counts[0])

    def close(self) -> None:
        """Give the connection back; an empty folder for spilled data goes."""
        self.con.close()
        with suppress(OSError):  # not there, or another connection spills into it
            self.spill.rmdir()

    def __enter__(self) -> Warehouse:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def columns_of(contract: Contract) -> str:
    """The columns of a table as they are published. A key that is the number of a row is counted here; no table holds it."""
    numbered = _numbered(contract)
    return ", ".join(f'rowid + 1 as "{n}"' if numbered and n in contract.key else f'"{n}"' for n in contract.names)


def _numbered(contract: Contract) -> bool:
    """Whether the table is made in its total order already, its key being the place of each row: no need to sort again."""
    return bool(contract.extra.get("key_by_construction"))

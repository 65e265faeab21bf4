"""Books on SQLite and on a throw-away PostgreSQL: the same tests run on both."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pytest

import casebook
from casebook import appeals, decisions, policy, proposals
from casebook.books import Books, open_books
from data_contracts.contract import contracts, of_stage
from data_contracts.run import Run
from data_contracts.warehouse import Warehouse
from tests.casebook.building import DAY, Build
from tests.conftest import given

ZONE = "Asia/Shanghai"
LAST = date(2026, 1, 31)
ALLOWED: Mapping[str, tuple[str, ...]] = {
    "2.2(3)": ("void_relation",),
    "3.1(5)": ("void_relation", "void_order"),
    "3.5(2)": ("warn", "suspend_functions", "hold_payout", "cancel_rebate", "cancel_programme"),
    "3.5(3)": ("warn", "hold_payout", "freeze_promoter", "freeze_invitee", "cancel_programme", "void_order"),
    "4.4(1)": ("claw_back", "cancel_rebate"),
}
PACKAGED = Path("/usr/lib/postgresql")
_number = itertools.count(1)


def run_of(seq: int, as_of: date = LAST) -> Run:
    """A run of that number."""
    return Run(f"{as_of}-run{seq}", seq, as_of, ZONE)


def program(name: str, packaged: Path = PACKAGED) -> str:
    """Where a program of PostgreSQL is: on the PATH, else in the newest version that Debian keeps beside it.

    Without it the test is skipped, or fails where everything is required.
    """
    versions = sorted(packaged.glob(f"*/bin/{name}"), key=lambda p: int("0" + re.sub(r"\D", "", p.parts[-3])))
    found = shutil.which(name) or (str(versions[-1]) if versions else None)
    if found is None:
        told = f"{name} of PostgreSQL is neither on the PATH nor in {packaged}: apt-get install postgresql"
        if os.environ.get("TONGREN_REQUIRE_ALL") == "1":
            pytest.fail(told)
        pytest.skip(f"{told}; the books are tested on SQLite only")
    return found


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL prefix of a PostgreSQL cluster on a unix socket, with a database `template` that holds migrated books."""
    initdb, pg_ctl = program("initdb"), program("pg_ctl")
    who: dict[str, Any] = {"user": "nobody"} if os.geteuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="tg"))
    if who:
        shutil.chown(folder, "nobody")
    quiet: dict[str, Any] = {"check": True, "stdout": subprocess.DEVNULL, "cwd": folder, **who}
    subprocess.run([initdb, "-D", folder / "data", "-A", "trust", "-U", "tongren", "-E", "UTF8", "-N"], **quiet)
    options = f"-k {folder} -c listen_addresses= -c fsync=off -c wal_level=minimal -c max_wal_senders=0 -c shared_buffers=16MB"
    subprocess.run([pg_ctl, "-D", folder / "data", "-l", folder / "log", "-o", options, "-w", "start"], **quiet)
    try:
        base = f"postgresql://tongren@/{{}}?host={folder}"
        with psycopg.connect(base.format("postgres"), autocommit=True) as con:
            con.execute("create database books_template")
        open_books(base.format("books_template")).close()
        yield base
    finally:
        subprocess.run([pg_ctl, "-D", folder / "data", "-m", "immediate", "stop"], **quiet)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty books file to copy."""
    path = tmp_path_factory.mktemp("books") / "books.db"
    open_books(path).close()
    return path


@pytest.fixture
def sqlite_books(sqlite_template: Path, tmp_path: Path) -> Iterator[Books]:
    """Fresh books in a file, with a clock that ticks a second per reading."""
    shutil.copy(sqlite_template, tmp_path / "books.db")
    books = open_books(tmp_path / "books.db", clock())
    yield books
    books.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def books(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Books]:
    """Fresh books, once per database."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_books")
        return
    with database(request.getfixturevalue("postgres")) as url:
        books = open_books(url, clock())
        yield books
        books.close()


@contextmanager
def database(base: str, template: str = "books_template") -> Iterator[str]:
    """The URL of a database of one's own on the cluster, a copy of `template`; gone afterwards."""
    name = f"books{next(_number)}"
    with psycopg.connect(base.format("postgres"), autocommit=True) as con:
        con.execute(f"create database {name} template {template}")
    yield base.format(name)
    with psycopg.connect(base.format("postgres"), autocommit=True) as con:
        con.execute(f"drop database {name} with (force)")


def clock() -> Callable[[], int]:
    """A clock that starts at a fixed instant and ticks a second each time it is read."""
    ticks = itertools.count(1_770_000_000_000_000, 1_000_000)
    return lambda: next(ticks)


def publish(books: Books, seq: int = 1, as_of: date = LAST, **tables: list[dict[str, Any]]) -> Run:
    """Commit a run that recorded the rows given per stage table, such as `new_finding=[...]`."""
    run = run_of(seq, as_of)
    records: dict[str, list[pa.Table]] = {}
    for name, rows in tables.items():
        contract = contracts()[name]
        assert contract.records
        records.setdefault(contract.records, []).append(table_of(name, rows))
    books.commit(run, records, fingerprint=f"f{seq}", models={})
    return run


def table_of(name: str, rows: list[dict[str, Any]]) -> pa.Table:
    """Rows given as dicts, with the columns of a contract; what is left out is null."""
    types = {
        "VARCHAR": pa.string(),
        "BIGINT": pa.int64(),
        "DATE": pa.date32(),
        "TIMESTAMP WITH TIME ZONE": pa.timestamp("us", "UTC"),
    }
    schema = pa.schema([(c.name, types[c.duck]) for c in contracts()[name].columns])
    return pa.Table.from_pylist([{c: r.get(c) for c in schema.names} for r in rows], schema=schema)


def propose(books: Books, **given: Any) -> str:
    """A proposal by li to hold the payout of P1, changed by what is given."""
    defaults = {"measure": "hold_payout", "subject_kind": "promoter", "subject_id": "P1", "clause": "3.5(2)", "by": "li",
                "reason": "seen", "allowed": ALLOWED}  # fmt: skip
    return proposals.propose(books, **{**defaults, **given})


def decide(books: Books, decision_id: str, action: str, by: str = "wang") -> dict[str, Any]:
    """A move by a person; how the decision stands then."""
    decisions.decide(books, decision_id, action, by, "because")
    with books.reading() as book:
        return decisions.standing(book, decision_id)


def applied(books: Books, seq: int = 2, **given: Any) -> str:
    """A proposal by li that wang approved and run `seq` applied."""
    decision = propose(books, **given)
    decide(books, decision, "approve")
    publish(books, seq, decision_step=[{"decision_id": decision, "action": "apply", "reason": "approved"}])
    return decision


def appealed(books: Books, decision_id: str | None = None, until: date = date(2026, 2, 10)) -> str:
    """An appeal against an applied decision, by default one of its own; recorded by a clerk."""
    return appeals.file(books, decision_id or applied(books), "clerk", "not so", filed_by="P1", deadline_on=until)


def frozen(books: Books, folder: Path, table: str) -> list[dict[str, Any]]:
    """The rows of one books table as a run would see them."""
    folder.mkdir(exist_ok=True)
    with Warehouse(folder, "books", run_of(99)) as wh:
        books.freeze(wh)
        wh.publish()
        return wh.con.sql(f"select * from {table}").to_arrow_table().to_pylist()


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """One warehouse for a whole file: to make its tables takes longer than a test."""
    with Warehouse(tmp_path_factory.mktemp("work"), "casebook", Run("test", 1, DAY, ZONE)) as wh:
        for contract in contracts().values():
            wh.empty(contract.table)
        yield wh


@pytest.fixture
def built(empty: Warehouse) -> Iterator[Build]:
    """`built(clause_result=[...], ...)`: the casebook of a run over the rows given, under the policy that ships."""
    wh, filled = empty, set[str]()

    def clear() -> None:
        for table in filled:
            wh.empty(table)
        filled.clear()

    def build(
        as_of: date = DAY, seq: int = 2, policy_file: Path | None = None, **tables: list[dict[str, Any]]
    ) -> Warehouse:
        clear()
        wh.run = Run("test", seq, as_of, ZONE)
        policy.admit(wh, policy.load(policy_file or Path(policy.__file__).parent / "policy.yaml"))
        for table, rows in tables.items():
            filled.add(table)
            given(wh, table, rows)
        casebook.build(wh)
        for contract in of_stage("casebook"):
            wh._check(contract)
        return wh

    yield build
    clear()

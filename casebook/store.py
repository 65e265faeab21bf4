"""The two databases under the books, and what differs between them: locks, bulk loading, schema."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy as sa

from casebook import audit_verify
from casebook.writers import GroupCommit, one_each
from data_contracts.errors import NotFound

MIGRATIONS = Path(__file__).parent / "migrations"
BATCH = 50_000
StoreFault = sa.exc.SQLAlchemyError
"""What goes wrong inside the database of the books, whichever it is: for callers that know no database."""
Writer = Callable[[], AbstractContextManager[sa.Connection]]
"""Gives a connection to write with; when its block ends, what was written is on disk, or nothing was."""


class Dialect(Protocol):
    """What the books ask of a database."""

    reading: Mapping[str, Any]
    audited: tuple[str, str]
    """Queries for the tables and for the schema that guards them."""

    def engine(self) -> sa.Engine:
        """A pool of connections, set up."""
        ...

    def migrate(self, engine: sa.Engine) -> None:
        """Bring the schema up to date, one process at a time."""
        ...

    def writer(self, engine: sa.Engine) -> Writer:
        """How threads of this process write."""
        ...

    def one_writer(self, con: sa.Connection) -> None:
        """Hold the right to append until the transaction ends."""
        ...

    def columns(self, con: sa.Connection, table: str) -> frozenset[str]:
        """The columns of a table."""
        ...

    def insert(self, con: sa.Connection, table: str, columns: Sequence[str], rows: list[tuple[Any, ...]]) -> None:
        """Append rows in bulk."""
        ...

    def fetch(self, con: sa.Connection, sql: str) -> list[tuple[Any, ...]]:
        """All rows of a query without values, as plain tuples."""
        ...


def newest() -> str:
    """The newest schema version that this code knows."""
    return max(p.name.split("_")[0] for p in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def current(con: sa.Connection) -> bool:
    """Whether the books stand at the newest schema version. Raises NotFound when they are ahead of this code."""
    if not sa.inspect(con).has_table("alembic_version"):
        return False
    have = con.exec_driver_sql("select version_num from alembic_version").scalar()
    if have is not None and str(have) > newest():
        raise NotFound(f"the books are at schema {have}, this code knows {newest()}: install the newer version")
    return bool(have == newest())


def upgrade(con: sa.Connection) -> None:
    """Apply the schema versions that the books lack, within the transaction of `con`."""
    if current(con):
        return
    # Alembic takes a third of a second to import and is only needed here.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = con
    command.upgrade(config, "head")


def quoted(columns: Sequence[str]) -> str:
    """Column names as SQL."""
    return ", ".join(f'"{c}"' for c in columns)


class SQLite:
    """The default: one file, write-ahead log, every commit on disk before it is acknowledged."""

    reading: Mapping[str, Any] = {"books_begin": "begin"}
    audited = audit_verify.SQLITE

    def __init__(self, path: Path) -> None:
        self.path = path

    def engine(self) -> sa.Engine:
        """Connections that leave transactions to us; `begin immediate` unless the caller only reads. Books that are new are the
        owner's alone."""
        os.close(os.open(self.path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
        engine = sa.create_engine(f"sqlite:///{self.path}", connect_args={"timeout": 30})

        @sa.event.listens_for(engine, "connect")
        def _connect(raw: sqlite3.Connection, _: object) -> None:
            raw.isolation_level = None
            # `temp_store` stays as it is: in memory every statement of a long transaction walks all of the transaction's journal.
            try:
                for pragma in (
                    "journal_mode = wal",
                    "synchronous = full",
                    "foreign_keys = on",
                    "recursive_triggers = on",
                ):
                    raw.execute(f"pragma {pragma}")
            except sqlite3.Error as fault:
                fault.add_note(str(self.path))  # SQLite does not say which file it means
                raise

        @sa.event.listens_for(engine, "handle_error")
        def _note(context: sa.engine.ExceptionContext) -> None:
            context.original_exception.add_note(str(self.path))

        @sa.event.listens_for(engine, "begin")
        def _begin(con: sa.Connection) -> None:
            con.exec_driver_sql(con.get_execution_options().get("books_begin", "begin immediate"))

        return engine

    def migrate(self, engine: sa.Engine) -> None:
        """Under `begin immediate`, which lets one process through; books that are up to date are only read."""
        with engine.connect() as con:
            con = con.execution_options(**self.reading)
            with con.begin():
                if current(con):
                    return
        with engine.connect() as con, con.begin():
            upgrade(con)

    def writer(self, engine: sa.Engine) -> Writer:
        """Threads share transactions: a commit waits for the disk."""
        return GroupCommit(engine).writing

    def one_writer(self, con: sa.Connection) -> None:
        """`begin immediate` holds the write lock already."""

    def columns(self, con: sa.Connection, table: str) -> frozenset[str]:
        """From the table's own description."""
        return frozenset(c["name"] for c in sa.inspect(con).get_columns(table)) - {"seq"}

    def insert(self, con: sa.Connection, table: str, columns: Sequence[str], rows: list[tuple[Any, ...]]) -> None:
        """One prepared statement over all rows."""
        marks = ", ".join("?" * len(columns))
        sql = f'insert into "{table}" ({quoted(columns)}) values ({marks})'
        for start in range(0, len(rows), BATCH):
            con.exec_driver_sql(sql, rows[start : start + BATCH])

    def fetch(self, con: sa.Connection, sql: str) -> list[tuple[Any, ...]]:
        """Straight from the driver: rows come in hundreds of thousands."""
        raw: Any = con.connection.driver_connection
        return list(raw.execute(sql))


class PostgreSQL:
    """Books on a server. Writers queue for a lock on the audit table, so that the chain has one end."""

    reading: Mapping[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    audited = audit_verify.POSTGRES

    def __init__(self, url: str) -> None:
        self.url = "postgresql+psycopg://" + url.split("://", 1)[1]

    def engine(self) -> sa.Engine:
        """Connections by psycopg 3, tested before use."""
        return sa.create_engine(self.url, pool_pre_ping=True)

    def migrate(self, engine: sa.Engine) -> None:
        """Under an advisory lock, which lets one process through."""
        try:
            with engine.connect() as con, con.begin():
                if not current(con):
                    con.exec_driver_sql("select pg_advisory_xact_lock(7020)")
                    upgrade(con)
        except sa.exc.OperationalError as fault:
            where = sa.make_url(self.url).render_as_string(hide_password=True)
            raise NotFound(f"the books at {where} cannot be reached: {fault.orig}".strip()) from fault

    def writer(self, engine: sa.Engine) -> Writer:
        """Each effect is a transaction: the server groups what it writes to disk."""
        return lambda: one_each(engine)

    def one_writer(self, con: sa.Connection) -> None:
        """Readers go on; the next writer waits."""
        con.exec_driver_sql("lock table audit in share row exclusive mode")

    def columns(self, con: sa.Connection, table: str) -> frozenset[str]:
        """From the table's own description."""
        return frozenset(c["name"] for c in sa.inspect(con).get_columns(table)) - {"seq"}

    def insert(self, con: sa.Connection, table: str, columns: Sequence[str], rows: list[tuple[Any, ...]]) -> None:
        """By COPY; a row that the schema refuses raises sqlalchemy's IntegrityError, as on SQLite."""
        import psycopg  # an extra: only who keeps books on a server has it

        raw: Any = con.connection.driver_connection
        sql = f'copy "{table}" ({quoted(columns)}) from stdin'
        try:
            with raw.cursor() as cursor, cursor.copy(sql) as copy:
                for row in rows:
                    copy.write_row(row)
        except psycopg.IntegrityError as fault:
            raise sa.exc.IntegrityError(sql, None, fault) from fault

    def fetch(self, con: sa.Connection, sql: str) -> list[tuple[Any, ...]]:
        """Straight from the driver."""
        raw: Any = con.connection.driver_connection
        with raw.cursor() as cursor:
            return list(cursor.execute(sql).fetchall())

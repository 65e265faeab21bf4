"""The books: the store of record, append-only, on SQLite or PostgreSQL. With `store.py` the only user of SQLAlchemy.

Every row stands under the audit entry that wrote it (`seq`), in the transaction of that entry. Nothing is updated or
deleted; what changes is said by a later row, and views (`decision_state`, ...) tell how things stand.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from casebook import audit_verify, chain, recorded
from casebook.store import Dialect, PostgreSQL, SQLite
from data_contracts.errors import Busy, NotFound
from data_contracts.run import Run
from data_contracts.warehouse import Warehouse

HUMAN = (
    "decision.propose", "decision.approve", "decision.reject", "decision.overturn", "decision.release",
    "verdict", "override.add", "override.end", "shared.add", "shared.end", "feeds.accept",
)  # fmt: skip
"""Actions of people that a run reads: the last of them is part of what a run depends on."""
FIRST = ("finding", "decision", "case_file")
"""Recorded tables that others point at; they are written before the rest."""


@dataclass(frozen=True)
class LastRun:
    """The newest run in the books."""

    run_id: str
    run_seq: int
    as_of: date
    zone: str


class Ledgerbook:
    """One open transaction of the books: read with `rows`, write with `record`; leaving the block commits all or nothing."""

    def __init__(self, con: sa.Connection, dialect: Dialect, clock: Callable[[], int]) -> None:
        self.con, self.dialect, self.clock = con, dialect, clock

    def rows(self, sql: str, **values: Any) -> list[dict[str, Any]]:
        """All rows of a query as dicts; `:name` marks a value."""
        return [dict(r) for r in self.con.execute(sa.text(sql), values).mappings()]

    def value(self, sql: str, **values: Any) -> Any:
        """The first column of the first row, None when there is none."""
        return self.con.execute(sa.text(sql), values).scalar()

    def record(self, entry: chain.Entry, tables: Mapping[str, Sequence[Mapping[str, Any]]] | None = None) -> int:
        """Write one audit entry and the rows that it is about. Returns the entry's number."""
        shaped = {}
        for table, rows in (tables or {}).items():
            columns = list(rows[0])
            shaped[table] = (columns, [tuple(r[c] for c in columns) for r in rows])
        return self.append(entry, shaped)

    def append(self, entry: chain.Entry, tables: Mapping[str, tuple[Sequence[str], list[tuple[Any, ...]]]]) -> int:
        """`record` for rows in bulk: per table its columns and tuples of values."""
        self.dialect.one_writer(self.con)
        last = self.rows("select seq, hash from audit order by seq desc limit 1")
        seq, prev = (last[0]["seq"] + 1, last[0]["hash"]) if last else (1, chain.GENESIS)
        now = self.clock()
        effects = {t: chain.digest(columns, rows) for t, (columns, rows) in tables.items() if rows}
        text = chain.payload(entry, seq=seq, ts=now, prev=prev, effects=effects)
        self.con.execute(
            sa.text("insert into audit (seq, at, actor, action, object, payload, prev, hash)"
                    " values (:seq, :at, :actor, :action, :object, :payload, :prev, :hash)"),
            {"seq": seq, "at": now, "actor": entry.actor, "action": entry.action, "object": entry.object,
             "payload": text, "prev": prev, "hash": chain.link(prev, text)},
        )  # fmt: skip
        for table, (columns, rows) in tables.items():
            if rows:
                self.dialect.insert(self.con, table, [*columns, "seq"], [(*row, seq) for row in rows])
        return seq


class Books:
    """The books of one state. `clock` tells microseconds UTC, for who-did-when alone."""

    def __init__(self, dialect: Dialect, clock: Callable[[], int]) -> None:
        self.dialect, self.clock = dialect, clock
        self.engine = dialect.engine()
        dialect.migrate(self.engine)
        self._writer = dialect.writer(self.engine)
        self._mine = threading.local()

    @contextmanager
    def writing(self) -> Iterator[Ledgerbook]:
        """A transaction that may write; one at a time.

        When the block ends, what it wrote is on disk; when it raises, nothing of it is. A block within a block of the same
        thread is part of the outer one's transaction. On SQLite threads that write at the same time share a commit.
        """
        held: Ledgerbook | None = getattr(self._mine, "book", None)
        if held is not None:
            with held.con.begin_nested():
                yield held
            return
        with _busy_not_locked(), self._writer() as con:
            self.dialect.one_writer(con)
            self._mine.book = Ledgerbook(con, self.dialect, self.clock)
            try:
                yield self._mine.book
            finally:
                self._mine.book = None

    @contextmanager
    def reading(self) -> Iterator[Ledgerbook]:
        """A consistent view that does not hold up writers."""
        with self.engine.connect() as con:
            con = con.execution_options(**self.dialect.reading)
            with con.begin():
                yield Ledgerbook(con, self.dialect, self.clock)

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()

    def schema_version(self) -> str:
        """The migration that the books stand at."""
        with self.reading() as book:
            return str(book.value("select version_num from alembic_version"))

    def run_ids(self) -> set[str]:
        """The ids of all runs in the books."""
        with self.reading() as book:
            return {r["run_id"] for r in book.rows("select run_id from run")}

    def publication(self, run_id: str) -> dict[str, Any] | None:
        """The audit entry by which a run was published: seq, hash, at, payload. None when there is none."""
        with self.reading() as book:
            found = book.rows(
                "select seq, hash, at, payload from audit where action = 'run.publish' and object = :r", r=run_id
            )
        return found[0] if found else None

    def last_run(self) -> LastRun | None:
        """The newest run, None before the first."""
        with self.reading() as book:
            rows = book.rows("select run_id, run_seq, as_of, zone from run order by run_seq desc limit 1")
        return LastRun(**{**rows[0], "as_of": date.fromisoformat(rows[0]["as_of"])}) if rows else None

    def next_run_seq(self) -> int:
        """The number that the next run will have."""
        last = self.last_run()
        return last.run_seq + 1 if last else 1

    def last_issue(self) -> tuple[str, date] | None:
        """The last issued month and the day of its issue, None before the first."""
        with self.reading() as book:
            rows = book.rows("select month, issued_on from issue order by month desc limit 1")
        return (rows[0]["month"], date.fromisoformat(rows[0]["issued_on"])) if rows else None

    def human_seq(self) -> int:
        """The number of the last entry by which a person changed what a run reads; 0 before the first."""
        named = ", ".join(f"'{a}'" for a in HUMAN)
        with self.reading() as book:
            return int(book.value(f"select coalesce(max(seq), 0) from audit where action in ({named})"))

    def published(self, fingerprint: str, models: Mapping[str, str]) -> str | None:
        """The run that was made from the same things with the same models, None when there is none."""
        with self.reading() as book:
            found = book.value(
                "select run_id from run where fingerprint = :f and models = :m order by run_seq desc limit 1",
                f=fingerprint, m=chain.canonical(dict(models)),
            )  # fmt: skip
        return None if found is None else str(found)

    def anchor(self) -> dict[str, Any] | None:
        """What a checkpoint says of the books: the chain's end, the ledger's totals, the schema. None while empty."""
        with self.reading() as book:
            head = book.rows("select seq, hash as head, at from audit order by seq desc limit 1")
            if not head:
                return None
            ledger = book.rows(
                "select count(*) as postings, cast(coalesce(sum(amount_fen), 0) as bigint) as fen from posting"
            )
            version = book.value("select version_num from alembic_version")
            shape = self.dialect.fetch(book.con, self.dialect.audited[1])
        described = audit_verify.sha(audit_verify.dumps([list(r) for r in shape]))
        return {**head[0], "ledger": ledger[0], "version": version, "schema": described}

    def hashes(self, after: int, until: int) -> list[str]:
        """The hashes of the entries with numbers above `after` up to `until`, in order."""
        with self.reading() as book:
            rows = book.rows("select hash from audit where seq > :a and seq <= :u order by seq", a=after, u=until)
        return [r["hash"] for r in rows]

    def audit_faults(self, checkpoints: Path | None = None, public_key: str | None = None) -> list[str]:
        """What is wrong with the audit chain, the rows under it and the checkpoints; empty when all verifies."""
        folder = checkpoints if checkpoints is not None and checkpoints.is_dir() else None
        torn = _torn(folder) if folder else []
        with self.reading() as book:
            raw: Any = book.con.connection.driver_connection
            return torn + audit_verify.faults(raw.execute, self.dialect.audited, None if torn else folder, public_key)

    def commit(
        self, run: Run, records: Mapping[str, Sequence[pa.Table]], *, fingerprint: str, models: Mapping[str, str],
        manifest: str | None = None,
    ) -> bool:  # fmt: skip
        """Append what a run recorded, in one transaction. A run that is in the books already adds nothing (False).

        `manifest` is the SHA-256 of the run's manifest: with it the chain holds every file of the run.
        Raises Busy when another run was published since this one began: its frozen copy of the books is out of date.
        """
        fixed = {"run_seq": run.run_seq, "run_id": run.run_id, "by_whom": "policy",
                 "at": round(run.cutoff_at.timestamp()) * 1_000_000}  # fmt: skip
        head = {"run_seq": run.run_seq, "run_id": run.run_id, "as_of": run.as_of.isoformat(), "cutoff_at": fixed["at"],
                "zone": run.zone, "fingerprint": fingerprint, "models": chain.canonical(dict(models))}  # fmt: skip
        with self.writing() as book:
            if book.value("select count(*) from run where run_id = :r", r=run.run_id):
                return False
            if run.run_seq != int(book.value("select coalesce(max(run_seq), 0) + 1 from run")):
                raise Busy("another run was published in the same books since this one began: start it again")
            tables: dict[str, Any] = {"run": (list(head), [tuple(head.values())])}
            for table in sorted(records, key=lambda t: (FIRST.index(t) if t in FIRST else len(FIRST), t)):
                for rows in records[table]:
                    columns, values = recorded.shape(rows, self.dialect.columns(book.con, table), table, fixed)
                    have = tables.setdefault(table, (columns, []))
                    tables[table] = recorded.joined(have, (columns, values))
            about = {"manifest": manifest} if manifest else {}
            entry = chain.Entry(f"run:{run.run_id}", "run.publish", run.run_id, after=head, about=about)
            book.append(entry, tables)
        return True

    def freeze(self, wh: Warehouse) -> None:
        """Make every table of stage `books` in the warehouse from one consistent view of the store."""
        with self.reading() as book:
            recorded.freeze(self.dialect, book.con, wh)

    def accepted_deliveries(self) -> set[str]:
        """SHA-256 of the deliveries that a person accepted although something was unusual about them."""
        with self.reading() as book:
            return set(recorded.accepted(self.dialect, book.con).column("delivery").to_pylist())

    def note(self, actor: str, action: str, subject: str, reason: str, about: Mapping[str, Any] | None = None) -> None:
        """Write one entry of the audit chain that changes no table: who did what to which thing, and why."""
        with self.writing() as book:
            book.record(chain.Entry(actor, action, subject, reason, about=about or {}))


def _torn(folder: Path) -> list[str]:
    """Checkpoints that are no checkpoints any more, each as a fault."""
    wanted, faults = {"body", "public_key", "signature"}, []
    for path in sorted(folder.glob("*.json")):
        try:
            whole = wanted <= json.loads(path.read_text(encoding="utf-8")).keys()
        except (ValueError, AttributeError):
            whole = False
        if not whole:
            faults.append(f"checkpoint {path.name}: cannot be read")
    return faults


@contextmanager
def _busy_not_locked() -> Iterator[None]:
    """A lock that SQLite could not get in time is a matter of waiting, not a fault."""
    try:
        yield
    except sa.exc.OperationalError as fault:
        if "locked" not in str(fault.orig):
            raise
        raise Busy("somebody else is writing to the books: try again") from fault


def microseconds() -> int:
    """The wall clock, in microseconds UTC."""
    return time.time_ns() // 1000


def open_books(where: str | os.PathLike[str], clock: Callable[[], int] = microseconds) -> Books:
    """Open the books at a path (SQLite) or a `postgresql://` URL, and bring their schema up to date.

    Raises NotFound when the server or the folder cannot be reached.
    """
    text = os.fspath(where)
    if text.startswith(("postgresql://", "postgres://")):
        return Books(PostgreSQL(text), clock)
    path = Path(text.removeprefix("sqlite:///"))
    if not path.parent.is_dir():
        raise NotFound(f"there is no folder {path.parent} for the books: make it, or give another --state")
    return Books(SQLite(path), clock)

"""What the processes of one console share and forget: sessions, failed sign-ins, rates.

One SQLite of its own beside the books; nothing in it is of record. A console that starts begins with an empty one.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

TABLES = """
create table if not exists session (hash text primary key, user text not null, roles text not null, csrf text not null,
    began real not null, seen real not null) without rowid;
create table if not exists failed (key text primary key, tries integer not null, last real not null) without rowid;
create table if not exists secret (name text primary key, value text not null) without rowid;
create table if not exists rate (key text primary key, tokens real not null, at real not null) without rowid;
"""


def scratch(path: Path | None, tables: str, seconds: float) -> sqlite3.Connection:
    """A file, its owner's alone, that may be lost at any time: shared by processes, never waited for on its way to disk.

    Without a path it is this process's memory. `seconds` is how long another process's change is waited for.
    """
    if path is not None:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
    con = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False, timeout=seconds)
    con.execute("pragma journal_mode = wal")
    con.execute("pragma synchronous = off")
    con.executescript(tables)
    return con


@contextmanager
def changing(con: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Read and change in one go, against other processes too."""
    con.execute("begin immediate")
    try:
        yield con
    except BaseException:
        con.execute("rollback")
        raise
    con.execute("commit")


class Counter:
    """The shared file; without a path it is this process's alone."""

    def __init__(self, path: Path | None = None) -> None:
        if path is not None:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._con = scratch(path, TABLES, seconds=5)

    def row(self, sql: str, *values: Any) -> tuple[Any, ...] | None:
        """The first row of a query, None when there is none."""
        with self._lock:
            found: tuple[Any, ...] | None = self._con.execute(sql, values).fetchone()
            return found

    def run(self, sql: str, *values: Any) -> None:
        """One change."""
        with self._lock:
            self._con.execute(sql, values)

    def secret(self, name: str) -> str:
        """256 random bits under a name, the same in every process of the console."""
        self.run("insert or ignore into secret values (?, ?)", name, secrets.token_urlsafe(32))
        row = self.row("select value from secret where name = ?", name)
        assert row is not None
        return str(row[0])

    @contextmanager
    def changing(self) -> Iterator[sqlite3.Connection]:
        """Read and change in one go, against the other processes too."""
        with self._lock, changing(self._con) as con:
            yield con

    def close(self) -> None:
        """Close the file."""
        self._con.close()


def fresh(path: Path) -> Path:
    """Forget what an earlier console left in the file: its sessions end with it."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    return path

"""The vault's own log of sights: who did what to whose values, when and why. Append-only, chained by hashes."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from dataclasses import dataclass
from datetime import datetime

from data_contracts.errors import NotAllowed

TABLES = """
create table if not exists sight (seq integer primary key, at text not null, who text not null, action text not null,
    subject text not null, reason text not null, hash text not null);
create trigger if not exists sight_stays before update on sight begin select raise(abort, 'the log of sights is append-only'); end;
create trigger if not exists sight_kept before delete on sight begin select raise(abort, 'the log of sights is append-only'); end;
"""


@dataclass(frozen=True)
class Sight:
    """One entry of the log: who did what to whose values, when and why."""

    seq: int
    at: str
    who: str
    action: str
    subject: str
    reason: str


def append(con: sqlite3.Connection, at: datetime, who: str, action: str, subject: str, reason: str) -> None:
    """Add an entry, within the caller's transaction."""
    last = con.execute("select seq, hash from sight order by seq desc limit 1").fetchone() or (0, "")
    facts = [at.isoformat(), who, action, subject, reason]
    con.execute(
        "insert into sight values (?, ?, ?, ?, ?, ?, ?)", [last[0] + 1, *facts, _chained(last[1], last[0] + 1, facts)]
    )


def sights(con: sqlite3.Connection) -> tuple[Sight, ...]:
    """The log in order. Raises NotAllowed when its chain of hashes does not hold."""
    rows = con.execute("select seq, at, who, action, subject, reason, hash from sight order by seq").fetchall()
    before = ""
    for i, (seq, *facts, digest) in enumerate(rows, start=1):
        before = _chained(before, seq, facts)
        if seq != i or before != digest:
            raise NotAllowed(f"the log of sights was altered at entry {i}")
    return tuple(Sight(*row[:-1]) for row in rows)


def _chained(before: str, seq: int, facts: list[str]) -> str:
    return hashlib.sha256(json.dumps([before, seq, *facts], ensure_ascii=False).encode()).hexdigest()

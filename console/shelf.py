"""What a case shows of a promoter, ready to be sent: made from the published run once, kept in a file beside the state.

A published run never changes, so what is made of it stays right. The file holds JSON per promoter and part; any process of
the console may add to it, and one fills it for all open cases as soon as a run is published. It may be deleted at any time.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import sqlite3
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import orjson

from console.counter import changing, scratch
from console.evidence import reasons_of, told_of
from console.graph import graph_of
from console.reading import Reading
from console.tables import REASONS

log = logging.getLogger("tongren")
SQL = Path(__file__).parent / "sql"
PARTS = ("findings", "money", "pairs", "timeline", "bursts", "orders", "excluded", "payouts", "defence", "members")
"""Parts that SQL makes; `graph` is made of the pairs, `reasons` and `told` of findings and excluded orders."""
EMPTY: Mapping[str, bytes] = {**dict.fromkeys(PARTS, b"[]"), "defence": b"{}"}
AT_ONCE = 500
OTHERS = ("sessions.", "webhooks.", "replay")
"""Files in the same folder that are not of a run."""
MADE_BY = hashlib.sha256(
    b"".join(
        p.read_bytes()
        for p in (*sorted(SQL.glob("*.sql")), *(SQL.parent / f"{n}.py" for n in ("graph", "evidence")), REASONS)
    )
).hexdigest()[:8]
"""What the parts are made by: another version of the console makes its own."""
TABLES = "create table if not exists part (key text, name text, body blob, primary key (key, name)) without rowid;"
CASES = """
select distinct coalesce('P' || promoter_id, 'S' || subject_id) as key, max(priority_fen) as fen from case_money
group by key order by fen desc, key
"""


class Part:
    """One part of a promoter's evidence: the bytes as they are sent, and the value that they say."""

    __slots__ = ("_value", "body")

    def __init__(self, body: bytes) -> None:
        self.body = body
        self._value: Any = None

    @property
    def value(self) -> Any:
        """Lists and dicts; money as text with two decimals, days and instants as ISO text."""
        if self._value is None:
            self._value = orjson.loads(self.body)
        return self._value


class Shelf:
    """The parts of the run that `reading` shows. `key` is `P` and a promoter's id, or `S` and another subject's."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self._lock = threading.Lock()
        self._run_id, self._con = "", sqlite3.connect(":memory:", check_same_thread=False)
        self._whole: set[str] = set()
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self._sql = {name: (SQL / f"{name}.sql").read_text(encoding="utf-8") for name in PARTS}

    def parts(self, key: str) -> dict[str, Part]:
        """All parts by name, `graph` too."""
        run_id = self.reading.run_id
        with self._open(run_id) as con:
            found = dict(con.execute("select name, body from part where key = ?", (key,)).fetchall())
        if not found:
            found = self._made([key])[key]
            self._keep(run_id, {key: found})
        if "graph" not in found:
            found["graph"] = orjson.dumps(graph_of(self.reading, key[1:], orjson.loads(found["pairs"])))
            self._keep(run_id, {key: {"graph": found["graph"]}})
        return {name: Part(body) for name, body in found.items()}

    def get(self, key: str, name: str) -> bytes | None:
        """One part of the run that is shown, None when nobody made it."""
        with self._open(self.reading.run_id) as con:
            found = con.execute("select body from part where key = ? and name = ?", (key, name)).fetchone()
        return None if found is None else bytes(found[0])

    def put(self, run_id: str, key: str, name: str, body: bytes) -> None:
        """Keep a part, unless another run is shown by now."""
        if run_id == self.reading.run_id:
            self._keep(run_id, {key: {name: body}})

    def has(self, key: str) -> bool:
        """Whether all parts of a key are made."""
        with self._open(self.reading.run_id) as con:
            if (
                key not in self._whole
                and con.execute("select 1 from part where key = ? and name = 'graph'", (key,)).fetchone()
            ):
                self._whole.add(key)
            return key in self._whole

    def fill(self) -> int:
        """Make the parts of all promoters with a case; gives how many. Leaves it to another process that is at it."""
        run_id = self.reading.run_id
        folder = self.folder()
        with (folder / f"{run_id}.{MADE_BY}.lock").open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return 0
            with self._open(run_id) as con:
                have = {k for (k,) in con.execute("select distinct key from part")}
            wanted = [r["key"] for r in self.reading.rows(CASES) if r["key"] not in have]
            for start in range(0, len(wanted), AT_ONCE):
                if self.reading.run_id != run_id:
                    return start
                self._keep(run_id, self._made(wanted[start : start + AT_ONCE]))
            return len(wanted)

    def fill_behind(self) -> None:
        """`fill` in a thread of its own; a fault is logged, since every part can be made when it is asked for."""

        def work() -> None:
            try:
                self.fill()
            except (OSError, sqlite3.Error, duckdb.Error) as fault:
                log.warning("console=shelf the parts of all cases could not be made ahead: %s", type(fault).__name__)

        threading.Thread(target=work, name="shelf", daemon=True).start()

    def _made(self, keys: Sequence[str]) -> dict[str, dict[str, bytes]]:
        made: dict[str, dict[str, bytes]] = {k: dict(EMPTY) for k in keys}
        for name, sql in self._sql.items():
            for row in self.reading.rows(sql, keys=list(keys), **({"zone": self._zone()} if "$zone" in sql else {})):
                made[row["key"]][name] = row["body"].encode()
        for key, parts in made.items():
            found = reasons_of(orjson.loads(parts["findings"]))
            parts["reasons"] = orjson.dumps(found, default=str)
            parts["told"] = orjson.dumps(told_of(found, orjson.loads(parts["excluded"])))
            pairs = orjson.loads(parts["pairs"])
            # Longer paths are looked for in the links of the group, promoter by promoter: that waits until somebody asks.
            if all(pair["hops"] <= 1 for pair in pairs):
                parts["graph"] = orjson.dumps(graph_of(self.reading, key[1:], pairs))
        return made

    def _zone(self) -> str:
        return str(self.reading.manifest["zone"])

    def _keep(self, run_id: str, made: Mapping[str, Mapping[str, bytes]]) -> None:
        rows = ((key, name, body) for key, parts in made.items() for name, body in parts.items())
        with self._open(run_id) as con, changing(con):
            con.executemany("insert or ignore into part values (?, ?, ?)", rows)

    @contextmanager
    def _open(self, run_id: str) -> Iterator[sqlite3.Connection]:
        """The file of the run, opened anew when a newer run is shown; files of earlier runs go."""
        with self._lock:
            if run_id != self._run_id:
                self._con.close()
                self._con = _file(self.folder(), run_id)
                self._run_id, self._whole = run_id, set()
            yield self._con

    def folder(self) -> Path:
        """Where the file is: beside the state, or in scratch space when that is read-only."""
        place = self.reading.state / "console"
        if self._scratch is None and not os.access(self.reading.state, os.W_OK):
            self._scratch = tempfile.TemporaryDirectory(prefix="tongren-console-")
        place = Path(self._scratch.name) if self._scratch else place
        place.mkdir(mode=0o700, exist_ok=True)
        return place

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._con.close()
            self._run_id = ""


def _file(folder: Path, run_id: str) -> sqlite3.Connection:
    for old in folder.iterdir():
        ours = old.name.startswith((f"{run_id}.{MADE_BY}.", *OTHERS))
        if old.suffix in (".db", ".lock", ".db-wal", ".db-shm") and not ours:
            old.unlink(missing_ok=True)
    return scratch(folder / f"{run_id}.{MADE_BY}.db", TABLES, seconds=30)

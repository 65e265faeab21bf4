"""The what-if of settlement for one measure: the run settled once more with it, tiers and caps reckoned again.

That takes as long as settling does. So a replay is made once per run and content, kept on the shelf for every process of the
console, and made behind a page that meanwhile shows an estimate. One replay runs at a time, each with its own spill folder.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from console.reading import Loaded
from console.shelf import Shelf
from data_contracts.errors import TongrenError
from data_contracts.money import yuan
from data_contracts.run import Run
from settlement import whatif
from settlement.ahead import Upcoming

log = logging.getLogger("tongren")
NAME = "replay"
MOST = 20
"""Replays that may wait in one process."""
PATIENCE = 2.0
"""Seconds that a page waits for a replay before it shows the estimate; where the last one took longer no page waits."""


@dataclass(frozen=True)
class Content:
    """What a measure says; of a decision that stands already also its id and start (microseconds UTC)."""

    measure: str
    clause: str
    subject_kind: str
    subject_id: str
    promoter: str | None
    month: str | None = None
    functions: str | None = None
    decision_id: str | None = None
    effective_from: int | None = None

    @property
    def key(self) -> str:
        """The key of the shelf."""
        return "W" + hashlib.sha256(orjson.dumps(vars(self), option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]


@dataclass(frozen=True)
class Replay:
    """What the replay told: changes in CNY (negative: less), the months of promoters that a hold would newly cover, and the
    promoter's next statement without and with the measure (CNY; `owed` is open after it, of which `unpaid` is still held)."""

    changes: tuple[Mapping[str, Any], ...]
    covered: frozenset[tuple[str, str | None]] = field(default_factory=frozenset)
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None

    def taken(self, promoter: str) -> dict[str, Decimal]:
        """By month how much less a promoter would have."""
        months: dict[str, Decimal] = {}
        for c in self.changes:
            if c["promoter_id"] == promoter:
                months[c["month"]] = months.get(c["month"], Decimal("0.00")) - c["taken"]
        return {m: v for m, v in months.items() if v}

    def covers(self, promoter: str, month: str) -> bool:
        """Whether a hold would newly cover a month's statement."""
        return not self.covered.isdisjoint({(promoter, None), (promoter, month)})


class Replays:
    """The replays of the run that is shown."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self._lock = threading.Lock()
        self._waiting: dict[tuple[str, str], threading.Event] = {}
        self._failed: set[tuple[str, str]] = set()
        self._took = 0.0

    def known(self, content: Content) -> Replay | None:
        """The replay when it was made already."""
        body = self.shelf.get(content.key, NAME)
        return None if body is None else _read(body)

    def ask(self, content: Content, wait: float | None = None) -> Replay | None:
        """The replay, begun if it was not yet; None when it is not there after so many seconds, PATIENCE by default."""
        loaded = self.shelf.reading.now
        job = (loaded.run_id, content.key)
        with self._lock:
            done = self._waiting.get(job)
            if done is None and job not in self._failed and len(self._waiting) < MOST:
                done = self._waiting[job] = threading.Event()
                threading.Thread(target=self._work, args=(loaded, content, done), name=NAME, daemon=True).start()
        if done is not None:
            done.wait(wait if wait is not None else PATIENCE if self._took < PATIENCE else 0.0)
        return self.known(content)

    def begun(self, content: Content) -> bool:
        """Whether this process is at it."""
        return (self.shelf.reading.run_id, content.key) in self._waiting

    def failed(self, content: Content) -> bool:
        """Whether this run cannot be replayed with it, such as one of an older version."""
        return (self.shelf.reading.run_id, content.key) in self._failed

    def _work(self, loaded: Loaded, content: Content, done: threading.Event) -> None:
        job = (loaded.run_id, content.key)
        try:
            folder = self.shelf.folder()
            with (folder / "replay.lock").open("w") as turn:
                fcntl.flock(turn, fcntl.LOCK_EX)
                if self.shelf.get(content.key, NAME) is None:
                    began = time.monotonic()
                    with tempfile.TemporaryDirectory(prefix="replay-", dir=folder) as spill:
                        body = made(loaded, content, Path(spill) / "spill")
                    self.shelf.put(loaded.run_id, content.key, NAME, body)
                    self._took = time.monotonic() - began
        except (TongrenError, OSError, duckdb.Error) as fault:
            log.warning("console=replay run=%s fault=%s", loaded.run_id, type(fault).__name__)
            self._failed.add(job)
        finally:
            with self._lock:
                self._waiting.pop(job, None)
            done.set()


def made(loaded: Loaded, content: Content, spill: Path) -> bytes:
    """Replay a published run with a measure in force; what came of it as JSON."""
    told, tables = loaded.manifest, loaded.folder / "tables"
    run = Run(loaded.run_id, int(told["run_seq"]), date.fromisoformat(told["as_of"]), str(told["zone"]))
    known = pq.read_table(tables / "casebook" / "decision.parquet")
    others = [d for d in known.to_pylist() if d["decision_id"] != content.decision_id]
    starts = run.cutoff_at
    if content.effective_from is not None:  # what starts later is shown as it will be once it has started
        starts = min(starts, datetime.fromtimestamp(content.effective_from / 1_000_000, UTC))
    row = {
        "decision_id": content.decision_id or "D-proposed", "subject_kind": content.subject_kind, "subject_id": content.subject_id,
        "promoter_id": content.promoter, "clause": content.clause, "measure": content.measure, "status": "approved",
        "effective_from": starts, "month": content.month, "functions": content.functions, "decided_by": "proposed",
        "reason": "proposed",
    }  # fmt: skip
    decided = pa.Table.from_pylist([*others, row], schema=known.schema)
    answer = whatif.run(tables, run, decisions=decided, promoter=content.promoter, spill=spill)
    return orjson.dumps({
        "before": _upcoming(answer.before), "after": _upcoming(answer.after),
        "changes": [{"promoter_id": c.promoter_id, "month": c.month, "clause": c.clause, "taken": str(yuan(c.change_fen))}
                    for c in answer.changes],
        "covered": answer.covered,
    })  # fmt: skip


def _upcoming(statement: Upcoming | None) -> dict[str, str] | None:
    if statement is None:
        return None
    amounts = {**statement.amounts, "owed": statement.owed_fen, "unpaid": statement.unpaid_fen}
    return {"month": statement.month, "status": statement.status, **{k: str(yuan(v)) for k, v in amounts.items()}}


def _read(body: bytes) -> Replay:
    told = orjson.loads(body)
    changes = tuple({**c, "taken": Decimal(c["taken"])} for c in told["changes"])
    before, after = (
        told.get(side) and {k: v if k in ("month", "status") else Decimal(v) for k, v in told[side].items()}
        for side in ("before", "after")
    )
    return Replay(changes, frozenset((p, m) for p, m in told["covered"]), before, after)

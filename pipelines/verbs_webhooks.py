"""Webhooks and figures from the command line: thin, the rules are the casebook's."""

from __future__ import annotations

import dataclasses
import json
import logging
import os
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from casebook import metrics as casebook_metrics
from casebook import targets
from casebook.books import Books
from casebook.store import StoreFault
from casebook.webhooks import KINDS, told_of
from data_contracts.errors import TongrenError
from data_contracts.vault import Key, load_key
from pipelines.people import books_of
from pipelines.show import table
from pipelines.state import State

if TYPE_CHECKING:
    from models.detectors.feedback import Recall

log = logging.getLogger("tongren")


def add(state: State, address: str, kinds: tuple[str, ...], least: str, *, by: str, reason: str) -> str:
    """Tell an address from now on; the last line is the target's id alone."""
    with books_of(state) as books:
        made = targets.add(books, address, by, reason, _key(state), kinds or KINDS, targets.least_of(least))
    return f"{_secret(made)}\n{made.target_id}"


def rotate(state: State, target_id: str, *, by: str, reason: str) -> str:
    """Give a target another secret."""
    with books_of(state) as books:
        return _secret(targets.rotate(books, target_id, by, reason, _key(state)))


def _secret(made: targets.Made) -> str:
    return f"its secret, shown this once: {made.secret}"


def _key(state: State) -> Key:
    return load_key(state.folder, os.environ)


def end(state: State, target_id: str, *, by: str, reason: str) -> str:
    """Tell a target nothing more."""
    with books_of(state) as books:
        targets.end(books, target_id, by, reason)
    return f"{target_id} has ended"


def test(state: State, target_id: str, *, by: str) -> str:
    """Send a target one test message; what it answered. Raises TongrenError when it did not take the message."""
    with books_of(state) as books:
        status = targets.test(books, target_id, by, _key(state))
    if not 200 <= status < 300:
        raise TongrenError(
            f"{target_id} did not take the message ({told_of(status)}): check its address and its own log"
        )
    return f"{target_id} took the message: {told_of(status)}"


def listing(state: State) -> str:
    """Who is told of what."""
    with books_of(state) as books:
        return table(targets.listing(books), limit=1000)


def deliver(state: State) -> str:
    """One round of deliveries."""
    with books_of(state) as books:
        told = targets.deliver_all(books, _key(state))
    return f"{told.delivered} delivered, {told.failed} failed, {told.waiting} waiting"


def after_run(books: Books, key: Key) -> None:
    """The round at the end of a run: what fails is said in the log and tried again later; the run stands."""
    try:
        told = targets.deliver_all(books, key)
    except (TongrenError, OSError, StoreFault) as fault:
        log.warning("webhooks=failed fault=%s", type(fault).__name__)
        return
    if told.failed:
        log.warning("webhooks=failed delivered=%d failed=%d waiting=%d", told.delivered, told.failed, told.waiting)


def figures(state: State, form: str) -> str:
    """How well the work goes, from the books."""
    from models.detectors import feedback  # scipy takes a moment, and is only needed here

    with books_of(state) as books:
        told = casebook_metrics.measure(books, feedback.interval)
    recall = feedback.recall(told.judged.sampled, told.judged.flagged, *_frame(state))
    if form == "json":
        return json.dumps(
            {**dataclasses.asdict(told), "recall": dataclasses.asdict(recall)}, indent=2, ensure_ascii=False
        )
    rows = [{**row, "value": "" if row["value"] is None else row["value"]} for row in told.figures()]
    precision = [
        {"detector": p.detector, "clause": p.clause, "findings": p.findings, "confirmed": p.confirmed, "false_alarms": p.false_alarms,
         "precision": "" if p.share is None else f"{p.share:.3f}", "interval": f"{p.low:.3f} to {p.high:.3f}"}
        for p in told.precision
    ]  # fmt: skip
    return "\n\n".join([table(rows, limit=100), table(precision, limit=1000), _recall_told(recall)])


def _frame(state: State) -> tuple[int, int]:
    """Promoters that the newest run flags, and those that it does not; none before the first run."""
    path = state.folder / "current" / "tables" / "models" / "audit_frame.parquet"
    if not path.exists():
        return 0, 0
    (row,) = pq.read_table(path).to_pylist()
    return int(row["flagged"]), int(row["unflagged"])


def _recall_told(recall: Recall) -> str:
    sample = f"{recall.confirmed} of {recall.judged} judged promoters of the audit sample cheat"
    if recall.share is None:
        return f"recall: not estimated, {sample}; it takes {recall.needed} verdicts there and on flagged promoters"
    return f"recall: {recall.share:.3f} (95 % interval {recall.low:.3f} to {recall.high:.3f}); {sample}"

"""Webhooks and figures from the command line: thin, the rules are the casebook's."""

from __future__ import annotations

import dataclasses
import json
import logging
import os
from typing import Any

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

log = logging.getLogger("tongren")


def add(state: State, address: str, kinds: tuple[str, ...], least: str, *, by: str, reason: str) -> str:
    """Tell an address from now on."""
    with books_of(state) as books:
        return targets.add(books, address, by, reason, kinds or KINDS, targets.least_of(least))


def end(state: State, target_id: str, *, by: str, reason: str) -> str:
    """Tell a target nothing more."""
    with books_of(state) as books:
        targets.end(books, target_id, by, reason)
    return f"{target_id} has ended"


def test(state: State, target_id: str, *, by: str) -> str:
    """Send a target one test message; what it answered. Raises TongrenError when it did not take the message."""
    with books_of(state) as books:
        status = targets.test(books, target_id, by, load_key(state.folder, os.environ))
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
        told = targets.deliver_all(books, load_key(state.folder, os.environ))
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
    with books_of(state) as books:
        told = casebook_metrics.measure(books)
    if form == "json":
        return json.dumps(dataclasses.asdict(told), indent=2, ensure_ascii=False)
    rows: list[dict[str, Any]] = [
            {"figure": "hours to a decision", "value": told.hours_to_decision}, {"figure": "appeals", "value": told.appeals.filed},
            {"figure": "reversal rate on appeal", "value": told.appeals.reversal}, {"figure": "holds", "value": told.holds},
            {"figure": "holds ended by people", "value": told.holds_ended_by_people}]  # fmt: skip
    precision = [
        {"detector": p.detector, "clause": p.clause, "findings": p.findings, "precision": p.share}
        for p in told.precision
    ]
    return table(rows, limit=100) + "\n\n" + table(precision, limit=1000)

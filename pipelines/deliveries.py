"""Which earlier deliveries a feed is held against, and what a person says of one that is unusual.

An alarm (`feed.gap`, `feed.volume`) keeps months from being issued until somebody accepts the delivery by name and reason.
A delivery that nobody accepted is no measure for the next one.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow.parquet as pq

from casebook.books import Books
from pipelines.ingest.health import Earlier
from pipelines.state import State

MOST_RUNS = 200


def earlier(state: State, books: Books) -> list[Earlier]:
    """The newest published runs whose folders still stand, oldest first; those with an alarm only when it was accepted."""
    with books.reading() as book:
        newest = book.rows("select run_id, as_of from run order by run_seq desc limit :n", n=MOST_RUNS)
    accepted = books.accepted_deliveries()
    runs = [Earlier(date.fromisoformat(r["as_of"]), state.runs / r["run_id"] / "tables") for r in reversed(newest)]
    return [
        run
        for run in runs
        if run.tables.is_dir() and all(alarm["delivery"] in accepted for alarm in alarms(run.tables))
    ]


def alarms(tables: Path) -> list[dict[str, str]]:
    """What was unusual about a run's delivery: code, feed, sentence and the delivery's SHA-256."""
    path = tables / "feeds" / "feed_alarm.parquet"
    return list(pq.read_table(path).to_pylist()) if path.exists() else []


def open_alarms(tables: Path) -> list[dict[str, str]]:
    """Those that nobody had accepted when the run began: they held its months back."""
    path = tables / "books" / "books_feed_acceptance.parquet"
    accepted = set(pq.read_table(path, columns=["delivery"])["delivery"].to_pylist()) if path.exists() else set()
    return [a for a in alarms(tables) if a["delivery"] not in accepted]

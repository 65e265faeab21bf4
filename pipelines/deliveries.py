"""Which earlier deliveries a feed is held against, and what a person says of one that is unusual.

An alarm (`feed.gap`, `feed.gone`, `feed.volume`) keeps months from being issued until somebody accepts the delivery by name and reason.
A delivery that nobody accepted is no measure for the next one.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from casebook.books import Books
from data_contracts.contract import contracts
from pipelines import manifest
from pipelines.ingest.health import Earlier
from pipelines.state import State

MOST_RUNS = 200


def earlier(state: State, books: Books) -> list[Earlier]:
    """The newest published runs whose folders still stand, oldest first; those with an alarm only when it was accepted.
    The last of them is the measure of the next delivery's manifest."""
    with books.reading() as book:
        newest = book.rows("select run_id, as_of from run order by run_seq desc limit :n", n=MOST_RUNS)
    accepted = books.accepted_deliveries()
    runs = [Earlier(date.fromisoformat(r["as_of"]), state.runs / r["run_id"] / "tables") for r in reversed(newest)]
    return [
        run
        for run in runs
        if run.tables.is_dir() and all(alarm["delivery"] in accepted for alarm in alarms(run.tables))
    ]


def history(state: State) -> pa.Table:
    """How large the deliveries of the newest runs were (`feed_volume`): what the newest published run says of them all.

    Of runs that were made before there was such a table, what their folders say.
    """
    columns = contracts()["feed_volume"].names
    if state.current_link.exists():
        path = state.current() / "tables" / "feeds" / "feed_volume.parquet"
        if path.exists():
            return pq.read_table(path, columns=list(columns))
    rows = [row for folder in manifest.run_folders(state.runs)[-MOST_RUNS:] for row in _volumes(folder)]
    return pa.Table.from_pylist(rows, schema=_SHAPE)


_SHAPE = pa.schema([("run_seq", pa.int64()), ("as_of", pa.date32()), ("feed", pa.string()), ("rows_in", pa.int64()),
                    ("delivery", pa.string()), ("alarmed", pa.bool_())])  # fmt: skip


def _volumes(folder: Path) -> list[dict[str, Any]]:
    said, path = manifest.read(folder), folder / "tables" / "feeds" / "feed_fact.parquet"
    facts = (
        pq.read_table(path, columns=["feed", "rows_in"]).group_by("feed").aggregate([("rows_in", "sum")]).to_pylist()
    )
    found = alarms(folder / "tables")
    about = {
        "run_seq": said["run_seq"],
        "as_of": date.fromisoformat(said["as_of"]),
        "delivery": said["sources"]["sha256"],
    }
    return [{**about, "feed": f["feed"], "rows_in": f["rows_in_sum"], "alarmed": bool(found)} for f in facts]


def alarms(tables: Path) -> list[dict[str, str]]:
    """What was unusual about a run's delivery: code, feed, sentence and the delivery's SHA-256."""
    path = tables / "feeds" / "feed_alarm.parquet"
    return list(pq.read_table(path).to_pylist()) if path.exists() else []


def open_alarms(tables: Path) -> list[dict[str, str]]:
    """Those that nobody had accepted when the run began: they held its months back."""
    path = tables / "books" / "books_feed_acceptance.parquet"
    accepted = set(pq.read_table(path, columns=["delivery"])["delivery"].to_pylist()) if path.exists() else set()
    return [a for a in alarms(tables) if a["delivery"] not in accepted]

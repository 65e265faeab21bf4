"""Signs that a delivery is not what it should be although every row is well: gaps, conflicts, a feed that is gone, unusual volume.

Such a run publishes groups and flags, but issues no month until somebody has looked; its manifest says why.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa

from data_contracts.errors import InputRefused
from pipelines.ingest.delivery import Alarm, Delivery

FEWEST_RUNS = 20
MOST_SIGMAS = 5.0


@dataclass(frozen=True)
class Earlier:
    """A published run against which a delivery is held: its as-of day and its folder of tables."""

    as_of: date
    tables: Path


def gaps(now: Delivery | None, before: Delivery | None) -> tuple[Alarm, ...]:
    """A delivery whose sequence number does not follow the last one. Raises InputRefused `file.conflict` when a name
    has other content than before, neither superseding it nor of a higher version."""
    if now is None or before is None:
        return ()
    changed = [n for n, f in now.files.items() if n in before.files and before.files[n].sha256 != f.sha256]
    if changed and now.version <= before.version and now.supersedes != before.version:
        raise InputRefused(
            "file.conflict",
            f"{len(changed)} files have other content than in the delivery before, and the manifest's version is not higher",
            where=sorted(changed)[0],
        )
    if now.sequence is None or before.sequence is None or now.sequence <= before.sequence + 1:
        return ()
    missing = now.sequence - before.sequence - 1
    return (Alarm("feed.gap", f"{missing} deliveries are missing between {before.sequence} and {now.sequence}"),)


def gone(now: Mapping[str, int], earlier: Sequence[tuple[date, Mapping[str, int]]]) -> tuple[Alarm, ...]:
    """Feeds that had rows in the newest of the `earlier` runs and have none now: every delivery is the full history."""
    before = earlier[-1][1] if earlier else {}
    lost = sorted(feed for feed, rows in before.items() if rows and not now.get(feed))
    return tuple(
        Alarm("feed.gone", f"{feed} had {before[feed]} rows in the run before and has none", feed) for feed in lost
    )


def volumes(now: Mapping[str, int], on: date, earlier: Sequence[tuple[date, Mapping[str, int]]]) -> tuple[Alarm, ...]:
    """Feeds whose growth since the last run is beyond 5 sigma of the growths before.

    `earlier`: as-of day and rows in per feed, oldest first. Every delivery is the full history, so it is the growth per
    day that has a usual size. Of several runs for one day the last counts; fewer than 20 tell nothing.
    """
    found: list[Alarm] = []
    days = {day: rows for day, rows in earlier if day < on}
    for feed, rows in sorted(now.items()):
        series = [(day, days[day][feed]) for day in sorted(days) if feed in days[day]]
        if len(series) < FEWEST_RUNS:
            continue
        growths = [(b - a) / (then - day).days for (day, a), (then, b) in itertools.pairwise(series)]
        since = (on - series[-1][0]).days
        usual, grew = statistics.fmean(growths) * since, rows - series[-1][1]
        spread = max(1.0, statistics.pstdev(growths) * since, _floor(growths, usual, series[-1][1]))
        if abs(grew - usual) > MOST_SIGMAS * spread:
            found.append(
                Alarm(
                    "feed.volume",
                    f"{feed} grew by {grew} rows; {usual:.0f} is usual over {len(series)} runs, give or take {spread:.0f}",
                    feed,
                )
            )
    return tuple(found)


def _floor(growths: Sequence[float], usual: float, rows: int) -> float:
    """The least spread: of a count, its root; where nothing ever grew (one delivery run many times), 1 % of the rows."""
    return math.sqrt(abs(usual)) if any(growths) else rows / 100


def series(history: pa.Table, accepted: Collection[str]) -> list[tuple[date, dict[str, int]]]:
    """Rows in per feed of each run in `history` (the shape of `feed_volume`), oldest first; of deliveries with an alarm
    only those that a person has accepted."""
    runs: dict[int, tuple[date, dict[str, int]]] = {}
    for row in history.sort_by("run_seq").to_pylist():
        if not row["alarmed"] or row["delivery"] in accepted:
            runs.setdefault(row["run_seq"], (row["as_of"], {}))[1][row["feed"]] = row["rows_in"]
    return list(runs.values())

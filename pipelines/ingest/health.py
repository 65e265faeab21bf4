"""Signs that a delivery is not what it should be although every row is well: gaps, conflicts, unusual volume.

Such a run publishes groups and flags, but issues no month until somebody has looked; its manifest says why.
"""

from __future__ import annotations

import itertools
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow.parquet as pq

from data_contracts.errors import InputRefused
from pipelines.ingest.delivery import Alarm, Delivery

FEWEST_RUNS = 20
MOST_SIGMAS = 5.0


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


def volumes(now: Mapping[str, int], earlier: Sequence[Mapping[str, int]]) -> tuple[Alarm, ...]:
    """Feeds whose growth since the last run is beyond 5 sigma of the growths before. `earlier`: rows in, oldest first.

    Every delivery is the full history, so it is the growth that has a usual size. Fewer than 20 earlier runs tell nothing.
    """
    found: list[Alarm] = []
    for feed, rows in sorted(now.items()):
        series = [run[feed] for run in earlier if feed in run]
        if len(series) < FEWEST_RUNS:
            continue
        growths = [b - a for a, b in itertools.pairwise(series)]
        usual, spread = statistics.fmean(growths), max(1.0, statistics.pstdev(growths))
        growth = rows - series[-1]
        if abs(growth - usual) > MOST_SIGMAS * spread:
            found.append(
                Alarm(
                    "feed.volume",
                    f"{feed} grew by {growth} rows; {usual:.0f} is usual over {len(growths)} runs, give or take {spread:.0f}",
                )
            )
    return tuple(found)


def volumes_of(earlier: Sequence[Path]) -> list[Mapping[str, int]]:
    """Rows in per feed of each earlier run, from its `feeds/feed_fact.parquet`; runs without one are left out."""
    found: list[Mapping[str, int]] = []
    for folder in earlier:
        path = folder / "feeds" / "feed_fact.parquet"
        if path.exists():
            rows: Counter[str] = Counter()
            for fact in pq.read_table(path, columns=["feed", "rows_in"]).to_pylist():
                rows[fact["feed"]] += fact["rows_in"]
            found.append(rows)
    return found

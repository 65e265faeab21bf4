"""What stands in a source folder and is no feed. A feed that may be absent and whose file has a slip in its name would be taken for
absent: nothing of `payout.csv` would count as paid. So a slip is refused, and other data that is not read is named.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator
from pathlib import Path

from data_contracts.errors import InputRefused

CLOSE = 0.8
DATA = frozenset({".csv", ".parquet", ".sql", ".tsv", ".txt", ".json", ".jsonl", ".xls", ".xlsx"})
TRUTH = "truth"  # the simulator writes it beside its feeds
MANIFEST = "MANIFEST.json"


def strays(sources: Path, feeds: Collection[str], read: Collection[str]) -> dict[str, str | None]:
    """Data beside the feeds by name, each with the feed that its name is close to, if any. `read`: first parts of what is read."""
    found = {}
    for path in sorted(sources.iterdir()):
        if path.name not in read and _is_data(path):
            stem = path.name.lower().split(".")[0].replace("-", "_").replace(" ", "_")
            found[path.name] = next(iter(difflib.get_close_matches(stem, sorted(feeds), 1, CLOSE)), None)
    return found


def _is_data(path: Path) -> bool:
    if path.name.startswith(".") or path.name in (TRUTH, MANIFEST):
        return False
    if path.is_dir():
        return any(set(_endings(p)) & DATA for p in path.iterdir())
    return bool(set(_endings(path)) & DATA)


def _endings(path: Path) -> Iterator[str]:
    return (ending.lower() for ending in path.suffixes)


def refuse_slips(found: dict[str, str | None], delivered: Collection[str]) -> None:
    """Raise InputRefused `file.name` for data whose name is close to that of a feed which is not there."""
    for name, near in found.items():
        if near is not None and near not in delivered:
            raise InputRefused(
                "file.name",
                f"no feed has this name, and {near} is not there: name it {near}.csv, .parquet or .sql, or take it out of the folder",
                where=name,
            )

"""Run folders that nothing rests on any more may go; what an issued statement or a decision rests on stays."""

from __future__ import annotations

import shutil
from pathlib import Path

from pipelines import manifest
from pipelines.people import at, books_of
from pipelines.show import table
from pipelines.state import State


def prune(state: Path, books_url: str | None, keep: int) -> str:
    """Remove run folders beyond the newest `keep`. A run that issued a month, the current one and one under a legal
    hold (a file `legal-hold` in its folder) stay. Says what went and what stayed, and why."""
    place = at(state, books_url)
    with place.locked(), books_of(place) as books, books.reading() as book:
        issuing = {r["run_id"] for r in book.rows("select r.run_id from issue as i join run as r using (run_seq)")}
        return _prune(place, issuing, keep)


def _prune(place: State, issuing: set[str], keep: int) -> str:
    folders = [p.parent for p in place.runs.glob("*/manifest.json")]
    folders.sort(key=lambda f: int(manifest.read(f)["run_seq"]))
    told = []
    for folder in folders[:-keep]:
        why = "issued a month" if folder.name in issuing else "legal hold" if (folder / "legal-hold").exists() else ""
        why = why or ("current" if folder == place.current() else "")
        if not why:
            shutil.rmtree(folder)
        told.append({"run": folder.name, "": f"stays: {why}" if why else "removed"})
    return table(told, limit=10_000)

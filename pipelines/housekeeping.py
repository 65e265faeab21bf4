"""Run folders that nothing rests on any more may go; what an issued statement or a decision rests on stays."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from data_contracts.raw_vault import drop_rows
from pipelines import manifest
from pipelines.people import at, books_of
from pipelines.show import table
from pipelines.state import State

RESTED_ON = """
with open_case as (select case_id from case_state where state <> 'closed')
select r.run_id, 'issued a month' as why
from run as r
where r.run_seq in (select i.run_seq from issue as i)
union all
select r.run_id, 'an open case rests on it' as why
from run as r
where
    r.run_seq not in (select i.run_seq from issue as i)
    and r.run_seq in (
        select c.run_seq from case_file as c inner join open_case as o on o.case_id = c.case_id
        union
        select e.run_seq from case_event as e inner join open_case as o on o.case_id = e.case_id
    )
"""
"""One row per run that must stay, and why: its month was issued, or a case that is not closed was opened or changed by it."""


def prune(state: Path, books_url: str | None, keep: int) -> str:
    """Remove run folders beyond the newest `keep`. A run that issued a month, one that a case not closed yet rests on, the
    current one and one under a legal hold (a file `legal-hold` in its folder) stay. Says what went and what stayed, and why."""
    place = at(state, books_url)
    with place.locked(), books_of(place) as books, books.reading() as book:
        told = _prune(place, {r["run_id"]: r["why"] for r in book.rows(RESTED_ON)}, keep)
    drop_rows(place.vault, (manifest.read(folder)["sources"]["sha256"] for folder in manifest.run_folders(place.runs)))
    return told


def _prune(place: State, rested_on: Mapping[str, str], keep: int) -> str:
    told = []
    for folder in manifest.run_folders(place.runs)[:-keep]:
        why = rested_on.get(folder.name) or ("legal hold" if (folder / "legal-hold").exists() else "")
        why = why or ("current" if folder == place.current() else "")
        if not why:
            shutil.rmtree(folder)
        told.append({"run": folder.name, "": f"stays: {why}" if why else "removed"})
    return table(told, limit=10_000)

"""Run folders that nothing rests on any more may go; what an issued statement, a case or a legal hold rests on stays."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

from data_contracts.errors import NotAllowed
from data_contracts.raw_vault import drop_rows
from pipelines import deliveries, legal_hold, manifest
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


def prune(state: Path, books_url: str | None, keep: int, keep_days: int = 0) -> str:
    """Remove run folders beyond the newest `keep` whose day is more than `keep_days` before that of the newest.

    A run that issued a month, one that a case not closed yet rests on, the one that the next delivery is held against, the
    current one and one under a legal hold stay. Says what went and what stayed, and why; what the vault kept of quarantined
    rows goes with the last run of their delivery. Raises NotAllowed while everything, or an account, is under a legal hold.
    """
    place = at(state, books_url)
    with place.locked(), books_of(place) as books:
        with books.reading() as book:
            holds = legal_hold.standing(book)
            stays = {r["run_id"]: r["why"] for r in book.rows(RESTED_ON)}
        folders = {folder.name for folder in manifest.run_folders(place.runs)}
        if wide := [hold for subject, hold in holds.items() if subject not in folders]:
            raise NotAllowed(f"nothing is pruned: there is {wide[0]}, and every run folder tells of it")
        stays |= dict.fromkeys(holds, "legal hold")
        for measure in deliveries.earlier(place, books)[-1:]:
            stays.setdefault(measure.tables.parent.name, "the next delivery is held against it")
        told = _prune(place, stays, keep, keep_days)
    drop_rows(place.vault, (manifest.read(folder)["sources"]["sha256"] for folder in manifest.run_folders(place.runs)))
    return told


def _prune(place: State, stays: Mapping[str, str], keep: int, keep_days: int = 0) -> str:
    told = []
    folders = manifest.run_folders(place.runs)
    days = {folder: date.fromisoformat(manifest.read(folder)["as_of"]) for folder in folders}
    since = max(days.values(), default=date.max) - timedelta(days=keep_days)
    for folder in folders[:-keep]:
        why = stays.get(folder.name) or ("current" if folder == place.current() else "")
        why = why or (f"younger than {keep_days} days" if keep_days and days[folder] > since else "")
        if not why:
            shutil.rmtree(folder)
        told.append({"run": folder.name, "": f"stays: {why}" if why else "removed"})
    return table(told, limit=10_000)

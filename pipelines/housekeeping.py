"""Run folders that nothing rests on any more may go; what an issued statement, a case or a legal hold rests on stays."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from data_contracts.errors import NotAllowed
from data_contracts.raw_vault import drop_rows
from pipelines import deliveries, legal_hold, manifest
from pipelines.people import at, books_of
from pipelines.show import table
from pipelines.state import State

RESTED_ON = """
with closing as (
    select e.case_id, max(e.at) as at from case_event as e where e.kind = 'state' and e.after = 'closed' group by e.case_id
), kept_case as (
    select s.case_id, case when s.state = 'closed' then 'a case closed not long ago' else 'an open case' end as what
    from case_state as s left join closing as c on c.case_id = s.case_id
    where s.state <> 'closed' or c.at is null or c.at >= :since
), rested as (
    select f.run_seq, k.what from case_file as f inner join kept_case as k on k.case_id = f.case_id
    union all
    select e.run_seq, k.what from case_event as e inner join kept_case as k on k.case_id = e.case_id
)
select r.run_id, 'issued a month' as why
from run as r
where r.run_seq in (select i.run_seq from issue as i)
union all
select r.run_id, max(t.what) || ' rests on it' as why
from run as r inner join rested as t on t.run_seq = r.run_seq
where r.run_seq not in (select i.run_seq from issue as i)
group by r.run_id
"""
"""One row per run that must stay, and why: its month was issued, or a case that is open, or was closed at or after the instant
`since` (microseconds, UTC), was opened or changed by it."""


def prune(state: Path, books_url: str | None, keep: int, keep_days: int = 0, case_days: int | None = None) -> str:
    """Remove run folders beyond the newest `keep` whose day is more than `keep_days` before that of the newest.

    A run that issued a month, one that a case rests on, the one that the next delivery is held against, the current one and one
    under a legal hold stay. A case keeps its runs while it is open and until `case_days` after it was closed; for ever when that
    is None. Says what went and what stayed, and why; what the vault kept of quarantined rows goes with the last run of their
    delivery. Raises NotAllowed while everything, or an account, is under a legal hold.
    """
    place = at(state, books_url)
    with place.locked(), books_of(place) as books:
        folders = {folder.name: _day(folder) for folder in manifest.run_folders(place.runs)}
        since = _microseconds(max(folders.values(), default=date.max), case_days)
        with books.reading() as book:
            holds = legal_hold.standing(book)
            stays = {r["run_id"]: r["why"] for r in book.rows(RESTED_ON, since=since)}
        if wide := [hold for subject, hold in holds.items() if subject not in folders]:
            raise NotAllowed(f"nothing is pruned: there is {wide[0]}, and every run folder tells of it")
        stays |= dict.fromkeys(holds, "legal hold")
        for measure in deliveries.earlier(place, books)[-1:]:
            stays.setdefault(measure.tables.parent.name, "the next delivery is held against it")
        told = _prune(place, stays, keep, keep_days)
        # Still under the lock: a run that is not published yet keeps its rows in the vault before it has a folder.
        left = (manifest.read(folder)["sources"]["sha256"] for folder in manifest.run_folders(place.runs))
        drop_rows(place.vault, left)
    return told


def _day(folder: Path) -> date:
    return date.fromisoformat(manifest.read(folder)["as_of"])


def _microseconds(newest: date, days: int | None) -> int:
    """The beginning, in UTC, of so many days before the newest; before all time when there is no number."""
    if days is None:
        return -1
    return int(datetime.combine(newest - timedelta(days=days), time(), UTC).timestamp()) * 1_000_000


def _prune(place: State, stays: Mapping[str, str], keep: int, keep_days: int = 0) -> str:
    told = []
    folders = manifest.run_folders(place.runs)
    days = {folder: _day(folder) for folder in folders}
    since = max(days.values(), default=date.max) - timedelta(days=keep_days)
    for folder in folders[:-keep]:
        why = stays.get(folder.name) or ("current" if folder == place.current() else "")
        why = why or (f"younger than {keep_days} days" if keep_days and days[folder] > since else "")
        if not why:
            gone = folder.with_name(
                f".{folder.name}.gone"
            )  # in one step: a prune that is killed leaves no half of a run
            folder.rename(gone)
            shutil.rmtree(gone)
        told.append({"run": folder.name, "": f"stays: {why}" if why else "removed"})
    return table(told, limit=10_000)

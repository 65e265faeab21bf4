"""Makes a finished run visible: all of it or none of it.

Order: the private folder is made durable and renamed to its final name (nobody reads it yet), the books take the run's
records in one transaction, the link `current` is swapped. A crash before the commit leaves a folder that the books do not
know, which the next run removes; a crash after it leaves a swap that the next run finishes.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from data_contracts import disk
from data_contracts.errors import TongrenError
from pipelines.state import State

if TYPE_CHECKING:
    from casebook.books import Books


def sync_tree(folder: Path) -> None:
    """Force every file and folder below `folder` to the disk."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if not path.is_symlink():
            disk.sync(path)
    disk.sync(folder)


def place(state: State, partial: Path, run_id: str) -> Path:
    """Make the private folder durable and give it its final name."""
    final = state.runs / run_id
    sync_tree(partial)
    if final.exists():  # left by a crash before its commit: not known to the books, see `recover`
        shutil.rmtree(final)
    partial.rename(final)
    disk.sync(state.runs)
    return final


def swap(state: State, run_id: str) -> None:
    """Point `current` to a published run, in one step."""
    fresh = state.folder / ".current.new"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(Path("runs") / run_id)
    fresh.replace(state.current_link)
    disk.sync(state.folder)


def recover(state: State, books: Books) -> str | None:
    """Finish or clear away what a crash left behind. Returns the run id whose swap was finished, if any."""
    state.runs.mkdir(parents=True, exist_ok=True)
    known = books.run_ids()
    if state.current_link.is_symlink() and state.current_link.readlink().name not in known:
        raise TongrenError(
            f"the books do not know run {state.current_link.readlink().name}, which is current in {state.folder}: "
            "give the --books that belong to this state"
        )
    for folder in state.runs.iterdir():
        if folder.name.startswith(".") or folder.name not in known:
            shutil.rmtree(folder)
    last = books.last_run()
    if last is None or not (state.runs / last.run_id).exists():
        return None
    if state.current_link.is_symlink() and state.current_link.readlink().name == last.run_id:
        return None
    swap(state, last.run_id)
    return last.run_id

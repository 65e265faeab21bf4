"""A full disk and too little memory, told in one sentence, from whichever library noticed first."""

from __future__ import annotations

import errno
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from casebook.store import StoreFault
from data_contracts.errors import OutOfMemory, OutOfRoom

FULL = (errno.ENOSPC, errno.EDQUOT)
FULL_SAID = ("No space left on device", "Disk quota exceeded", "database or disk is full")
MAYBE_FULL = ("disk I/O error", "unable to open database file")  # SQLite, when it cannot write the files beside its own
LEAST_ROOM = 1 << 20


@contextmanager
def named(state: Path, memory_limit: str) -> Iterator[None]:
    """Turn the faults of a full disk and of spent memory into OutOfRoom and OutOfMemory; others pass."""
    try:
        yield
    except (OSError, duckdb.Error, sqlite3.Error, StoreFault, MemoryError) as fault:
        if no_room(fault, state):
            raise OutOfRoom(
                f"no room is left on the disk of {state}: make some and run again; the results published before stand"
            ) from fault
        if isinstance(fault, MemoryError | duckdb.OutOfMemoryException):
            raise OutOfMemory(
                f"the run needs more memory than the {memory_limit} of --memory-limit, or than the machine has: "
                "give more and run again; the results published before stand"
            ) from fault
        raise


def no_room(fault: BaseException, state: Path) -> bool:
    """Whether a fault says that the disk is full: by number, by the words of an engine that has none, or by words that may mean
    it while the disk of `state` has hardly any room."""
    if (isinstance(fault, OSError) and fault.errno in FULL) or any(said in str(fault) for said in FULL_SAID):
        return True
    return any(said in str(fault) for said in MAYBE_FULL) and shutil.disk_usage(state).free < LEAST_ROOM

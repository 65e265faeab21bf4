"""A full disk and too little memory, told in one sentence, from whichever library noticed first."""

from __future__ import annotations

import errno
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from data_contracts.errors import DiskFault, OutOfMemory, OutOfRoom, TongrenError

FULL = (errno.ENOSPC, errno.EDQUOT)
FULL_SAID = ("No space left on device", "Disk quota exceeded", "database or disk is full")
BROKEN = (errno.EIO, errno.EROFS)
MAYBE_FULL = ("disk I/O error", "unable to open database file")  # SQLite, when it cannot write the files beside its own
LEAST_ROOM = 1 << 20


@contextmanager
def named(state: Path, memory_limit: str) -> Iterator[None]:
    """Turn the faults of a full disk, of a database file out of reach and of spent memory into OutOfRoom, DiskFault and
    OutOfMemory; others pass."""
    try:
        yield
    except TongrenError:
        raise
    except Exception as fault:
        chain = list(_chain(fault))
        _name_disk(chain, state)
        if any(isinstance(one, MemoryError | duckdb.OutOfMemoryException) for one in chain):
            raise OutOfMemory(
                f"the run needs more memory than the {memory_limit} of --memory-limit, or than the machine has: "
                "give more and run again; the results published before stand"
            ) from fault
        raise


def _chain(fault: BaseException | None) -> Iterator[BaseException]:
    """A fault and what it came from: libraries wrap what the disk told them."""
    while fault is not None:
        yield fault
        fault = fault.__cause__ or fault.__context__


def _name_disk(chain: list[BaseException], state: Path) -> None:
    """Raise OutOfRoom where a fault says so by number or words, or by words that may mean it while the disk of `state` takes no
    megabyte more; DiskFault where it takes one, or fails."""
    full = any(
        (isinstance(one, OSError) and one.errno in FULL) or any(said in str(one) for said in FULL_SAID) for one in chain
    )
    unclear = next((one for one in chain if isinstance(one, sqlite3.Error) and str(one) in MAYBE_FULL), None)
    refusal = None if full or unclear is None else _refusal(state)
    if full or (refusal is not None and refusal.errno in FULL):
        raise OutOfRoom(
            f"no room is left on the disk of {state}: make some and run again; the results published before stand"
        ) from chain[0]
    for one in chain:
        number = next((n for n in BROKEN if _says(one, n)), None)
        if number is not None:
            file = getattr(one, "filename", None) or f"a file in {state}"
            raise DiskFault(
                f"the disk says '{os.strerror(number)}' of {file}: check it, then run again; the results published before stand"
            ) from chain[0]
    if unclear is not None:
        file = next(iter(getattr(unclear, "__notes__", [])), f"a database in {state}")
        disk = f"its folder refuses new files ({refusal.strerror})" if refusal else "its disk takes new data"
        raise DiskFault(
            f"SQLite says '{unclear}' of {file}, and {disk}: check the disk (room, quota, faults) and who may write that file "
            "and its folder, then run again; the results published before stand"
        ) from chain[0]


def _says(fault: BaseException, number: int) -> bool:
    """Whether a fault is that of the operating system: Python gives its number, DuckDB only its words."""
    if isinstance(fault, duckdb.Error):
        return os.strerror(number) in str(fault)
    return isinstance(fault, OSError) and fault.errno == number


def _refusal(folder: Path) -> OSError | None:
    """What the disk of a folder says to one more megabyte; None when it takes it."""
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            os.posix_fallocate(probe.fileno(), 0, LEAST_ROOM)
    except OSError as refusal:
        return refusal
    return None

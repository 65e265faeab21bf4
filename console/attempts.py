"""Failed sign-ins per name and per address: each further one waits longer, and few passwords are checked at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from casebook.users import key_of
from console.counter import Counter

FREE = 5
LONGEST_SECONDS = 900.0
MOST_DOUBLINGS = 10
"""Two to the power of it is more than the longest wait: no count of failures is too large to be told."""
FORGOTTEN_SECONDS = 24 * 3600.0
"""A name or an address that failed no more for so long starts anew."""


AT_ONCE = 2
"""Passwords that a process checks at a time: each takes 64 MiB and a core."""
_apart = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="passwords")
T = TypeVar("T")


async def apart(call: Callable[..., T], *values: object) -> T:
    """The answer of a call that hashes a password; it queues with its like, and holds up nothing else."""
    return await asyncio.get_running_loop().run_in_executor(_apart, partial(call, *values))


class Attempts:
    """Counts tries; each is a failure until `succeeded`. `clock` tells monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, counter: Counter | None = None) -> None:
        self.clock = clock
        self.counter = counter or Counter()

    def take(self, name: str, address: str) -> float:
        """Count a try before it is looked at; seconds until it may come, 0 when it may now. A try that must wait is not counted.

        Look and count are one transaction: of tries at the same time no more are let through than one after the other.
        """
        now = self.clock()
        with self.counter.changing() as con:
            con.execute("delete from failed where last < ?", (now - FORGOTTEN_SECONDS,))
            wait = 0.0
            for key in _keys(name, address):
                row = con.execute("select tries, last from failed where key = ?", (key,)).fetchone()
                wait = max(wait, _until(key, *row) - now) if row else wait
            if wait > 0:
                return wait
            for key in _keys(name, address):
                con.execute("insert into failed values (?, 1, ?) on conflict (key) do update set tries = tries + 1, "
                            "last = excluded.last", (key, now))  # fmt: skip
        return 0.0

    def succeeded(self, name: str, address: str) -> None:
        """Forget the failures of a name, and this try of the address; its other ones stay until they age."""
        by_name, by_address = _keys(name, address)
        self.counter.run("delete from failed where key = ?", by_name)
        self.counter.run("update failed set tries = max(tries - 1, 0) where key = ?", by_address)


def _until(key: str, tries: int, last: float) -> float:
    over = tries - (FREE if key.startswith("n:") else 10 * FREE)
    return last + min(2.0 ** min(over, MOST_DOUBLINGS), LONGEST_SECONDS) if over >= 0 else 0.0


def _keys(name: str, address: str) -> tuple[str, str]:
    return f"n:{key_of(name)[:200]}", f"a:{address}"

"""Failed sign-ins per name and per address: each further one waits longer."""

from __future__ import annotations

import time
from collections.abc import Callable

from console.counter import Counter

FREE = 5
LONGEST_SECONDS = 900.0
FORGOTTEN_SECONDS = 24 * 3600.0
"""A name or an address that failed no more for so long starts anew."""


class Attempts:
    """Counts failures; `wait` tells how long a name or an address must wait. `clock` tells monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, counter: Counter | None = None) -> None:
        self.clock = clock
        self.counter = counter or Counter()

    def wait(self, name: str, address: str) -> float:
        """Seconds until another try is looked at; 0 when it may come now."""
        now = self.clock()
        return max(0.0, *(self._until(k) - now for k in _keys(name, address)))

    def failed(self, name: str, address: str) -> None:
        """Remember a failure."""
        now = self.clock()
        with self.counter.changing() as con:
            for key in _keys(name, address):
                con.execute("insert into failed values (?, 1, ?) on conflict (key) do update set tries = tries + 1, "
                            "last = excluded.last", (key, now))  # fmt: skip
            con.execute("delete from failed where last < ?", (now - FORGOTTEN_SECONDS,))

    def succeeded(self, name: str, address: str) -> None:
        """Forget the failures of a name; those of the address stay until they age."""
        self.counter.run("delete from failed where key = ?", _keys(name, address)[0])

    def _until(self, key: str) -> float:
        count, last = self.counter.row("select tries, last from failed where key = ?", key) or (0, 0.0)
        limit = FREE if key.startswith("n:") else 10 * FREE
        return float(last) + min(2.0 ** (count - limit), LONGEST_SECONDS) if count >= limit else 0.0


def _keys(name: str, address: str) -> tuple[str, str]:
    return f"n:{name.casefold()[:200]}", f"a:{address}"

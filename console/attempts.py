"""Failed sign-ins per name and per address: each further one waits longer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

FREE = 5
LONGEST_SECONDS = 900.0
MOST = 100_000
"""Names and addresses remembered; beyond it the oldest are forgotten."""


class Attempts:
    """Counts failures; `wait` tells how long a name or an address must wait. `clock` tells monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._lock = threading.Lock()
        self._failed: dict[str, tuple[int, float]] = {}

    def wait(self, name: str, address: str) -> float:
        """Seconds until another try is looked at; 0 when it may come now."""
        now = self.clock()
        with self._lock:
            return max(0.0, *(self._until(k) - now for k in _keys(name, address)))

    def failed(self, name: str, address: str) -> None:
        """Remember a failure."""
        now = self.clock()
        with self._lock:
            for key in _keys(name, address):
                count, _ = self._failed.pop(key, (0, 0.0))
                self._failed[key] = (count + 1, now)
            while len(self._failed) > MOST:
                self._failed.pop(next(iter(self._failed)))

    def succeeded(self, name: str, address: str) -> None:
        """Forget the failures of a name; those of the address stay until they age."""
        with self._lock:
            self._failed.pop(_keys(name, address)[0], None)

    def _until(self, key: str) -> float:
        count, last = self._failed.get(key, (0, 0.0))
        limit = FREE if key.startswith("n:") else 10 * FREE
        return last + min(2.0 ** (count - limit), LONGEST_SECONDS) if count >= limit else 0.0


def _keys(name: str, address: str) -> tuple[str, str]:
    return f"n:{name.casefold()[:200]}", f"a:{address}"

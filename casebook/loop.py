"""Work that goes on in the background of a process that stays up, such as the console."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from casebook.store import StoreFault
from data_contracts.errors import TongrenError

log = logging.getLogger("tongren")


class Loop:
    """Does `work` every so many seconds in a thread of its own, and once more when it is stopped.

    What is expected to fail now and then (books that are busy, a disk that is full) is logged, and tried again next time.
    """

    def __init__(self, name: str, work: Callable[[], object], every: float) -> None:
        self.name, self.work, self.every = name, work, every
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin; the first round is at once."""
        self._thread.start()

    def stop(self, wait: float = 10.0) -> None:
        """End after the round that is going on; waits so many seconds for it."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(wait)

    def _run(self) -> None:
        while True:
            last = self._stop.is_set()
            try:
                self.work()
            except (TongrenError, OSError, StoreFault) as fault:
                log.warning("loop=%s fault=%s", self.name, type(fault).__name__)
            if last:
                return
            self._stop.wait(self.every)

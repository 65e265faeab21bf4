"""Who looked at what: the log of reading, kept in the audit chain, many sights under one entry.

A page that is read must not cost a commit, so sights are gathered and written together. What a crash can lose is the
sights of the last moment; whoever reveals an identifier records that by itself, before it is shown.
"""

from __future__ import annotations

import threading
from typing import Any

from casebook import chain
from casebook.books import Books
from casebook.loop import Loop

MOST = 500
"""Sights that are gathered before they are written, whatever the time."""
EVERY = 1.0
"""Seconds between two entries of a process that reads all the time."""


class Sights:
    """Gathers sights from any number of threads, and writes them in the order in which they came."""

    def __init__(self, books: Books, most: int = MOST, every: float = EVERY) -> None:
        self.books, self.most = books, most
        self._lock, self._seen = threading.Lock(), list[dict[str, Any]]()
        self._writing = threading.Lock()
        self.loop = Loop("sights", self.flush, every)

    def see(self, person: str, what: str, subject: str) -> None:
        """Somebody saw a page (`what`, such as `cases`) about `subject` (an id, or empty)."""
        subject = subject.replace("\0", "\ufffd")  # PostgreSQL keeps no NUL, and one bad sight would hold up all others
        row = {"person": person, "what": what, "object": subject, "at": self.books.clock()}
        with self._lock:
            self._seen.append(row)
            full = len(self._seen) >= self.most
        if full:
            self.flush()

    def flush(self) -> int:
        """Write what was gathered as one entry; how many sights. When that fails they are kept for the next time.

        On return every sight that came before the call is in the books, those too that another thread was writing.
        """
        with self._writing:
            return self._flush()

    def _flush(self) -> int:
        with self._lock:
            rows, self._seen = self._seen, []
        if not rows:
            return 0
        lines = [{"line_no": n, **row} for n, row in enumerate(rows, 1)]
        try:
            with self.books.writing() as book:
                book.record(chain.Entry("console", "sight", f"{len(rows)} sights"), {"sight": lines})
        except BaseException:
            with self._lock:
                self._seen = rows + self._seen
            raise
        return len(rows)

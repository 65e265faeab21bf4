"""Who may still come in: a session holds while the books have its user enabled, with the roles with which it began.

Asked on every request, whoever wrote to the books: on SQLite a look at a counter in memory tells whether anybody did, and
a change shows at once. On a server the books are asked again after a second.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from casebook.books import Books
from casebook.store import SQLite
from console.live import Changes
from console.sessions import Session, Sessions

SECONDS = 1.0
"""How long a change of a user may go unseen where the books are on a server."""
NEWEST = "select max(seq) from user_entry"
USERS = "select user_name, roles from user_state where state = 'enabled'"


class Access:
    """The users of the books as they are now, kept in memory and read anew after an entry about a user.

    `at_hand`: to ask never waits for a server.
    """

    def __init__(self, books: Books, sessions: Sessions, clock: Callable[[], float] = time.monotonic) -> None:
        self.books, self.sessions, self.clock = books, sessions, clock
        self.at_hand = isinstance(books.dialect, SQLite)
        self._lock, self._changes = threading.Lock(), Changes(books)
        self._looked, self._newest = -SECONDS, -1
        self._roles: dict[str, frozenset[str]] = {}

    def holds(self, session: Session) -> bool:
        """Whether the session's user still has these roles; if not, all sessions of that user end."""
        with self._lock:
            if self._due():
                self._look()
            if self._roles.get(session.user) == session.roles:
                return True
            self._look()  # somebody who signed in just now may have roles that are newer than the last look
            held = self._roles.get(session.user) == session.roles
        if not held:
            self.sessions.end_all_of(session.user)
        return held

    def _due(self) -> bool:
        if self.at_hand:
            return self._changes.seen()
        return self.clock() - self._looked >= SECONDS

    def _look(self) -> None:
        self._looked = self.clock()
        with self.books.reading() as book:
            newest = int(book.value(NEWEST) or 0)
            if newest != self._newest:
                self._roles = {u["user_name"]: frozenset(u["roles"].split(",")) for u in book.rows(USERS)}
                self._newest = newest

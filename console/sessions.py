"""Who is signed in: sessions in memory, kept under the hash of their token, with a CSRF token each.

A session ends after 15 idle minutes or 8 hours; a restart of the console ends all of them.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

IDLE_SECONDS = 15 * 60
ABSOLUTE_SECONDS = 8 * 60 * 60
COOKIE = "__Host-tongren"
COOKIE_PLAIN = "tongren"
"""The name on plain HTTP (loopback), where browsers refuse the `__Host-` prefix."""


@dataclass
class Session:
    """One signed-in person."""

    user: str
    roles: frozenset[str]
    csrf: str
    began: float
    seen: float


class Sessions:
    """All sessions of this process. `clock` tells monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._lock = threading.Lock()
        self._by_hash: dict[str, Session] = {}

    def begin(self, user: str, roles: frozenset[str]) -> str:
        """A new session; returns the token for the cookie (256 bits)."""
        token = secrets.token_urlsafe(32)
        now = self.clock()
        with self._lock:
            self._by_hash[_hash(token)] = Session(user, roles, secrets.token_urlsafe(32), now, now)
        return token

    def find(self, token: str | None) -> Session | None:
        """The session of a token while it lasts."""
        if not token:
            return None
        now = self.clock()
        with self._lock:
            session = self._by_hash.get(_hash(token))
            if session is None:
                return None
            if now - session.seen > IDLE_SECONDS or now - session.began > ABSOLUTE_SECONDS:
                del self._by_hash[_hash(token)]
                return None
            session.seen = now
            return session

    def end(self, token: str | None) -> None:
        """Sign out."""
        with self._lock:
            self._by_hash.pop(_hash(token or ""), None)

    def end_all_of(self, user: str) -> None:
        """End every session of a person: disabled, or roles changed."""
        with self._lock:
            self._by_hash = {h: s for h, s in self._by_hash.items() if s.user != user}


def csrf_holds(session: Session, given: str | None) -> bool:
    """Whether a form carries this session's token, compared in constant time."""
    return given is not None and hmac.compare_digest(session.csrf.encode(), given.encode())


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

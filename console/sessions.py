"""Who is signed in: sessions kept under the hash of their token, with a CSRF token each.

A session ends after 15 idle minutes or 8 hours; a restart of the console ends all of them.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from console.counter import Counter

IDLE_SECONDS = 15 * 60
ABSOLUTE_SECONDS = 8 * 60 * 60
NOTED_SECONDS = 30
"""How exactly it is remembered when somebody was last seen."""
COOKIE = "__Host-tongren"
COOKIE_PLAIN = "tongren"
"""The name on plain HTTP (loopback), where browsers refuse the `__Host-` prefix."""


@dataclass(frozen=True)
class Session:
    """One signed-in person."""

    user: str
    roles: frozenset[str]
    csrf: str
    began: float
    seen: float


class Sessions:
    """All sessions of a console, over all its processes. `clock` tells monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, counter: Counter | None = None) -> None:
        self.clock = clock
        self.counter = counter or Counter()

    def begin(self, user: str, roles: frozenset[str]) -> str:
        """A new session; returns the token for the cookie (256 bits)."""
        token, now = secrets.token_urlsafe(32), self.clock()
        self.counter.run("delete from session where began < ?", now - ABSOLUTE_SECONDS)
        self.counter.run("insert into session values (?, ?, ?, ?, ?, ?)", _hash(token), user, " ".join(sorted(roles)),
                         secrets.token_urlsafe(32), now, now)  # fmt: skip
        return token

    def find(self, token: str | None) -> Session | None:
        """The session of a token while it lasts."""
        if not token:
            return None
        hashed, now = _hash(token), self.clock()
        row = self.counter.row("select user, roles, csrf, began, seen from session where hash = ?", hashed)
        if row is None:
            return None
        user, roles, csrf, began, seen = row
        if now - seen > IDLE_SECONDS or now - began > ABSOLUTE_SECONDS:
            self.counter.run("delete from session where hash = ?", hashed)
            return None
        if now - seen > NOTED_SECONDS:
            self.counter.run("update session set seen = ? where hash = ?", now, hashed)
        return Session(user, frozenset(roles.split()), csrf, began, seen)

    def end(self, token: str | None) -> None:
        """Sign out."""
        self.counter.run("delete from session where hash = ?", _hash(token or ""))

    def end_all_of(self, user: str) -> None:
        """End every session of a person: disabled, or roles changed."""
        self.counter.run("delete from session where user = ?", user)


def csrf_holds(session: Session, given: str | None) -> bool:
    """Whether a form carries this session's token, compared in constant time."""
    return given is not None and hmac.compare_digest(session.csrf.encode(), given.encode())


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

"""People with access: names, roles, argon2id passwords and one-time links, all of it in the books.

A password is set with a one-time link, which works once and ends; the books keep hashes only.
"""

from __future__ import annotations

import hashlib
import secrets
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from casebook import chain, refusals
from casebook.books import Books, Ledgerbook
from casebook.people import line, person
from data_contracts.errors import NotAllowed, NotFound, UsageError

ROLES = ("viewer", "analyst", "approver", "compliance", "finance", "rules_admin", "system_admin", "auditor")
LEAST = 12
"""Characters that a password has at least."""
LINK_HOURS = 24
SETUP = "first start"
"""Who made the first administrator: nobody was there yet."""


@dataclass(frozen=True)
class User:
    """A person with access."""

    name: str
    roles: frozenset[str]
    enabled: bool
    has_password: bool


@cache
def hasher() -> PasswordHasher:
    """Argon2id: 3 passes over 64 MiB."""
    return PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1)


def key_of(name: str) -> str:
    """Names that look alike are one user's."""
    return unicodedata.normalize("NFKC", name).casefold().strip()


def add(books: Books, name: str, roles: Iterable[str], by: str) -> str:
    """Add a user; returns the one-time link token with which the user sets a password. Refused for a taken name."""
    who, named, given = person(by), person(name), _roles(roles)
    token = secrets.token_urlsafe(32)
    with books.writing() as book:
        if _row(book, named) is not None:
            raise NotAllowed(refusals.of("user_exists", name=named))
        now = book.clock()
        account = {"user_key": key_of(named), "user_name": named, "at": now}
        entries = [_entry(book, named, "roles", given, who), _link(book, named, token, who)]
        entry = chain.Entry(who, "user.add", named, after={"roles": given})
        book.record(entry, {"user_account": [account], "user_entry": entries})
    return token


def first_admin(books: Books, name: str = "admin") -> str | None:
    """On the first start make one administrator; the token of its one-time link, None when there are users."""
    with books.reading() as book:
        if book.value("select count(*) from user_account"):
            return None
    return add(books, name, ["system_admin"], SETUP)


def new_link(books: Books, name: str, by: str) -> str:
    """A new one-time link for a user who forgot the password; an earlier link ends with it."""
    who, token = person(by), secrets.token_urlsafe(32)
    with books.writing() as book:
        _must(book, name)
        book.record(chain.Entry(who, "user.link", name), {"user_entry": [_link(book, name, token, who)]})
    return token


def redeem(books: Books, token: str, password: str) -> User:
    """Set a password with a one-time link. Raises NotAllowed for a link that was used, replaced or has ended."""
    checked = _password(password)
    hashed = hasher().hash(checked)
    with books.writing() as book:
        found = book.rows(
            "select * from user_state where link_hash = :h and link_until > :n and state = 'enabled'",
            h=_sha(token), n=book.clock(),
        )  # fmt: skip
        if not found:
            raise NotAllowed(refusals.of("link_over"))
        row = found[0]
        entry = chain.Entry(row["user_name"], "user.password", row["user_name"])
        made = _entry(book, row["user_name"], "password", hashed, row["user_name"])
        book.record(entry, {"user_entry": [made]})
        return _user(_must(book, row["user_name"]))


def check(books: Books, name: str, password: str) -> User | None:
    """The user, when name and password are right. Takes as long for a name that nobody has."""
    with books.reading() as book:
        row = _row(book, name)
    known = row is not None and row["password_hash"] is not None
    right = _verifies(str(row["password_hash"]) if row and known else _dummy(), password)
    if not right or row is None or not known or row["state"] != "enabled":
        return None
    return _user(row)


def _verifies(hashed: str, password: str) -> bool:
    try:
        return hasher().verify(hashed, unicodedata.normalize("NFKC", password))
    except (VerificationError, InvalidHashError):
        return False


def set_roles(books: Books, name: str, roles: Iterable[str], by: str) -> None:
    """Give a user other roles. Nobody changes the own ones."""
    who, given = person(by), _roles(roles)
    with books.writing() as book:
        row = _must(book, name)
        _not_oneself(who, row)
        entry = chain.Entry(who, "user.roles", row["user_name"], before=row["roles"], after=given)
        book.record(entry, {"user_entry": [_entry(book, name, "roles", given, who)]})


def set_enabled(books: Books, name: str, by: str, *, enabled: bool) -> None:
    """Let a user in again, or keep the user out."""
    who, state = person(by), "enabled" if enabled else "disabled"
    with books.writing() as book:
        row = _must(book, name)
        _not_oneself(who, row)
        entry = chain.Entry(who, f"user.{state}", row["user_name"], before=row["state"], after=state)
        book.record(entry, {"user_entry": [_entry(book, name, "state", state, who)]})


def find(books: Books, name: str) -> User | None:
    """A user by name, None when nobody has it."""
    with books.reading() as book:
        row = _row(book, name)
    return None if row is None else _user(row)


def listing(books: Books) -> list[User]:
    """All users, by name."""
    with books.reading() as book:
        return [_user(r) for r in book.rows("select * from user_state order by user_key")]


def _user(row: Mapping[str, Any]) -> User:
    roles = frozenset(r for r in row["roles"].split(",") if r)
    return User(row["user_name"], roles, row["state"] == "enabled", row["password_hash"] is not None)


def _row(book: Ledgerbook, name: str) -> dict[str, Any] | None:
    rows = book.rows("select * from user_state where user_key = :k", k=key_of(name))
    return rows[0] if rows else None


def _must(book: Ledgerbook, name: str) -> dict[str, Any]:
    row = _row(book, name)
    if row is None:
        raise NotFound(refusals.of("user_unknown", name=name))
    return row


def _not_oneself(who: str, row: Mapping[str, Any]) -> None:
    if key_of(who) == row["user_key"]:
        raise NotAllowed(refusals.of("own_access"))


def _entry(book: Ledgerbook, name: str, kind: str, value: str, by: str, until: int | None = None) -> dict[str, Any]:
    return {"user_key": key_of(name), "kind": kind, "value": value, "until": until, "by_whom": by, "at": book.clock()}


def _link(book: Ledgerbook, name: str, token: str, by: str) -> dict[str, Any]:
    return _entry(book, name, "link", _sha(token), by, book.clock() + LINK_HOURS * 3_600_000_000)


def _roles(roles: Iterable[str]) -> str:
    given = sorted(set(roles))
    unknown = [r for r in given if r not in ROLES]
    if unknown:
        raise UsageError(refusals.of("role_unknown", known=ROLES, role=unknown[0]))
    if not given:
        raise UsageError(refusals.of("roles_form", known=ROLES))
    return ",".join(given)


def _password(password: str) -> str:
    clean = unicodedata.normalize("NFKC", password)
    if not LEAST <= len(clean) <= 1024 or len(set(clean)) < 5:
        raise UsageError(refusals.of("password_form", least=LEAST))
    return line(clean, "password")


@cache
def _dummy() -> str:
    """What an unknown name is checked against, so that it takes as long."""
    return hasher().hash(secrets.token_urlsafe(16))


def _sha(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

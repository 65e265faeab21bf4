"""What analysts know and the feeds do not: accounts that belong together or not, and identifiers that strangers share.

Entries are never altered: an end is a row of its own. The next run links accounts under what stands then, whatever day it is
made for: a word counts from the last moment that the newest run knew of. When it was said is in the audit log.
"""

from __future__ import annotations

import hashlib
from datetime import date, datetime

from casebook import chain, refusals
from casebook.books import Books, Ledgerbook
from casebook.known import Known, anything
from casebook.people import line, micros, person
from data_contracts.errors import NotAllowed, NotFound, UsageError
from data_contracts.vault import is_token

OVERRIDES = ("must_link", "cannot_link")


def add_override(
    books: Books, account_a: str, account_b: str, kind: str, by: str, reason: str, *, to_at: datetime | None = None,
    known: Known = anything,
) -> str:  # fmt: skip
    """Say that two accounts are one user's, or are not. Returns the entry's id.

    Refused while the pair has one that stands, but for a cannot-link beside a must-link, which it wins over; and when it
    has expired already. NotFound for an account that the published run does not know.
    """
    if kind not in OVERRIDES:
        raise UsageError(refusals.of("override_unknown", kind=kind, known=OVERRIDES))
    one, other = sorted((line(account_a, "account"), line(account_b, "account")))
    if one == other:
        raise UsageError(refusals.of("override_two"))
    who, why = person(by), line(reason, "reason")
    for account in (one, other):
        if not known("account", account):
            raise NotFound(refusals.of("account_unknown", account=account))
    with books.writing() as book:
        now, until = _known(book), micros(to_at, "UTC") if to_at else None
        if until is not None and until <= now:
            raise UsageError(refusals.of("override_expired", until=str(to_at)))
        standing = book.value(
            "select override_id from override_state where account_a = :a and account_b = :b and kind in (:k, 'cannot_link')"
            " and (to_at is null or to_at > :n) order by override_id limit 1",
            a=one, b=other, k=kind, n=now,
        )  # fmt: skip
        if standing:
            raise NotAllowed(refusals.of("override_stands", one=one, other=other, override=standing))
        row = {"override_id": _number(book, "V"), "account_a": one, "account_b": other, "kind": kind, "author": who,
               "reason": why, "from_at": now, "to_at": until}  # fmt: skip
        book.record(chain.Entry(who, "override.add", str(row["override_id"]), why, after=row), {"override": [row]})
        return str(row["override_id"])


def end_override(books: Books, override_id: str, by: str, reason: str) -> None:
    """End an override from the next run on."""
    who, why = person(by), line(reason, "reason")
    with books.writing() as book:
        _must_stand(book, "override", override_id)
        row = {"override_id": override_id, "to_at": _known(book), "author": who, "reason": why}
        book.record(chain.Entry(who, "override.end", override_id, why, after=row), {"override_end": [row]})


def end_word(books: Books, account_a: str, account_b: str, kind: str, by: str, reason: str) -> str:
    """End the override of this kind that stands on a pair; its id. NotFound when none does."""
    one, other = sorted((account_a, account_b))
    with books.reading() as book:
        standing = book.value(
            "select override_id from override_state where account_a = :a and account_b = :b and kind = :k"
            " and (to_at is null or to_at > :n) order by override_id limit 1",
            a=one, b=other, k=kind, n=_known(book),
        )  # fmt: skip
    if not standing:
        raise NotFound(refusals.of("override_none", one=one, other=other))
    end_override(books, str(standing), by, reason)
    return str(standing)


def add_shared(
    books: Books, kind: str, token: str, label: str, by: str, reason: str, *, kid: str, from_on: date, to_on: date | None = None
) -> str:  # fmt: skip
    """Register an identifier (by its token) as shared by strangers, such as a campus exit: it links nobody while it stands.

    `kid` names the key of tokens. Raises UsageError for what is no token under it: it would never be met.
    """
    if not is_token(token, kid):
        raise UsageError(refusals.of("token_form"))
    who, why = person(by), line(reason, "reason")
    with books.writing() as book:
        row = {"shared_id": _number(book, "S"), "kind": line(kind, "kind"), "token": line(token, "token"),
               "label": line(label, "label"), "author": who, "reason": why, "from_on": from_on.isoformat(),
               "to_on": to_on.isoformat() if to_on else None}  # fmt: skip
        book.record(chain.Entry(who, "shared.add", str(row["shared_id"]), why, after=row), {"shared": [row]})
        return str(row["shared_id"])


def end_shared(books: Books, shared_id: str, by: str, reason: str, *, to_on: date) -> None:
    """End a register entry with a day."""
    who, why = person(by), line(reason, "reason")
    with books.writing() as book:
        _must_stand(book, "shared", shared_id)
        row = {"shared_id": shared_id, "to_on": to_on.isoformat(), "author": who, "reason": why}
        book.record(chain.Entry(who, "shared.end", shared_id, why, after=row), {"shared_end": [row]})


def _known(book: Ledgerbook) -> int:
    """The last moment that the newest run knew of, and at most now; microseconds UTC."""
    cutoff_at = book.value("select max(cutoff_at) from run")
    return min(book.clock(), int(cutoff_at) - 1) if cutoff_at is not None else book.clock()


def _number(book: Ledgerbook, letter: str) -> str:
    seq = book.value("select coalesce(max(seq), 0) + 1 from audit")
    return (
        letter + hashlib.sha256(f"{letter}|{seq}|{book.value('select max(hash) from audit')}".encode()).hexdigest()[:16]
    )


def _must_stand(book: Ledgerbook, table: str, entry_id: str) -> None:
    """Raises NotFound for an entry that is not there, NotAllowed for one that was ended. `table` is one of ours."""
    if not book.value(f'select count(*) from "{table}" where {table}_id = :i', i=entry_id):
        raise NotFound(refusals.of("entry_unknown", table=table, entry=entry_id))
    if book.value(f"select count(*) from {table}_end where {table}_id = :i", i=entry_id):
        raise NotAllowed(refusals.of("entry_ended", table=table, entry=entry_id))

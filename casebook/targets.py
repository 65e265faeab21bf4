"""Who is told by webhook: addresses kept in the books, each told of what came after it was added.

Each target checks signatures with a secret of its own. It is derived from the installation's key and the number of the
secret, so the books keep none; it is shown when it is made, and never again.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from casebook import chain, refusals, webhooks
from casebook.books import Books, Ledgerbook
from casebook.loop import Loop
from casebook.people import line, person
from casebook.webhooks import KINDS, Report, Send, check_address, deliver, told_of
from data_contracts import money
from data_contracts.errors import NotAllowed, NotFound, UsageError
from data_contracts.vault import Key

log = logging.getLogger("tongren")
NEWS = (
    "select seq from audit where action not in ('look', 'sight', 'delivery', 'webhook.test') order by seq desc limit 1"
)
"""The last entry that may have brought something to tell."""
MOST_FEN = 100_000_000_000
EVERY = 5.0
"""Seconds between rounds of a process that stays up."""


class Made(NamedTuple):
    """A target, and its new secret in hex: to be shown once."""

    target_id: str
    secret: str


def add(
    books: Books, address: str, by: str, reason: str, key: Key, kinds: Sequence[str] = KINDS, least_fen: int = 0
) -> Made:
    """Tell an address of these kinds from now on. `least_fen` is the least priority of a new case."""
    who, why = person(by), line(reason, "reason")
    check_address(address)
    wanted = sorted(set(kinds))
    if not wanted or set(wanted) - set(KINDS):
        raise UsageError(refusals.of("target_kinds", known=KINDS))
    with books.writing() as book:
        if book.value("select count(*) from webhook_state where address = :a and ended_at is null", a=address):
            raise NotAllowed(refusals.of("target_told", address=address))
        seq = int(book.value("select coalesce(max(seq), 0) from audit"))
        number = hashlib.sha256(f"{address}|{seq}".encode()).hexdigest()[:16]
        row = {"target_id": f"W{number}", "address": address, "kinds": ",".join(wanted), "least_fen": least_fen,
               "since_seq": seq, "by_whom": who, "reason": why, "at": book.clock()}  # fmt: skip
        target_id = str(row["target_id"])
        first = _secret_row(book, target_id, 1, key, who, why)
        tables = {"webhook_target": [row], "webhook_secret": [first]}
        book.record(chain.Entry(who, "webhook.add", target_id, why, after=row), tables)
    return Made(target_id, secret_of(key, target_id, 1).hex())


def rotate(books: Books, target_id: str, by: str, reason: str, key: Key) -> Made:
    """Give a target another secret; what is sent from now on is signed with it."""
    who, why = person(by), line(reason, "reason")
    with books.writing() as book:
        number = int(_one(book, target_id)["secret_no"]) + 1
        row = _secret_row(book, target_id, number, key, who, why)
        book.record(chain.Entry(who, "webhook.rotate", target_id, why, after=row), {"webhook_secret": [row]})
    return Made(target_id, secret_of(key, target_id, number).hex())


def _secret_row(book: Ledgerbook, target_id: str, number: int, key: Key, who: str, why: str) -> dict[str, Any]:
    return {
        "target_id": target_id,
        "secret_no": number,
        "kid": key.kid,
        "by_whom": who,
        "reason": why,
        "at": book.clock(),
    }


def secret_of(key: Key, target_id: str, secret_no: int) -> bytes:
    """256 bits that a target checks signatures with. Number 0: a target of before each had its own, until it is rotated."""
    return key.subkey(f"webhook/{target_id}/{secret_no}" if secret_no else "webhook")


def least_of(amount: str) -> int:
    """Whole fen of the least priority that a target hears of. Raises UsageError for what is no amount in yuan."""
    try:
        least = money.fen(amount.strip())
    except ValueError as fault:
        raise UsageError(refusals.of("least_form")) from fault
    if not 0 <= least <= MOST_FEN:
        raise UsageError(refusals.of("least_range"))
    return least


def end(books: Books, target_id: str, by: str, reason: str) -> None:
    """Tell a target nothing more."""
    who, why = person(by), line(reason, "reason")
    with books.writing() as book:
        _one(book, target_id)
        row = {"target_id": target_id, "by_whom": who, "reason": why, "at": book.clock()}
        book.record(chain.Entry(who, "webhook.end", target_id, why), {"webhook_end": [row]})


def test(books: Books, target_id: str, by: str, key: Key, send: Send | None = None) -> int:
    """Send a target one message of kind `test`; its status, 0 when not reached. The audit chain says so too."""
    who = person(by)
    with books.reading() as book:
        found, now = _one(book, target_id), book.clock()
    if found["kid"] not in (None, key.kid):
        raise NotAllowed(refusals.of("target_key", target=target_id))
    status = webhooks.test(found["address"], target_id, secret_of(key, target_id, found["secret_no"]), now, send)
    books.note(who, "webhook.test", target_id, told_of(status))
    return status


def listing(books: Books) -> list[dict[str, Any]]:
    """All targets, ended ones too, by id."""
    with books.reading() as book:
        return book.rows("select * from webhook_state order by target_id")


def deliver_all(books: Books, key: Key, send: Send | None = None) -> Report:
    """One round to every target that has not ended."""
    total = Report(0, 0, 0)
    for target in (t for t in listing(books) if t["ended_at"] is None):
        if target["kid"] not in (None, key.kid):
            log.warning("webhooks=waiting target=%s its secret is of an earlier key: rotate it", target["target_id"])
            total = Report(total.delivered, total.failed, total.waiting + 1)
            continue
        secret = secret_of(key, target["target_id"], target["secret_no"])
        told = deliver(
            books, {target["address"]: target["kinds"].split(",")}, secret, least_fen=target["least_fen"],
            send=send, since=target["since_seq"],
        )  # fmt: skip
        total = Report(total.delivered + told.delivered, total.failed + told.failed, total.waiting + told.waiting)
    return total


def _one(book: Ledgerbook, target_id: str) -> dict[str, Any]:
    found = book.rows("select address, ended_at, secret_no, kid from webhook_state where target_id = :t", t=target_id)
    if not found:
        raise NotFound(refusals.of("target_unknown", target=target_id))
    if found[0]["ended_at"] is not None:
        raise NotAllowed(refusals.of("target_ended", target=target_id))
    return found[0]


class Rounds:
    """Rounds in the background of several processes: the one that holds the lock file does them, until it ends.

    `key` is asked for once there is somebody to tell. A round without anything new since one that left nothing is none.
    """

    def __init__(self, books: Books, key: Callable[[], Key], lock: Path, every: float = EVERY) -> None:
        self.books, self.key, self.lock = books, key, lock
        self.loop = Loop("webhooks", self.round, every)
        self._held: TextIO | None = None
        self._done = -1

    def round(self) -> Report:
        """One round, when it is this process's turn and there is news."""
        if not self._mine():
            return Report(0, 0, 0)
        with self.books.reading() as book:
            newest = int(book.value(NEWS) or 0)
            anybody = book.value("select count(*) from webhook_state where ended_at is null")
        if not anybody or newest == self._done:
            return Report(0, 0, 0)
        told = deliver_all(self.books, self.key())
        self._done = -1 if told.failed or told.waiting else newest
        return told

    def _mine(self) -> bool:
        if self._held is None:
            self.lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = self.lock.open("w")
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                handle.close()
                return False
            self._held = handle
        return True

    def stop(self) -> None:
        """End after the round that is going on; another process may take over."""
        self.loop.stop()
        if self._held is not None:
            self._held.close()
            self._held = None

"""Who is told by webhook: addresses kept in the books, each told of what came after it was added."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from casebook import chain
from casebook.books import Books
from casebook.loop import Loop
from casebook.people import line, person
from casebook.webhooks import KINDS, Report, Send, check_address, deliver
from data_contracts.errors import NotAllowed, NotFound, UsageError
from data_contracts.vault import Key

EVERY = 5.0
"""Seconds between rounds of a process that stays up."""


def add(books: Books, address: str, by: str, reason: str, kinds: Sequence[str] = KINDS, least_fen: int = 0) -> str:
    """Tell an address of these kinds from now on; returns the target's id. `least_fen` is the least priority of a new case."""
    who, why = person(by), line(reason, "reason")
    check_address(address)
    wanted = sorted(set(kinds))
    if not wanted or set(wanted) - set(KINDS):
        raise UsageError(f"a target wants at least one of {', '.join(KINDS)}, and nothing else")
    with books.writing() as book:
        if book.value("select count(*) from webhook_state where address = :a and ended_at is null", a=address):
            raise NotAllowed(f"{address} is told already: end it first")
        seq = int(book.value("select coalesce(max(seq), 0) from audit"))
        number = hashlib.sha256(f"{address}|{seq}".encode()).hexdigest()[:16]
        row = {"target_id": f"W{number}", "address": address, "kinds": ",".join(wanted), "least_fen": least_fen,
               "since_seq": seq, "by_whom": who, "reason": why, "at": book.clock()}  # fmt: skip
        book.record(chain.Entry(who, "webhook.add", str(row["target_id"]), why, after=row), {"webhook_target": [row]})
        return str(row["target_id"])


def end(books: Books, target_id: str, by: str, reason: str) -> None:
    """Tell a target nothing more."""
    who, why = person(by), line(reason, "reason")
    with books.writing() as book:
        found = book.rows("select ended_at from webhook_state where target_id = :t", t=target_id)
        if not found:
            raise NotFound(f"there is no target {target_id}")
        if found[0]["ended_at"] is not None:
            raise NotAllowed(f"target {target_id} has ended already")
        row = {"target_id": target_id, "by_whom": who, "reason": why, "at": book.clock()}
        book.record(chain.Entry(who, "webhook.end", target_id, why), {"webhook_end": [row]})


def listing(books: Books) -> list[dict[str, Any]]:
    """All targets, ended ones too, by id."""
    with books.reading() as book:
        return book.rows("select * from webhook_state order by target_id")


def deliver_all(books: Books, key: Key, send: Send | None = None) -> Report:
    """One round to every target that has not ended."""
    total = Report(0, 0, 0)
    for target in (t for t in listing(books) if t["ended_at"] is None):
        told = deliver(
            books, {target["address"]: target["kinds"].split(",")}, key, least_fen=target["least_fen"],
            send=send, since=target["since_seq"],
        )  # fmt: skip
        total = Report(total.delivered + told.delivered, total.failed + told.failed, total.waiting + told.waiting)
    return total


def loop(books: Books, key: Key, every: float = EVERY) -> Loop:
    """Rounds in the background: start it with the process, stop it with it."""
    return Loop("webhooks", lambda: deliver_all(books, key), every)

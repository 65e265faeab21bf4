"""What other systems are told: instructions of measures, decisions applied, new cases of high priority.

Messages come out of the books, so none is lost: each goes to each target until the target has taken it, signed, at least
once and under an id by which the target knows a repetition. Failures wait longer each time, and are never given up.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from casebook import chain, refusals
from casebook.books import Books, Ledgerbook
from casebook.outward import connection, is_local
from data_contracts.errors import UsageError
from data_contracts.instructions import calling_back

FIRST_WAIT = 60_000_000
LONGEST_WAIT = 6 * 3_600_000_000
"""Microseconds between attempts: a minute, doubled each time, six hours at most."""
HOST = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?\.?")
KINDS = ("case.opened", "decision.applied", "instruction")
TEST = "test"
"""The kind of a message that only asks whether a target can hear."""


@dataclass(frozen=True)
class Message:
    """One thing to tell, the same for every target. `body` holds ids and days only, never an identifier of a person."""

    message_id: str
    kind: str
    body: Mapping[str, Any]

    @property
    def text(self) -> str:
        """What is sent and signed."""
        return chain.canonical({"id": self.message_id, "kind": self.kind, **self.body})


@dataclass(frozen=True)
class Report:
    """What a round of deliveries came to."""

    delivered: int
    failed: int
    waiting: int


Send = Callable[[str, bytes, Mapping[str, str]], int]
"""Sends a body with headers to an address; returns the status, raises OSError when there is none."""


def messages(book: Ledgerbook, least_fen: int = 0, since: int = 0) -> list[Message]:
    """Everything there is to tell after entry `since`, in the order of the books; of new cases those from `least_fen` on.

    A case drawn at random has no priority here: it would tell a score before somebody has decided.
    """
    found = []
    instructions = book.rows("select * from instruction where seq > :s order by seq, instruction_id", s=since)
    cancels = _called_back(book) if any(r["kind"] == "cancel_instruction" for r in instructions) else {}
    for row in instructions:
        body = {k: row[k] for k in ("instruction_id", "kind", "subject_id", "decision_id", "created_on", "amount_fen")}
        body["cancels"] = cancels.get(row["instruction_id"])
        found.append(Message(row["instruction_id"], "instruction", {"instruction": body}))
    for row in book.rows(
        "select d.decision_id, d.measure, d.clause, d.subject_kind, d.subject_id, d.promoter_id, e.run_seq"
        " from decision_event as e inner join decision as d on d.decision_id = e.decision_id"
        " where e.action = 'apply' and e.seq > :s order by e.seq, e.decision_id",
        s=since,
    ):
        found.append(Message(f"{row['decision_id']}.applied", "decision.applied", {"decision": row}))
    for row in book.rows(
        "select case_id, subject_kind, subject_id, opened_on, deadline_on,"
        " case when blind = 0 then coalesce(priority_fen, 0) end as priority_fen"
        " from case_file where seq > :s and (case when blind = 0 then coalesce(priority_fen, 0) else 0 end) >= :least"
        " order by seq, case_id",
        s=since,
        least=least_fen,
    ):
        found.append(Message(f"{row['case_id']}.opened", "case.opened", {"case": row}))
    return found


def _called_back(book: Ledgerbook) -> dict[str, str]:
    """Every instruction by the id of what would call it back."""
    ids = [str(r["instruction_id"]) for r in book.rows("select instruction_id from instruction")]
    return {calling_back(i): i for i in ids}


def deliver(
    books: Books, targets: Mapping[str, Sequence[str]], secret: bytes, *,
    least_fen: int = 0, send: Send | None = None, at_most: int = 1000, since: int = 0,
) -> Report:  # fmt: skip
    """One round: every message that a target still lacks and whose wait is over. `targets` maps address to kinds wanted.

    `secret` is what they check signatures with.
    What was sent and not yet written down when we died is sent again: at least once, never less.
    """
    for address, kinds in targets.items():
        if set(kinds) - set(KINDS):
            raise UsageError(
                f"{address} wants {', '.join(sorted(set(kinds) - set(KINDS)))}; there are {', '.join(KINDS)}"
            )
    with books.reading() as book:
        now = book.clock()
        told = messages(book, least_fen, since)
        past = _past(book)
    delivered = failed = waiting = 0
    for address, kinds in targets.items():
        down = False
        for message in (m for m in told if m.kind in kinds):
            attempt, done, at = past.get((message.message_id, address), (0, False, 0))
            if done:
                continue
            if down or delivered + failed >= at_most or now < at + _wait(attempt):
                waiting += 1
                continue
            status = _attempt(send or post, address, message, secret, now)
            taken = 200 <= status < 300
            down = status == 0  # whoever cannot be reached would hold up the round, message by message
            _note(books, message, address, status, taken)
            delivered, failed = delivered + taken, failed + (not taken)
    return Report(delivered, failed, waiting)


def _past(book: Ledgerbook) -> dict[tuple[str, str], tuple[int, bool, int]]:
    rows = book.rows(
        "select message_id, target, max(attempt) as attempt, max(delivered) as delivered, max(at) as at"
        " from delivery group by message_id, target"
    )
    return {(r["message_id"], r["target"]): (r["attempt"], bool(r["delivered"]), r["at"]) for r in rows}


def _wait(attempt: int) -> int:
    return 0 if attempt == 0 else min(FIRST_WAIT << min(attempt - 1, 20), LONGEST_WAIT)


def _attempt(send: Send, address: str, message: Message, secret: bytes, now: int) -> int:
    """The status that the target gave, 0 when it could not be reached.

    An address that may not or cannot be called counts as not reached: one such target must not hold up the others. ValueError
    is what the standard library says of a host or path that it cannot write.
    """
    body = message.text.encode()
    try:
        check_address(address)
        return send(address, body, headers(message, secret, now // 1_000_000))
    except (OSError, http.client.HTTPException, UsageError, ValueError):
        return 0


def test(address: str, target_id: str, secret: bytes, now: int, send: Send | None = None) -> int:
    """Send a target one signed message of kind `test` at `now` (microseconds UTC); its status, 0 when not reached."""
    message = Message(f"{target_id}.test.{now}", TEST, {"target": {"target_id": target_id}})
    return _attempt(send or post, address, message, secret, now)


def headers(message: Message, secret: bytes, second: int) -> dict[str, str]:
    """What goes with a message: its id, the second, and a signature over both and the body."""
    return {
        "Content-Type": "application/json; charset=utf-8",
        "Tongren-Id": message.message_id,
        "Tongren-Time": str(second),
        "Tongren-Signature": "v1=" + signature(secret, message.message_id, second, message.text),
    }


def signature(secret: bytes, message_id: str, second: int, text: str) -> str:
    """HMAC-SHA256 in hex under the target's secret; the target computes and compares it."""
    return hmac.digest(secret, f"{message_id}.{second}.{text}".encode(), hashlib.sha256).hex()


def told_of(status: int) -> str:
    """How an attempt is written down."""
    return f"status {status}" if status else "not reached"


def _note(books: Books, message: Message, address: str, status: int, taken: bool) -> None:
    with books.writing() as book:
        told = told_of(status)
        # Numbered here: a run and a console may both have tried since the round began.
        attempt = int(book.value("select coalesce(max(attempt), 0) + 1 from delivery where message_id = :m and target = :t",
                                 m=message.message_id, t=address))  # fmt: skip
        row = {"message_id": message.message_id, "target": address, "attempt": attempt, "delivered": int(taken), "told": told,
               "at": book.clock()}  # fmt: skip
        book.record(chain.Entry("outbox", "delivery", message.message_id, told), {"delivery": [row]})


def check_address(address: str) -> None:
    """Raises UsageError unless it is https, or http to this machine, to a host and port that exist, without a name in it."""
    if not address.isascii() or not address.isprintable() or " " in address or len(address) > 2000:
        raise UsageError(refusals.of("address_text"))
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
        host.encode("idna")
        if "[" in parts.netloc:
            ipaddress.ip_address(host)
    except ValueError as fault:
        raise UsageError(refusals.of("address_host", fault=str(fault))) from fault
    if parts.scheme not in ("https", "http") or not host or parts.username is not None or parts.password is not None:
        raise UsageError(refusals.of("address_https"))
    if port == 0 or not (HOST.fullmatch(host) or ":" in host):
        raise UsageError(refusals.of("address_port", host=host, port=str(port)))
    if parts.scheme == "http" and not is_local(host):
        raise UsageError(refusals.of("address_clear", host=host))


def post(address: str, body: bytes, sent: Mapping[str, str]) -> int:
    """POST to an address; the status. Follows no redirect, reads no answer."""
    con, path = connection(address)
    try:
        con.request("POST", path, body, dict(sent))
        return con.getresponse().status
    finally:
        con.close()

"""How decisions stand, read from the books."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any

from casebook import refusals
from casebook.books import Books, Ledgerbook
from casebook.measures import MEASURES
from data_contracts.errors import NotAllowed, NotFound

PAYOUT = re.compile(r"(^|[^a-z_])payout([^a-z_]|$)")
"""The word by which `functions` names payouts, as `settlement/sql/hold_cover.sql` reads it."""


def standing(book: Ledgerbook, decision_id: str) -> dict[str, Any]:
    """How a decision stands. Raises NotFound for an unknown id."""
    rows = book.rows("select * from decision_state where decision_id = :d", d=decision_id)
    if not rows:
        raise NotFound(refusals.of("decision_unknown", decision=decision_id), decision_id=decision_id)
    return rows[0]


def listing(books: Books, status: str | None = None) -> list[dict[str, Any]]:
    """The decisions as they stand, by id; `effective_*` are instants in UTC."""
    with books.reading() as book:
        rows = book.rows("select * from decision_state order by decision_id")
    for row in rows:
        for name in ("effective_from", "effective_to"):
            row[name] = None if row[name] is None else datetime.fromtimestamp(row[name] / 1_000_000, UTC)
    return [r for r in rows if status is None or r["status"] == status]


def holds_to_come(books: Books) -> set[tuple[str, str | None]]:
    """The promoters and months (None: all) whose payouts an approved hold covers that no run has applied yet (3.5(2))."""
    found = (d for d in listing(books, "approved") if MEASURES[d["measure"]].holds)
    return {
        (d["promoter_id"] or d["subject_id"], d["month"]) for d in found
        if d["measure"] == "hold_payout" or PAYOUT.search((d["functions"] or "payout").lower())
    }  # fmt: skip


def history(books: Books, decision_id: str) -> list[dict[str, Any]]:
    """Every entry about a decision, in order."""
    with books.reading() as book:
        standing(book, decision_id)
        return book.rows("select * from decision_entry where decision_id = :d order by entry_no", d=decision_id)


def about(books: Books, finding_id: str) -> dict[str, Any]:
    """What a finding is about: clause, subject_kind, subject_id, promoter_id. Raises NotFound for an unknown id."""
    with books.reading() as book:
        found = book.rows(
            "select clause, subject_kind, subject_id, promoter_id from finding where finding_id = :f", f=finding_id
        )
    if not found:
        raise NotFound(refusals.of("finding_unknown", finding=finding_id))
    return found[0]


def notice(book: Ledgerbook, decision_id: str, last_as_of: date) -> dict[str, Any] | None:
    """The notice of a decision: when it went out, until when a reply may come, `days_left` and `replies`; None without."""
    found = book.rows("select * from notice_state where decision_id = :d", d=decision_id)
    if not found or found[0]["reply_by"] is None:
        return None
    left = (date.fromisoformat(found[0]["reply_by"]) - last_as_of).days
    replies = book.rows(
        "select filed_by, reply, at from notice_reply where decision_id = :d order by seq", d=decision_id
    )
    return {**found[0], "days_left": max(left, 0), "replies": replies}


def published(books: Books) -> tuple[date, str]:
    """The last published day and its zone. Raises NotAllowed before the first run: there is nothing to decide on yet."""
    last = books.last_run()
    if last is None:
        raise NotAllowed(refusals.of("nothing_published"))
    return last.as_of, last.zone

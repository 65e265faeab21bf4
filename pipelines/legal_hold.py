"""A legal hold: nothing of a person or a run is pruned or erased until whoever placed it, or another, lifts it.

It stands in the audit chain of the books and nowhere else. What is held is a run, an account or `all`. Because every run
folder tells of every account, a hold on an account keeps all of them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from casebook.books import Ledgerbook
from casebook.people import line, person
from data_contracts.errors import NotAllowed, NotFound
from pipelines.people import at, books_of
from pipelines.show import table

ALL = "all"
PLACED, LIFTED = "hold.place", "hold.lift"


@dataclass(frozen=True)
class Hold:
    """What is held, by whom, why, and since when (ISO 8601, UTC)."""

    subject: str
    by: str
    reason: str
    since: str

    def __str__(self) -> str:
        """For messages: who placed it, and when."""
        return f"a legal hold on {self.subject} that {self.by} placed on {self.since[:10]}"


def standing(book: Ledgerbook) -> dict[str, Hold]:
    """The holds that stand, by what they hold."""
    found: dict[str, Hold] = {}
    for row in book.rows(
        "select at, actor, action, object, payload from audit where action in (:placed, :lifted) order by seq",
        placed=PLACED, lifted=LIFTED,
    ):  # fmt: skip
        found.pop(row["object"], None)
        if row["action"] == PLACED:
            since = datetime.fromtimestamp(row["at"] / 1_000_000, UTC).isoformat(timespec="seconds")
            reason = str(json.loads(row["payload"])["reason"])
            found[row["object"]] = Hold(row["object"], row["actor"], reason, since)
    return found


def place(state: Path, books_url: str | None, subject: str, *, by: str, reason: str) -> str:
    """Hold a run, an account, or everything. Raises NotAllowed when it is held already."""
    with books_of(at(state, books_url)) as books:
        with books.reading() as book:
            held = standing(book).get(subject)
        if held:
            raise NotAllowed(f"there is {held} already: lift it first, or leave it")
        books.note(person(by), PLACED, line(subject, "subject"), line(reason, "reason"))
    return f"{subject} is held: nothing of it is pruned or erased until `tongren legal-hold lift {subject}`"


def lift(state: Path, books_url: str | None, subject: str, *, by: str, reason: str) -> str:
    """End a hold. Raises NotFound when there is none."""
    with books_of(at(state, books_url)) as books:
        with books.reading() as book:
            held = standing(book).get(subject)
        if not held:
            raise NotFound(f"there is no legal hold on {subject}: `tongren legal-hold list` shows those that stand")
        books.note(person(by), LIFTED, line(subject, "subject"), line(reason, "reason"))
    return f"lifted: {held}"


def listing(state: Path, books_url: str | None) -> str:
    """The holds that stand."""
    with books_of(at(state, books_url)) as books, books.reading() as book:
        return table([vars(hold) for hold in standing(book).values()], limit=1000)

"""A person's part from the command line: propose, decide, list, judge. Thin: the rules are the casebook's."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import rulebook
from casebook import books as casebook_books
from casebook import decisions as casebook_decisions
from data_contracts.errors import NotFound
from pipelines import manifest
from pipelines.show import table
from pipelines.state import State


def at(state: Path, books_url: str | None) -> State:
    """The state that a verb works on. Raises NotFound when there are no books yet."""
    place = State(state, books_url)
    if books_url is None and not Path(place.books).exists():
        raise NotFound(f"there are no books in {state}: run `tongren run --state {state} ...` first, or give --state")
    return place


@contextmanager
def _books(state: State) -> Iterator[casebook_books.Books]:
    books = casebook_books.open_books(state.books)
    try:
        yield books
    finally:
        books.close()


def propose(state: State, **given: Any) -> str:
    """Record a proposal; what happened, and the decision id alone on the last line."""
    zone = str(manifest.read(state.current())["zone"])
    for name in ("effective_from", "effective_to"):
        given[name] = _instant(given[name], zone)
    allowed = {card.clause: card.measures for card in rulebook.register()}
    with _books(state) as books:
        decision_id = casebook_decisions.propose(books, allowed=allowed, zone=zone, **given)
    return f"proposed {given['measure']} under {given['clause']} for {given['subject_kind']} {given['subject_id']}\n{decision_id}"


def _instant(value: datetime | None, zone: str) -> datetime | None:
    if value is None or value.tzinfo is not None:
        return value
    from zoneinfo import ZoneInfo

    return value.replace(tzinfo=ZoneInfo(zone))


def decide(state: State, decision_id: str, action: str, *, by: str, reason: str) -> str:
    """Record an approval, rejection, overturn or release; says what it led to."""
    with _books(state) as books:
        return casebook_decisions.decide(books, decision_id, action, by=by, reason=reason)


def verdict(state: State, finding_id: str, said: str, *, by: str, reason: str) -> str:
    """Record an analyst's verdict on a finding."""
    with _books(state) as books:
        casebook_decisions.verdict(books, finding_id, said, by=by, reason=reason)
    return f"{finding_id}: {said}"


def decisions(state: State, status: str | None, form: str) -> str:
    """The decisions as the books have them now."""
    with _books(state) as books:
        rows = [r for r in casebook_decisions.listing(books) if status is None or r["status"] == status]
    if form == "json":
        return json.dumps(rows, indent=2, ensure_ascii=False, default=str)
    if form == "csv":
        out = io.StringIO()
        if rows:
            writer = csv.DictWriter(out, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        return out.getvalue().rstrip("\n")
    short = ("decision_id", "status", "measure", "clause", "subject_kind", "subject_id", "promoter_id", "decided_by")
    return table([{k: r[k] for k in short} for r in rows], limit=1000)

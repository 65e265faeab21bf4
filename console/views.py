"""A person's saved views of the queue: a name for a search, kept in the books."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import parse_qsl, urlencode

from casebook import chain, refusals
from casebook.books import Books, Ledgerbook
from casebook.people import line, person
from data_contracts.errors import NotAllowed, NotFound

MOST = 30
STANDING = """
select v.view_id, v.name, v.query from saved_view as v left join saved_view_end as e on e.view_id = v.view_id
where v.person = :p and e.view_id is null order by v.seq
"""


def of(book: Ledgerbook, who: str) -> list[dict[str, Any]]:
    """The views that a person has: id, name, query."""
    return book.rows(STANDING, p=who)


def save(books: Books, who: str, name: str, query: str, known: tuple[str, ...]) -> str:
    """Save a view; only the `known` names of a search are kept. Gives the query as it was kept."""
    said, named = person(who), line(name, "name")[:40]
    kept = urlencode([(k, v[:128]) for k, v in parse_qsl(query.lstrip("?")) if k in known and v])
    with books.writing() as book:
        if len(of(book, said)) >= MOST:
            raise NotAllowed(refusals.of("views_most", most=MOST))
        seq = book.value("select coalesce(max(seq), 0) + 1 from audit")
        view_id = "W" + hashlib.sha256(f"{seq}|{said}|{named}".encode()).hexdigest()[:16]
        row = {"view_id": view_id, "person": said, "name": named, "query": kept, "at": book.clock()}
        book.record(chain.Entry(said, "view.save", view_id, after=row), {"saved_view": [row]})
    return kept


def forget(books: Books, who: str, view_id: str) -> None:
    """Forget one of the own views. Raises NotFound for any other."""
    said = person(who)
    with books.writing() as book:
        if view_id not in {v["view_id"] for v in of(book, said)}:
            raise NotFound(refusals.of("view_unknown", view=view_id))
        row = {"view_id": view_id, "at": book.clock()}
        book.record(chain.Entry(said, "view.forget", view_id), {"saved_view_end": [row]})

"""The rules as they were before their newest change, and as they will be after the next one that is announced."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from data_contracts.warehouse import Warehouse
from rulebook.precedence import Document
from rulebook.programme import Programme, of_documents


def admitted(wh: Warehouse) -> Programme:
    """The programme whose tables a run admitted (`programme_document`, `programme_parameter`)."""
    values: dict[str, dict[str, Any]] = defaultdict(dict)
    for document_id, path, value in wh.execute("select document_id, path, value from programme_parameter order by all"):
        values[document_id][path] = json.loads(value)
    documents = tuple(
        Document(i, level, position, start, end, told, products and tuple(products), activities and tuple(activities), values[i])
        for i, level, position, start, end, told, products, activities in wh.execute(
            "select document_id, level, position, effective_from, effective_to, announced_on, products, activity_ids"
            " from programme_document order by position"
        )
    )  # fmt: skip
    return of_documents("", wh.run.zone, documents)


def without_newest(programme: Programme, day: date) -> tuple[Document, Programme] | None:
    """The document that changed the rules last, by `day`, and the programme as if it had not come; None when none did.

    Documents with a scope (a sale, an activity) are no new version of the rules. The one that it replaced goes on.
    """
    newest = _newest(programme, day)
    if newest is None:
        return None
    eve = newest.effective_from - timedelta(days=1)
    kept = tuple(
        replace(d, effective_to=newest.effective_to)
        if (d.level, d.scoped, d.effective_to) == (newest.level, False, eve)
        else d
        for d in programme.documents
        if d is not newest
    )
    return newest, replace(programme, documents=kept)


def with_next(programme: Programme, day: date) -> tuple[Document, Programme] | None:
    """The next document that changes the rules after `day`, and the programme as if it had come with the newest; None when
    none is announced."""
    coming = [d for d in programme.documents if not d.scoped and d.effective_from > day]
    if not coming:
        return None
    first = min(coming, key=lambda d: (d.effective_from, -d.level_rank, d.position))
    newest = _newest(programme, day)
    start = newest.effective_from if newest else programme.first_day
    last = 1 + max(d.position for d in programme.documents)
    moved = replace(first, effective_from=start, position=last)
    return first, replace(programme, documents=tuple(moved if d is first else d for d in programme.documents))


def _newest(programme: Programme, day: date) -> Document | None:
    come = [d for d in programme.documents if not d.scoped and programme.first_day < d.effective_from <= day]
    return max(come, key=lambda d: (d.effective_from, d.level_rank, d.position), default=None)

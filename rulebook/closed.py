"""Closed periods: what the documents said of an issued month stays said (6.1: nothing is retroactive).

A run compares its programme with the tables that the last published run left. A later document may end an earlier one, or
set anything from the day after the last issued month on; what held up to then must still hold.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from data_contracts.errors import InputRefused
from rulebook import parameters
from rulebook.programme import Programme, spans_of

_TECHNICAL = frozenset({"max_quarantine_share", "require_manifest"})  # of the delivery, not of the agreement


def check_closed(programme: Programme, rules: Path, closed_to: date) -> None:
    """Refuse (`cfg.closed`) a programme that says something else of a day up to `closed_to` than was said when it was issued.

    `rules` is the folder of the stage's tables in the last published run; `closed_to` the last day of the last issued month.
    """
    faults = sorted(
        {*_spans_that_differ(programme, rules, closed_to), *_scoped_that_differ(programme, rules, closed_to)}
    )
    if faults:
        raise InputRefused(
            "cfg.closed",
            f"{', '.join(faults)} changed for a period that is issued, up to {closed_to.isoformat()}:"
            " put it back and set what is new in a document that begins after that day",
            faults=tuple(faults),
        )


def _spans_that_differ(programme: Programme, rules: Path, closed_to: date) -> Iterator[str]:
    then: dict[str, list[tuple[Any, ...]]] = {}
    for row in pq.read_table(rules / "parameter_span.parquet").to_pylist():
        then.setdefault(row["path"], []).append(_cut(row, closed_to))
    for path in sorted((parameters.FORMS.keys() | then.keys()) - _TECHNICAL):
        before = [s for s in then.get(path, []) if s[0] <= closed_to]
        now = [_cut(s, closed_to) for s in spans_of(programme, path) if s["from_day"] <= closed_to]
        if sorted(before) != sorted(now):
            yield path


def _cut(span: dict[str, Any], closed_to: date) -> tuple[Any, ...]:
    return span["from_day"], min(span["to_day"] or date.max, closed_to), span["document_id"], span["value"]


def _scoped_that_differ(programme: Programme, rules: Path, closed_to: date) -> Iterator[str]:
    values: dict[str, dict[str, str]] = {}
    for row in pq.read_table(rules / "programme_parameter.parquet").to_pylist():
        values.setdefault(row["document_id"], {})[row["path"]] = row["value"]
    before = {
        d["document_id"]: _scope(d["level"], d["effective_from"], d["effective_to"], d["products"], d["activity_ids"],
                                 values.get(d["document_id"], {}), closed_to)
        for d in pq.read_table(rules / "programme_document.parquet").to_pylist()
        if d["scoped"] and d["effective_from"] <= closed_to
    }  # fmt: skip
    now = {
        d.document_id: _scope(d.level, d.effective_from, d.effective_to, d.products, d.activity_ids,
                              {p: json.dumps(v, ensure_ascii=False) for p, v in d.values.items()}, closed_to)
        for d in programme.documents
        if d.scoped and d.effective_from <= closed_to
    }  # fmt: skip
    yield from (f"document {i}" for i in before.keys() | now.keys() if before.get(i) != now.get(i))


def _scope(
    level: str, start: date, end: date | None, products: Any, activities: Any, values: Any, closed_to: date
) -> Any:
    return level, start, min(end or date.max, closed_to), sorted(products or ()), sorted(activities or ()), values

"""Rule documents of a test as the tables of stage `rules`: parameters by leaf, and spans of days with one value."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from data_contracts.warehouse import Warehouse
from tests.conftest import given

RANK = {"base": 0, "detail": 1, "activity": 2}
HEAD = ("id", "level", "effective_from", "effective_to", "announced_on", "products", "activity_ids")


def leaves(tree: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted leaves of a document; a list is one value."""
    for key, value in tree.items():
        here = f"{path}.{key}" if path else key
        if isinstance(value, Mapping):
            yield from leaves(value, here)
        else:
            yield here, value


def spans(documents: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One row per unscoped parameter and maximal interval of days with one value."""
    plain = [(i, d) for i, d in enumerate(documents) if not (d.get("products") or d.get("activity_ids"))]
    edges = {date.fromisoformat(d["effective_from"]) for _, d in plain}
    edges |= {date.fromisoformat(d["effective_to"]) + timedelta(days=1) for _, d in plain if d.get("effective_to")}
    days = sorted(edges)
    rows: list[dict[str, Any]] = []
    for start, end in zip(days, [*days[1:], None], strict=True):
        force = [
            (RANK[d["level"]], d["effective_from"], i, d) for i, d in plain
            if date.fromisoformat(d["effective_from"]) <= start
            and (not d.get("effective_to") or start <= date.fromisoformat(d["effective_to"]))
        ]  # fmt: skip
        for _, _, _, d in sorted(force, key=lambda f: f[:3]):
            for path, value in leaves({k: v for k, v in d.items() if k not in HEAD}):
                rows = [r for r in rows if not (r["path"] == path and r["from_day"] == start)]
                rows.append({"path": path, "from_day": start, "to_day": end and end - timedelta(days=1),
                             "document_id": d["id"], "value": json.dumps(value)})  # fmt: skip
    return rows


def admit_programme(wh: Warehouse, documents: Sequence[Mapping[str, Any]]) -> None:
    """Make programme_document, programme_parameter and parameter_span."""
    given(wh, "programme_document", [
        {"document_id": d["id"], "level": d["level"], "level_rank": RANK[d["level"]], "position": i,
         "effective_from": date.fromisoformat(d["effective_from"]),
         "effective_to": date.fromisoformat(d["effective_to"]) if d.get("effective_to") else None,
         "announced_on": date.fromisoformat(d.get("announced_on", d["effective_from"])),
         "products": d.get("products"), "activity_ids": d.get("activity_ids"),
         "scoped": bool(d.get("products") or d.get("activity_ids"))}
        for i, d in enumerate(documents)
    ])  # fmt: skip
    given(wh, "programme_parameter", [
        {"document_id": d["id"], "path": path, "value": json.dumps(value)}
        for d in documents for path, value in leaves({k: v for k, v in d.items() if k not in HEAD})
    ])  # fmt: skip
    given(wh, "parameter_span", spans(documents))

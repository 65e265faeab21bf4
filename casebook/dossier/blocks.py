"""What a report is made of: paragraphs, tables, figures, quotations. HTML and PDF draw the same blocks, so they say the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Block = dict[str, Any]
Cell = str | dict[str, str]


def para(text: str, style: str = "") -> Block:
    """A paragraph; `style` is empty, `lead` or `note`."""
    return {"kind": "para", "text": text, "style": style}


def heading(text: str, level: int = 3) -> Block:
    """A heading within a section."""
    return {"kind": "heading", "text": text, "level": level}


def quote(text: str) -> Block:
    """Words of the agreement, as they stand there."""
    return {"kind": "quote", "text": text}


def code(text: str) -> Block:
    """A rule, as it ran."""
    return {"kind": "code", "text": text}


def bullets(items: Iterable[str]) -> Block:
    """A list of sentences."""
    return {"kind": "bullets", "items": list(items)}


def pairs(items: Iterable[tuple[str, Cell]]) -> Block:
    """Labels and values, one under the other."""
    return {"kind": "pairs", "items": [[k, v] for k, v in items]}


def figure(name: str, caption: str) -> Block:
    """A drawing: `graph` or `timeline`."""
    return {"kind": "figure", "name": name, "caption": caption}


def box(blocks: Iterable[Block]) -> Block:
    """Blocks that belong together, framed."""
    return {"kind": "box", "blocks": list(blocks)}


def ident(text: str | None) -> Cell:
    """An id, set in a fixed width."""
    return {"text": text, "as": "id"} if text else "–"


def tag(text: str, style: str = "") -> Cell:
    """A small label; `style` is empty, `hot`, `good` or `sober`."""
    return {"text": text, "as": "tag", "style": style}


@dataclass(frozen=True)
class Column:
    """One column of a table: its heading, how a row becomes a cell, whether it holds numbers, whether it stays in the house."""

    head: str
    cell: Callable[[Mapping[str, Any]], Cell]
    number: bool = False
    inside: bool = False


def table(
    columns: Sequence[Column], rows: Iterable[Mapping[str, Any]], *, total: Sequence[Cell] | None = None,
    hot: Callable[[Mapping[str, Any]], bool] = lambda row: False, note: str = "",
) -> Block:  # fmt: skip
    """A table; `total` is a last row of cells, `hot` marks rows to look at, `note` stands below."""
    body = [{"cells": [c.cell(r) for c in columns], "style": "hot" if hot(r) else ""} for r in rows]
    if total is not None:
        body.append({"cells": list(total), "style": "sum"})
    head = [{"text": c.head, "number": c.number} for c in columns]
    return {"kind": "table", "head": head, "rows": body, "note": note}

"""Cells that spreadsheet programs cannot take for formulas. Numbers are written as numbers; only text is guarded."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal

# What starts a formula, as typed and in full width; tab, return and NUL start one in some programs.
_STARTS = frozenset("=+-@\t\r\n\0\uff1d\uff0b\uff0d\uff20")


def guarded(text: str) -> str:
    """`text`, with an apostrophe before it when a spreadsheet would read it as a formula (also after spaces)."""
    lead = text.lstrip(" \u00a0\u3000")[:1]
    return f"'{text}" if lead and lead in _STARTS else text


def cell(value: object) -> object:
    """The value as it may stand in a sheet: text guarded, numbers and nothing as they are."""
    return guarded(value) if isinstance(value, str) else value


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A CSV file (RFC 4180, UTF-8, CRLF) with guarded text cells; Decimal and int are written as numbers, None as empty."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([guarded(c) for c in columns])
    for row in rows:
        writer.writerow(["" if v is None else f"{v:f}" if isinstance(v, Decimal) else cell(v) for v in row])
    return out.getvalue()

"""Brings typed columns (Parquet, query results) to the few physical forms that contracts know."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data_contracts.errors import InputRefused

MOST_COLUMNS = 500
LONGEST_STRING = 64 << 10


def canonical(kind: pa.DataType, name: str, path: Path) -> pa.DataType:
    """The physical form for an Arrow type. Raises InputRefused for those that no contract column can take."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_nested(kind):
        raise InputRefused("pq.bomb", f"column {name} is nested", where=path)
    if pa.types.is_null(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_integer(kind):
        return pa.int64()
    if pa.types.is_floating(kind):
        return pa.float64() if kind == pa.float64() else pa.string()  # a float32 is judged by its shortest text
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", "UTC" if kind.tz else None)
    if (
        pa.types.is_string(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_date32(kind)
        or pa.types.is_decimal128(kind)
    ):
        return kind
    if pa.types.is_date64(kind):
        return pa.date32()
    raise InputRefused("file.type", f"column {name} holds {kind}, which no feed takes", where=path)


def form_of(kind: pa.DataType) -> str:
    """The contract's word for a canonical Arrow type."""
    for test, word in (
        (pa.types.is_string, "text"), (pa.types.is_integer, "int"), (pa.types.is_floating, "double"),
        (pa.types.is_decimal, "decimal"), (pa.types.is_boolean, "bool"), (pa.types.is_date, "date"),
    ):  # fmt: skip
        if test(kind):
            return word
    return "tstz" if kind.tz else "ts"


def conform(
    batch: pa.RecordBatch, names: Sequence[str], schema: pa.Schema, first_row: int, path: Path
) -> pa.RecordBatch:
    """One batch in canonical types, with row numbers from `first_row` and the code of rows whose text is not UTF-8."""
    form: list[str | None] | None = None
    columns: list[pa.Array] = []
    for name, field in zip(names, schema, strict=False):
        column = batch.column(name)
        try:
            if column.type != field.type:  # nanoseconds are cut to microseconds; nothing else may lose anything
                column = pc.cast(column, field.type, safe=not pa.types.is_timestamp(field.type))
        except pa.ArrowInvalid:
            raise InputRefused("file.type", f"column {name} has values beyond {field.type}", where=path) from None
        if pa.types.is_string(field.type):
            column, form = _utf8(column, form, batch.num_rows)
        columns.append(column)
    numbers = pa.array(np.arange(first_row, first_row + batch.num_rows, dtype=np.int64))
    codes = pa.array(form, pa.string()) if form else pa.nulls(batch.num_rows, pa.string())
    return pa.RecordBatch.from_arrays([*columns, numbers, codes], schema=schema)


def _utf8(column: pa.Array, form: list[str | None] | None, rows: int) -> tuple[pa.Array, list[str | None] | None]:
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        form = form or [None] * rows
        values: list[str | None] = []
        for i, raw in enumerate(column.cast(pa.binary()).to_pylist()):
            try:
                values.append(None if raw is None else raw.decode("utf-8"))
            except UnicodeDecodeError:
                values.append(None)
                form[i] = "csv.utf8"
        column = pa.array(values, pa.string())
    longest = pc.max(pc.binary_length(column)).as_py()
    if longest is not None and longest > LONGEST_STRING:
        form = form or [None] * rows
        for i, size in enumerate(pc.binary_length(column).to_pylist()):
            if size is not None and size > LONGEST_STRING:
                form[i] = "csv.long"
    return column, form

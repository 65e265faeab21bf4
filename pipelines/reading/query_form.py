"""Source queries: one DuckDB SELECT that yields a feed's columns out of whatever the user has.

The query runs in the locked profile: it reads its own folder and what `--allow-read` adds, and nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from data_contracts.errors import InputRefused
from data_contracts.warehouse import connect
from pipelines.reading import arrow_form

BATCH = 100_000
MOST_BYTES = 1 << 20


def batches(columns: tuple[str, ...], path: Path, order: dict[str, Any]) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """The result of one source query in canonical types. Raises InputRefused sql.statement, sql.failed or file.type."""
    folders = [Path(order["sources"]), *(Path(p) for p in order["allow_read"])]
    con = connect(folders, memory_limit="1GB")
    os.chdir(order["sources"])  # paths in a query are relative to its folder
    try:
        text = _one_select(con, path)
        reader = con.sql(text).to_arrow_reader(BATCH)
    except duckdb.Error as error:
        raise _failed(error, path) from None
    known = reader.schema
    if len(set(known.names)) < len(known.names):
        raise InputRefused("csv.header.dup", "a column name stands twice in the result", where=path)
    names = [n for n in columns if n in known.names]
    fields = [pa.field(n, arrow_form.canonical(known.field(n).type, n, path)) for n in names]
    schema = pa.schema([*fields, pa.field("row_number", pa.int64()), pa.field("form", pa.string())])
    return schema, _rows(con, reader, names, schema, path)


def _one_select(con: duckdb.DuckDBPyConnection, path: Path) -> str:
    if path.stat().st_size > MOST_BYTES:
        raise InputRefused("sql.statement", "a source query is at most 1 MB long", where=path)
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InputRefused("csv.encoding", "the query is not UTF-8", where=path) from None
    statements = con.extract_statements(text)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise InputRefused("sql.statement", "a source query is exactly one SELECT", where=path)
    return text


def _rows(
    con: duckdb.DuckDBPyConnection, reader: pa.RecordBatchReader, names: list[str], schema: pa.Schema, path: Path
) -> Iterator[pa.RecordBatch]:
    first = 1
    try:
        for batch in reader:
            yield arrow_form.conform(batch, names, schema, first, path)
            first += batch.num_rows
    except (duckdb.Error, pa.ArrowException) as error:
        raise _failed(error, path) from None
    finally:
        con.close()


def _failed(error: Exception, path: Path) -> InputRefused:
    """The kind of failure only: DuckDB's own words may quote values."""
    if isinstance(error, duckdb.PermissionException):
        return InputRefused(
            "sql.reach", "the query reads outside its own folder; add the other one with --allow-read", where=path
        )
    if isinstance(error, (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException)):
        return InputRefused(
            "sql.failed", f"the query does not fit its sources: {str(error).splitlines()[0]}", where=path
        )
    return InputRefused("sql.failed", f"the query failed ({type(error).__name__})", where=path)

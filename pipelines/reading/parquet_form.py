"""The form of a Parquet file: its footer is judged before a single page is decoded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from data_contracts.errors import InputRefused
from pipelines.reading import arrow_form

MOST_ROWS = 10**8
MOST_ROWS_PER_BYTE = 1_000
BATCH = 100_000
CODECS = frozenset({"UNCOMPRESSED", "SNAPPY", "GZIP", "BROTLI", "ZSTD", "LZ4", "LZ4_RAW"})


def batches(columns: tuple[str, ...], path: Path) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """The rows of one file in canonical types. Raises InputRefused pq.trunc, pq.bomb, pq.feature or file.type."""
    file = _opened(path)
    _judge_footer(file, path)
    known = file.schema_arrow
    if len(set(known.names)) < len(known.names):
        raise InputRefused("csv.header.dup", "a column name stands twice", where=path)
    names = [n for n in columns if n in known.names]
    fields = [pa.field(n, arrow_form.canonical(known.field(n).type, n, path)) for n in names]
    schema = pa.schema([*fields, pa.field("row_number", pa.int64()), pa.field("form", pa.string())])
    return schema, _rows(file, names, schema, path)


def _opened(path: Path) -> pq.ParquetFile:
    with path.open("rb") as plain:
        plain.seek(-4, 2)
        tail = plain.read(4)
    if tail == b"PARE":
        raise InputRefused("pq.feature", "the Parquet file is encrypted", where=path)
    if tail != b"PAR1":
        raise InputRefused("pq.trunc", "the Parquet file has no footer: it was cut off", where=path)
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowException, OSError, ValueError) as error:
        code = "pq.feature" if isinstance(error, NotImplementedError) else "pq.trunc"
        raise InputRefused(code, "the Parquet footer cannot be read", where=path) from None


def _judge_footer(file: pq.ParquetFile, path: Path) -> None:
    facts, size = file.metadata, path.stat().st_size
    if facts.num_rows > MOST_ROWS or facts.num_rows > MOST_ROWS_PER_BYTE * size or facts.num_rows < 0:
        raise InputRefused("pq.bomb", f"{facts.num_rows} rows in {size} bytes cannot be", where=path)
    if facts.num_columns > arrow_form.MOST_COLUMNS or len(file.schema_arrow) > arrow_form.MOST_COLUMNS:
        raise InputRefused("pq.bomb", f"{facts.num_columns} columns are more than a feed has", where=path)
    if sum(facts.row_group(i).num_rows for i in range(facts.num_row_groups)) != facts.num_rows:
        raise InputRefused("pq.bomb", "the footer's row counts contradict each other", where=path)
    for group in range(facts.num_row_groups):
        for column in range(facts.num_columns):
            chunk = facts.row_group(group).column(column)
            if chunk.file_path:
                raise InputRefused("pq.feature", "the footer points at another file", where=path)
            if chunk.compression not in CODECS:
                raise InputRefused(
                    "pq.feature", f"a column is packed with {chunk.compression}, which is not read", where=path
                )


def _rows(file: pq.ParquetFile, names: list[str], schema: pa.Schema, path: Path) -> Iterator[pa.RecordBatch]:
    first = 1
    try:
        for batch in file.iter_batches(batch_size=BATCH, columns=names, use_threads=False):
            yield arrow_form.conform(batch, names, schema, first, path)
            first += batch.num_rows
    except NotImplementedError:
        raise InputRefused("pq.feature", "a codec or encoding that is not known", where=path) from None
    except (pa.ArrowException, OSError):
        raise InputRefused("pq.trunc", "a page of the Parquet file cannot be read", where=path) from None
    if first - 1 != file.metadata.num_rows:
        raise InputRefused("pq.trunc", "fewer rows than the footer promises", where=path)

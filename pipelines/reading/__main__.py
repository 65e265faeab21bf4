"""Parses foreign files in a process of its own, with limits on memory, time and file size, and no key to lose.

Started as `python -m pipelines.reading`. On standard input it gets one JSON order; on standard output it answers,
per file, with a frame of JSON (length first), an Arrow stream, and a frame that closes it. It writes nothing to disk.
"""

from __future__ import annotations

import os
import re
import resource
import sys
from collections.abc import Iterator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO

import pyarrow as pa

from data_contracts.errors import InputRefused
from pipelines.reading import csv_form, parquet_form
from pipelines.reading.wire import receive, send

BATCH = 200_000


class _NoPandas(MetaPathFinder):
    """pyarrow would load pandas, which takes a second, to look at a list."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """No pandas here."""
        if name == "pandas":
            raise ModuleNotFoundError(name)
        return None


def limit(order: dict[str, Any]) -> None:
    """Bound this process before it opens anything: address space, CPU seconds, bytes written, no core file."""
    for what, most in (
        (resource.RLIMIT_AS, int(order["memory"])),
        (resource.RLIMIT_CPU, int(order["seconds"])),
        (resource.RLIMIT_FSIZE, int(order["file_size"])),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(what)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (most, most))


def batches(file: dict[str, Any], order: dict[str, Any]) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """The rows of one file: those of the contract's `columns` that it has, then `row_number` and `form`; of a CSV file, when
    the order wants `lines`, also the `line` of a row whose form is bad."""
    path, columns = Path(file["path"]), tuple(file["columns"])
    if file["form"] == "csv":
        return _csv(columns, path, lines=bool(order.get("lines")))
    if file["form"] == "parquet":
        return parquet_form.batches(columns, path)
    from pipelines.reading import query_form  # only a source query needs an engine here

    return query_form.batches(columns, path, order)


def _csv(columns: tuple[str, ...], path: Path, *, lines: bool) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    head = csv_form.header(path, columns)
    fields = [pa.field(n, pa.string()) for n in head.names]
    fields += [pa.field("row_number", pa.int64()), pa.field("form", pa.string())]
    schema = pa.schema([*fields, pa.field("line", pa.string())] if lines else fields)

    def rows() -> Iterator[pa.RecordBatch]:
        for part in csv_form.read(path, head, lines=lines):
            made = [*part.table.columns, pa.array(part.numbers), pa.array(part.form, pa.string())]
            made += [pa.array(part.lines, pa.string())] if lines else []
            yield from pa.Table.from_arrays(made, schema=schema).to_batches(max_chunksize=BATCH)

    return schema, rows()


def serve(order: dict[str, Any], out: BinaryIO) -> None:
    """Answer an order file by file; the first fault ends it."""
    for file in order["files"]:
        try:
            schema, rows = batches(file, order)
            send(out, {"file": file["name"]})
            count = 0
            with pa.ipc.new_stream(out, schema) as stream:
                for batch in rows:
                    count += batch.num_rows
                    stream.write_batch(batch)
            send(out, {"rows": count})
        except InputRefused as fault:
            send(out, {"code": fault.code, "fault": _without_code(fault)})
            return
        except MemoryError:
            send(out, {"code": "file.crash", "fault": "the file needs more memory than a feed may"})
            return


def _without_code(fault: InputRefused) -> str:
    return re.sub(r"^[a-z0-9.]+( \([^)]*\))?: ", "", str(fault))


def main() -> None:
    """Read the order, take the limits, answer."""
    order = receive(sys.stdin.buffer)
    if order is None:
        return
    limit(order)
    sys.meta_path.insert(0, _NoPandas())
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=1 << 20)
    serve(order, out)
    out.close()


if __name__ == "__main__":
    main()

"""The press: a DuckDB connection that spells codes out, and Parquet files with the same bytes every time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from simulator import names
from simulator.calendar import Ints

_SQL = Path(__file__).parent / "sql"
_MACROS = ("account", "instant", "yuan", "half_up", "tax_base", "tax", "check_digit", "luhn", "phone", "id_doc")
ROW_GROUP = 122_880


class Press:
    """Tables of codes go in, feeds come out. ``parameters`` are those that any statement may name; DuckDB spills
    what does not fit its memory into ``scratch``."""

    def __init__(self, parameters: Mapping[str, Any], scratch: Path) -> None:
        self._con = duckdb.connect(
            config={
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "memory_limit": "2GB",
                "temp_directory": str(scratch),
            }
        )
        self._con.execute("set python_enable_replacements = false")
        self._con.execute("set TimeZone = 'UTC'")
        for macro in _MACROS:
            self._con.execute((_SQL / "macros" / f"{macro}.sql").read_text(encoding="utf-8"))
        self._parameters = {
            "regions": list(names.REGIONS), "cards": list(names.CARD_PREFIXES), "octets": list(names.FIRST_OCTETS),
            "ordinary": list(names.NUMBER_PREFIXES), "virtual": list(names.VIRTUAL_PREFIXES),
            "roads": list(names.ROADS), "estates": list(names.ESTATES), "places": [list(p) for p in names.PLACES],
            "receivers": list(names.RECEIVERS), "domains": list(names.MAIL_DOMAINS), **parameters,
        }  # fmt: skip

    def __enter__(self) -> Press:
        return self

    def __exit__(self, *_: object) -> None:
        self._con.close()

    def admit(self, table: str, columns: Mapping[str, Any]) -> None:
        """Make a table of columns of equal length visible to the statements."""
        self._con.register(table, pa.table({name: pa.array(np.asarray(column)) for name, column in columns.items()}))

    def lend(self, table: str, rows: pa.Table) -> None:
        """Make a finished table visible to the statements."""
        self._con.register(table, rows)

    def forget(self, table: str) -> None:
        """Let go of an admitted table."""
        self._con.unregister(table)

    def make(self, table: str) -> None:
        """Make ``table`` from the statement of that name."""
        self._con.execute(f"create table {table} as {self._statement(table)}", self._used(table))

    def column(self, statement: str, name: str) -> Ints:
        """One whole-number column of a statement's rows, in their order."""
        rows = self._con.sql(self._statement(statement), params=self._used(statement)).to_arrow_table()
        return np.asarray(rows[name].to_numpy(), dtype=np.int64)

    def rows(self, statement: str) -> Iterator[pa.Table]:
        """The result of a statement, in tables of exactly one row group's rows but for the last."""
        reader = self._con.sql(self._statement(statement), params=self._used(statement)).to_arrow_reader(ROW_GROUP)
        waiting = reader.schema.empty_table()
        yield waiting
        for batch in reader:
            waiting = pa.concat_tables([waiting, pa.table(batch)])
            while waiting.num_rows >= ROW_GROUP:
                yield waiting.slice(0, ROW_GROUP).combine_chunks()
                waiting = waiting.slice(ROW_GROUP)
        if waiting.num_rows:
            yield waiting.combine_chunks()

    def print(self, path: Path, statement: str) -> int:
        """Write one statement's rows to a Parquet file; returns how many."""
        with Sheet(path) as sheet:
            return sum(sheet.write(rows) for rows in self.rows(statement))

    def _statement(self, name: str) -> str:
        return (_SQL / f"{name}.sql").read_text(encoding="utf-8")

    def _used(self, name: str) -> dict[str, Any]:
        return {key: self._parameters[key] for key in sorted(set(re.findall(r"\$([a-z_]\w*)", self._statement(name))))}


class Sheet:
    """A Parquet file written in parts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: pq.ParquetWriter | None = None

    def __enter__(self) -> Sheet:
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()

    def write(self, rows: pa.Table) -> int:
        """Append rows as one row group (none for an empty part, which only gives the schema)."""
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._path, rows.schema, compression="zstd")
        if rows.num_rows:
            self._writer.write_table(rows, row_group_size=ROW_GROUP)
        return int(rows.num_rows)

"""What passes between the books and a run's tables: what a run recorded as the store keeps it, and the frozen copy of the books."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from casebook.store import Dialect
from data_contracts.contract import Contract, of_stage
from data_contracts.errors import ContractBroken
from data_contracts.warehouse import Warehouse

VIEW_OF = {
    "books_decision": "decision_state",
    "books_decision_event": "decision_entry",
    "books_finding": "finding_state",
    "books_verdict": "verdict_entry",
    "books_override": "override_state",
    "books_shared": "shared_state",
    "books_case": "case_state",
    "books_case_event": "case_entry",
}


def freeze(dialect: Dialect, con: Any, wh: Warehouse) -> None:
    """Make every table of stage `books` in the warehouse from what one connection of the books sees."""
    for contract in of_stage("books"):
        if contract.table != "books_feed_acceptance":
            wh.admit(contract.table, _frozen(dialect, con, contract))
    wh.admit("books_feed_acceptance", accepted(dialect, con))


def accepted(dialect: Dialect, con: Any) -> pa.Table:
    """Accepted deliveries out of the audit chain, the last word on each: `delivery`, `accepted_by`, `reason`."""
    sql = "select object, actor, payload from audit where action = 'feeds.accept' order by seq"
    last = {what: (what, who, str(json.loads(said)["reason"])) for what, who, said in dialect.fetch(con, sql)}
    columns = zip(*last.values(), strict=True) if last else [()] * 3
    names = ("delivery", "accepted_by", "reason")
    return pa.table({n: pa.array(list(c), pa.string()) for n, c in zip(names, columns, strict=True)})


def _frozen(dialect: Dialect, con: Any, contract: Contract) -> pa.Table:
    source = VIEW_OF.get(contract.table, contract.table.removeprefix("books_"))
    names = ", ".join(f'"{n}"' for n in contract.names)
    rows = dialect.fetch(con, f'select {names} from "{source}"')
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(contract.columns)
    arrays = {}
    for c, values in zip(contract.columns, columns, strict=True):
        arrays[c.name] = pa.array(values, pa.int64()).cast(pa.timestamp("us", "UTC")) if c.type == "ts" else (
            pa.array(values, pa.int64() if c.duck == "BIGINT" else pa.string())
        )  # fmt: skip
    return pa.table(arrays)


def joined(
    one: tuple[Sequence[str], list[tuple[Any, ...]]], two: tuple[Sequence[str], list[tuple[Any, ...]]]
) -> tuple[Sequence[str], list[tuple[Any, ...]]]:
    """Rows of two sources of one table; a column that only one of them has is null in the other."""
    if one[0] == two[0]:
        return one[0], [*one[1], *two[1]]
    columns = list(dict.fromkeys([*one[0], *two[0]]))
    out = []
    for names, rows in (one, two):
        places = [names.index(c) if c in names else None for c in columns]
        out += [tuple(None if p is None else row[p] for p in places) for row in rows]
    return columns, out


def shape(
    rows: pa.Table, columns: frozenset[str], table: str, fixed: Mapping[str, Any]
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Column names and tuples of a stage table as the store keeps them: microseconds, ISO days, 0 and 1.

    Raises ContractBroken when the store has no column for one of the table's.
    """
    unknown = set(rows.column_names) - columns
    if unknown:
        raise ContractBroken(f"the books' table {table} has no column {', '.join(sorted(unknown))}")
    values = [_plain(rows.column(name)) for name in rows.column_names]
    added = [name for name in sorted(fixed) if name in columns and name not in rows.column_names]
    values += [[fixed[name]] * rows.num_rows for name in added]
    return [*rows.column_names, *added], list(zip(*values, strict=True)) if values else []


def _plain(column: pa.ChunkedArray) -> list[Any]:
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us", "UTC")).cast(pa.int64())
    elif pa.types.is_date(column.type):
        column = column.cast(pa.string())
    elif pa.types.is_boolean(column.type):
        column = column.cast(pa.int64())
    return list(column.to_pylist())

"""Raw identifiers become tokens and masks: the distinct values of a kind, once each, and then they are dropped."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from data_contracts.identifier import Fault, Normal
from data_contracts.raw_vault import Vault, packed
from data_contracts.shown import hidden, masked
from data_contracts.vault import Key, hasher, token_text
from features.kinds import Kind, load

BATCH = 200_000
_COLUMNS = "value varchar, token varchar, mask varchar, cls varchar, links boolean, fault varchar, reason varchar, normal varchar"


def tokenise(con: duckdb.DuckDBPyConnection, key: Key, delivered: frozenset[str], vault: Vault | None = None) -> None:
    """Replace `judged_identifiers` and `judged_staff` by tables of the same name that hold tokens and masks.

    With a vault, every value of an account is sealed in it under its token before it is dropped.
    """
    with _no_collection():
        _replace(con, key, delivered, vault)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Hundreds of thousands of small tuples and no cycle among them: the collector would only walk over them, again and again."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _replace(con: duckdb.DuckDBPyConnection, key: Key, delivered: frozenset[str], vault: Vault | None) -> None:
    kinds = load()
    con.execute(_IDENTIFIERS_OUT)
    con.execute("create table also_identifiers (rid bigint, token varchar, mask varchar, cls varchar, links boolean)")
    for name, kind in kinds.items():
        map_values(con, key, kind, f"select value from judged_identifiers where kind = '{name}' and rule is null")
        con.execute(_IDENTIFIERS_OF_KIND, {"kind": name})
        con.execute(_ALSO_OF_KIND, {"kind": name})
        if vault is not None:
            _seal(con, vault, name)
        con.execute("drop table token_map; drop table also_map")
    con.execute(_IDENTIFIERS_REST)
    con.execute("drop table judged_identifiers")
    con.execute("alter table tokened_identifiers rename to judged_identifiers")
    for column in ("id_doc", "phone") if "staff" in delivered else ():
        map_values(
            con,
            key,
            kinds[column],
            f"select {column} as value from judged_staff where {column} is not null and rule is null",
        )
        con.execute(_STAFF.replace("<column>", column))
        con.execute("drop table token_map; drop table also_map; drop table judged_staff")
        con.execute("alter table tokened_staff rename to judged_staff")


def _seal(con: duckdb.DuckDBPyConnection, vault: Vault, kind: str) -> None:
    held = (
        "select distinct j.account_id, m.token, j.value, m.normal from judged_identifiers as j "
        f"join token_map as m on m.value = j.value where j.kind = '{kind}' and j.rule is null and m.fault is null "
        "order by all"
    )
    for batch in _batches(con, held):
        vault.store(
            (account, kind, token, packed(value, normal))
            for account, token, value, normal in zip(*(c.to_pylist() for c in batch.columns), strict=True)
        )


def map_values(con: duckdb.DuckDBPyConnection, key: Key, kind: Kind, values: str) -> None:
    """`token_map`: one row per distinct raw value; `also_map`: the coarser forms of a value."""
    con.execute(f"create table token_map ({_COLUMNS})")
    con.execute("create table also_map (value varchar, token varchar, mask varchar, cls varchar, links boolean)")
    plain = kind.plain
    where = f"coalesce({plain['where']}, false)" if plain else "false"
    con.execute(
        f"create table raw_value as select value, {where} as plain from (select distinct value from ({values}))"
    )
    if plain:
        forms = ", ".join(f"{plain[part]} as {part}" for part in ("normal", "mask", "cls", "links"))
        for batch in _batches(con, f"select value, {forms} from raw_value where plain"):
            _insert(con, "token_map", _plain_rows(key, kind.card.name, batch))
    for batch in _batches(con, "select value from raw_value where not plain"):
        rows, also = _normalised_rows(key, kind, batch.column("value").to_pylist())
        _insert(con, "token_map", rows)
        if also.num_rows:
            _insert(con, "also_map", also)
    con.execute("drop table raw_value")


def _batches(con: duckdb.DuckDBPyConnection, query: str) -> Iterator[pa.RecordBatch]:
    cursor = con.cursor()
    try:
        yield from cursor.sql(query).to_arrow_reader(BATCH)
    finally:
        cursor.close()


def _insert(con: duckdb.DuckDBPyConnection, table: str, rows: pa.Table) -> None:
    con.register("token_rows", rows)
    con.execute(f"insert into {table} select * from token_rows")
    con.unregister("token_rows")


def _tokens(key: Key, kind: str, normals: list[bytes]) -> pa.Array:
    text = token_text(key, hasher(key, kind)(normals))
    return _as_strings(text)


def _as_strings(text: npt.NDArray[np.uint8]) -> pa.Array:
    count, width = text.shape
    offsets = np.arange(count + 1, dtype=np.int32) * width
    return pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(text)))


def _plain_rows(key: Key, kind: str, batch: pa.RecordBatch) -> pa.Table:
    tokens = _tokens(key, kind, batch.column("normal").cast(pa.binary()).to_pylist())
    nothing = pa.nulls(batch.num_rows, pa.string())
    return pa.table({
        "value": batch.column("value"), "token": tokens, "mask": batch.column("mask"), "cls": batch.column("cls"),
        "links": batch.column("links"), "fault": nothing, "reason": nothing, "normal": batch.column("normal"),
    })  # fmt: skip


def _normalised_rows(key: Key, kind: Kind, values: list[str]) -> tuple[pa.Table, pa.Table]:
    answers = [kind.normalise(v) for v in values]
    good = [(v, a) for v, a in zip(values, answers, strict=True) if isinstance(a, Normal)]
    bad = [(v, a) for v, a in zip(values, answers, strict=True) if isinstance(a, Fault)]
    also = [(v, more) for v, a in good for more in a.also]
    name = kind.card.name
    rows = pa.concat_tables([_good_table(key, name, good), _bad_table(bad)])
    return rows, _good_table(key, name, also).drop_columns(["fault", "reason", "normal"])


def _good_table(key: Key, kind: str, rows: list[tuple[str, Normal]]) -> pa.Table:
    nothing = pa.nulls(len(rows), pa.string())
    tokens = _tokens(key, kind, [n.value.encode() for _, n in rows]) if rows else pa.array([], pa.string())
    return pa.table({
        "value": pa.array([v for v, _ in rows], pa.string()), "token": tokens,
        "mask": pa.array([n.mask for _, n in rows], pa.string()),
        "cls": pa.array([n.cls for _, n in rows], pa.string()),
        "links": pa.array([n.links for _, n in rows], pa.bool_()), "fault": nothing, "reason": nothing,
        "normal": pa.array([n.value for _, n in rows], pa.string()),
    })  # fmt: skip


def _bad_table(rows: list[tuple[str, Fault]]) -> pa.Table:
    nothing: Any = pa.nulls(len(rows), pa.string())
    return pa.table({
        "value": pa.array([v for v, _ in rows], pa.string()), "token": nothing, "mask": nothing, "cls": nothing,
        "links": pa.nulls(len(rows), pa.bool_()), "fault": pa.array([f.code for _, f in rows], pa.string()),
        "reason": pa.array([f.reason for _, f in rows], pa.string()), "normal": nothing,
    })  # fmt: skip


_SHOWN = (
    "{'account_id': " + masked("j.account_id") + ", 'kind': j.kind, 'value': " + hidden("j.value") + ", "
    "'observed_at': cast(j.observed_at as varchar), 'source': j.source}"
)
_JOINED = f"""
select j.rid, j.account_id, j.kind, j.observed_at, j.source, m.token, m.mask, m.cls as class, m.links,
    coalesce(j.rule, m.fault) as rule, coalesce(j.column_at, case when m.fault is not null then 'value' end) as column_at,
    m.reason, case when m.fault is not null then cast(to_json({_SHOWN}) as varchar) else j.row_json end as row_json
from judged_identifiers as j
"""
_IDENTIFIERS_OUT = f"""
create table tokened_identifiers as {_JOINED}
left join (select null::varchar as value, null::varchar as token, null::varchar as mask, null::varchar as cls,
    null::boolean as links, null::varchar as fault, null::varchar as reason, null::varchar as normal) as m on false where false"""
_IDENTIFIERS_OF_KIND = f"""
insert into tokened_identifiers {_JOINED} join token_map as m on m.value = j.value where j.kind = $kind and j.rule is null"""
_IDENTIFIERS_REST = """
insert into tokened_identifiers
select rid, account_id, kind, observed_at, source, null, null, null, null, rule, column_at, null, row_json
from judged_identifiers where rule is not null"""
_ALSO_OF_KIND = """
insert into also_identifiers
select j.rid, a.token, a.mask, a.cls, a.links
from judged_identifiers as j join also_map as a on a.value = j.value where j.kind = $kind and j.rule is null"""
_STAFF = """
create table tokened_staff as
select j.* exclude (<column>, rule, column_at, reason), m.token as <column>_token,
    coalesce(j.rule, m.fault) as rule,
    coalesce(j.column_at, case when m.fault is not null then '<column>' end) as column_at,
    coalesce(j.reason, m.reason) as reason
from judged_staff as j
left join token_map as m on j.rule is null and m.value = j.<column>"""

"""Finds identifiers again in the feeds under another key: what a rotation needs of a register that holds tokens alone."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pyarrow as pa

from data_contracts.contract import contracts
from data_contracts.run import Run
from data_contracts.vault import Key
from data_contracts.warehouse import Warehouse
from features.kinds import load
from pipelines.ingest.child import read_all
from pipelines.ingest.sources import SourceFile, find
from pipelines.ingest.tokens import map_values


def found_in(sources: Path, old: Key, new: Key, wanted: Mapping[str, str]) -> dict[str, str]:
    """New tokens by old of those of `wanted` (kind by old token) that a sighting of the source folder has."""
    files = [f for f in find(sources) if f.table == "identifiers"]
    found: dict[str, str] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        Warehouse(Path(folder), "feeds", Run("retoken", 1, date(2100, 1, 1), "UTC")) as wh,
    ):
        wh.execute("create table sighted (kind varchar, value varchar)")

        def take(file: SourceFile, rows: pa.RecordBatchReader) -> None:
            wh.con.register("incoming", rows)
            kinds = ", ".join(
                f"'{k}'" for k in sorted(set(wanted.values()) & set(contracts()["identifiers"].column("kind").enum))
            )
            wh.execute(f"insert into sighted select distinct kind, value from incoming where kind in ({kinds})")
            wh.con.unregister("incoming")

        read_all(files, sources, (), take)
        for kind in sorted(set(wanted.values())):
            values = f"select value from sighted where kind = '{kind}'"
            for key, name in ((old, "old"), (new, "new")):
                map_values(wh.con, key, load()[kind], values)
                wh.execute(f"alter table token_map rename to {name}_map")
                wh.execute(f"alter table also_map rename to {name}_also")
            both = (
                "select o.token, n.token from old_map as o join new_map as n using (value) where o.token is not null "
                "union select o.token, n.token from old_also as o join new_also as n using (value, mask, cls)"
            )
            found |= {old_one: new_one for old_one, new_one in wh.execute(both) if wanted.get(old_one) == kind}
            for table in ("old_map", "new_map", "old_also", "new_also"):
                wh.execute(f"drop table {table}")
    return found

"""With a vault: the quarantined rows as they came, sealed, so that a named person can see what was wrong with one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from data_contracts.contract import Contract, contracts
from data_contracts.raw_vault import Vault
from data_contracts.warehouse import Warehouse
from pipelines.ingest.child import Take
from pipelines.ingest.sources import SourceFile


class Read(Protocol):
    """How files are read: `child.read_all`."""

    def __call__(
        self, files: Sequence[SourceFile], sources: Path, allow_read: Sequence[Path], take: Take, *, lines: bool = False
    ) -> None: ...


def keep(
    wh: Warehouse,
    vault: Vault,
    delivery: str,
    files: Sequence[SourceFile],
    sources: Path,
    allow_read: Sequence[Path],
    read: Read,
) -> None:
    """Read the files that have quarantined rows once more, and seal those rows under the keys of their accounts.

    Of a CSV line whose form is bad (too many fields, bytes that are not UTF-8) the line itself is kept instead of its cells. One
    that could not be parted into fields names no account: it is nobody's until somebody whom it names is erased.
    """
    having = {name for (name,) in wh.execute("select distinct file from quarantined_row")}

    def take(file: SourceFile, rows: pa.RecordBatchReader) -> None:
        cells = [n for n in rows.schema.names if n not in ("row_number", "form", "line")]
        owner = _owner(contracts()[file.table], cells)
        shown = ", ".join(f"'{n}': cast(incoming.\"{n}\" as varchar)" for n in cells)
        kept = f"cast(to_json({{{shown}}}) as varchar)"
        if "line" in rows.schema.names:
            kept = f"case when line is null then {kept} else cast(to_json({{'line': line}}) as varchar) end"
        wh.con.register("incoming", rows)
        try:
            found = wh.execute(
                f"select row_number, coalesce({owner}, ''), {kept} from incoming "
                "where row_number in (select row_number from quarantined_row where file = $file) order by row_number",
                file=file.name,
            )
        finally:
            wh.con.unregister("incoming")
        vault.store_rows(delivery, ((file.name, number, account, text) for number, account, text in found))

    read([f for f in files if f.name in having], sources, allow_read, take, lines=True)


def _owner(contract: Contract, cells: Sequence[str]) -> str:
    """The SQL of the account that a row is about: erasing that account makes the row unreadable too."""
    names = [
        c.name for c in contract.columns if c.extra.get("refers") == "accounts.account_id" or c.name == "account_id"
    ]
    return next((f'cast(incoming."{n}" as varchar)' for n in names if n in cells), "null")

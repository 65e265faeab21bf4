"""Tables that live only inside the stage: they need no contract, since nobody else reads them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from data_contracts.warehouse import Warehouse

Ints = npt.NDArray[np.int64]


def hold(wh: Warehouse, table: str, rows: pa.Table) -> None:
    """Make `table` out of Arrow rows."""
    wh.con.register("held_rows", rows)
    wh.con.execute(f"create or replace table {table} as select * from held_rows")
    wh.con.unregister("held_rows")


def whole(wh: Warehouse, query: str) -> tuple[Ints, ...]:
    """The columns of a query as int64 arrays. Its columns are whole numbers without nulls."""
    found = wh.con.execute(query).fetchnumpy()
    return tuple(np.asarray(column).astype(np.int64) for column in found.values())

"""Identifiers that accounts share: evidence per account and token, and how many unrelated entities hold a token.

Degrees are counted in two passes. Hard kinds (papers, numbers, cards) first make one entity of the accounts that share
them; soft kinds are then counted in entities, so that a ring cannot hide behind its own device.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from data_contracts import strict_yaml
from data_contracts.warehouse import Warehouse

SQL = Path(__file__).parent / "sql"
LIMITS = Path(__file__).parent / "sharing.yaml"
SLICE_ROWS = 20_000_000  # sightings reduced at once: 30 M fill 2 GB
SAMPLE = 10_000  # sightings by which slices are made about equal
KINDS = ("id_doc", "phone", "payment", "email", "device", "ip", "address")
Ints = npt.NDArray[np.int64]


def build(wh: Warehouse, limits: Path = LIMITS) -> None:
    """Make `identifier_use`, `identifier_value`, `identifier_entity` and `identifier_holder`."""
    uses(wh)
    degrees(wh, limits)


def uses(wh: Warehouse, most: int = SLICE_ROWS) -> None:
    """Make `identifier_use`, in slices of the accounts of about `most` sightings each.

    A slice is a range of accounts: the sightings lie in their order, so that each is read once and not once per slice.
    """
    slices = list(pairwise([None, *_bounds(wh, most), None]))
    for first, before in slices:
        wh.make(SQL / "identifier_use.sql", first=first, before=before)
        if len(slices) == 1:
            return
        wh.execute("create table if not exists identifier_slices as from identifier_use limit 0")
        wh.execute("insert into identifier_slices from identifier_use")
    wh.execute("drop table identifier_use")
    wh.execute("alter table identifier_slices rename to identifier_use")


def _bounds(wh: Warehouse, most: int) -> list[Any]:
    """Accounts that part the sightings into about equal slices, ascending; none when one slice is enough."""
    slices = 1 + int(wh.execute("select count(*) from identifiers")[0][0]) // most
    if slices == 1:
        return []
    drawn = sorted(
        r[0] for r in wh.execute(f"select account_id from identifiers using sample reservoir({SAMPLE} rows)")
    )
    return sorted({drawn[len(drawn) * n // slices] for n in range(1, slices)})


def degrees(wh: Warehouse, limits: Path = LIMITS) -> None:
    """From `identifier_use` to shared tokens, entities and degrees: everything that linkage needs of this stage."""
    admit_limits(wh, limits)
    wh.make_all(SQL, ["identifier_repeated", "identifier_holder", "identifier_shared", "identifier_hard"])
    admit_labels(wh)
    wh.make_all(SQL, ["identifier_entity", "identifier_value"])


def admit_limits(wh: Warehouse, limits: Path = LIMITS) -> None:
    """Make `sharing_limit`: one row per kind, from the limits file."""
    raw = strict_yaml.plain(limits)
    default = raw.pop("default")
    kinds = sorted({*KINDS, *raw})
    rows = [{"kind": k, **default, **raw.get(k, {})} for k in kinds]
    _admit(wh, "sharing_limit", pa.Table.from_pylist(rows))


def admit_labels(wh: Warehouse) -> None:
    """Make `entity_label` (account_no, entity_no): the smallest account that each is tied to by hard tokens."""
    edge = wh.con.execute("select first_no, account_no from identifier_hard").fetchnumpy()
    one, other = (np.asarray(edge[name]).astype(np.int64) for name in ("first_no", "account_no"))
    account, entity = smallest_reachable(one, other)
    _admit(wh, "entity_label", pa.table({"account_no": account, "entity_no": entity}))


def smallest_reachable(one: Ints, other: Ints) -> tuple[Ints, Ints]:
    """For each number in an edge, the smallest number that it reaches. Shapes (edges,), (edges,) to (nodes,), (nodes,).

    Labels flow along edges and jump to their label's label, so a chain of n needs about log2(n) rounds.
    """
    nodes, index = np.unique(np.concatenate([one, other]), return_inverse=True)
    a, b = index[: len(one)], index[len(one) :]
    label = np.arange(len(nodes), dtype=np.int64)
    while len(a):
        low = np.minimum(label[a], label[b])
        before = label.copy()
        # hooking the labels themselves, not only the ends of the edge, is what keeps the rounds few
        np.minimum.at(label, before[a], low)
        np.minimum.at(label, before[b], low)
        label = label[label]
        label = np.minimum(label, label[label])
        if np.array_equal(label, before):
            break
    return nodes, nodes[label] if len(nodes) else nodes


def _admit(wh: Warehouse, table: str, rows: pa.Table) -> None:
    wh.con.register("sharing_source", rows)
    wh.con.execute(f"create or replace table {table} as select * from sharing_source")
    wh.con.unregister("sharing_source")

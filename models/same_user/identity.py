"""Names for groups that last: an id goes to the group that most of its members went to.

Ids are handed out from the largest overlap with the last run downwards; at ties the older id goes first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pyarrow as pa

from data_contracts.warehouse import Warehouse
from models.same_user.transient import hold

SQL = Path(__file__).parent / "sql"


@dataclass(frozen=True)
class Overlap:
    """How many members an old group and a new one (named by its smallest account id) have in common."""

    group_id: str
    born_seq: int
    label: str
    members: int


def carry_over(overlaps: Iterable[Overlap]) -> dict[str, str]:
    """New label to old id. Each id and each label is used once."""
    found: dict[str, str] = {}
    used: set[str] = set()
    for o in sorted(overlaps, key=lambda o: (-o.members, o.born_seq, o.group_id, o.label)):
        if o.label not in found and o.group_id not in used:
            found[o.label] = o.group_id
            used.add(o.group_id)
    return found


def fresh_id(label: str, taken: set[str]) -> str:
    """An id for a new group out of its smallest account, never one that was ever used."""
    attempt = 0
    while True:
        name = "G" + sha256(f"{label}|{attempt}".encode()).hexdigest()[:16]
        if name not in taken:
            return name
        attempt += 1


def name_groups(labels: Sequence[str], overlaps: Iterable[Overlap], taken: set[str]) -> dict[str, str]:
    """An id for every label: carried over where there is an overlap, fresh elsewhere."""
    named = carry_over(overlaps)
    for label in sorted(labels):
        if label not in named:
            named[label] = fresh_id(label, taken)
            taken.add(named[label])
    return named


def build(wh: Warehouse) -> None:
    """Make `group_member`, `group_event` and `membership_change` out of `same_user_group` and the books."""
    wh.make_all(SQL, ["same_user_member", "same_user_known", "same_user_overlap"])
    labels = [r[0] for r in wh.execute("select distinct label from same_user_member")]
    overlaps = [Overlap(*r) for r in wh.execute("select group_id, born_seq, label, members from same_user_overlap")]
    taken = {r[0] for r in wh.execute("select distinct group_id from books_membership where group_id is not null")}
    named = name_groups(labels, overlaps, taken)
    rows = sorted(named.items())
    table = pa.table(
        {"label": pa.array([r[0] for r in rows], pa.string()), "group_id": pa.array([r[1] for r in rows], pa.string())}
    )
    hold(wh, "same_user_name", table)
    wh.make_all(SQL, ["group_member", "membership_change", "group_event"])

"""Referrals whose two parties are, or may be, one user: by their own link or by the strongest path through others."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pyarrow as pa

from data_contracts.warehouse import Warehouse
from models.same_user.model import Model
from models.same_user.path import graph_of, strongest_path
from models.same_user.transient import hold

SQL = Path(__file__).parent / "sql"
ROUTE = pa.schema([("promoter_no", pa.int64()), ("invitee_no", pa.int64()), ("step_no", pa.int64()),
                   ("a", pa.int64()), ("b", pa.int64())])  # fmt: skip


def build(wh: Warehouse, model: Model) -> None:
    """Make `referral_same`."""
    wh.make_all(SQL, ["same_user_met", "same_user_inside"])
    _admit_routes(wh)
    wh.make_all(SQL, ["same_user_step", "referral_same"], **model.parameters)


def _admit_routes(wh: Warehouse) -> None:
    """Make `same_user_route`: one row per step of the path of each referral that only others connect."""
    graph = graph_of(
        [(int(a), int(b), int(w)) for a, b, w in wh.execute("select a, b, match_ubits from same_user_inside")]
    )
    rows: list[dict[str, int]] = []
    asked = wh.execute("select promoter_no, invitee_no from same_user_met where by_path order by all")
    for promoter, invitee in asked:
        path = strongest_path(graph, int(promoter), int(invitee))
        rows += [
            {"promoter_no": promoter, "invitee_no": invitee, "step_no": n, "a": min(pair), "b": max(pair)}
            for n, pair in enumerate(pairwise(path), start=1)
        ]
    hold(wh, "same_user_route", pa.Table.from_pylist(rows, schema=ROUTE))

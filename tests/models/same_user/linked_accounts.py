"""Sightings as one-liners, and the two stages built from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from data_contracts.contract import of_stage
from data_contracts.run import Run
from data_contracts.warehouse import Warehouse
from features import sharing
from models import same_user

T0 = datetime(2025, 3, 1, 4, tzinfo=UTC)
AS_OF = date(2026, 1, 31)
STAGES = ("books", "feeds", "features", "models")


def sighting(account: str, kind: str, token: str, day: float = 0, cls: str = "", links: bool = True) -> dict[str, Any]:
    """One row of the kept identifiers feed, `day` days after the first of March 2025, noon in Shanghai."""
    return {
        "account_id": account, "kind": kind, "token": token, "observed_at": T0 + timedelta(days=day),
        "source": "login", "mask": f"{token[:3]}****", "class": cls, "links": links,
    }  # fmt: skip


def uses(account: str, day: float = 0, **tokens: str) -> list[dict[str, Any]]:
    """Sightings of one account on one day, `kind=token`."""
    return [sighting(account, kind, f"{kind}-{token}", day) for kind, token in tokens.items()]


Build = Callable[..., Warehouse]


def build_stages(
    folder: Path, rows: Sequence[Mapping[str, Any]], given: Callable[..., None], *, referrals: Sequence[tuple[str, str]] = (),
    run_seq: int = 1, threads: int = 2, model: same_user.Model | None = None, limits: Path = sharing.LIMITS,
    **tables: Sequence[Mapping[str, Any]],
) -> Warehouse:  # fmt: skip
    """A warehouse of the models stage in which features and same users were built and published into `folder`."""
    run = Run("test", run_seq, AS_OF, "Asia/Shanghai", threads=threads)
    wh = Warehouse(folder, "models", run)
    for stage in STAGES:
        for contract in of_stage(stage):
            wh.empty(contract.table)
    given(wh, "identifiers", list(rows))
    given(wh, "referrals", [{"promoter_id": p, "invitee_id": i} for p, i in referrals])
    given(wh, "accounts", [{"account_id": a} for a in sorted({str(r["account_id"]) for r in rows})])
    for table, content in tables.items():
        given(wh, table, content)
    sharing.build(wh, limits)
    same_user.build(wh, model=model)
    return wh


def membership(wh: Warehouse, run_seq: int, before: Sequence[Mapping[str, Any]] = ()) -> list[dict[str, Any]]:
    """What the books hold after a run: what they held, and its changes."""
    rows = wh.execute("select account_id, group_id, status from membership_change order by account_id")
    changed = [{"account_id": a, "run_seq": run_seq, "group_id": g, "status": s} for a, g, s in rows]
    return [*before, *changed]


def published(wh: Warehouse, folder: Path) -> Path:
    """Every contracted table of the warehouse as `<folder>/<stage>/<table>.parquet`: what a run leaves behind."""
    for contract in (c for stage in STAGES for c in of_stage(stage)):
        path = folder / contract.stage / f"{contract.table}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        table: pa.Table = wh.con.sql(f"select * from {contract.table}").to_arrow_table()
        pq.write_table(table, path)
    return folder

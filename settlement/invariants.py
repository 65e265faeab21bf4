"""What must hold after every run (L1 to L9, P1 to P6): checked by the run before anything is published, and by `verify`."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from data_contracts.errors import ContractBroken
from data_contracts.run import Run
from data_contracts.warehouse import Warehouse
from settlement.entitlement import SQL

PUBLISHED = ("invariant_ledger", "invariant_notice", "invariant_feed")
"""What can be checked on the tables of a published run."""
LIVE = (*PUBLISHED, "invariant_run")
"""What the run itself checks."""


def check(wh: Warehouse) -> None:
    """Raise ContractBroken naming every invariant that does not hold; a warehouse that `settlement.build` has filled."""
    found = _found(wh, LIVE)
    if found:
        raise ContractBroken("; ".join(found))


def faults(folder: Path) -> list[str]:
    """Every invariant that does not hold in a published run folder, as sentences; empty when all do."""
    tables = folder / "tables" if (folder / "tables").exists() else folder
    with Warehouse(tables, "results", Run("verify", 0, date(1, 1, 1), "UTC")) as wh:
        for kind in ("posting", "statement", "instalment"):
            view = "all_posting" if kind == "posting" else f"issued_{kind}"
            wh.execute(
                f"create or replace view {view} as select * exclude (run_seq) from books_{kind}"
                f" union all by name from new_{kind}"
            )
        return _found(wh, PUBLISHED)


def _found(wh: Warehouse, checks: tuple[str, ...]) -> list[str]:
    wh.make_all(SQL, checks)
    return [
        f"{invariant}: {broken} ({cases} cases{', such as ' + example if example else ''})"
        for check in checks
        for invariant, broken, cases, example in wh.execute(
            f"select invariant, broken, cases, example from {check} order by invariant, broken"
        )
    ]

"""Fixtures that most tests use: a warehouse of one stage in a temporary folder, and rows given as dicts."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from data_contracts.contract import contracts, of_stage
from data_contracts.run import Run
from data_contracts.warehouse import Warehouse
from models.tracking import Tracking
from tests.counts import Counts, soak_count

NEUTRAL: Mapping[str, Any] = {
    "VARCHAR": "x", "BIGINT": 0, "BOOLEAN": False, "DATE": date(2025, 1, 1), "DOUBLE": 0.0,
    "TIMESTAMP WITH TIME ZONE": datetime(2025, 1, 1, tzinfo=UTC), "DECIMAL(18,2)": Decimal("0.00"),
}  # fmt: skip

MakeWarehouse = Callable[..., Warehouse]


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[MakeWarehouse]:
    """`warehouse(stage, as_of=...)`: a Warehouse with every contracted table of all earlier stages admitted empty."""
    with ExitStack() as stack:

        def make(stage: str = "results", as_of: date = date(2026, 1, 31), run_seq: int = 1) -> Warehouse:
            wh = stack.enter_context(Warehouse(tmp_path / "work", stage, Run("test", run_seq, as_of, "Asia/Shanghai")))
            for contract in contracts().values():
                wh.empty(contract.table)
            return wh

        yield make


def given(wh: Warehouse, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Make `table` from dicts; a column left out is null where it may be, else a neutral value of its type."""
    columns = contracts()[table].kept().columns
    unknown = {k for row in rows for k in row} - {c.name for c in columns}
    assert not unknown, f"{table} has no columns {unknown}"
    filled = [
        {c.name: row.get(c.name, None if c.nullable else NEUTRAL.get(c.duck, [])) for c in columns} for row in rows
    ]
    wh.empty(table)
    if filled:
        wh.admit(table, pa.Table.from_pylist(filled))


@pytest.fixture(name="given")
def given_fixture() -> Callable[..., None]:
    """The function `given(wh, table, rows)`."""
    return given


@pytest.fixture(scope="session", autouse=True)
def stores_from_a_template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A new state takes a copy of one empty MLflow store, which was made as any other: to make one costs a second each time."""
    client, made = Tracking._client, list[Path]()

    def with_store(tracking: Tracking) -> Any:
        store = tracking.folder / "mlflow.db"
        if not store.exists():
            if not made:
                folder = tmp_path_factory.mktemp("empty-store")
                client(Tracking(folder)).search_registered_models()
                made.append(folder / "mlflow.db")
            store.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(made[0], store)
        return client(tracking)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Tracking, "_client", with_store)
        yield


def pytest_configure(config: pytest.Config) -> None:
    """Count how often each promise was tried, for `docs/reliability.md`."""
    config.pluginmanager.register(Counts(), "counts")


__all__ = ["NEUTRAL", "MakeWarehouse", "given", "of_stage", "soak_count"]

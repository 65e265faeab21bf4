"""One small simulated folder for all tests of the simulator, and a connection that sees its feeds and truth."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from simulator import Summary, simulate
from simulator.feeds import FEEDS, TRUTHS


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Summary:
    """The summary of a world of 3,000 accounts and 100 promoters over six months."""
    return simulate(tmp_path_factory.mktemp("world"), accounts=3_000, promoters=100, months=6, seed=5)


def _look_into(path: Path) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute("set TimeZone = 'Asia/Shanghai'")
    for feed in FEEDS:
        con.execute(f"create view {feed} as from '{path / feed}.parquet'")
    for table in TRUTHS:
        con.execute(f"create view truth_{table} as from '{path / 'truth' / table}.parquet'")
    return con


@pytest.fixture
def look_into() -> Callable[[Path], duckdb.DuckDBPyConnection]:
    """A connection to a folder, with one view per feed, and ``truth_TABLE`` for the truth."""
    return _look_into


@pytest.fixture
def feeds(folder: Summary) -> Iterator[duckdb.DuckDBPyConnection]:
    con = _look_into(folder.folder)
    yield con
    con.close()

"""A small programme with one published run, made once per process; tests work on copies of its state."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import simulator
from pipelines import manifest
from pipelines.run import Order, run
from pipelines.state import State
from tests.pipelines.dying import FIRST, Published


def in_parts(sources: Path, feed: str, parts: int) -> None:
    """Deliver a feed as a folder of several files."""
    whole = pq.read_table(sources / f"{feed}.parquet")
    (sources / f"{feed}.parquet").unlink()
    (sources / feed).mkdir()
    size = -(-whole.num_rows // parts)
    for n in range(parts):
        pq.write_table(whole.slice(n * size, size), sources / feed / f"part-{n}.parquet")


def publish(folder: Path, accounts: int, promoters: int) -> Published:
    """A published run of a simulated programme, and what the next one comes to when nothing goes wrong."""
    simulator.simulate(folder / "sources", accounts, promoters, 3, seed=3)
    for feed in ("orders", "identifiers"):
        in_parts(folder / "sources", feed, 3)
    first = run(Order(folder / "sources", State(folder / "state"), FIRST))
    made = Published(folder / "sources", folder / "state", first.run_id, {}, folder / "clean")
    second = run(made.copy(made.done))
    return replace(made, clean=dict(manifest.read(second.folder)["outputs"]))


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """The programme of 200 accounts."""
    return publish(tmp_path_factory.mktemp("published"), 200, 5)

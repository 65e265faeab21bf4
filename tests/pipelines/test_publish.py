"""Publishing is all or nothing: what a crash left is finished or cleared by the next run, and one run holds the state."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data_contracts.errors import Busy, TongrenError
from pipelines import manifest, publish
from pipelines.state import State
from tests.counts import SOAK, SoakCount


@dataclass
class Last:
    run_id: str


@dataclass
class KnownRuns:
    """Stands for the books where only the list of committed runs matters."""

    ids: list[str] = field(default_factory=list)

    def run_ids(self) -> set[str]:
        return set(self.ids)

    def last_run(self) -> Last | None:
        return Last(self.ids[-1]) if self.ids else None


def made(state: State, run_id: str) -> Path:
    partial = state.partial(run_id)
    pq.write_table(pa.table({"run": [run_id]}), partial / "links.parquet")
    manifest.write(partial, {"run_id": run_id, "outputs": manifest.of_outputs(partial)})
    return publish.place(state, partial, run_id)


def test_a_folder_that_the_books_do_not_know_is_cleared_away(tmp_path: Path) -> None:
    state = State(tmp_path)
    made(state, "r1")
    publish.swap(state, "r1")
    made(state, "r2")
    publish.recover(state, KnownRuns(["r1"]))
    assert sorted(p.name for p in state.runs.iterdir()) == ["r1"]
    assert state.current().name == "r1"


def test_a_swap_that_a_crash_left_out_is_finished(tmp_path: Path) -> None:
    state = State(tmp_path)
    made(state, "r1")
    publish.swap(state, "r1")
    made(state, "r2")
    assert publish.recover(state, KnownRuns(["r1", "r2"])) == "r2"
    assert state.current().name == "r2"
    assert state.current_link.readlink() == Path("runs/r2")


def test_a_private_folder_is_never_taken_for_a_run(tmp_path: Path) -> None:
    state = State(tmp_path)
    made(state, "r1")
    publish.swap(state, "r1")
    state.partial("r2")
    publish.recover(state, KnownRuns(["r1"]))
    assert [p.name for p in state.runs.iterdir()] == ["r1"]


def test_books_of_another_state_are_refused_and_nothing_is_removed(tmp_path: Path) -> None:
    state = State(tmp_path)
    made(state, "r1")
    publish.swap(state, "r1")
    with pytest.raises(TongrenError, match="do not know run r1"):
        publish.recover(state, KnownRuns([]))
    assert state.current().name == "r1"


HOLD = """
import sys, pathlib
from pipelines.state import State
with State(pathlib.Path(sys.argv[1])).locked():
    print("held", flush=True)
    sys.stdin.read()
"""
SECOND = """
import sys
from pipelines import cli
try:
    cli.main()
finally:
    print(sorted({"duckdb", "pyarrow", "sqlalchemy", "numpy", "pandas"} & sys.modules.keys()))
"""


@contextmanager
def held(state: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the state; killed at the end, if it was not before."""
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(state)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline().strip() == "held"
        yield child
        child.kill()


def test_a_killed_runs_lock_frees_itself(tmp_path: Path) -> None:
    state = State(tmp_path)
    with held(tmp_path) as child:
        with pytest.raises(Busy), state.locked():
            pass
        child.kill()
        child.wait()
        with state.locked() as ours, ours.locked():  # who holds it may ask again
            assert state.folder.exists()


@pytest.mark.parametrize("pair", range(200 if SOAK else 2))
def test_a_second_run_leaves_with_code_4_before_it_has_loaded_an_engine(
    pair: int, tmp_path: Path, soak_count: SoakCount
) -> None:
    """It waits for nothing, so the seconds of work that it took are what it takes on a machine of its own."""
    soak_count("busy_pairs", 1)
    with held(tmp_path / "state"):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        said = subprocess.run(
            [sys.executable, "-c", SECOND, "run", "--sources", str(tmp_path), "--state", str(tmp_path / "state")],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert said.returncode == 4
    assert "another run holds" in said.stderr
    assert said.stdout.strip() == "[]"
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 1


def test_an_altered_file_is_found_by_its_hash(tmp_path: Path) -> None:
    state = State(tmp_path)
    folder = made(state, "r1")
    assert manifest.faults(folder) == []
    (folder / "links.parquet").write_bytes(b"rows of r2")
    assert manifest.faults(folder) == ["links.parquet was altered: its SHA-256 is not the manifest's"]

"""Publishing is all or nothing: what a crash left is finished or cleared by the next run, and one run holds the state."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data_contracts.errors import Busy, TongrenError
from pipelines import manifest, publish
from pipelines.state import State
from tests.counts import SoakCount


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


def test_a_second_run_leaves_at_once_while_the_first_holds_the_state(tmp_path: Path, soak_count: SoakCount) -> None:
    soak_count("busy_pairs", 1)
    state = State(tmp_path)
    code = (
        "import sys, pathlib\nfrom pipelines.state import State\n"
        "with State(pathlib.Path(sys.argv[1])).locked():\n print('held', flush=True); sys.stdin.read()"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None and child.stdin is not None
    assert child.stdout.readline().strip() == "held"
    with pytest.raises(Busy), state.locked():
        pass
    child.kill()  # a killed run's lock frees itself
    child.wait()
    child.stdin.close()
    child.stdout.close()
    with state.locked():
        assert state.folder.exists()


def test_an_altered_file_is_found_by_its_hash(tmp_path: Path) -> None:
    state = State(tmp_path)
    folder = made(state, "r1")
    assert manifest.faults(folder) == []
    (folder / "links.parquet").write_bytes(b"rows of r2")
    assert manifest.faults(folder) == ["links.parquet was altered: its SHA-256 is not the manifest's"]

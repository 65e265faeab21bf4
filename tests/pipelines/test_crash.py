"""A run that dies at any moment leaves the previous or the new results, never a mixture; the next run completes it and
posts nothing twice. Faults are injected by strace, at the system calls by which a run changes files."""

from __future__ import annotations

import os
import shutil
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from pipelines import manifest
from pipelines.run import Order, run
from pipelines.state import State
from pipelines.verify import verify
from tests.counts import SOAK, SoakCount
from tests.pipelines import dying, losing_power
from tests.pipelines.dying import Published
from tests.pipelines.striking import CHANGES, KILL, WATCH, Aim, aims, stages_done, struck

BROKEN, FULL, QUOTA = "error=EIO", "error=ENOSPC", "error=EDQUOT"
# What happens at which system calls of publishing: in a soak at each of them, else at one.
PUBLISHING = [
    ("rename", KILL),
    ("symlink", KILL),
    ("fdatasync", KILL),
    ("write", FULL),
    ("pwrite64", BROKEN),
    ("fsync", BROKEN),
]
# How many calls of a whole run meet a full disk: tables are struck at their first page, from the first stage to the last.
STAGES = {"tables": 1}
if SOAK:
    PUBLISHING = [(call, what) for call in CHANGES for what in (BROKEN, FULL, KILL)]
    PUBLISHING += [(call, QUOTA) for call in ("mkdir", "openat", "write", "ftruncate")]
    STAGES = {"mkdir": 14, "rename": 12, "tables": 24}

pytestmark = pytest.mark.skipif(
    shutil.which("strace") is None and "TONGREN_REQUIRE_ALL" not in os.environ,
    reason="strace is not installed: `apt-get install strace` to run the crash tests",
)


Aims = dict[str, list[Aim]]


def spread(found: list[Any], most: int) -> list[Any]:
    """At most so many of a list, from its whole length."""
    return found if len(found) <= most else [found[(2 * i + 1) * len(found) // (2 * most)] for i in range(most)]


def finished(published: Published) -> Path:
    """The folder of the run that is published anew."""
    return (published.done / "current").resolve()


def undisturbed(published: Published, done: Path | None, folder: Path) -> Aims:
    """What there is to strike, from the trace of a run that nothing happens to."""
    order = published.copy(folder / "state")
    said = struck(order, done, folder / "trace", *WATCH)
    assert (said.code, said.said) == (0, "done")
    return aims(said.trace, order.state.folder)


@pytest.fixture(scope="module")
def publishing(published: Published, tmp_path_factory: pytest.TempPathFactory) -> Aims:
    """The calls by which a run publishes."""
    return undisturbed(published, finished(published), tmp_path_factory.mktemp("publishing"))


@pytest.fixture(scope="module")
def whole(published: Published, tmp_path_factory: pytest.TempPathFactory) -> Aims:
    """The calls of a whole run, and the first page of each of its tables."""
    done = finished(published)
    tables = sorted(str(p.relative_to(done)) for p in done.glob("tables/*/*.parquet"))
    written = [Aim("pwrite64", 1, f"runs/.{done.name}.partial/{name}") for name in tables]
    others = undisturbed(published, None, tmp_path_factory.mktemp("whole")) if len(STAGES) > 1 else {}
    return others | {"tables": written}


@pytest.fixture(scope="module")
def tried() -> set[str]:
    """The states from which a run was seen to complete."""
    return set()


def left(state: Path) -> str:
    """Everything in a state by which the next run can tell what came before it: all but what no run reads again."""
    files = {p.relative_to(state).as_posix(): p for p in sorted(state.rglob("*")) if p.is_file() and not p.is_symlink()}
    kept = {name: p for name, p in files.items() if not name.startswith("runs/.") and not name.endswith("-shm")}
    facts = {name: manifest.sha256(p) for name, p in kept.items()}
    return manifest.digest(facts | {"current": str((state / "current").readlink())})


def strike(published: Published, done: Path | None, aim: Aim, what: str, folder: Path, tried: set[str]) -> None:
    """Strike one run, and see what readers see, what it says, and what the next run makes of it; of a state that was left to the
    byte by another fault in publishing already, the last is known."""
    order = published.copy(folder / "state")
    said = struck(order, done, folder / "trace", *aim.arguments(what, order.state.folder))
    if what == KILL:
        assert said.code < 0 and "killed by SIGKILL" in said.trace, aim
    else:
        assert "(INJECTED)" in said.trace, aim
        # SQLite hides the number of a fault: then the message names its file, for this disk has room.
        told = ("done", "SQLite says", "the disk says", *(("no room is left on the disk",) if what != BROKEN else ()))
        assert any(words in said.said for words in told), (aim, said.said)
    seen, state = dying.shown(order.state.folder), left(order.state.folder)
    if done is None or state not in tried:
        with stages_done(done) if done else nullcontext():
            dying.completed(order, published, [seen])
        tried.add(state)
    shutil.rmtree(order.state.folder)


def test_a_death_between_the_books_and_their_checkpoint_is_made_good(published: Published, tmp_path: Path) -> None:
    """The rerun finds the run published already; it swaps the link, and signs the end of the chain as well."""
    order = published.copy(tmp_path / "state", done=True)
    state = order.state
    newest = max(state.checkpoints.iterdir())
    newest.unlink()
    state.current_link.unlink()
    again = run(order)
    assert not again.published and state.current() == again.folder
    assert max(state.checkpoints.iterdir()) == newest
    assert "verifies" in verify(state.folder, None, None)


@pytest.mark.parametrize(("call", "what"), PUBLISHING)
def test_a_fault_in_publishing_leaves_old_or_new_and_the_rerun_completes(
    call: str, what: str, published: Published, publishing: Aims, tmp_path: Path, tried: set[str], soak_count: SoakCount
) -> None:
    for aim in publishing.get(call, []) if SOAK else spread(publishing[call], 1):
        soak_count("syscall_faults", 1)
        strike(published, finished(published), aim, what, tmp_path, tried)


@pytest.mark.parametrize("what", STAGES)
def test_a_full_disk_at_any_stage_leaves_the_old_results_and_the_rerun_completes(
    what: str, published: Published, whole: Aims, tmp_path: Path, tried: set[str], soak_count: SoakCount
) -> None:
    for aim in spread(whole[what], STAGES[what]):
        soak_count("syscall_faults", 1)
        strike(published, None, aim, FULL, tmp_path, tried)


@pytest.fixture(scope="module")
def traced(published: Published, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The state in which an undisturbed run published, and its calls with all their bytes."""
    folder = tmp_path_factory.mktemp("traced")
    order = published.copy(folder / "state")
    said = struck(order, finished(published), folder / "trace", *losing_power.WATCH, *WATCH)
    assert said.said == "done"
    return order.state.folder, said.trace


Left = dict[str, tuple[bool, bytes]]


def cuts(published: Published, at: Path, trace: str) -> list[Left]:
    """What the disk holds when the power goes after a call: at least, with all names, with all bytes; each state once."""
    holds = losing_power.on_disk(published.state)
    runs = holds.names["runs"]
    assert isinstance(runs, losing_power.Folder)
    private = losing_power.on_disk(finished(published), kept=False)
    del private.names["manifest.json"]
    runs.names[f".{finished(published).name}.partial"] = private
    disk, found = losing_power.Disk(at, holds), dict[int, Left]()
    for _ in disk.play(trace):
        for way in losing_power.WAYS:
            left = disk.after(way)
            found.setdefault(hash(tuple(sorted(left.items()))), left)
    return list(found.values())


def test_a_power_cut_in_publishing_leaves_old_or_new_and_the_rerun_completes(
    published: Published, traced: tuple[Path, str], tmp_path: Path, soak_count: SoakCount
) -> None:
    found, shown = cuts(published, *traced), set()
    for number, left in enumerate(spread(found, len(found) if SOAK else 5)):
        soak_count("power_cuts", 1)
        order = Order(published.sources, State(tmp_path / f"cut{number}"), dying.SECOND)
        losing_power.put(left, order.state.folder)
        shown.add(dying.shown(order.state.folder))
        with stages_done(finished(published)):
            dying.completed(order, published, [dying.shown(order.state.folder)])
    assert shown == {published.before, finished(published).name}


def test_a_run_that_forced_no_table_to_the_disk_would_be_found_half_written(
    published: Published, traced: tuple[Path, str]
) -> None:
    """The model itself: without the calls that force a file to the disk, the new run is shown without its bytes."""
    at, trace = traced
    careless = "\n".join(line for line in trace.splitlines() if not line.startswith("fsync("))
    left, new = cuts(published, at, careless)[-1], f"runs/{finished(published).name}"
    assert left["current"] == (True, new.encode())
    assert {data for name, (_, data) in left.items() if name.startswith(f"{new}/")} == {b""}

"""A run that dies at any moment leaves the previous or the new results, never a mixture; the next run completes it and
posts nothing twice. Faults are injected into the real command by strace, at the system calls of the publishing step."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from pipelines import manifest
from pipelines.run import Order, run
from pipelines.state import State
from pipelines.verify import verify
from tests.counts import SOAK, SoakCount
from tests.pipelines.test_whole_run import written

# system call, what happens to it, and at which of its calls, counted per thread
FAULTS = [
    ("symlink", "signal=SIGKILL", 1),  # after the books took the run, before the link is swapped
    ("rename", "signal=SIGKILL", 1),
    ("fsync", "error=EIO", 3),
    ("fdatasync", "signal=SIGKILL", 1),
    ("mkdir", "error=ENOSPC", 15),  # in the middle of the stages
]
if SOAK:
    FAULTS += [(call, what, n) for call in ("fsync", "fdatasync", "rename", "pwrite64", "symlink")
               for what in ("error=EIO", "error=ENOSPC", "signal=SIGKILL") for n in range(1, 12)]  # fmt: skip
    # A full disk at any stage: the folder of a stage, the pages of a table or of the books, their way to the disk.
    FAULTS += [("mkdir", "error=ENOSPC", n) for n in range(2, 32, 3)]
    FAULTS += [("pwrite64", "error=ENOSPC", n) for n in range(12, 60, 4)]
    FAULTS += [("ftruncate", "error=ENOSPC", n) for n in range(1, 12)]
    FAULTS += [("fsync", "error=ENOSPC", n) for n in range(12, 132, 10)]

FULL = ("mkdir", "pwrite64", "ftruncate", "fsync")  # where a full disk is told in words by whoever meets it

pytestmark = pytest.mark.skipif(
    shutil.which("strace") is None and "TONGREN_REQUIRE_ALL" not in os.environ,
    reason="strace is not installed: `apt-get install strace` to run the crash tests",
)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with sources and a state in which one run is published."""
    folder = tmp_path_factory.mktemp("crash")
    sources = written(folder / "sources")
    run(Order(sources, State(folder / "state"), date(2026, 4, 20)))
    return folder


@pytest.fixture(scope="module")
def clean(first: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """The outputs of the second run where nothing goes wrong."""
    state = tmp_path_factory.mktemp("clean") / "state"
    shutil.copytree(first / "state", state, symlinks=True)
    outcome = run(Order(first / "sources", State(state), date(2026, 5, 20)))
    return dict(manifest.read(outcome.folder)["outputs"])


@pytest.mark.parametrize(("call", "what", "number"), FAULTS)
def test_a_fault_in_publishing_leaves_old_or_new_and_the_rerun_completes(
    call: str, what: str, number: int, first: Path, clean: dict[str, object], tmp_path: Path, soak_count: SoakCount
) -> None:
    soak_count("syscall_faults", 1)
    state = tmp_path / "state"
    shutil.copytree(first / "state", state, symlinks=True)
    before = (state / "current").resolve().name
    inject = [
        "strace",
        "-f",
        "--seccomp-bpf",
        "-o",
        "/dev/null",
        "-e",
        f"trace={call}",
        "-e",
        f"inject={call}:{what}:when={number}",
    ]
    command = [
        sys.executable,
        "-m",
        "pipelines.cli",
        "run",
        "--sources",
        str(first / "sources"),
        "--state",
        str(state),
        "--as-of",
        "2026-05-20",
    ]
    said = subprocess.run([*inject, *command], capture_output=True, check=False)
    if what == "error=ENOSPC" and call in FULL:
        # SQLite hides the number of some faults: then the message names its file, for this disk has room.
        named = b"no room is left on the disk" in said.stderr or b"books.db, and its disk takes new data" in said.stderr
        assert said.returncode == 0 or named, said.stderr
    shown = (state / "current").resolve()
    assert manifest.faults(shown) == []
    again = run(Order(first / "sources", State(state), date(2026, 5, 20)))
    assert shown.name in (before, again.run_id)
    assert manifest.read(again.folder)["outputs"] == clean
    assert (state / "current").resolve() == again.folder
    assert "verifies" in verify(state, None, None)

"""A run that dies at any moment leaves the previous or the new results, never a mixture; the next run completes it and
posts nothing twice. Faults are injected into the real command by strace, at the system calls of the publishing step."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pipelines import manifest
from pipelines.run import Order, run
from pipelines.state import State
from pipelines.verify import verify
from tests.counts import SOAK, SoakCount
from tests.pipelines.test_whole_run import written

ERRORS = ("error=EIO", "error=ENOSPC")
KILL = "signal=SIGKILL"
# System call, what happens to it, and at which of the main thread's calls: from 1, or from -1, the last, backwards.
FAULTS = [
    ("symlink", KILL, -1),  # after the books took the run, before the link is swapped
    ("rename", KILL, -4),  # the run's folder gets its name
    ("fsync", "error=EIO", 3),
    ("fdatasync", KILL, 2),  # the books' commit
    ("mkdir", "error=ENOSPC", 15),  # in the middle of the stages
]
if SOAK:
    # Publishing, backwards: every call that changes a name or ends a write; of the many fsync and pwrite64 some of each kind.
    FAULTS = [
        (call, what, -n)
        for call, numbers in {
            "rename": range(1, 5),
            "symlink": range(1, 2),
            "unlink": range(1, 5),
            "mkdir": range(1, 3),
            "fdatasync": range(1, 6),
            "write": range(3, 5),
            "fsync": (*range(1, 137, 8), 136),
            "pwrite64": range(12, 88, 5),
        }.items()
        for n in numbers
        for what in (*ERRORS, KILL)
    ]
    # A full disk at any stage: the folder of a stage, a table, its pages.
    FAULTS += [("mkdir", "error=ENOSPC", n) for n in range(2, 29)]
    FAULTS += [("ftruncate", "error=ENOSPC", n) for n in range(1, 30, 2)]
    FAULTS += [("rename", "error=ENOSPC", n) for n in range(1, 13)]
    FAULTS += [("pwrite64", "error=ENOSPC", n) for n in range(1, 6)]

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


def test_a_death_between_the_books_and_their_checkpoint_is_made_good(first: Path, tmp_path: Path) -> None:
    """The rerun finds the run published already; it swaps the link, and signs the end of the chain as well."""
    state = State(tmp_path / "state")
    shutil.copytree(first / "state", state.folder, symlinks=True)
    (sealed,) = state.checkpoints.iterdir()
    sealed.unlink()
    state.current_link.unlink()
    again = run(Order(first / "sources", state, date(2026, 4, 20)))
    assert not again.published and state.current() == again.folder
    assert [point.name for point in state.checkpoints.iterdir()] == [sealed.name]
    assert "verifies" in verify(state.folder, None, None)


def ordered(first: Path, state: Path, trace: Path, *watched: str) -> subprocess.CompletedProcess[bytes]:
    """The second run by the real command, under strace. It writes no byte code: that would be calls of another number."""
    command = ["run", "--sources", str(first / "sources"), "--state", str(state), "--as-of", "2026-05-20"]
    # With --seccomp-bpf strace never sends the signal; a kill is tried on the main thread alone, which is quick without.
    how = [] if any(KILL in one for one in watched) else ["-f", "--seccomp-bpf"]
    watch = ["strace", *how, "-o", str(trace), *(part for one in watched for part in ("-e", one))]
    return subprocess.run(
        [*watch, sys.executable, "-m", "pipelines.cli", *command], capture_output=True, check=False,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip


@dataclass(frozen=True)
class Clean:
    """The second run where nothing goes wrong: its outputs, and how often its main thread makes each system call."""

    outputs: dict[str, Any]
    calls: Counter[str]


@pytest.fixture(scope="module")
def clean(first: Path, tmp_path_factory: pytest.TempPathFactory) -> Clean:
    """Made once by the command that the faults are injected into."""
    folder = tmp_path_factory.mktemp("clean")
    shutil.copytree(first / "state", folder / "state", symlinks=True)
    said = ordered(first, folder / "state", folder / "trace", f"trace={','.join(sorted({f[0] for f in FAULTS}))}")
    assert said.returncode == 0, said.stderr
    seen = re.findall(
        r"^(\d+) +(\w+)\(", (folder / "trace").read_text(encoding="utf-8", errors="replace"), re.MULTILINE
    )
    calls = Counter(call for thread, call in seen if thread == seen[0][0])
    return Clean(dict(manifest.read((folder / "state" / "current").resolve())["outputs"]), calls)


@pytest.mark.parametrize(("call", "what", "number"), FAULTS)
def test_a_fault_in_publishing_leaves_old_or_new_and_the_rerun_completes(
    call: str, what: str, number: int, first: Path, clean: Clean, tmp_path: Path, soak_count: SoakCount
) -> None:
    soak_count("syscall_faults", 1)
    state, trace = tmp_path / "state", tmp_path / "trace"
    shutil.copytree(first / "state", state, symlinks=True)
    before = (state / "current").resolve().name
    when = number if number > 0 else clean.calls[call] + 1 + number
    said = ordered(first, state, trace, f"trace={call}", f"inject={call}:{what}:when={when}")
    struck = "killed by SIGKILL" if what == KILL else "(INJECTED)"
    assert struck in trace.read_text(encoding="utf-8", errors="replace"), f"no call number {when} of {call}"
    if what in ERRORS and said.returncode != 0:
        # SQLite hides the number of a fault: then the message names its file, for this disk has room.
        told = b"SQLite says", b"the disk says", *((b"no room is left on the disk",) if what == "error=ENOSPC" else ())
        assert any(words in said.stderr for words in told), said.stderr
    shown = (state / "current").resolve()
    assert manifest.faults(shown) == []
    again = run(Order(first / "sources", State(state), date(2026, 5, 20)))
    assert shown.name in (before, again.run_id)
    assert manifest.read(again.folder)["outputs"] == clean.outputs
    assert (state / "current").resolve() == again.folder
    assert "verifies" in verify(state, None, None)

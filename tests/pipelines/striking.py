"""Runs that meet a fault at one system call. A run is forked from a process that has everything imported, and strace takes hold of
its main thread just before the part that is to be struck: so calls are numbered from there on, and the numbers are the same each time.

Publishing is struck alone: what the stages made stands ready as links, so that a fault costs a second instead of a whole run.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import re
import shutil
import subprocess
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipelines import manifest
from pipelines import run as pipelines_run
from pipelines.progress import Steps
from pipelines.run import Order
from tests.pipelines.dying import FORK

KILL = "signal=SIGKILL"
CHANGES = (
    "fdatasync", "fsync", "ftruncate", "mkdir", "openat", "pwrite64", "rename", "rmdir", "symlink", "unlink", "write",
)  # fmt: skip
"""The system calls by which a run makes, changes, names and keeps files. Of openat those that make a file."""
_CALL = re.compile(r"^(\w+)\((.*)$", re.MULTILINE)
_OURS = re.compile(r"\d+<(pipe:|/dev/)")  # by which the forked process tells how it ended
_PR_SET_PTRACER, _ANYBODY = 0x59616D61, -1


@dataclass(frozen=True)
class Struck:
    """How a struck run ended: its exit code (negative: the signal), its last words, and what strace saw."""

    code: int
    said: str
    trace: str


def made_ready(finished: Path) -> Callable[..., Steps]:
    """Stands for `run.work_through`: the results of the published run in `finished` as those of this run's stages."""

    def from_links(job: Any, _order: Order, _facts: Any) -> Steps:
        shutil.copytree(finished, job.work, dirs_exist_ok=True, copy_function=os.link)
        told = manifest.read(job.work)
        (job.work / "manifest.json").unlink()
        steps = Steps(told["as_of"], [])
        steps.seconds, steps.rows = told["seconds"], told["rows"]
        return steps

    return from_links


@contextlib.contextmanager
def stages_done(finished: Path) -> Iterator[None]:
    """Within the block a run in this process does not work through its stages: it takes the results in `finished`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipelines_run, "work_through", made_ready(finished))
        yield


def _work(order: Order, finished: Path | None, told: Any, gate: Any) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PTRACER, _ANYBODY)  # where only a parent may trace otherwise

    def held() -> None:
        told.send(os.getpid())
        gate.recv()

    def then_held(*given: Any) -> Steps:
        steps = ready(*given)
        held()
        return steps

    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stderr(nowhere):
        logging.disable()
        if finished is None:
            held()
        else:
            ready = made_ready(finished)
            pipelines_run.work_through = then_held
        try:
            pipelines_run.run(order)
        except BaseException as fault:  # noqa: BLE001 - whatever ends the run is what the test wants to hear
            told.send(f"{type(fault).__name__}: {fault}"[:500])
            os._exit(1)
        told.send("done")
        os._exit(0)


def struck(order: Order, finished: Path | None, trace: Path, *watched: str) -> Struck:
    """Let a run come to its end under strace with the arguments `watched`: from the end of its stages on, whose results are
    those in `finished`, or, without such, from its very start."""
    hear, tell = FORK.Pipe(duplex=False)
    wait, go = FORK.Pipe(duplex=False)
    child = FORK.Process(target=_work, args=(order, finished, tell, wait))
    child.start()
    tell.close()
    wait.close()
    command = ["strace", "-y", "-o", str(trace), *watched, "-p", str(hear.recv())]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as strace:
        assert strace.stderr is not None
        first = strace.stderr.readline()
        if "attached" not in first:
            child.kill()
            pytest.fail(f"strace cannot take hold of a process: {first}")
        go.send("go")
        try:
            said = str(hear.recv())
        except EOFError:
            said = ""
        child.join()
    assert child.exitcode is not None
    return Struck(child.exitcode, said, trace.read_text(encoding="utf-8", errors="replace"))


@dataclass(frozen=True)
class Aim:
    """The n-th system call of a kind, from 1; with a path below the state folder, among those on that path."""

    call: str
    number: int
    path: str | None = None

    def arguments(self, what: str, state: Path) -> tuple[str, ...]:
        """What strace must be told. A path is looked for in all threads: DuckDB writes a table by whichever is free."""
        on = () if self.path is None else ("-f", "-P", str(state / self.path))
        return (*on, "-e", f"trace={self.call}", "-e", f"inject={self.call}:{what}:when={self.number}")


WATCH = ("-e", f"trace={','.join(CHANGES)}")


def aims(trace: str, state: Path) -> dict[str, list[Aim]]:
    """Per system call of `CHANGES` the aims at those that change something. A file that is made is aimed at by its path, for how
    many are opened to be read is another number each time."""
    seen, found = Counter[str](), defaultdict[str, list[Aim]](list)
    for call, rest in _CALL.findall(trace):
        seen[call] += 1
        if call == "openat":
            if "O_CREAT" in rest and (path := re.search(rf'"{re.escape(str(state))}/([^"]+)"', rest)):
                found[call].append(Aim(call, 1, path[1]))
        elif not _OURS.match(rest):
            found[call].append(Aim(call, seen[call]))
    return found

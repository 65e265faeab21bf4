"""Runs that die: in a process of their own, forked from one that has everything imported, so that one costs seconds."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import resource
import shutil
import time
from dataclasses import dataclass
from datetime import date
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from casebook.books import open_books
from pipelines import manifest
from pipelines.run import Order, run
from pipelines.state import State
from pipelines.verify import verify

FIRST, SECOND = date(2025, 10, 20), date(2025, 11, 20)
FORK = multiprocessing.get_context("forkserver")
FORK.set_forkserver_preload(
    [
        "tests.pipelines.dying",
        "tests.pipelines.striking",
        "models.detectors",
        "casebook.dossier",
        "sklearn.ensemble",
        "skops.io",
    ]
)


@dataclass(frozen=True)
class Published:
    """Sources of a handful of promoters, a state in which `before` is published, and the outputs of the clean next run,
    which stands in the state `done`."""

    sources: Path
    state: Path
    before: str
    clean: dict[str, Any]
    done: Path

    def copy(self, to: Path, *, done: bool = False) -> Order:
        """The order for the next run, on a copy of the state, or of the one in which that is `done`."""
        shutil.copytree(self.done if done else self.state, to, symlinks=True)
        return Order(self.sources, State(to), SECOND)


def _work(order: Order, limit: int | None, told: Any) -> None:
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stderr(nowhere):
        logging.disable()
        if limit is not None:
            pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
            most = pages * resource.getpagesize() + limit
            resource.setrlimit(resource.RLIMIT_AS, (most, most))
        try:
            run(order)
        except BaseException as fault:  # noqa: BLE001 - whatever ends the run is what the test wants to hear
            told.send(f"{type(fault).__name__}: {fault}"[:500])
            os._exit(1)
        told.send("done")
        os._exit(0)


def started(order: Order, limit: int | None = None) -> tuple[BaseProcess, Any]:
    """A run in a process of its own; `limit` is how many bytes it may map beyond those at its start.

    Ends with 0, 1 after a fault; the second value receives what it says at its end.
    """
    here, there = FORK.Pipe(duplex=False)
    child = FORK.Process(target=_work, args=(order, limit, there))
    child.start()
    there.close()
    return child, here


def killed(order: Order, moment: float) -> bool:
    """Start a run and kill it after `moment` seconds. Whether it was still at work."""
    child, here = started(order)
    child.join(moment)
    working = child.is_alive()
    child.kill()
    child.join()
    here.close()
    return working


def ended(order: Order, limit: int | None = None) -> tuple[int, str]:
    """Let a run come to its end, whatever it is: exit code (negative: the signal) and what it said."""
    child, here = started(order, limit)
    try:
        said = str(here.recv())
    except EOFError:
        said = ""
    child.join()
    here.close()
    assert child.exitcode is not None
    return child.exitcode, said


def seconds(order: Order) -> float:
    """How long a run takes in a process of its own."""
    began = time.perf_counter()
    code, said = ended(order)
    assert (code, said) == (0, "done"), said
    return time.perf_counter() - began


def shown(state: Path) -> str:
    """The run that readers see; it is whole to the last byte."""
    folder = (state / "current").resolve()
    assert manifest.faults(folder) == []
    return folder.name


def posted(state: Path) -> tuple[int, Any]:
    """How many entries the books of a state have, and the postings and their sum."""
    with contextlib.closing(open_books(State(state).books)) as books:
        end = books.anchor()
    assert end is not None
    return end["seq"], end["ledger"]


def completed(order: Order, published: Published, seen: list[str]) -> None:
    """Run again and see that everything is as if nothing had happened: readers saw only the run before or the new one, and the
    books have what those of the undisturbed run have, once."""
    state, before = order.state.folder, published.before
    again = run(order)
    assert set(seen) <= {before, again.run_id}
    assert manifest.read(again.folder)["outputs"] == published.clean
    assert shown(state) == again.run_id
    assert sorted(p.name for p in (state / "runs").iterdir()) == sorted([before, again.run_id])
    assert posted(state) == posted(published.done)
    assert "verifies" in verify(state, None, None)

"""A machine that dies, a disk that is full and too little memory, at any moment of a run: readers see the previous results
or the new ones, never a mixture; the next run completes the work and posts nothing twice."""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.counts import SOAK, SoakCount
from tests.pipelines import dying
from tests.pipelines.dying import Published

SEED = 20260320
IN_A_ROW = 3  # a machine that dies while it makes good the death before
TRIALS = 67 if SOAK else 1
FREE_KB = range(0, 960, 40) if SOAK else (256,)  # a run needs a little more than a megabyte
MEMORY = ("4MB", "16MB", "48MB", "64MB", "80MB", "96MB") if SOAK else ("16MB",)
ADDRESS_SPACE_MB = (100, 300, 500, 700, 900, 1100) if SOAK else (300,)


@pytest.fixture(scope="module")
def usual(published: Published, tmp_path_factory: pytest.TempPathFactory) -> float:
    """Seconds that the run takes when nothing happens."""
    return dying.seconds(published.copy(tmp_path_factory.mktemp("usual") / "state"))


@pytest.mark.parametrize("trial", range(TRIALS))
def test_a_kill_at_any_moment_leaves_old_or_new_and_the_rerun_completes(
    trial: int, published: Published, usual: float, tmp_path: Path, soak_count: SoakCount
) -> None:
    soak_count("random_kills", IN_A_ROW)
    order = published.copy(tmp_path / "state")
    draw, seen = random.Random(SEED + trial), list[str]()
    for _ in range(IN_A_ROW):
        dying.killed(order, draw.uniform(0, usual))
        seen.append(dying.shown(order.state.folder))
    dying.completed(order, published, seen)


@contextmanager
def small_disk(at: Path, megabytes: int) -> Iterator[Path]:
    """A file system of its own, in memory. Skips where it cannot be mounted."""
    at.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tongren-test", str(at)], capture_output=True, text=True
    )
    if made.returncode != 0:
        pytest.skip(f"mounting a small file system is not allowed here: {made.stderr.strip()}")
    try:
        yield at
    finally:
        subprocess.run(["umount", "-l", str(at)], check=True)


@pytest.mark.parametrize("free_kb", FREE_KB)
def test_a_full_disk_leaves_the_old_results_and_the_rerun_completes(
    free_kb: int, published: Published, tmp_path: Path, soak_count: SoakCount
) -> None:
    with small_disk(tmp_path / "disk", 32) as disk:
        soak_count("full_disk", 1)
        order = published.copy(disk / "state")
        with (disk / "others_files").open("wb") as others:
            others.write(bytes(shutil.disk_usage(disk).free - 1024 * free_kb))
        code, said = dying.ended(order)
        assert code == 1
        assert "OutOfRoom: no room is left on the disk of" in said
        assert dying.shown(order.state.folder) == published.before
        (disk / "others_files").unlink()
        dying.completed(order, published, [published.before])


@pytest.mark.parametrize("limit", MEMORY)
def test_too_small_a_memory_limit_leaves_old_or_new_and_is_named(
    limit: str, published: Published, tmp_path: Path, soak_count: SoakCount
) -> None:
    soak_count("memory_limit", 1)
    order = published.copy(tmp_path / "state")
    code, said = dying.ended(replace(order, memory_limit=limit))
    assert code == 0 or f"OutOfMemory: the run needs more memory than the {limit}" in said
    seen = dying.shown(order.state.folder)
    dying.completed(order, published, [seen])


@pytest.mark.parametrize("megabytes", ADDRESS_SPACE_MB)
def test_a_machine_without_memory_leaves_old_or_new_and_the_rerun_completes(
    megabytes: int, published: Published, tmp_path: Path, soak_count: SoakCount
) -> None:
    """The limit holds above what the process has mapped at its start, so that it strikes within the run."""
    soak_count("memory_limit", 1)
    order = published.copy(tmp_path / "state")
    dying.ended(order, megabytes << 20)
    seen = dying.shown(order.state.folder)
    dying.completed(order, published, [seen])

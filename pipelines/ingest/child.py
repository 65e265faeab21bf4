"""The parent's side of the reader process: starts it, hands its streams on, and refuses the input when it dies."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

import duckdb
import pyarrow as pa

from data_contracts.contract import contracts
from data_contracts.errors import InputRefused
from pipelines.ingest.sources import SourceFile
from pipelines.reading.wire import receive, send

MEMORY = 8 << 30  # of address space, which allocators and thread stacks reserve far more of than they use
SECONDS = 1800
FILE_SIZE = 0
_KEPT_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "HOME", "LD_LIBRARY_PATH", "VIRTUAL_ENV")

Take = Callable[[SourceFile, pa.RecordBatchReader], None]


def read_all(
    files: Sequence[SourceFile], sources: Path, allow_read: Sequence[Path], take: Take, *, lines: bool = False
) -> None:
    """Hand the rows of every file, in order, to `take`; with `lines` also the CSV lines of bad form. Raises InputRefused with
    the child's fault or `file.crash`."""
    root = str(Path(__file__).parents[2])
    environment = {k: os.environ[k] for k in _KEPT_ENVIRONMENT if k in os.environ}
    environment |= {"PYTHONPATH": root, "OMP_NUM_THREADS": "1"}
    order = {
        "files": [
            {"name": f.name, "path": str(f.path.resolve()), "form": f.form, "columns": contracts()[f.table].names} for f in files
        ],
        "sources": str(sources.resolve()), "allow_read": [str(Path(p).resolve()) for p in allow_read],
        "memory": MEMORY, "seconds": SECONDS, "file_size": FILE_SIZE, "lines": lines,
    }  # fmt: skip
    with subprocess.Popen(
        [sys.executable, "-m", "pipelines.reading"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, cwd=sources,
    ) as child:  # fmt: skip
        assert child.stdin and child.stdout
        try:
            send(child.stdin, order)
            child.stdin.close()
            for file in files:
                _one(child, child.stdout, file, take)
        finally:
            child.kill()


def child_gone(child: subprocess.Popen[bytes]) -> bool:
    """Whether the reader has ended (a dead one is seen within a second)."""
    try:
        child.wait(1)
    except subprocess.TimeoutExpired:
        return False
    return True


def _one(child: subprocess.Popen[bytes], stream: IO[bytes], file: SourceFile, take: Take) -> None:
    _expect(receive(stream), file)
    try:
        with pa.ipc.open_stream(pa.PythonFile(stream, mode="r")) as reader:
            take(file, reader)
    except (pa.ArrowException, OSError, duckdb.Error):
        # A stream that stops in the middle shows up as an error of whoever reads it.
        if child_gone(child):
            raise _died(file) from None
        raise
    _expect(receive(stream), file)
    if not file.same_as_before():
        raise InputRefused("file.race", "changed while it was read", where=file.name)


def _expect(frame: dict[str, object] | None, file: SourceFile) -> None:
    if frame is None:
        raise _died(file)
    if "code" in frame:
        raise InputRefused(str(frame["code"]), str(frame["fault"]), where=file.name)


def _died(file: SourceFile) -> InputRefused:
    return InputRefused("file.crash", "the process that parsed it died or passed its limits", where=file.name)

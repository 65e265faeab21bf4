"""The state folder: books, key, runs and the link to the newest published run; the lock that lets one run in at a time."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from data_contracts.errors import Busy, DiskFault, NotFound


@dataclass(frozen=True)
class State:
    """Paths below one state folder. `books_url` is a PostgreSQL URL, or None for `books.db` in the folder; `held` says that
    whoever has this object holds the folder's lock already."""

    folder: Path
    books_url: str | None = None
    held: bool = False

    @property
    def books(self) -> str:
        """What `casebook.books.open_books` takes."""
        return self.books_url or str(self.folder / "books.db")

    @property
    def runs(self) -> Path:
        """The folder of published runs."""
        return self.folder / "runs"

    @property
    def checkpoints(self) -> Path:
        """Signed checkpoints of the audit chain; copy them to where the books' keeper cannot write."""
        return self.folder / "checkpoints"

    @property
    def vault(self) -> Path:
        """The vault, when it is on: with the token key all that holds secrets."""
        return self.folder / "vault.db"

    @property
    def shelf(self) -> Path:
        """Tokens of files that were read before, under keyed names."""
        return self.folder / "shelf"

    @property
    def mlflow(self) -> Path:
        """Where models are tracked and registered."""
        return self.folder / "mlflow"

    @property
    def current_link(self) -> Path:
        """The relative link to the newest published run."""
        return self.folder / "current"

    def current(self) -> Path:
        """The folder of the newest published run. Raises NotFound when nothing was published yet."""
        if not self.current_link.exists():
            raise NotFound(
                f"nothing is published in {self.folder} yet: run `tongren run --state {self.folder} ...` first"
            )
        return self.current_link.resolve()

    def run_folder(self, run_id: str | None) -> Path:
        """The folder of a published run, the newest when `run_id` is None."""
        if run_id is None:
            return self.current()
        folder = self.runs / run_id
        if not (folder / "manifest.json").exists():
            raise NotFound(f"no run {run_id} in {self.runs}: `tongren runs` lists what is there")
        return folder

    def partial(self, run_id: str) -> Path:
        """A private, empty folder for a run that is not published yet."""
        folder = self.runs / f".{run_id}.partial"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    @contextmanager
    def locked(self) -> Iterator[State]:
        """Hold the state for one run and give it as `held`; raises Busy at once when another run holds it, DiskFault when its
        folder cannot be written.

        A killed run's lock frees itself.
        """
        if self.held:
            yield self
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as fault:
            raise DiskFault(
                f"the state folder {self.folder} cannot be written ({fault.strerror}): check its path, its disk and who may"
                " write there, then run again; nothing was changed"
            ) from None
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Busy(f"another run holds {self.folder}: wait for it to end, then start again") from None
            yield replace(self, held=True)
        finally:
            os.close(handle)

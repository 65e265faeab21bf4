"""A full disk is told as one, even where SQLite only says that it could not write; and never where the disk has room."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

import duckdb
import pytest

from casebook import books as casebook_books
from data_contracts.errors import DiskFault, OutOfRoom
from pipelines import limits


def refusing(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that gives no more room, for the reason of that number."""

    def refuse(*_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "posix_fallocate", refuse)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("words", limits.MAYBE_FULL)
def test_words_that_may_mean_a_full_disk_mean_it_when_it_is(
    words: str, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing(number, monkeypatch)
    with pytest.raises(OutOfRoom, match="no room is left"), limits.named(tmp_path, "2GB"):
        raise sqlite3.OperationalError(words)


def test_a_full_disk_is_told_from_under_the_fault_of_a_library(tmp_path: Path) -> None:
    with pytest.raises(OutOfRoom), limits.named(tmp_path, "2GB"):
        try:
            raise sqlite3.OperationalError("database or disk is full")
        except sqlite3.Error as fault:
            raise RuntimeError("the store of models is temporarily unavailable") from fault


def test_the_same_words_on_a_disk_with_room_name_the_file_and_what_to_check(tmp_path: Path) -> None:
    """The books' log cannot be opened: a folder stands in its place."""
    books = tmp_path / "books.db"
    casebook_books.open_books(str(books)).close()
    (tmp_path / "books.db-wal").unlink(missing_ok=True)
    (tmp_path / "books.db-wal").mkdir()
    with (
        pytest.raises(DiskFault, match=f"of {books}, and its disk takes new data: check"),
        limits.named(tmp_path, "2GB"),
    ):
        casebook_books.open_books(str(books))


@pytest.mark.parametrize(
    ("fault", "file"),
    [(OSError(errno.EIO, os.strerror(errno.EIO), "/data/x.parquet"), "/data/x.parquet"),
     (duckdb.IOException("IO Error: Could not truncate file \"secret\": Input/output error"), "a file in ")],
)  # fmt: skip
def test_a_failing_disk_is_named_and_no_engines_words_are_passed_on(
    fault: Exception, file: str, tmp_path: Path
) -> None:
    with (
        pytest.raises(DiskFault, match=f"^the disk says 'Input/output error' of {file}") as said,
        limits.named(tmp_path, "2GB"),
    ):
        raise fault
    assert "secret" not in str(said.value)


def test_a_folder_that_takes_no_file_for_another_reason_is_told_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing(errno.EROFS, monkeypatch)
    with pytest.raises(DiskFault, match="Read-only file system"), limits.named(tmp_path, "2GB"):
        raise sqlite3.OperationalError("unable to open database file")

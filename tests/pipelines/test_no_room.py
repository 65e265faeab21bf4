"""A full disk is told as one, even where SQLite only says that it could not write."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from types import SimpleNamespace

import pytest

from data_contracts.errors import OutOfRoom
from pipelines import limits


@pytest.mark.parametrize("words", ["disk I/O error", "unable to open database file", "database or disk is full"])
def test_words_that_may_mean_a_full_disk_mean_it_when_it_is(
    words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=4_096))
    with pytest.raises(OutOfRoom, match="no room is left"), limits.named(tmp_path, "2GB"):
        raise sqlite3.OperationalError(words)


def test_the_same_words_on_a_disk_with_room_stay_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError), limits.named(tmp_path, "2GB"):
        raise sqlite3.OperationalError("disk I/O error")

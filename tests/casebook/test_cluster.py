"""Where the tests find PostgreSQL, and that they do not pass over it where everything is required."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.casebook.conftest import program


def test_a_program_off_the_path_is_found_in_the_newest_packaged_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    for version in ("9", "15", "13"):
        (tmp_path / version / "bin").mkdir(parents=True)
        (tmp_path / version / "bin" / "initdb").touch()
    assert program("initdb", tmp_path) == str(tmp_path / "15" / "bin" / "initdb")


def test_the_path_comes_first(tmp_path: Path) -> None:
    assert program("sh", tmp_path) == shutil.which("sh")


def test_a_missing_program_fails_where_everything_is_required(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("TONGREN_REQUIRE_ALL", "1")
    with pytest.raises(pytest.fail.Exception, match="apt-get install postgresql"):
        program("initdb", tmp_path)
    monkeypatch.delenv("TONGREN_REQUIRE_ALL")
    with pytest.raises(pytest.skip.Exception, match="SQLite only"):
        program("initdb", tmp_path)

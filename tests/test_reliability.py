"""The page of promises: a count that was not made anew stays, and a failed test is a violation."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import reliability

PROMISES = {
    "kills": {"promise": "a kill, or none", "test": "tests/a.py", "unit": "kills", "full": 2000},
    "files": {"promise": "a file", "test": "tests/b.py", "unit": "files", "full": 10},
}


def test_what_was_not_counted_here_keeps_the_value_of_the_page() -> None:
    first = reliability.table(PROMISES, {"kills": (3, 0)}, {"kills": (1500, 1)}, {})
    kept = reliability.on_page(first)
    assert kept[("tests/a.py", "kills")] == ("3", "1,500", 1)
    assert reliability.table(PROMISES, {}, {}, kept) == first
    later = reliability.on_page(reliability.table(PROMISES, {"files": (5, 0)}, {"kills": (2000, 0)}, kept))
    assert later == {("tests/a.py", "kills"): ("3", "2,000", 0), ("tests/b.py", "files"): ("5", "not run", 0)}


def test_parts_of_a_soak_add_up_and_a_failed_test_is_a_violation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reliability, "ROOT", tmp_path)
    (tmp_path / "build").mkdir()
    tried = {"kills": {"tests/a.py::one": [3, 0], "tests/a.py::two": [4, 1]}}
    (tmp_path / "build" / "tried.json").write_text(json.dumps(tried), encoding="utf-8")
    assert reliability.counted("tried.json") == {"kills": (7, 1)}
    assert reliability.counted("tried_in_soak.json") == {}

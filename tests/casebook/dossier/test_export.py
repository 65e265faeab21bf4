"""The auditor's folder: whole, checkable without the project, and nothing in it that a spreadsheet would run."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from casebook.books import open_books
from casebook.dossier import export
from casebook.dossier.press import FORMATS
from data_contracts.errors import NotFound
from pipelines.cli import cli


@pytest.fixture
def state(sound_run: Path, facts: Mapping[str, Any], tmp_path: Path) -> Path:
    folder = tmp_path / "state" / "runs" / str(facts["run_id"])
    shutil.copytree(sound_run, folder / "tables", ignore=shutil.ignore_patterns("spill"))
    outbox = {"instruction_id": ["=cmd|' /C calc'!A0"], "kind": ["warn"], "subject_id": ["－1"], "decision_id": ["D1"]}
    dates = {"created_on": pa.array([None], pa.date32()), "reply_by": pa.array([None], pa.date32())}
    pq.write_table(pa.table({**outbox, **dates}), folder / "outbox.parquet")
    (folder / "manifest.json").write_text(json.dumps({**facts, "outputs": {}}), encoding="utf-8")
    (tmp_path / "state" / "current").symlink_to(folder)
    open_books(tmp_path / "state" / "books.db").close()
    return tmp_path / "state"


def test_the_folder_is_whole_and_its_sums_and_books_check_without_the_project(state: Path, tmp_path: Path) -> None:
    out = tmp_path / "audit"
    told = CliRunner().invoke(cli, ["export", "--state", str(state), "--out", str(out)], catch_exceptions=False)
    assert "2 reports" in told.output
    assert {f"P1.{form}" for form in FORMATS} <= {p.name for p in (out / "reports").iterdir()}
    sums = subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=out, check=False)
    books = subprocess.run(
        [sys.executable, "audit_verify.py", "books.db"], cwd=out, capture_output=True, text=True, check=False
    )
    assert (sums.returncode, books.stdout) == (0, "the books verify\n")


def test_formulas_in_tables_are_guarded(state: Path, tmp_path: Path) -> None:
    export.write((state / "current").resolve(), tmp_path / "audit", books=None, formats=())
    with (tmp_path / "audit" / "tables" / "outbox.csv").open(encoding="utf-8", newline="") as handle:
        row = next(csv.DictReader(handle))
    assert (row["instruction_id"], row["subject_id"], row["decision_id"]) == ("'=cmd|' /C calc'!A0", "'－1", "D1")


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="manifest"):
        export.write(tmp_path, tmp_path / "audit", books=None)

"""`verify`: a report, or the run behind it, altered in any way is found."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from casebook import dossier
from casebook.books import open_books
from casebook.dossier.check import identity

FORMATS = ("html", "pdf", "json", "csv")


@pytest.fixture
def runs(sound_run: Path, facts: Mapping[str, Any], tmp_path: Path) -> Path:
    """A published run with its manifest."""
    folder = tmp_path / "runs" / str(facts["run_id"])
    shutil.copytree(sound_run, folder / "tables", ignore=shutil.ignore_patterns("spill"))
    hashes = {
        str(p.relative_to(folder)): {"sha256": hashlib.sha256(p.read_bytes()).hexdigest()}
        for p in folder.rglob("*.parquet")
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps({**facts, "outputs": hashes}), encoding="utf-8")
    return folder.parent


def made(runs: Path, facts: Mapping[str, Any], out: Path, form: str, **kind: Any) -> Path:
    return dossier.write_one(runs / str(facts["run_id"]) / "tables", "P1", out, format=form, run_facts=facts, **kind)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("kind", [{}, {"edition": "promoter", "lang": "en"}])
def test_an_untouched_report_verifies(
    form: str, kind: dict[str, str], runs: Path, facts: Mapping[str, Any], tmp_path: Path
) -> None:
    assert dossier.verify(made(runs, facts, tmp_path / "out", form, **kind), runs=runs) == []


@pytest.mark.parametrize("form", ["html", "json", "csv"])
def test_one_changed_digit_is_found(form: str, runs: Path, facts: Mapping[str, Any], tmp_path: Path) -> None:
    report = made(runs, facts, tmp_path, form)
    target = tmp_path / "P1" / "totals.csv" if form == "csv" else report
    text = target.read_bytes()
    assert b"465.00" in text
    target.write_bytes(text.replace(b"465.00", b"465.01", 1))
    assert "differs first in line" in dossier.verify(report, runs=runs)[0]


def test_one_changed_byte_of_a_pdf_is_found(runs: Path, facts: Mapping[str, Any], tmp_path: Path) -> None:
    report = made(runs, facts, tmp_path, "pdf")
    data = bytearray(report.read_bytes())
    data[len(data) // 2] ^= 1
    report.write_bytes(data)
    assert "differs first" in dossier.verify(report, runs=runs)[0]


def test_a_run_whose_tables_were_altered_together_with_the_report_is_found(
    runs: Path, facts: Mapping[str, Any], tmp_path: Path
) -> None:
    path = runs / str(facts["run_id"]) / "tables" / "settlement" / "statement.parquet"
    table = pq.read_table(path)
    dearer = pc.add(table["rebate_fen"], 100)
    pq.write_table(table.set_column(table.schema.get_field_index("rebate_fen"), "rebate_fen", dearer), path)
    report = made(runs, facts, tmp_path, "json")
    assert dossier.verify(report, runs=runs) == [
        f"tables/settlement/statement.parquet of run {facts['run_id']} was altered: its SHA-256 is not the manifest's"
    ]


def test_a_run_that_the_books_do_not_know_is_found(runs: Path, facts: Mapping[str, Any], tmp_path: Path) -> None:
    report = made(runs, facts, tmp_path, "html")
    open_books(tmp_path / "books.db").close()
    assert dossier.verify(report, runs=runs, books=str(tmp_path / "books.db")) == [
        f"the books know no run {facts['run_id']}"
    ]


def test_a_file_that_names_no_run_is_no_report(tmp_path: Path) -> None:
    page = tmp_path / "a.html"
    page.write_text("<html></html>", encoding="utf-8")
    assert "no evidence report" in dossier.verify(page, runs=tmp_path)[0]
    assert identity(tmp_path / "a.txt") is None


def test_a_run_that_is_not_there_is_named(runs: Path, facts: Mapping[str, Any], tmp_path: Path) -> None:
    report = made(runs, facts, tmp_path, "html")
    shutil.rmtree(runs / str(facts["run_id"]))
    assert "not in runs" in dossier.verify(report, runs=runs)[0]

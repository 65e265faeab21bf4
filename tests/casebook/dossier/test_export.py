"""The auditor's folder: nothing in it that a spreadsheet would run, whole or not there, from books in either database."""

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

from casebook import decisions
from casebook.books import open_books
from casebook.checkpoint import Seal
from casebook.dossier import export
from data_contracts.errors import NotAllowed, NotFound, TableTooOld
from data_contracts.vault import Key
from tests.casebook.conftest import postgres, propose  # noqa: F401 - a fixture
from tests.casebook.dossier.conftest import FACTS, RUN


@pytest.fixture
def run(sound_run: Path, facts: Mapping[str, Any], tmp_path: Path) -> Path:
    """The small run, published in books of its own; in its outbox, from before `reply_by`, formulas."""
    folder = tmp_path / "runs" / RUN.run_id
    shutil.copytree(sound_run, folder / "tables")
    outbox = {"instruction_id": ["=cmd|' /C calc'!A0"], "kind": ["warn"], "subject_id": ["－1"], "decision_id": ["D1"]}
    pq.write_table(pa.table({**outbox, "created_on": pa.array([None], pa.date32())}), folder / "outbox.parquet")
    (folder / "manifest.json").write_text(json.dumps({**facts, "outputs": {}}), encoding="utf-8")
    return folder


def books_with_the_run(where: str, checkpoints: Path) -> str:
    """Books in which the small run stands, sealed; the public key."""
    books, seal = open_books(where), Seal(checkpoints, Key(bytes(range(32))))
    for seq in range(1, RUN.run_seq):
        books.commit(type(RUN)(f"r{seq}", seq, RUN.as_of, RUN.zone), {}, fingerprint=f"{seq}" * 64, models={})
    books.commit(RUN, {}, fingerprint="9c" * 32, models={})
    propose(books, subject_id=f"P{len(decisions.listing(books)) + 1}")
    seal.stamp(books)
    books.close()
    return seal.public_key


def written(run: Path, out: Path, **more: Any) -> Path:
    books = str(run.parents[1] / "books.db")
    books_with_the_run(books, run.parents[1] / "checkpoints")
    export.write(
        run, out, FACTS, **{"books": books, "checkpoints": run.parents[1] / "checkpoints", "formats": (), **more}
    )
    return out


def test_formulas_in_tables_are_guarded_and_a_column_of_later_versions_is_empty(run: Path, tmp_path: Path) -> None:
    out = written(run, tmp_path / "audit")
    with (out / "tables" / "outbox.csv").open(encoding="utf-8", newline="") as handle:
        row = next(csv.DictReader(handle))
    assert (row["instruction_id"], row["subject_id"], row["decision_id"]) == ("'=cmd|' /C calc'!A0", "'－1", "D1")
    assert row["reply_by"] == ""


def test_books_on_a_server_become_a_file_that_the_script_checks_with_python_alone(
    run: Path, tmp_path: Path, postgres: str  # noqa: F811 - the fixture
) -> None:  # fmt: skip
    import psycopg

    with psycopg.connect(postgres.format("postgres"), autocommit=True) as con:
        con.execute("create database auditor template books_template")
    where = postgres.format("auditor")
    key = books_with_the_run(where, tmp_path / "sealed")
    export.write(run, tmp_path / "audit", FACTS, books=where, checkpoints=tmp_path / "sealed", formats=())
    alone = [sys.executable, "-I", "-S", "audit_verify.py", "books.db", "checkpoints", key]
    done = subprocess.run(alone, cwd=tmp_path / "audit", capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.startswith("the books verify; signed up to entry")


def test_what_cannot_be_exported_is_refused_and_leaves_nothing(run: Path, tmp_path: Path) -> None:
    place = tmp_path / "out"
    place.mkdir()
    checkpoints = tmp_path / "checkpoints"
    with pytest.raises(NotFound, match="manifest"):
        export.write(tmp_path, place / "a", FACTS, books=str(tmp_path / "books.db"), checkpoints=checkpoints)
    with pytest.raises(NotFound, match="the books know no run"):
        export.write(run, place / "b", FACTS, books=str(tmp_path / "books.db"), checkpoints=checkpoints)
    old = pq.read_table(run / "outbox.parquet").drop_columns(["kind"])
    pq.write_table(old, run / "outbox.parquet")
    with pytest.raises(TableTooOld, match="was published by an older version: it lacks kind"):
        written(run, place / "c")
    assert list(place.iterdir()) == []
    (place / "mine").mkdir()
    with pytest.raises(NotAllowed, match="never overwrites"):
        written(run, place)
    assert [p.name for p in place.iterdir()] == ["mine"]

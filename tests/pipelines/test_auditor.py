"""`tongren export` of a really published state: an auditor with nothing but Python checks all of it."""

from __future__ import annotations

import csv
import json
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from casebook.checkpoint import Seal
from data_contracts.vault import load_key
from pipelines import manifest
from pipelines.cli import cli
from pipelines.state import State
from tests.pipelines.dying import Published


def export(state: Path, out: Path, *more: str) -> str:
    told = CliRunner().invoke(cli, ["export", "--state", str(state), "--out", str(out), *more])
    return told.output


@pytest.fixture(scope="module")
def folder(published: Published, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The auditor's folder, in every format, by two processes."""
    out = tmp_path_factory.mktemp("auditor") / "audit"
    told = export(published.state, out)
    assert "README.md there says how to check them" in told
    return out


def bare(folder: Path, *words: str) -> tuple[int, str]:
    """What the verifier says in a Python that has its standard library and nothing else."""
    command = [sys.executable, "-I", "-S", "audit_verify.py", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_sums_chain_and_signatures_check_with_python_alone(folder: Path, published: Published) -> None:
    sums = subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=folder, check=False)
    key = Seal(State(published.state).checkpoints, load_key(published.state, {})).public_key
    assert sums.returncode == 0
    code, told = bare(folder, "books.db", "checkpoints", key)
    assert code == 0 and re.fullmatch(r"the books verify; signed up to entry (\d+) of \1\n", told)
    assert "compare the checkpoints' key" in bare(folder, "books.db", "checkpoints")[1]
    assert "without checkpoints" in bare(folder, "books.db")[1]
    code, told = bare(folder, "books.db", "checkpoints", "00" * 32)
    assert code == 1 and "not signed by 0000000000000000" in told


def test_a_changed_amount_is_found_and_a_check_that_could_not_be_made_is_told(folder: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(folder, tmp_path / "copy")
    (copy / "ed25519.py").unlink()
    code, told = bare(copy, "books.db", "checkpoints")
    assert code == 1 and "unchecked, ed25519.py is not here" in told
    with closing(sqlite3.connect(copy / "books.db")) as con, con:
        con.execute("drop trigger run_no_update")
        con.execute("update run set as_of = '2025-01-01'")
    assert "the rows of run are not those that it wrote" in bare(copy, "books.db")[1]


def test_the_folder_holds_what_its_readme_names_and_an_index_that_leads_to_every_report(folder: Path) -> None:
    named = [
        line.split("`")[1] for line in (folder / "README.md").read_text(encoding="utf-8").splitlines() if "| `" in line
    ]
    assert {p.name for p in folder.iterdir()} - {"README.md"} == {n.rstrip("/") for n in named}
    reports = {p.name for p in (folder / "reports").iterdir() if p.is_file()} - {"index.html"}
    index = (folder / "reports" / "index.html").read_text(encoding="utf-8")
    assert reports and [r for r in reports if f'href="{r}"' not in index] == []


def test_a_run_older_than_a_column_is_exported_with_the_column_empty(published: Published, tmp_path: Path) -> None:
    state = shutil.copytree(published.state, tmp_path / "state", symlinks=True)
    run = State(state).current()
    lacking = [p for p in run.rglob("*.parquet") if "reply_by" in pq.read_schema(p).names]
    for path in lacking:
        pq.write_table(pq.read_table(path).drop_columns(["reply_by"]), path)
    assert run / "outbox.parquet" in lacking
    assert "does not verify" in export(state, tmp_path / "altered", "--format", "json")
    manifest.write(run, {**manifest.read(run), "outputs": manifest.of_outputs(run)})
    export(state, tmp_path / "audit", "--format", "json")
    with (tmp_path / "audit" / "tables" / "outbox.csv").open(encoding="utf-8", newline="") as handle:
        assert "reply_by" in (csv.DictReader(handle).fieldnames or ())
    assert json.loads((tmp_path / "audit" / "manifest.json").read_text(encoding="utf-8"))["run_id"] == run.name
    assert not (tmp_path / "altered").exists()


def test_every_report_of_the_command_line_verifies_with_its_place_in_the_chain(
    published: Published, tmp_path: Path
) -> None:
    state, out = ["--state", str(published.state)], tmp_path / "out"
    done = CliRunner().invoke(
        cli, ["report", "--all", *state, "--out", str(out), "--format", "json", "--format", "csv"]
    )
    assert done.output.split() == [str(out / "index.html")]
    newest = State(published.state).current()
    told = [json.loads(p.read_text(encoding="utf-8")) for p in sorted(out.glob("*.json"))]
    assert {t["chain"]["entry"] for t in told} == {1}
    assert {tuple(t["versions"]["documents"]) for t in told} == {()}
    assert len(list(out.glob("*.csv"))) == len(list((newest / "reports").glob("A*.html")))
    for path in [*sorted(out.glob("A*.*"))[:2], *sorted((newest / "reports").glob("A*.html"))[:1]]:
        checked = CliRunner().invoke(cli, ["verify", *state, str(path)])
        assert "signed, unbroken chain" in checked.output, checked.output

"""`verify`: a report, or the run behind it, altered in any way is found."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from casebook import dossier
from casebook.books import open_books
from casebook.checkpoint import Seal
from casebook.dossier import position
from casebook.dossier.check import Evidence, identity
from data_contracts.run import Run
from data_contracts.vault import Key
from tests.casebook.conftest import clock
from tests.casebook.dossier.conftest import RUN
from tests.counts import SOAK, SoakCount

FORMATS = ("html", "pdf", "json", "csv")


@pytest.fixture
def published(sound_run: Path, facts: Mapping[str, Any], tmp_path: Path) -> Evidence:
    """The small run, published: its folder, the books in which it stands and a signed checkpoint over them."""
    folder = tmp_path / "runs" / RUN.run_id
    shutil.copytree(sound_run, folder / "tables")
    hashes = {
        str(p.relative_to(folder)): {"sha256": hashlib.sha256(p.read_bytes()).hexdigest()}
        for p in folder.rglob("*.parquet")
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps({**facts, "outputs": hashes}), encoding="utf-8")
    books, seal = open_books(tmp_path / "books.db", clock()), Seal(tmp_path / "checkpoints", Key(bytes(range(32))))
    for seq in range(1, RUN.run_seq):
        books.commit(Run(f"r{seq}", seq, RUN.as_of, RUN.zone), {}, fingerprint=str(seq), models={})
    recorded = hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
    books.commit(RUN, {}, fingerprint="9c", models={}, manifest=recorded)
    seal.stamp(books)
    books.note("li", "looked", "P1", "after the run")
    books.close()
    return Evidence(folder.parent, str(tmp_path / "books.db"), seal.folder, seal.public_key, replayed)


def replayed(folder: Path) -> list[dict[str, Any]]:
    """What other rule documents would have come to."""
    changes = {"P1": [{"month": "2026-01", "clause": "4.1", "change_fen": -2_700}]}
    about = {"document_id": "detail-2025", "level": "detail", "effective_from": "2025-01-01"}
    return [{"which": "previous", **about, "changes": changes}]


def made(by: Evidence, facts: Mapping[str, Any], out: Path, form: str, **kind: Any) -> Path:
    """A report of the published run with its place in the audit chain."""
    books = open_books(str(by.books))
    chain = position.of(books, RUN.run_id, by.checkpoints)
    books.close()
    run_facts = {**facts, "chain": chain, "versions": replayed(by.runs)}
    return dossier.write_one(by.runs / RUN.run_id / "tables", "P1", out, format=form, run_facts=run_facts, **kind)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("kind", [{}, {"edition": "promoter", "lang": "en"}])
def test_an_untouched_report_verifies(
    form: str, kind: dict[str, str], published: Evidence, facts: Mapping[str, Any], tmp_path: Path
) -> None:
    assert dossier.verify(made(published, facts, tmp_path / "out", form, **kind), published) == []


@pytest.mark.parametrize("form", FORMATS)
def test_a_digit_changed_anywhere_is_found(
    form: str, published: Evidence, facts: Mapping[str, Any], tmp_path: Path, soak_count: SoakCount
) -> None:
    positions = 50 if SOAK else 3
    soak_count("report_digits", positions)
    report = made(published, facts, tmp_path, form)
    dice = random.Random(form)
    targets = [report, *sorted(report.with_suffix("").glob("*.csv"))] if form == "csv" else [report]
    for _ in range(positions):
        target = dice.choice(targets)
        whole = target.read_bytes()
        places = [n for n, byte in enumerate(whole) if chr(byte).isdecimal()]
        place = dice.choice(places) if form != "pdf" else dice.randrange(len(whole))
        changed = bytearray(whole)
        changed[place] = ord("0") + (whole[place] + dice.randint(1, 9)) % 10
        changed[place] ^= changed[place] == whole[place]
        target.write_bytes(changed)
        assert dossier.verify(report, published), f"byte {place} of {target.name} was {whole[place : place + 1]!r}"
        target.write_bytes(whole)


def test_a_table_added_to_a_report_is_found(published: Evidence, facts: Mapping[str, Any], tmp_path: Path) -> None:
    report = made(published, facts, tmp_path, "csv")
    (report.with_suffix("") / "more.csv").write_text("promoter_id\nP1\n", encoding="utf-8")
    assert dossier.verify(report, published) == ["more.csv in P1 is no table of this report"]


def test_the_report_names_its_entry_and_the_signature_over_it(
    published: Evidence, facts: Mapping[str, Any], tmp_path: Path
) -> None:
    chain = json.loads(made(published, facts, tmp_path, "json").read_text(encoding="utf-8"))["chain"]
    point = json.loads((published.checkpoints / "000000000003.json").read_text(encoding="utf-8"))
    assert (chain["entry"], chain["checkpoint"], chain["entry_hash"]) == (3, 3, point["body"]["head"])
    assert (chain["signature"], chain["merkle_root"]) == (point["signature"], point["body"]["merkle"])
    page = made(published, facts, tmp_path, "html", lang="en").read_text(encoding="utf-8")
    assert chain["signature"] in page and "Place in the audit chain" in page
    assert [f for f in dossier.verify(tmp_path / "P1.html", Evidence(published.runs)) if "no books" in f]


def test_a_forged_checkpoint_an_altered_manifest_and_a_broken_chain_are_found(
    published: Evidence, facts: Mapping[str, Any], tmp_path: Path
) -> None:
    report = made(published, facts, tmp_path, "json")
    point = published.checkpoints / "000000000003.json"
    kept = point.read_text(encoding="utf-8")
    point.write_text(kept.replace('"postings": 0', '"postings": 1'), encoding="utf-8")
    assert any("not signed" in f for f in dossier.verify(report, published))
    point.unlink()
    assert any("is not what its run makes" in f for f in dossier.verify(report, published))
    point.write_text(kept, encoding="utf-8")
    manifest = published.runs / RUN.run_id / "manifest.json"
    said = manifest.read_text(encoding="utf-8")
    manifest.write_text(said + " ", encoding="utf-8")
    assert dossier.verify(report, published) == [
        f"manifest.json of run {RUN.run_id} was altered: its SHA-256 is not the one in the books"
    ]
    manifest.write_text(said, encoding="utf-8")
    with closing(sqlite3.connect(str(published.books))) as con, con:
        con.execute("drop trigger audit_no_update")
        con.execute("update audit set actor = 'nobody' where seq = 4")
    assert any("entry 4" in f for f in dossier.verify(report, published))


def test_the_page_that_the_run_itself_wrote_verifies_without_a_place_in_the_chain(
    published: Evidence, facts: Mapping[str, Any], tmp_path: Path
) -> None:
    tables = published.runs / RUN.run_id / "tables"
    dossier.write_all(tables, tmp_path / "own", facts)
    assert dossier.verify(tmp_path / "own" / "P1.html", published) == []


def test_a_run_whose_tables_were_altered_together_with_the_report_is_found(
    published: Evidence, facts: Mapping[str, Any], tmp_path: Path
) -> None:
    path = published.runs / RUN.run_id / "tables" / "settlement" / "statement.parquet"
    table = pq.read_table(path)
    dearer = pc.add(table["rebate_fen"], 100)
    pq.write_table(table.set_column(table.schema.get_field_index("rebate_fen"), "rebate_fen", dearer), path)
    report = made(published, facts, tmp_path, "json")
    assert dossier.verify(report, published) == [
        f"tables/settlement/statement.parquet of run {facts['run_id']} was altered: its SHA-256 is not the manifest's"
    ]


def test_a_run_that_the_books_do_not_know_is_found(
    published: Evidence, facts: Mapping[str, Any], tmp_path: Path
) -> None:
    report = dossier.write_one(published.runs / RUN.run_id / "tables", "P1", tmp_path, format="html", run_facts=facts)
    open_books(tmp_path / "other.db").close()
    by = Evidence(published.runs, str(tmp_path / "other.db"), tmp_path / "none")
    assert dossier.verify(report, by) == [f"the books know no run {RUN.run_id}"]


def test_a_file_that_names_no_run_is_no_report(tmp_path: Path) -> None:
    page = tmp_path / "a.html"
    page.write_text("<html></html>", encoding="utf-8")
    assert "no evidence report" in dossier.verify(page, Evidence(tmp_path))[0]
    assert identity(tmp_path / "a.txt") is None


def test_a_run_that_is_not_there_is_named(published: Evidence, facts: Mapping[str, Any], tmp_path: Path) -> None:
    report = made(published, facts, tmp_path, "html")
    shutil.rmtree(published.runs / RUN.run_id)
    assert "not in runs" in dossier.verify(report, published)[0]

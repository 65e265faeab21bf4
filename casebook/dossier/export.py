"""A folder for an auditor: reports in every format, the run's tables as CSV, the books, and what checks them without us.

`tongren export --state state --out audit-2026-03`
"""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from casebook import audit_verify, backup
from casebook.books import open_books
from casebook.dossier import batch, page
from casebook.dossier.press import FORMATS
from data_contracts.contract import Contract, of_stage
from data_contracts.errors import NotAllowed, NotFound
from data_contracts.warehouse import connect, published

VERIFIER = Path(audit_verify.__file__)
README = Path(page.TEMPLATES) / "auditor_readme.md"
# What data_contracts.sheet.guarded does, for whole tables.
GUARD = r"""
create macro guarded(x) as
    case when regexp_matches(x, '^[ \x{a0}\x{3000}]*[=+\-@\t\r\n\x{0}\x{ff1d}\x{ff0b}\x{ff0d}\x{ff20}]') then chr(39) || x else x end
"""


def write(
    run: Path,
    out: Path,
    facts: Mapping[str, Any],
    *,
    books: str,
    checkpoints: Path,
    formats: Sequence[str] = FORMATS,
    processes: int = 1,
) -> int:
    """Write the auditor's folder of one published run; how many promoters it holds reports of.

    `facts` are those of the run's manifest and what is known after it; `books` is a file or URL. The folder appears when it
    is whole. Raises NotFound for what is no published run or is not in the books, NotAllowed when `out` holds something,
    TableTooOld for a run that this version cannot read.
    """
    if not (run / "manifest.json").exists():
        raise NotFound(f"{run} is no published run: it has no manifest")
    if out.exists() and any(out.iterdir()):
        raise NotAllowed(f"{out} holds something: an export never overwrites, give a folder that is not there")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as scratch:
        part = Path(scratch) / out.name
        part.mkdir()
        reports = _fill(part, run, facts, books, checkpoints, tuple(formats), processes)
        part.rename(out)
    return reports


def _fill(
    out: Path, run: Path, facts: Mapping[str, Any], books: str, checkpoints: Path, formats: tuple[str, ...], processes: int
) -> int:  # fmt: skip
    _books(books, str(facts["run_id"]), out / "books.db")
    if checkpoints.is_dir():
        shutil.copytree(checkpoints, out / "checkpoints", ignore=shutil.ignore_patterns("*.part"))
    _tables(run, out / "tables")
    order = batch.Order(run / "tables", out / "reports", facts, formats)
    reports = len({path.stem for path in batch.write(order, processes)[:-1]})
    for path in (run / "manifest.json", VERIFIER, VERIFIER.with_name("ed25519.py")):
        shutil.copy(path, out / path.name)
    shutil.copy(README, out / "README.md")
    _sums(out)
    return reports


def _tables(run: Path, out: Path) -> None:
    """The run's result tables as CSV, text that a spreadsheet would take for a formula guarded."""
    out.mkdir(exist_ok=True)
    con = connect([run, out])
    try:
        con.execute(GUARD)
        for contract in of_stage("results"):
            path = run / f"{contract.table}.parquet"
            if path.exists():
                published(con, path, contract).create_view("given", replace=True)
                con.sql(f"select {_columns(contract)} from given").write_csv(str(out / f"{contract.table}.csv"))
    finally:
        con.close()


def _columns(contract: Contract) -> str:
    return ", ".join(
        f'guarded("{c.name}") as "{c.name}"' if c.duck == "VARCHAR" else f'"{c.name}"' for c in contract.columns
    )


def _books(where: str, run_id: str, copy: Path) -> None:
    """A consistent, verified copy of the books as a SQLite file, also while somebody writes, and from a server."""
    books = open_books(where)
    try:
        if run_id not in books.run_ids():
            raise NotFound(f"the books know no run {run_id}: give the --books that belong to this state")
        if books.dialect.audited is audit_verify.SQLITE:
            backup.take(Path(where), copy)
        else:
            backup.as_file(books, copy)
    finally:
        books.close()
    with closing(sqlite3.connect(copy)) as con:  # so that it can be read where nothing can be written beside it
        con.execute("pragma journal_mode = delete")


def _sums(folder: Path) -> None:
    """SHA256SUMS over all files, as `sha256sum --check` reads them."""
    lines = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and p.name != "SHA256SUMS"):
        with path.open("rb") as handle:
            lines.append(
                f"{hashlib.file_digest(handle, 'sha256').hexdigest()}  {path.relative_to(folder).as_posix()}\n"
            )
    (folder / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")

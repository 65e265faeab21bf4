"""A folder for an auditor: reports in every format, the run's tables as CSV, the books, and what checks them without us.

`tongren export --state state --out audit-2026-03`
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from casebook import audit_verify
from casebook.dossier import batch, page
from casebook.dossier.press import FORMATS
from data_contracts.contract import Contract, of_stage
from data_contracts.errors import NotFound
from data_contracts.warehouse import connect

README = Path(page.TEMPLATES) / "auditor_readme.md"
# What data_contracts.sheet.guarded does, for whole tables.
GUARD = r"""
create macro guarded(x) as
    case when regexp_matches(x, '^[ \x{a0}\x{3000}]*[=+\-@\t\r\n\x{0}\x{ff1d}\x{ff0b}\x{ff0d}\x{ff20}]') then chr(39) || x else x end
"""


def write(run: Path, out: Path, *, books: Path | None, formats: Sequence[str] = FORMATS, processes: int = 1) -> int:
    """Write the auditor's folder of one published run; how many reports it holds. `books` is a SQLite file, if there is one."""
    if not (run / "manifest.json").exists():
        raise NotFound(f"{run} is no published run: it has no manifest")
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    out.mkdir(parents=True, exist_ok=True)
    shutil.copy(run / "manifest.json", out / "manifest.json")
    order = batch.Order(run / "tables", out / "reports", manifest, tuple(formats))
    reports = len({path.stem for path in batch.write(order, processes)[:-1]})
    _tables(run, out / "tables")
    if books is not None and books.exists():
        _books(books, out / "books.db")
    shutil.copy(Path(audit_verify.__file__), out / "audit_verify.py")
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
                con.read_parquet(str(path)).create_view("given", replace=True)
                con.sql(f"select {_columns(contract)} from given").write_csv(str(out / f"{contract.table}.csv"))
    finally:
        con.close()


def _columns(contract: Contract) -> str:
    return ", ".join(
        f'guarded("{c.name}") as "{c.name}"' if c.duck == "VARCHAR" else f'"{c.name}"' for c in contract.columns
    )


def _books(source: Path, target: Path) -> None:
    """A consistent copy of the books, also while somebody writes."""
    target.unlink(missing_ok=True)
    have, copy = sqlite3.connect(f"file:{source}?mode=ro", uri=True), sqlite3.connect(target)
    try:
        have.backup(copy)
    finally:
        copy.close()
        have.close()


def _sums(folder: Path) -> None:
    """SHA256SUMS over all files, as `sha256sum --check` reads them."""
    lines = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and p.name != "SHA256SUMS"):
        with path.open("rb") as handle:
            lines.append(
                f"{hashlib.file_digest(handle, 'sha256').hexdigest()}  {path.relative_to(folder).as_posix()}\n"
            )
    (folder / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")

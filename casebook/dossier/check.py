"""Checks a report by making it again: from the run that it names, in its own format, edition and languages, to the byte.

Also: the run's tables are those of its manifest, the run stands in the books, and the books' audit chain is unbroken.
"""

from __future__ import annotations

import hashlib
import html
import importlib.metadata
import json
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from casebook import books as casebook_books
from casebook.dossier.press import write_one
from data_contracts.errors import NotFound

_META = re.compile(r'<meta name="tongren-(\w+)" content="([^"]*)">')
_PDF = re.compile(rb"<dc:description>.*?<rdf:li[^>]*>(\{.*?\})</rdf:li>", re.DOTALL)


@dataclass(frozen=True)
class Identity:
    """What a report says it is."""

    run_id: str
    promoter_id: str
    edition: str
    lang: str | None


def verify(
    report: Path, *, runs: Path, books: str | None = None, run_facts: Mapping[str, Any] | None = None
) -> list[str]:
    """Every fault found, one sentence each; empty when the report is what its run makes.

    `runs` holds the published runs, `books` is a file or URL; `run_facts` adds to the facts of the run's manifest.
    """
    said = identity(report)
    if said is None:
        return [f"{report.name} does not say which run made it: it is no evidence report, or its head was altered"]
    folder = runs / said.run_id
    if "/" in said.run_id or not (folder / "manifest.json").exists():
        return [f"{report.name} names run {said.run_id}, which is not in {runs.name}"]
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    here = importlib.metadata.version("tongren")
    if manifest.get("code", here) != here:
        return [
            f"{report.name} was made by version {manifest['code']}, this is {here}: verify it with the version that made it"
        ]
    faults = _tables(folder, manifest)
    if faults:  # what altered tables would make proves nothing
        return faults
    faults = _again(report, said, folder / "tables", {**manifest, **(run_facts or {})})
    return faults + (_books(books, said.run_id) if books is not None else [])


def identity(report: Path) -> Identity | None:
    """Run, promoter, edition and language as the file itself names them; None when it names none."""
    read = {".html": _of_html, ".pdf": _of_pdf, ".json": _of_json, ".csv": _of_csv}.get(report.suffix)
    said = read(report) if read else {}
    if not {"run_id", "promoter_id", "edition"} <= said.keys():
        return None
    return Identity(said["run_id"], said["promoter_id"], said["edition"], said.get("lang") or None)


def _of_html(path: Path) -> dict[str, str]:
    said = {k: html.unescape(v) for k, v in _META.findall(path.read_text(encoding="utf-8", errors="replace"))}
    names = {"run": "run_id", "promoter": "promoter_id", "edition": "edition", "langs": "lang"}
    found = {names[k]: v for k, v in said.items() if k in names}
    return {**found, "lang": "" if " " in found.get("lang", "") else found.get("lang", "")}


def _of_pdf(path: Path) -> dict[str, str]:
    found = _PDF.search(path.read_bytes())
    return _told(html.unescape(found.group(1).decode("utf-8", errors="replace"))) if found else {}


def _of_json(path: Path) -> dict[str, str]:
    return _told(path.read_text(encoding="utf-8", errors="replace"), "report")


def _of_csv(path: Path) -> dict[str, str]:
    last = path.read_text(encoding="utf-8", errors="replace").rstrip().splitlines()[-1:]
    found = re.fullmatch(r'facts,"(\{.*\})",,\w+', last[0]) if last else None
    return _told(found.group(1).replace('""', '"')) if found else {}


def _told(text: str, inside: str | None = None) -> dict[str, str]:
    try:
        said = json.loads(text)
    except json.JSONDecodeError:
        return {}
    said = said.get(inside) if inside and isinstance(said, dict) else said
    return {k: v for k, v in said.items() if isinstance(v, str)} if isinstance(said, dict) else {}


def _again(report: Path, said: Identity, tables: Path, facts: Mapping[str, Any]) -> list[str]:
    with tempfile.TemporaryDirectory() as scratch:
        try:
            made = write_one(
                tables, said.promoter_id, Path(scratch), format=report.suffix[1:], edition=said.edition, lang=said.lang,
                run_facts=facts,
            )  # fmt: skip
        except NotFound as unknown:
            return [str(unknown)]
        faults = _difference(report, made)
        if report.suffix == ".csv":
            for table in sorted(made.with_suffix("").glob("*.csv")):
                faults += _difference(report.parent / made.stem / table.name, table)
        return faults


def _difference(given: Path, made: Path) -> list[str]:
    if not given.exists():
        return [f"{given.name} is missing"]
    have, want = given.read_bytes(), made.read_bytes()
    if have == want:
        return []
    place = next((n for n, (a, b) in enumerate(zip(have, want, strict=False)) if a != b), min(len(have), len(want)))
    line = have[:place].count(b"\n") + 1
    return [f"{given.name} is not what its run makes: it differs first in line {line}, byte {place}"]


def _tables(folder: Path, manifest: Mapping[str, Any]) -> list[str]:
    """Work tables that are not those of the manifest."""
    faults = []
    for name, about in sorted(manifest.get("outputs", {}).items()):
        if name.startswith("tables/"):
            path = folder / name
            if not path.exists():
                faults.append(f"{name} of run {folder.name} is missing")
                continue
            with path.open("rb") as handle:
                if hashlib.file_digest(handle, "sha256").hexdigest() != about["sha256"]:
                    faults.append(f"{name} of run {folder.name} was altered: its SHA-256 is not the manifest's")
    return faults


def _books(where: str, run_id: str) -> list[str]:
    books = casebook_books.open_books(where)
    try:
        faults = list(books.audit_faults())
        if run_id not in books.run_ids():
            faults.append(f"the books know no run {run_id}")
        return faults
    finally:
        books.close()

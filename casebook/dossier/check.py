"""Checks a report by making it again: from the run that it names, in its own format, edition and languages, to the byte.

Also: the run's tables are those of its manifest, the manifest is the one that the books recorded, the audit chain is
unbroken and every checkpoint is signed. So each digit of a report is held to the run, and the run to the chain.
"""

from __future__ import annotations

import hashlib
import html
import importlib.metadata
import json
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from casebook.books import Books, open_books
from casebook.dossier import position
from casebook.dossier.press import write_one
from data_contracts.errors import NotFound, UsageError

_META = re.compile(r'<meta name="tongren-(\w+)" content="([^"]*)">')
_PDF = re.compile(rb"<dc:description>.*?<rdf:li[^>]*>(\{.*?\})</rdf:li>", re.DOTALL)


@dataclass(frozen=True)
class Identity:
    """What a report says it is. `chain` names entry and checkpoint, `versions` whether other rule documents were tried."""

    run_id: str
    promoter_id: str
    edition: str
    lang: str | None
    chain: str
    versions: str


@dataclass(frozen=True)
class Evidence:
    """What a report is checked against: the published runs, the books (file or URL), the checkpoints and their key.

    `replay` makes the outcome under other rule documents of a run folder again.
    """

    runs: Path
    books: str | None = None
    checkpoints: Path = Path("checkpoints")
    public_key: str | None = None
    replay: Callable[[Path], Any] | None = None


def verify(report: Path, by: Evidence) -> list[str]:
    """Every fault found, one sentence each; empty when the report is what its run makes."""
    said = identity(report)
    if said is None:
        return [f"{report.name} does not say which run made it: it is no evidence report, or its head was altered"]
    folder = by.runs / said.run_id
    if "/" in said.run_id or not (folder / "manifest.json").exists():
        return [f"{report.name} names run {said.run_id}, which is not in {by.runs.name}"]
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    here = importlib.metadata.version("tongren")
    if manifest.get("code", here) != here:
        return [
            f"{report.name} was made by version {manifest['code']}, this is {here}: verify it with the version that made it"
        ]
    faults = _tables(folder, manifest)
    if faults:  # what altered tables would make proves nothing
        return faults
    if by.books is None:
        return [*_unchecked(report, said), *_again(report, said, folder / "tables", manifest)]
    books = open_books(by.books)
    try:
        faults = [*books.audit_faults(by.checkpoints, by.public_key), *position.manifest_faults(books, folder)]
        return [*_again(report, said, folder / "tables", {**manifest, **_later(said, folder, books, by)}), *faults]
    finally:
        books.close()


def _unchecked(report: Path, said: Identity) -> list[str]:
    """What cannot be checked without the books."""
    return [f"{report.name} names its place in the audit chain, and no books were given"] if said.chain else []


def _later(said: Identity, folder: Path, books: Books, by: Evidence) -> dict[str, Any]:
    """The facts that a run's own page does not have yet."""
    later: dict[str, Any] = {}
    if said.chain:
        number = said.chain.partition("/")[2]
        sealed = int(number) if number.isdecimal() else 0
        later["chain"] = position.of(books, said.run_id, by.checkpoints, checkpoint=sealed)
    if said.versions and by.replay is not None:
        later["versions"] = by.replay(folder)
    return later


def identity(report: Path) -> Identity | None:
    """What the file itself says it is; None when it does not say."""
    read = {".html": _of_html, ".pdf": _of_pdf, ".json": _of_json, ".csv": _of_csv}.get(report.suffix)
    said = read(report) if read else {}
    if not {"run_id", "promoter_id", "edition"} <= said.keys():
        return None
    more = said.get("lang") or None, said.get("chain", ""), said.get("versions", "")
    return Identity(said["run_id"], said["promoter_id"], said["edition"], *more)


def _of_html(path: Path) -> dict[str, str]:
    return {k: html.unescape(v) for k, v in _META.findall(path.read_text(encoding="utf-8", errors="replace"))}


def _of_pdf(path: Path) -> dict[str, str]:
    found = _PDF.search(path.read_bytes())
    return _told(html.unescape(found.group(1).decode("utf-8", errors="replace"))) if found else {}


def _of_json(path: Path) -> dict[str, str]:
    return _told(path.read_text(encoding="utf-8", errors="replace"), "integrity", "identity")


def _of_csv(path: Path) -> dict[str, str]:
    last = path.read_text(encoding="utf-8", errors="replace").rstrip().splitlines()[-1:]
    found = re.fullmatch(r'facts,"(\{.*\})",,\w+', last[0]) if last else None
    return _told(found.group(1).replace('""', '"')) if found else {}


def _told(text: str, *inside: str) -> dict[str, str]:
    try:
        said = json.loads(text)
    except json.JSONDecodeError:
        return {}
    for name in inside:
        said = said.get(name) if isinstance(said, dict) else None
    return {k: v for k, v in said.items() if isinstance(v, str)} if isinstance(said, dict) else {}


def _again(report: Path, said: Identity, tables: Path, facts: Mapping[str, Any]) -> list[str]:
    with tempfile.TemporaryDirectory() as scratch:
        try:
            made = write_one(
                tables, said.promoter_id, Path(scratch), format=report.suffix[1:], edition=said.edition, lang=said.lang,
                run_facts=facts,
            )  # fmt: skip
        except (NotFound, UsageError) as unknown:
            return [f"{report.name} does not name what made it: {unknown}"]
        faults = _difference(report, made)
        if report.suffix == ".csv":
            wanted = {table.name: table for table in made.with_suffix("").glob("*.csv")}
            beside = report.parent / made.stem
            faults += [f for name in sorted(wanted) for f in _difference(beside / name, wanted[name])]
            added = sorted(p.name for p in beside.glob("*") if p.name not in wanted)
            faults += [f"{name} in {beside.name} is no table of this report" for name in added]
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

"""Writes one report to a file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from casebook.dossier import page, paper, sheets
from casebook.dossier.editions import for_promoter
from casebook.dossier.facts import Facts, gather
from casebook.dossier.reasons import Reasons
from casebook.dossier.reasons import load as load_reasons
from casebook.dossier.source import Source
from casebook.dossier.wording import LANGS
from data_contracts.errors import UsageError

FORMATS = ("html", "pdf", "json", "csv")
LONGEST_NAME = 120
REASONS = Path(__file__).parents[2] / "rulebook" / "reasons.yaml"  # read as data


def file_name(promoter_id: str) -> str:
    """A file name for any promoter id: letters, digits and `._-` stay, the rest is percent-encoded, long names end in a hash."""
    name = quote(promoter_id, safe="")
    if name.startswith(".") or name == "index":
        name = f"%{ord(name[0]):02X}{name[1:]}"
    if len(name) > LONGEST_NAME:
        name = f"{name[: LONGEST_NAME - 17].rstrip('%')}-{hashlib.sha256(promoter_id.encode()).hexdigest()[:16]}"
    return name


def path_of(out: Path, promoter_id: str, format: str) -> Path:
    """Where a promoter's report in a format stands in a folder of reports."""
    return out / f"{file_name(promoter_id)}.{format}"


def reasons_of(run_facts: Mapping[str, Any]) -> Reasons:
    """The reason codes from the file that `run_facts["reasons"]` names, else from the rulebook's."""
    return load_reasons(Path(run_facts.get("reasons") or REASONS))


def write_one(
    tables: Path, promoter_id: str, out: Path, *, format: str = "html", edition: str = "internal",
    lang: str | None = None, run_facts: Mapping[str, Any],
) -> Path:  # fmt: skip
    """One promoter's report in one format; the path of the file. `lang` None means both (HTML) or Chinese (PDF).

    Raises NotFound for an account that the run does not know, UsageError for an unknown format, edition or language.
    """
    check(format, edition, lang)
    with Source(tables, run_facts, only=promoter_id) as source:
        facts = gather(next(source.bundles([promoter_id])), run_facts)
    out.mkdir(parents=True, exist_ok=True)
    return press(facts, path_of(out, promoter_id, format), format, edition, lang, reasons_of(run_facts))


def press(facts: Facts, path: Path, format: str, edition: str, lang: str | None, reasons: Reasons) -> Path:
    """Write the facts of the internal edition to `path` as `format`, in the edition asked for."""
    if edition == "promoter":
        facts = for_promoter(facts, reasons)
    if format == "csv":
        return sheets.write_csv(facts, path)
    if format == "pdf":
        path.write_bytes(paper.render(facts, lang or LANGS[0], reasons))
    elif format == "json":
        path.write_text(sheets.to_json(facts), encoding="utf-8", newline="\n")
    else:
        langs = LANGS if lang is None else (lang,)
        path.write_text(page.render(facts, langs, reasons), encoding="utf-8", newline="\n")
    return path


def check(format: str, edition: str, lang: str | None) -> None:
    """Raises UsageError for a format, edition or language that no report has."""
    _known("format", format, FORMATS)
    _known("edition", edition, ("internal", "promoter"))
    _known("lang", lang, (*LANGS, None))


def _known(what: str, given: str | None, allowed: tuple[str | None, ...]) -> None:
    if given not in allowed:
        raise UsageError(f"{given} is no {what} of a report; choose one of {', '.join(a for a in allowed if a)}")

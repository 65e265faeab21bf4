"""Writes reports to files."""

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
from casebook.dossier.source import ALL_LINES, LINES_ON_PAPER, Source
from casebook.dossier.wording import LANGS
from data_contracts.errors import UsageError

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


def reasons_of(run_facts: Mapping[str, Any]) -> Reasons:
    """The reason codes from the file that `run_facts["reasons"]` names, else from the rulebook's."""
    return load_reasons(Path(run_facts.get("reasons") or REASONS))


def write_all(tables: Path, out: Path, run_facts: Mapping[str, Any]) -> list[Path]:
    """HTML reports (internal, both languages) of every promoter concerned, and `index.html`; the paths written.

    `tables` holds `<stage>/<table>.parquet`; `run_facts` needs run_id, run_seq, as_of and zone, and may hold the other
    entries of the manifest and `reasons`, the path of the reason codes.
    """
    out.mkdir(parents=True, exist_ok=True)
    reasons = reasons_of(run_facts)
    written, entries = [], []
    with Source(tables, run_facts) as source:
        for bundle in source.bundles():
            facts = gather(bundle, run_facts)
            path = out / f"{file_name(bundle.promoter_id)}.html"
            path.write_text(page.render(facts, LANGS, reasons), encoding="utf-8", newline="\n")
            written.append(path)
            entries.append(_entry(facts, path.name))
    entries.sort(key=lambda e: (-e["at_stake_fen"], e["promoter_id"]))
    about = {k: str(run_facts[k]) for k in ("run_id", "as_of", "zone")}
    listing = out / "index.html"
    listing.write_text(page.index(entries, about), encoding="utf-8", newline="\n")
    return [*written, listing]


def write_one(
    tables: Path, promoter_id: str, out: Path, *, format: str = "html", edition: str = "internal",
    lang: str | None = None, run_facts: Mapping[str, Any],
) -> Path:  # fmt: skip
    """One promoter's report in one format; the path of the file. `lang` None means both (HTML) or Chinese (PDF).

    Raises NotFound for an account that the run does not know, UsageError for an unknown format, edition or language.
    """
    _known("format", format, ("html", "pdf", "json", "csv"))
    _known("edition", edition, ("internal", "promoter"))
    _known("lang", lang, (*LANGS, None))
    limit = LINES_ON_PAPER if format in ("html", "pdf") else ALL_LINES
    with Source(tables, run_facts, only=promoter_id, line_limit=limit) as source:
        facts = gather(next(source.bundles()), run_facts)
    out.mkdir(parents=True, exist_ok=True)
    return press(facts, out / f"{file_name(promoter_id)}.{format}", format, edition, lang, reasons_of(run_facts))


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


def _known(what: str, given: str | None, allowed: tuple[str | None, ...]) -> None:
    if given not in allowed:
        raise UsageError(f"{given} is no {what} of a report; choose one of {', '.join(a for a in allowed if a)}")


def _entry(facts: Facts, name: str) -> dict[str, Any]:
    totals = facts["money"]["totals"]
    return {
        "promoter_id": facts["report"]["promoter_id"],
        "file": quote(name),
        "clauses": sorted({f["clause"] for f in facts["findings"]} | {d["clause"] for d in facts["decisions"]}),
        "findings": len(facts["findings"]),
        "decisions": len(facts["decisions"]),
        "at_stake_fen": totals["at_stake_fen"],
        "now_fen": totals["now_fen"],
        "open_fen": totals["open_fen"],
    }

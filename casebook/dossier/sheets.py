"""The report as data: one JSON document, or CSV tables with a table of contents."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from casebook.dossier.facts import Facts, canonical, digest, edge, identity
from data_contracts.sheet import csv_text

LISTS = (
    "findings", "decisions", "pairs", "shares", "members", "relations", "bursts", "days", "lines", "notices", "appeals",
    "cases", "gaps",
    "feeds", "documents", "clauses", "rules",
)  # fmt: skip
MONEY_LISTS = ("months", "exclusions", "balances", "postings", "payables", "payouts", "checks")


def to_json(facts: Facts) -> str:
    """The facts as JSON, keys sorted, money as decimal text, with the digest that every format of the report carries."""
    whole = {**edge(facts), "integrity": {"sha256_of_facts": digest(facts), "identity": identity(facts)}}
    return json.dumps(whole, sort_keys=True, ensure_ascii=False, indent=1) + "\n"


def write_csv(facts: Facts, path: Path) -> Path:
    """`path` lists the tables with rows and SHA-256; they stand in a folder of the same name without suffix."""
    folder = path.with_suffix("")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    listing: list[tuple[str, str, int | None, str]] = []
    for name, rows in tables(facts):
        text = csv_text(*_sheet(rows)).encode()
        (folder / f"{name}.csv").write_bytes(text)
        listing.append((name, f"{folder.name}/{name}.csv", len(rows), hashlib.sha256(text).hexdigest()))
    listing.append(("facts", canonical(identity(facts)), None, digest(facts)))
    path.write_text(csv_text(("table", "file", "rows", "sha256"), listing), encoding="utf-8", newline="")
    return path


def tables(facts: Facts) -> Iterator[tuple[str, Sequence[Facts]]]:
    """The tables of a report that have rows, by name; totals and promoter are tables of one row."""
    yield "promoter", [facts["promoter"]]
    yield "totals", [facts["money"]["totals"]]
    if facts["chain"]:
        yield "chain", [facts["chain"]]
    versions = facts["versions"]
    for name, rows in (("policy_versions", versions["policy"]), ("document_versions", versions["documents"] or [])):
        if rows:
            yield name, rows
    for name in LISTS:
        rows = [{k: v for k, v in r.items() if k != "steps"} for r in facts[name]]
        if rows:
            yield name, rows
    steps = [s for d in facts["decisions"] for s in d["steps"]]
    if steps:
        yield "steps", steps
    for name in MONEY_LISTS:
        if facts["money"][name]:
            yield name, facts["money"][name]


def _sheet(rows: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[list[object]]]:
    names = list(dict.fromkeys(k for r in rows for k in r))
    return [n.removesuffix("_fen") for n in names], [[_value(n, r.get(n)) for n in names] for r in rows]


def _value(name: str, value: Any) -> object:
    if name.endswith("_fen") and isinstance(value, int):
        return Decimal(value).scaleb(-2)
    if isinstance(value, dict | list):
        return json.dumps(edge(value), sort_keys=True, ensure_ascii=False)
    return value

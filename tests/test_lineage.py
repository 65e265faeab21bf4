"""Which tables a stage reads: every `.sql` file is parsed, and each table it reads must have a contract of an earlier
stage or its own, or be made by the same stage. No file reads the clock."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from data_contracts.contract import STAGES, contracts

ROOT = Path(__file__).parents[1]
# Which stages run the SQL of a folder: the first is the one that may read least.
STAGE_OF = {
    "features": "features",
    "models": "models",
    "rulebook": "rulebook",
    "casebook/dossier": "results",  # reports are written last, from everything
    "casebook": "casebook",
    "settlement": "settlement",
    "pipelines/sql": "results",
}
CLOCK = re.compile(r"\b(now\s*\(|today\s*\(|current_(date|time|timestamp)|get_current_)", re.IGNORECASE)


def sql_files() -> list[Path]:
    return sorted({p for folder in STAGE_OF for p in (ROOT / folder).rglob("*.sql")})


def made_and_read(path: Path) -> tuple[set[str], set[str]]:
    made: set[str] = set()
    read: set[str] = set()
    for statement in sqlglot.parse(path.read_text(encoding="utf-8"), dialect="duckdb"):
        assert statement is not None
        names = {c.alias_or_name for c in statement.find_all(exp.CTE)}
        if isinstance(statement, exp.Create | exp.Insert):
            made.add(statement.this.find(exp.Table).name)
        read |= {t.name for t in statement.find_all(exp.Table) if t.name} - names
    return made, read - made


def stage_of(path: Path) -> str:
    relative = path.relative_to(ROOT).as_posix()
    return next(stage for folder, stage in STAGE_OF.items() if relative.startswith(folder + "/"))


def made_by_stage() -> dict[str, set[str]]:
    made: dict[str, set[str]] = {}
    for path in sql_files():
        made.setdefault(stage_of(path), set()).update(made_and_read(path)[0])
    return made


def faults() -> Iterator[str]:
    transient = made_by_stage()
    for path in sql_files():
        stage = stage_of(path)
        for table in sorted(made_and_read(path)[1]):
            contract = contracts().get(table)
            if contract is not None and STAGES.index(contract.stage) > STAGES.index(stage):
                yield f"{path.relative_to(ROOT)} reads {table} of the later stage {contract.stage}"
            if contract is None and table not in transient[stage] and not transient_by_python(stage, table):
                yield f"{path.relative_to(ROOT)} reads {table}, which has no contract and is not made in {stage}"


def transient_by_python(stage: str, table: str) -> bool:
    """A transient table that a Python step of the same stage admits, named there whole or as `prefix_{what}`."""
    folders = [f for f, s in STAGE_OF.items() if s == stage]
    named = re.compile(rf"\b{table}\b|\b{table.rpartition('_')[0]}_\{{")
    return any(named.search(p.read_text(encoding="utf-8")) for f in folders for p in (ROOT / f).rglob("*.py"))


def test_each_table_read_comes_from_an_earlier_stage_or_its_own() -> None:
    assert sql_files()
    assert list(faults()) == []


@pytest.mark.parametrize("path", sql_files(), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_no_statement_reads_the_clock(path: Path) -> None:
    assert not CLOCK.search(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", sql_files(), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_each_file_is_one_statement_and_makes_the_table_it_is_named_after(path: Path) -> None:
    statements = [s for s in sqlglot.parse(path.read_text(encoding="utf-8"), dialect="duckdb") if s is not None]
    assert len(statements) == 1
    if path.name != "rule.sql":
        assert made_and_read(path)[0] == {path.stem}

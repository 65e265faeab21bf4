"""The one runner over all folders of three files: identifier kinds, detectors, clauses.

A case gives rows and the rows that must come out. In `given` a column left out has an ordinary value; `expect` names
the columns that matter, and the number of rows. Instants are written in the programme's zone: "2026-01-31 09:00".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlglot
import yaml
from sqlglot import exp

import rulebook
from data_contracts.cards import Card
from data_contracts.contract import contracts
from data_contracts.identifier import Fault, Normal
from data_contracts.run import Run
from data_contracts.warehouse import Warehouse
from features import kinds
from models import detectors
from rulebook import programme
from tests.conftest import given

ZONE = "Asia/Shanghai"
Row = Mapping[str, Any]
ORDINARY: Mapping[str, Row] = {
    "accounts": {"registered_at": "2024-06-01", "account_type": "individual", "verified_as": "individual"},
    "promoters": {"joined_at": "2025-01-01", "consented_version": "base"},
    "identifiers": {"links": True, "source": "usage"},
    "group_member": {"group_id": "G", "group_size": 2, "status": "linked"},
    "orders": {"product_code": "ecs", "kind": "purchase", "list_fen": 10_000, "cash_fen": 10_000},
    "refunds": {"kind": "refund"},
    "staff": {"kind": "employee"},
    "products": {"valid_from": "2024-01-01", "promotable": True},
    "decision": {"status": "applied", "effective_from": "2024-01-01"},
    "books_decision": {"status": "applied", "effective_from": "2024-01-01"},
    "detection": {"window_start": "0001-01-01", "confidence": 0.9, "evidence": '[{"code": "X"}]'},
}
PROGRAMME: Sequence[Row] = (
    {"id": "base", "level": "base", "effective_from": "2024-01-01", "payer": "vendor-a"},
    {
        "id": "detail",
        "level": "detail",
        "effective_from": "2024-01-01",
        "rebate": {"tiers": [{"from": 0, "rate": "0.10"}]},
    },
)


@cache
def cases(folder: Path) -> list[dict[str, Any]]:
    """The cases of a card, by its folder."""
    return next(c for c in ALL if c.folder == folder).cases()


def params(cards: Sequence[Card]) -> list[Any]:
    return [
        pytest.param(card, case, id=f"{card.name}: {case['name']}") for card in cards for case in cases(card.folder)
    ]


KINDS = tuple(kind.card for kind in kinds.load().values())
OWN = tuple(c for c in rulebook.cards() if c.folder == c.rule.parent)
SETTLED = tuple(c for c in rulebook.cards() if c.folder != c.rule.parent)
ALL = (*KINDS, *detectors.cards(), *OWN, *SETTLED)


class Stage:
    """One warehouse for all cases of a family: tables that a case filled are emptied before the next."""

    def __init__(self, folder: Path, stage: str) -> None:
        self.folder = folder
        self.wh = Warehouse(folder / "work", stage, Run("cards", 1, date(2026, 1, 31), ZONE, threads=1))
        for table in contracts():
            self.wh.empty(table)
        self.touched: set[str] = set()
        self.documents: list[dict[str, Any]] = []

    def fresh(self, case: Row) -> Warehouse:
        """The warehouse on the case's day, under its programme, holding its rows and no others."""
        for table in sorted(self.touched):
            self.wh.empty(table)
        self.wh.run = Run("cards", 1, date.fromisoformat(str(case.get("as_of", "2026-01-31"))), ZONE, threads=1)
        self.rule_by([dict(d) for d in case.get("programme", PROGRAMME)])
        self.fill(case)
        return self.wh

    def rule_by(self, documents: list[dict[str, Any]]) -> None:
        """Admit a programme of these documents, unless it is there from the case before."""
        if documents != self.documents:
            file = self.folder / "programme.yaml"
            file.write_text(yaml.safe_dump({"programme": "case", "documents": documents}), encoding="utf-8")
            programme.admit(self.wh, programme.load(file))
            self.documents = documents

    def fill(self, case: Row) -> None:
        """Make the case's tables."""
        for table, rows in case.get("given", {}).items():
            given(self.wh, table, [typed(table, {**ORDINARY.get(table, {}), **row}) for row in rows])
            self.touched.add(table)


@pytest.fixture(scope="module")
def rulebook_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    stage = Stage(tmp_path_factory.mktemp("clauses"), "rulebook")
    rulebook.admit_register(stage.wh)
    yield stage
    stage.wh.close()


@pytest.fixture(scope="module")
def settlement_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    stage = Stage(tmp_path_factory.mktemp("settled"), "settlement")
    yield stage
    stage.wh.close()


@pytest.fixture(scope="module")
def model_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    stage = Stage(tmp_path_factory.mktemp("detectors"), "models")
    yield stage
    stage.wh.close()


def typed(table: str, row: Row) -> dict[str, Any]:
    """A row of a case with text turned into days and instants as its contract says."""
    kinds_of = {c.name: c.duck for c in contracts()[table].kept().columns}
    return {name: _typed(kinds_of.get(name, ""), value) for name, value in row.items()}


def _typed(duck: str, value: Any) -> Any:
    if duck == "DATE" and value is not None:
        return date.fromisoformat(str(value))
    if duck.startswith("TIMESTAMP") and value is not None:
        return datetime.fromisoformat(str(value)).replace(tzinfo=ZoneInfo(ZONE)).astimezone(UTC)
    return json.dumps(value) if isinstance(value, Mapping) else value


def rows(wh: Warehouse, sql: str) -> list[dict[str, Any]]:
    """The rows of a query as dicts."""
    names = [r[0] for r in wh.execute(f"describe {sql}")]
    return [dict(zip(names, r, strict=True)) for r in wh.execute(sql)]


def agrees(expected: Row, row: Row) -> bool:
    """Whether a row is what is expected of it; of `evidence`, the keys that are named."""
    for name, wanted in expected.items():
        have = row[name]
        if name == "evidence":
            have = {k: v for k, v in json.loads(have).items() if k in wanted}
        if isinstance(have, datetime):
            have = have.astimezone(ZoneInfo(ZONE)).replace(tzinfo=None)
            wanted = datetime.fromisoformat(str(wanted))
        elif isinstance(have, date):
            wanted = date.fromisoformat(str(wanted))
        if have != wanted:
            return False
    return True


def check(found: Sequence[Row], expected: Sequence[Row]) -> None:
    """Every expected row is there, each once, and no other."""
    left = list(found)
    for wanted in expected:
        match = next((r for r in left if agrees(wanted, r)), None)
        assert match is not None, f"expected {wanted}, found {left}"
        left.remove(match)
    assert left == []


@pytest.mark.parametrize(("card", "case"), params(KINDS))
def test_a_kind_normalises_as_its_cases_say(card: Card, case: Row) -> None:
    normalise = kinds.load()[card.name].normalise
    found = normalise(case["value"])
    if "fault" in case:
        assert isinstance(found, Fault), found
        assert found.code == case["fault"]
        return
    assert isinstance(found, Normal), found
    if "normal_of" in case:
        same = normalise(case["normal_of"])
        assert isinstance(same, Normal)
        assert found.value == same.value
    told = {"normal": found.value, "class": found.cls, "mask": found.mask, "links": found.links}
    assert {k: told[k] for k in told if k in case} == {k: case[k] for k in told if k in case}


@pytest.mark.parametrize(("card", "case"), params(detectors.cards()))
def test_a_detector_raises_what_its_cases_say(card: Card, case: Row, model_stage: Stage) -> None:
    wh = model_stage.fresh(case)
    for before in detectors.cards():
        if before.name == card.name:
            break
        if set(before.about.get("writes", ())) & set(card.reads):
            detectors.admit(wh, before, detectors.detect(wh, before))
    found = detectors.detect(wh, card)["detection"].to_pylist()
    check(found, case["expect"])


@pytest.mark.parametrize(("card", "case"), params(OWN))
def test_a_clause_finds_what_its_cases_say(card: Card, case: Row, rulebook_stage: Stage) -> None:
    wh = rulebook_stage.fresh(case)
    rulebook.prepare(wh, card.reads)
    rulebook.run_rule(wh, card)
    check(rows(wh, "select * from clause_row order by all"), case["expect"])


@pytest.mark.parametrize(("card", "case"), params(SETTLED))
def test_a_clause_of_settlement_does_to_the_money_what_its_cases_say(
    card: Card, case: Row, settlement_stage: Stage
) -> None:
    """Its card's `result` names the table that `expect` speaks of; a case may name another."""
    import settlement

    wh = settlement_stage.fresh(case)
    rulebook.prepare(wh)
    settlement_stage.fill({"given": {t: r for t, r in case.get("given", {}).items() if t == "standing"}})
    table = str(case.get("result", card.about.get("result")))
    if table.startswith("draft_"):
        settlement.draft(wh)
    else:
        settlement.build(wh)
    check(rows(wh, f"select * from {table} order by all"), case["expect"])


@pytest.mark.parametrize("card", ALL, ids=lambda c: f"{c.family}: {c.name}")
def test_a_card_has_cases_whose_names_are_sentences(card: Card) -> None:
    names = [case["name"] for case in cases(card.folder)]
    assert names
    assert len(set(names)) == len(names)
    assert all(len(name.split()) >= 4 for name in names), names


@pytest.mark.parametrize("card", OWN, ids=lambda c: c.name)
def test_a_clause_has_a_case_of_every_kind(card: Card) -> None:
    statuses = {row["status"] for case in cases(card.folder) for row in case["expect"]}
    names = " | ".join(case["name"] for case in cases(card.folder))
    # A report that nobody filed leaves no row that could be not met.
    wanted = {"met", "unknown"} if card.about["clause"] == rulebook.ANY_CLAUSE else {"met", "not_met", "unknown"}
    assert statuses == wanted
    assert "no document covers" in names
    assert "differ in every column" in names


@pytest.mark.parametrize("card", OWN, ids=lambda c: c.name)
def test_a_clause_reads_what_its_card_says(card: Card) -> None:
    query = sqlglot.parse_one(card.rule.read_text(encoding="utf-8"), dialect="duckdb")
    inner = {c.alias_or_name for c in query.find_all(exp.CTE)}
    assert {t.name for t in query.find_all(exp.Table) if t.name} - inner == set(card.reads)


def test_folders_are_named_after_their_clause() -> None:
    for card in rulebook.cards():
        clause = str(card.about["clause"])
        if clause != rulebook.ANY_CLAUSE:
            words = "_".join(re.findall(r"[a-z0-9]+", clause.lower()))
            assert re.match(rf"c?{words}_[a-z]", card.name), card.name

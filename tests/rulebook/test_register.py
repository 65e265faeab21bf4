"""Every clause of the agreement is accounted for, and what is said of it in two places is the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import rulebook
from casebook.measures import MEASURES
from data_contracts import strict_yaml
from data_contracts.cards import Card
from data_contracts.errors import NotFound
from data_contracts.warehouse import Warehouse
from rulebook import parameters
from rulebook.register import COVERAGE, MODES

# The structure of the text: sections, and how many numbered parts each has.
SECTIONS = {
    "1": {"1": 2, "2": 7, "3": 0},
    "2": {"1": 0, "2": 5, "3": 4},
    "3": {"1": 5, "2": 5, "3": 5, "4": 4, "5": 4},
    "4": {"1": 0, "2": 4, "3": 4, "4": 4},
    "5": {"1": 0, "2": 0, "3": 0, "4": 0, "5": 0},
    "6": {"1": 6, "2": 0, "3": 0, "4": 0},
    "7": {str(n): 0 for n in range(1, 13)},
    "8": {"1": 0, "2": 0, "3": 0},
}
ANNEX = {"A1": 4, "A2": 5, "A3": 4, "A4": 3, "A5": 2}
BY_CLAUSE = {entry.clause: entry for entry in rulebook.register()}
COMPUTED = {str(card.about["clause"]): card for card in rulebook.cards()}


def clauses() -> list[str]:
    named = [
        (f"{chapter}.{section}", parts) for chapter, sections in SECTIONS.items() for section, parts in sections.items()
    ]
    return [
        c
        for section, parts in [*named, *ANNEX.items()]
        for c in (section, *(f"{section}({n})" for n in range(1, parts + 1)))
    ]


def test_every_clause_of_the_text_is_there_once_and_in_order() -> None:
    assert [entry.clause for entry in rulebook.register()] == clauses()


@pytest.mark.parametrize("entry", rulebook.register(), ids=lambda e: e.clause)
def test_a_clause_is_told_in_both_languages_with_what_we_do(entry: rulebook.ClauseInfo) -> None:
    assert any("\u4e00" <= c <= "\u9fff" for c in entry.title_zh)
    assert any("\u4e00" <= c <= "\u9fff" for c in entry.text_zh)
    assert entry.title_en.isascii()
    assert len(entry.text_en.split()) > 1
    assert len(entry.does.split()) > 1
    assert set(entry.mode.split("+")) <= set(MODES)
    assert set(entry.measures) <= MEASURES.keys()


@pytest.mark.parametrize("card", rulebook.cards(), ids=lambda c: c.name)
def test_a_card_has_the_titles_of_the_register(card: Card) -> None:
    if card.about["clause"] != rulebook.ANY_CLAUSE:
        entry = BY_CLAUSE[card.about["clause"]]
        assert (card.title_zh, card.title_en) == (entry.title_zh, entry.title_en)


def test_what_is_computed_says_so_and_what_says_so_is_computed() -> None:
    said = {c for c, entry in BY_CLAUSE.items() if "rule" in entry.mode.split("+")} | {"2.2(3)", "3.5(2)"}
    computed = {c for c in COMPUTED if c != rulebook.ANY_CLAUSE}
    assert said <= computed
    assert {c for c in computed - said if "detector" not in BY_CLAUSE[c].mode} == set()


def test_measures_stand_in_the_card_or_in_the_register_but_not_in_both() -> None:
    twice = [
        str(raw["clause"]) for raw in strict_yaml.load(COVERAGE)["clauses"]
        if raw.get("measures") and any(c.about["clause"] == raw["clause"] and c.about.get("measures") for c in rulebook.cards())
    ]  # fmt: skip
    assert twice == []


def test_every_reading_that_is_a_parameter_is_one() -> None:
    named = {r["parameter"] for entry in BY_CLAUSE.values() for r in entry.readings if "parameter" in r}
    readings = {path for path in parameters.FORMS if path.startswith("readings.")} | {"start_day_counts"}
    assert readings <= named <= {*parameters.FORMS, "working_days"}


@pytest.mark.parametrize(
    ("clause", "measures"),
    [
        ("3.5(2)", {"warn", "suspend_functions", "hold_payout", "cancel_rebate", "cancel_programme"}),
        ("3.1(5)", {"void_relation", "void_order"}),
        ("2.2(3)", {"void_relation"}),
        ("7.2", set()),
    ],
)
def test_a_clause_allows_the_measures_of_the_text(clause: str, measures: set[str]) -> None:
    assert set(rulebook.clause(clause).measures) == measures


@pytest.mark.parametrize("clause", ["3.5(3)", "3.5(4)"])
def test_the_full_lists_have_what_the_text_lists(clause: str) -> None:
    listed = {"warn", "hold_payout", "cancel_rebate", "reverse_transaction", "void_order", "claw_back", "freeze_promoter",
              "freeze_invitee", "cancel_programme"}  # fmt: skip
    assert listed <= set(rulebook.clause(clause).measures)
    assert "claw_back" in rulebook.clause("4.4(1)").measures


def test_a_clause_that_does_not_exist_is_not_found() -> None:
    with pytest.raises(NotFound):
        rulebook.clause("9.9")


def test_the_register_is_a_table_in_the_order_of_the_text(warehouse: Callable[..., Warehouse], tmp_path: Path) -> None:
    wh = warehouse("rules")
    rulebook.admit_register(wh)
    assert [r[0] for r in wh.execute("select clause from clause_register order by position")] == clauses()
    assert wh.execute("select measures from clause_register where clause = '2.2(3)'") == [(["void_relation"],)]

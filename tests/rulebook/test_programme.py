"""Programme files: what is refused, what wins, and the spans that come of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from data_contracts.errors import InputRefused
from data_contracts.warehouse import Warehouse
from rulebook import parameters, programme
from rulebook.programme import Programme

DEMO = Path(programme.__file__).parent / "programmes" / "demo.yaml"
BASE = 'programme: p\ndocuments:\n  - {id: base, level: base, effective_from: "2024-01-01"}\n'
Load = Callable[[str], Programme]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """`load(text)`: the programme in a file of that text."""

    def load(text: str) -> Programme:
        path = tmp_path / "programme.yaml"
        path.write_text(text, encoding="utf-8")
        return programme.load(path)

    return load


def refusal(load: Load, text: str) -> str:
    with pytest.raises(InputRefused) as refused:
        load(text)
    assert refused.value.code == "cfg.yaml"
    return str(refused.value)


def base_with(line: str) -> str:
    return BASE.replace("}\n", f", {line}}}\n")


def test_all_faults_of_a_file_are_told_together(load: Load) -> None:
    told = refusal(
        load,
        """
programme: p
timezone: Mars/Olympus
colour: red
documents:
  - {id: base, level: base, effective_from: "2024-01-01", announced_on: "2024-01-02", window_days: -1, window_dayz: 3}
  - {id: base, level: basis, effective_from: "2024-02-30", rebate: {tiers: [{from: 3, rate: "0.1"}]}}
""",
    )
    for part in ("Mars/Olympus", "colour", "announced_on 2024-01-02", "window_days is -1", "window_dayz",
                 "two documents have the id base", "level is 'basis'", "2024-02-30", "rebate.tiers"):  # fmt: skip
        assert part in told


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(BASE + "programme: q\n", id="a key that stands twice"),
        pytest.param(base_with("window_days: 30, window_days: 31"), id="a parameter that stands twice"),
        pytest.param(BASE + "x: &a [1]\ny: *a\n", id="an alias"),
        pytest.param("programme: !!python/object/apply:os.getcwd []\ndocuments: []\n", id="a tag that runs code"),
        pytest.param(BASE + "# " + "x" * 1_000_001, id="more than a megabyte"),
        pytest.param("- a list\n", id="not a mapping"),
        pytest.param("programme: p\ndocuments: []\n", id="no document"),
        pytest.param("programme: p\ndocuments:\n  - {id: d, level: detail, effective_from: 2024-01-01}\n", id="no base document"),
        pytest.param(base_with("products: [ecs]"), id="a base document with a scope"),
        pytest.param(base_with('effective_to: "2023-12-31"'), id="an end before the beginning"),
        pytest.param(base_with('minimum_payout: "10.005"'), id="an amount with three decimals"),
        pytest.param(base_with('minimum_payout: "-1.00"'), id="a negative amount"),
        pytest.param(base_with("minimum_payout: .nan"), id="an amount that is no number"),
        pytest.param(base_with('max_quarantine_share: "1.5"'), id="a share above one"),
        pytest.param(base_with("statement_day: 32"), id="a day that no month has"),
        pytest.param(base_with("statement_day: true"), id="a flag for a number"),
        pytest.param(base_with("payer: 7"), id="a number for text"),
        pytest.param(base_with("excluded: 'yes'"), id="text for a flag"),
        pytest.param(base_with("readings: {amount_scope: some}"), id="a reading that does not exist"),
        pytest.param(base_with("readings: only"), id="a word for a mapping"),
        pytest.param(base_with("working_days: {weekend: [6, 6]}"), id="a weekend day twice"),
        pytest.param(base_with("working_days: {holidays: [2025-02-30]}"), id="a holiday that is no day"),
        pytest.param(base_with('instalments: [{share: "0.5", after_months: 0}]'), id="shares that do not add up"),
        pytest.param(
            base_with('instalments: [{share: "0.5", after_months: 2}, {share: "0.5", after_months: 1}]'),
            id="instalments out of order",
        ),
        pytest.param(base_with('rebate: {tiers: [{from: 0, rate: "0.1"}, {from: 0, rate: "0.2"}]}'), id="tiers that do not rise"),
        pytest.param(base_with('rebate: {tiers: [{from: 0, rate: "0.1", bonus: 1}]}'), id="a tier with a key too many"),
        pytest.param(
            base_with('rebate: {tier_by: new_paying_users, tiers: [{from: 0, rate: "0.1"}, {from: "0.5", rate: "0.2"}]}'),
            id="half a user",
        ),
        pytest.param(base_with('withholding: {brackets: [{up_to: "1.00", rate: "0.1", quick: "0"}]}'), id="brackets without an end"),
        pytest.param(base_with("withholding: {regime: cumulative}"), id="a regime without its brackets"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_trusted_is_refused(load: Load, text: str) -> None:
    refusal(load, text)


def test_a_scoped_document_may_not_set_what_no_order_differs_in(load: Load) -> None:
    scoped = '  - {id: act, level: activity, effective_from: "2024-02-01", products: [ecs], window_days: 5}\n'
    assert "window_days cannot differ by order" in refusal(load, BASE + scoped)


def test_numbers_are_kept_as_text_that_says_what_was_written(load: Load) -> None:
    loaded = load(
        base_with(
            'minimum_payout: 5, max_quarantine_share: 0.05, rebate: {invitee_month_cap: "5000", tiers: [{from: 0, rate: "0.10"}]}'
        )
    )
    day = date(2024, 1, 1)
    assert loaded.parameter("minimum_payout", day) == "5.00"
    assert loaded.max_quarantine_share == "0.05"
    assert loaded.parameter("rebate.invitee_month_cap", day) == "5000.00"
    assert loaded.parameter("rebate.tiers", day) == [{"from": 0, "rate": "0.10"}]


def test_the_agreement_stands_behind_a_base_document_and_behind_nothing_else(load: Load) -> None:
    loaded = load(BASE.replace('"2024-01-01"', '"2024-01-01", effective_to: "2024-06-30"'))
    assert loaded.parameter("window_days", date(2024, 6, 30)) == 30
    assert loaded.max_quarantine_share == "0.005"
    for uncovered in (date(2023, 12, 31), date(2024, 7, 1)):
        with pytest.raises(KeyError):
            loaded.parameter("window_days", uncovered)
    with pytest.raises(KeyError):
        loaded.parameter("rebate.tiers", date(2024, 6, 30))


def test_every_parameter_but_the_tiers_has_a_default(load: Load) -> None:
    loaded = load(BASE)
    silent = {path for path in parameters.FORMS if loaded.setter(path, date(2024, 1, 1)) is None}
    assert silent == {"rebate.tiers"}


def test_the_higher_level_wins_leaf_by_leaf(load: Load) -> None:
    loaded = load(
        BASE.replace(
            '"2024-01-01"', '"2024-01-01", rebate: {invitee_month_cap: "9.00", tiers: [{from: 0, rate: "0.5"}]}'
        )
        + '  - {id: detail, level: detail, effective_from: "2024-01-01", '
        'rebate: {tiers: [{from: 0, rate: "0.1"}, {from: 3, rate: "0.2"}]}}\n'
    )
    day = date(2024, 5, 5)
    assert [t["rate"] for t in loaded.parameter("rebate.tiers", day)] == ["0.1", "0.2"]
    assert loaded.parameter("rebate.invitee_month_cap", day) == "9.00"


def test_of_one_level_the_later_start_wins_then_the_later_in_the_file(load: Load) -> None:
    loaded = load(
        "programme: p\ndocuments:\n"
        '  - {id: c, level: base, effective_from: "2024-03-01", window_days: 3}\n'
        '  - {id: a, level: base, effective_from: "2024-01-01", window_days: 1}\n'
        '  - {id: b, level: base, effective_from: "2024-01-01", window_days: 2}\n'
    )
    assert loaded.parameter("window_days", date(2024, 2, 29)) == 2
    assert loaded.parameter("window_days", date(2024, 3, 1)) == 3


@pytest.mark.parametrize(
    ("day", "product", "activity", "document"),
    [
        (date(2025, 10, 31), "ecs", None, "detail-2025"),
        (date(2025, 11, 1), "ecs", None, "double-11"),
        (date(2025, 11, 15), "ecs", None, "double-11"),
        (date(2025, 11, 16), "ecs", None, "detail-2025"),
        (date(2025, 11, 1), "rds", None, "detail-2025"),
        (date(2024, 12, 31), "ecs", None, None),
    ],
)
def test_an_activity_governs_orders_in_its_scope_and_days(
    day: date, product: str, activity: str | None, document: str | None
) -> None:
    setter = programme.load(DEMO).setter("rebate.tiers", day, product, activity)
    assert (setter and setter.document_id) == document


@pytest.mark.parametrize(
    ("product", "activity", "excluded"), [("ecs", "flash", True), ("rds", "flash", False), ("ecs", None, False)]
)
def test_products_and_activities_must_both_match_when_both_are_given(
    load: Load, product: str, activity: str | None, excluded: bool
) -> None:
    both = '  - {id: act, level: activity, effective_from: "2024-02-01", products: [ecs], activity_ids: [flash], excluded: true}\n'
    assert load(BASE + both).parameter("excluded", date(2024, 2, 2), product, activity) is excluded


def test_the_version_is_of_the_content_alone(load: Load) -> None:
    assert load(BASE).version == load("# a note\n" + BASE + "\n").version
    assert load(BASE).version != load(base_with("window_days: 31")).version


def admitted(wh: Warehouse, path: str) -> list[tuple[Any, ...]]:
    return wh.execute(
        "select from_day, to_day, document_id, value from parameter_span where path = $path order by from_day",
        path=path,
    )


def test_spans_are_maximal_and_leave_scoped_documents_out(load: Load, warehouse: Callable[..., Warehouse]) -> None:
    wh = warehouse("rules")
    programme.admit(wh, programme.load(DEMO))
    assert admitted(wh, "rebate.tier_by") == [
        (date(2024, 1, 1), date(2024, 12, 31), "agreement", '"new_paying_users"'),
        (date(2025, 1, 1), None, "detail-2025", '"new_paying_users"'),
    ]
    assert admitted(wh, "window_days") == [(date(2024, 1, 1), None, "base", "30")]
    assert wh.execute("select document_id, scoped from programme_document order by position") == [
        ("base", False), ("detail-2025", False), ("double-11", True), ("flash-sale", True),
    ]  # fmt: skip
    assert wh.execute("select value from programme_parameter where document_id = 'flash-sale'") == [("true",)]


def test_spans_say_what_lookup_says_on_every_day(load: Load, warehouse: Callable[..., Warehouse]) -> None:
    loaded = load(
        "programme: p\ndocuments:\n"
        '  - {id: a, level: base, effective_from: "2024-01-01", effective_to: "2024-01-20", window_days: 1}\n'
        '  - {id: b, level: base, effective_from: "2024-01-10", effective_to: "2024-01-15", window_days: 2}\n'
        '  - {id: c, level: detail, effective_from: "2024-01-12", effective_to: "2024-01-13", window_days: 3}\n'
    )
    spans = programme.spans_of(loaded, "window_days")
    by_span = {
        day: s["value"] for s in spans for day in range(1, 32)
        if s["from_day"] <= date(2024, 1, day) and (s["to_day"] is None or date(2024, 1, day) <= s["to_day"])
    }  # fmt: skip
    setters = {day: loaded.setter("window_days", date(2024, 1, day)) for day in range(1, 32)}
    assert by_span == {day: str(d.values["window_days"]) for day, d in setters.items() if d is not None}
    assert [s["document_id"] for s in spans] == ["a", "b", "c", "b", "a"]

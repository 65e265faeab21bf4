"""The rules before their newest change and after the next one: what the report sets beside the outcome."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from data_contracts.warehouse import Warehouse
from rulebook import programme, versions
from rulebook.programme import Programme

DEMO = Path(programme.__file__).parent / "programmes" / "demo.yaml"
TODAY = date(2026, 1, 31)
RULES = """
programme: p
documents:
  - {id: base, level: base, effective_from: "2024-01-01", window_days: 30}
  - {id: old, level: detail, effective_from: "2024-01-01", effective_to: "2025-06-30", window_days: 20}
  - {id: new, level: detail, effective_from: "2025-07-01", window_days: 10}
  - {id: sale, level: activity, effective_from: "2025-11-01", products: [ecs], excluded: true}
  - {id: later, level: detail, effective_from: "2026-07-01", window_days: 40}
  - {id: coming, level: detail, effective_from: "2026-03-01", window_days: 60}
"""


@pytest.fixture
def rules(tmp_path: Path) -> Programme:
    path = tmp_path / "programme.yaml"
    path.write_text(RULES, encoding="utf-8")
    return programme.load(path)


def window(told: Programme, day: date) -> str:
    return str(told.parameter("window_days", day))


def test_without_the_newest_document_the_one_that_it_replaced_goes_on(rules: Programme) -> None:
    found = versions.without_newest(rules, TODAY)
    assert found is not None and found[0].document_id == "new"
    assert [window(rules, day) for day in (date(2025, 6, 1), TODAY)] == ["20", "10"]
    assert [window(found[1], day) for day in (date(2025, 6, 1), TODAY)] == ["20", "20"]


def test_the_next_document_is_tried_from_the_day_of_the_newest(rules: Programme) -> None:
    found = versions.with_next(rules, TODAY)
    assert found is not None and found[0].document_id == "coming"
    assert [window(found[1], day) for day in (date(2025, 6, 30), date(2025, 7, 1), TODAY)] == ["20", "60", "60"]


def test_rules_that_never_changed_have_no_version_before_and_none_after(rules: Programme) -> None:
    assert versions.without_newest(rules, date(2024, 2, 1)) is None
    assert versions.with_next(rules, date(2026, 7, 1)) is None


def test_a_programme_is_read_back_from_the_tables_of_a_run(warehouse: Callable[..., Warehouse]) -> None:
    wh = warehouse("results")
    given = programme.load(DEMO)
    for table in ("programme_document", "programme_parameter", "parameter_span"):
        wh.execute(f"drop table {table}")
    programme.admit(wh, given)
    back = versions.admitted(wh)
    assert back.documents == given.documents and back.defaults == given.defaults

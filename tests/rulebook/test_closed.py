"""Issued months keep the rules that they were issued under."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

import rulebook
from data_contracts.errors import InputRefused
from data_contracts.warehouse import Warehouse
from rulebook import programme
from rulebook.closed import check_closed

DEMO = (Path(programme.__file__).parent / "programmes" / "demo.yaml").read_text(encoding="utf-8")
CLOSED_TO = date(2025, 11, 30)
Check = Callable[[str], None]


@pytest.fixture
def check(warehouse: Callable[..., Warehouse], tmp_path: Path) -> Check:
    """`check(text)`: the programme of that text, after months up to November 2025 were issued under the demo programme."""

    def loaded(text: str) -> programme.Programme:
        file = tmp_path / "programme.yaml"
        file.write_text(text, encoding="utf-8")
        return programme.load(file)

    wh = warehouse("rules")
    programme.admit(wh, loaded(DEMO))
    rulebook.admit_register(wh)
    wh.publish()
    return lambda text: check_closed(loaded(text), wh.folder / "rules", CLOSED_TO)


LATER = """
  - id: next
    level: base
    effective_from: "{day}"
    window_days: 14
"""


def test_the_same_programme_and_its_comments_may_change_freely(check: Check) -> None:
    check(DEMO)
    check("# another comment\n" + DEMO.replace('{from: 0, rate: "0.05"}', '{rate: "0.05", from: 0}'))


def test_a_document_that_begins_after_the_issued_months_is_welcome(check: Check) -> None:
    check(DEMO + LATER.format(day="2025-12-01"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param(
            DEMO + LATER.format(day="2025-11-30"), "window_days", id="a document that begins on the last issued day"
        ),
        pytest.param(DEMO.replace("window_days: 30", "window_days: 31"), "window_days", id="another number"),
        pytest.param(DEMO.replace('rate: "0.15"', 'rate: "0.16"'), "rebate.tiers", id="another rate"),
        pytest.param(
            DEMO.replace("detail-2025", "detail-1"), "rebate.tiers", id="another name of the governing document"
        ),
        pytest.param(DEMO.replace("products: [ecs]", "products: [rds]"), "document double-11", id="another scope"),
        pytest.param(DEMO.replace('"2025-11-15"', '"2025-11-14"'), "document double-11", id="an earlier end"),
        pytest.param(DEMO.replace("[flash]", "[flash, sale]"), "document flash-sale", id="an activity more"),
    ],
)
def test_what_was_issued_stays_as_it_was(check: Check, text: str, told: str) -> None:
    with pytest.raises(InputRefused, match=told) as refused:
        check(text)
    assert refused.value.code == "cfg.closed"


def test_a_document_may_end_after_the_issued_months(check: Check) -> None:
    check(DEMO.replace('effective_from: "2025-01-01"', 'effective_from: "2025-01-01"\n    effective_to: "2025-12-31"'))


def test_the_limit_of_bad_rows_is_no_rule_of_the_agreement(check: Check) -> None:
    check(DEMO.replace('max_quarantine_share: "0.005"', 'max_quarantine_share: "0.01"'))

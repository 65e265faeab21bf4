"""The driver: all clauses in one table, and nothing that a detector raised lost on the way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

import rulebook
from data_contracts.contract import contracts
from data_contracts.errors import ContractBroken
from data_contracts.warehouse import Warehouse
from rulebook import programme
from tests.conftest import given

DEMO = Path(programme.__file__).parent / "programmes" / "demo.yaml"
REGISTERED = datetime(2025, 3, 1, tzinfo=UTC)
FEEDS: dict[str, list[dict[str, Any]]] = {
    "accounts": [
        {"account_id": a, "registered_at": REGISTERED, "account_type": "individual", "verified_as": "individual"}
        for a in ("P", "Q", "I", "J")
    ],
    "promoters": [{"promoter_id": "P", "joined_at": datetime(2025, 1, 1, tzinfo=UTC), "consented_version": "base"}],
    "referrals": [{"invitee_id": "I", "promoter_id": "P"}, {"invitee_id": "J", "promoter_id": "Q"}],
    "affiliations": [{"account_id": "I", "kind": "sales", "valid_from": datetime(2025, 1, 1, tzinfo=UTC)}],
    "reports": [{"report_id": "R", "subject_id": "P", "clause": "3.2(1)", "evidence_uri": "u"}],
}
BURST = {"detector": "refund_burst", "detector_version": "2", "clause": "3.5(2)", "subject_kind": "promoter", "subject_id": "P",
         "promoter_id": "P", "window_start": date(2025, 4, 1), "window_end": date(2025, 4, 3), "confidence": 0.99,
         "flagged": True, "reasons": ["RB01"], "evidence": '[{"code": "RB01"}]'}  # fmt: skip


@pytest.fixture
def wh(warehouse: Callable[..., Warehouse]) -> Warehouse:
    """The feeds above, under the demo programme."""
    made = warehouse("rulebook")
    programme.admit(made, programme.load(DEMO))
    rulebook.admit_register(made)
    for table, rows in FEEDS.items():
        given(made, table, rows)
    return made


def found(wh: Warehouse) -> set[tuple[Any, ...]]:
    rulebook.build(wh)
    return set(wh.execute("select clause, subject_kind, subject_id, promoter_id, status from clause_result"))


def test_rules_reports_and_detections_stand_in_one_table(wh: Warehouse) -> None:
    given(wh, "detection", [BURST, {**BURST, "window_start": date(2025, 6, 1), "flagged": False}])
    assert found(wh) == {
        ("2.2(1)", "referral", "I", "P", "met"),
        ("2.2(4)", "referral", "J", "Q", "met"),
        ("3.2(1)", "promoter", "P", "P", "met"),
        ("3.5(2)", "promoter", "P", "P", "met"),
    }
    assert wh.execute(
        "select window_start, window_end, detector_version from clause_result where clause = '3.5(2)'"
    ) == [(date(2025, 4, 1), date(2025, 4, 3), "2")]


def test_what_raises_no_finding_is_counted_all_the_same(wh: Warehouse) -> None:
    found(wh)
    tally = {r[0]: r[1:] for r in wh.execute('select clause, finds, met, "unknown", not_met from clause_tally')}
    assert tally["2.3(1)"] == (False, 2, 0, 0)
    assert tally["2.2(1)"] == (True, 1, 0, 1)


def test_a_detection_whose_clause_nobody_computes_is_not_lost(wh: Warehouse) -> None:
    given(wh, "detection", [{**BURST, "clause": "8.1"}])
    with pytest.raises(ContractBroken, match=r"8\.1"):
        rulebook.build(wh)


def test_the_order_of_rows_changes_nothing(wh: Warehouse) -> None:
    first = found(wh), wh.execute("from clause_result order by all")
    for table, rows in FEEDS.items():
        given(wh, table, rows[::-1])
    assert (found(wh), wh.execute("from clause_result order by all")) == first


def test_the_stage_keeps_its_contracts(wh: Warehouse) -> None:
    given(wh, "detection", [BURST])
    rulebook.build(wh)
    published = wh.publish()
    assert set(published) == {c.table for c in contracts().values() if c.stage == "rulebook"}
    assert published["clause_result"].rows == 4


def test_no_finding_holds_the_text_of_a_report(wh: Warehouse) -> None:
    given(wh, "reports", [{**FEEDS["reports"][0], "summary": "call 13812340001"}])
    rulebook.build(wh)
    assert wh.execute(
        "select count(*) from clause_result where evidence like '%1381234%' or reason like '%1381234%'"
    ) == [(0,)]

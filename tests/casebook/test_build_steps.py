"""What a run does with the decisions in the books, and what it tells other systems."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from tests.casebook.building import HOLD, LINE, SAME, Build, rows


def test_what_people_approved_is_applied_by_the_next_run(built: Build) -> None:
    wh = built(
        books_decision=[{**HOLD, "clause": "3.5(2)", "proposed_by": "li", "status": "approved", "applied_seq": None}]
    )
    assert rows(wh, "select status, applied_seq from decision") == [{"status": "applied", "applied_seq": 2}]
    assert rows(wh, "select action from decision_step") == [{"action": "apply"}]


def test_an_overturned_decision_is_noted_once_and_its_instruction_called_back(built: Build) -> None:
    warned = {**HOLD, "measure": "warn", "clause": "3.5(2)", "status": "overturned"}
    sent = {
        "instruction_id": "I1",
        "kind": "warn",
        "subject_id": "P1",
        "decision_id": "D1",
        "created_on": date(2026, 1, 1),
    }
    wh = built(books_decision=[warned], books_instruction=[sent])
    assert rows(wh, "select action from decision_step") == [{"action": "see_overturned"}]
    (back,) = rows(wh, "select * from instruction")
    assert (back["kind"], back["subject_id"], back["decision_id"]) == ("cancel_instruction", "P1", "D1")
    wh = built(books_decision=[{**warned, "overturned_seq": 2}], books_instruction=[sent, back], seq=3)
    assert rows(wh, "select * from decision_step") == [] and rows(wh, "select * from instruction") == []


@pytest.mark.parametrize(("measure", "functions", "kinds"), [
    ("warn", None, ["warn"]), ("freeze_promoter", None, ["freeze_promoter"]), ("hold_payout", None, []),
    ("suspend_functions", None, ["suspend_functions"]), ("suspend_functions", "payout", []),
    ("suspend_functions", "payout,links", ["suspend_functions"]),
])  # fmt: skip
def test_measures_of_another_system_leave_one_instruction(
    built: Build, measure: str, functions: str | None, kinds: list[str]
) -> None:
    wh = built(books_decision=[{**HOLD, "clause": "3.5(2)", "measure": measure, "functions": functions}])
    assert [i["kind"] for i in rows(wh, "select * from instruction")] == kinds


def test_a_measure_that_starts_later_sends_its_instruction_then(built: Build) -> None:
    later = {**HOLD, "measure": "warn", "effective_from": datetime(2026, 2, 10, tzinfo=UTC)}
    assert rows(built(books_decision=[later]), "select * from instruction") == []
    assert len(rows(built(as_of=date(2026, 2, 20), books_decision=[later]), "select * from instruction")) == 1


@pytest.mark.parametrize(("as_of", "escalates"), [(date(2026, 2, 18), False), (date(2026, 2, 19), True)])
def test_a_hold_without_a_decision_escalates_on_its_sixtieth_day(built: Build, as_of: date, escalates: bool) -> None:
    hold = {**HOLD, "clause": "3.5(2)", "finding_id": "F1", "effective_from": datetime(2025, 12, 21, 16, tzinfo=UTC)}
    wh = built(as_of=as_of, books_decision=[hold])
    assert [s["action"] for s in rows(wh, "select * from decision_step")] == (["escalate"] if escalates else [])
    done = [{"decision_id": "D1", "entry_no": 3, "action": "escalate", "run_seq": 2}]
    assert (
        rows(built(as_of=as_of, books_decision=[hold], books_decision_event=done), "select * from decision_step") == []
    )


def test_a_decision_on_an_order_or_referral_is_about_its_promoter(built: Build) -> None:
    wh = built(
        books_decision=[
            {
                **HOLD,
                "decision_id": "D1",
                "subject_kind": "order",
                "subject_id": "O1",
                "promoter_id": None,
                "clause": "3.5(3)",
            },
            {
                **HOLD,
                "decision_id": "D2",
                "subject_kind": "referral",
                "subject_id": "A2",
                "promoter_id": None,
                "clause": "3.5(3)",
            },
            {
                **HOLD,
                "decision_id": "D3",
                "subject_kind": "group",
                "subject_id": "G1",
                "promoter_id": None,
                "clause": "3.5(3)",
            },
        ],
        draft_line=[LINE],
        referrals=[{"invitee_id": "A2", "promoter_id": "P1"}],
    )
    assert [r["promoter_id"] for r in rows(wh, "select * from decision order by decision_id")] == ["P1", "P1", None]


def test_an_approval_whose_finding_is_gone_or_no_longer_met_is_void(built: Build) -> None:
    finding = rows(built(clause_result=[SAME]), "select finding_id from finding")[0]["finding_id"]
    approved = {
        **HOLD,
        "finding_id": finding,
        "clause": "2.2(3)",
        "measure": "void_relation",
        "status": "approved",
        "applied_seq": None,
    }
    for result, status in (([SAME], "applied"), ([], "rejected"), ([{**SAME, "status": "unknown"}], "rejected")):
        wh = built(clause_result=result, books_decision=[approved])
        assert rows(wh, "select status from decision where decision_id = 'D1'") == [{"status": status}]

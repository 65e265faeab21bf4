"""What policy decides by itself, what it proposes, and what it leaves to people."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from data_contracts.dates import cutoff
from tests.casebook.building import BAD, BURST, DAY, HOLD, LINE, MONTH, SAME, ZONE, Build, decisions, rows


def test_a_linked_same_user_referral_is_voided_by_policy_at_the_end_of_the_day(built: Build) -> None:
    wh = built(clause_result=[SAME], draft_line=[LINE], draft_month=[MONTH])
    (decision,) = rows(wh, "select * from decision")
    assert (decision["measure"], decision["status"], decision["decided_by"]) == ("void_relation", "applied", "policy")
    assert decision["effective_from"] == cutoff(DAY, ZONE) and decision["applied_seq"] == 2
    assert decision["amount_fen"] == 5_000
    assert rows(wh, "select amount_at_stake_fen, first_seen from finding") == [
        {"amount_at_stake_fen": 5_000, "first_seen": DAY}
    ]


@pytest.mark.parametrize(("change", "status"), [
    ({"outcome": "same_controller"}, "applied"),
    ({"outcome": "possibly", "group_status": None}, "proposed"),
    ({"group_status": "needs_review"}, None),
    ({"group_status": None}, None),
    ({"outcome": None}, None),
    ({"status": "unknown"}, None),
])  # fmt: skip
def test_outcome_and_group_status_say_what_policy_does(
    built: Build, change: dict[str, Any], status: str | None
) -> None:
    wh = built(clause_result=[{**SAME, **change}])
    assert decisions(wh) == ({} if status is None else {"void_relation": (status, 0 if status == "applied" else 1)})
    assert len(rows(wh, "select * from finding")) == 1


def test_policy_decides_a_finding_once_per_measure_whatever_became_of_it(built: Build) -> None:
    first = rows(built(clause_result=[SAME]), "select * from new_decision")[0]
    for status in ("rejected", "overturned", "applied"):
        before = {**HOLD, **{k: first[k] for k in ("decision_id", "finding_id", "measure", "clause")}, "status": status}
        assert decisions(built(clause_result=[SAME], books_decision=[before])) == {}


def test_a_flagged_burst_holds_at_once_and_proposes_to_cancel_the_month_of_its_window(built: Build) -> None:
    wh = built(clause_result=[BURST])
    assert decisions(wh) == {"hold_payout": ("applied", 0), "cancel_rebate": ("proposed", 2)}
    months = {r["measure"]: r["month"] for r in rows(wh, "select * from decision")}
    assert months == {"hold_payout": None, "cancel_rebate": "2025-12"}
    assert rows(wh, "select kind, reply_by from instruction") == [{"kind": "notice", "reply_by": date(2026, 2, 7)}]


def test_an_unflagged_burst_decides_nothing(built: Build) -> None:
    assert decisions(built(clause_result=[{**BURST, "flagged": False}])) == {}


def test_auto_never_takes_back_paid_money(built: Build) -> None:
    wh = built(clause_result=[SAME], draft_line=[LINE], draft_month=[{**MONTH, "issued": True, "paid_fen": 3_000}])
    assert decisions(wh) == {"void_relation": ("proposed", 2), "claw_back": ("proposed", 2)}
    (claw,) = rows(wh, "select * from decision where measure = 'claw_back'")
    assert (claw["clause"], claw["amount_fen"], claw["subject_id"]) == ("4.4(1)", 3_000, "A2")


@pytest.mark.parametrize(("line", "month"), [
    ({"rebate_fen": 0}, {"issued": True, "paid_fen": 3_000}),
    ({"promoter_id": "P1", "invitee_id": "A3"}, {"issued": True, "paid_fen": 3_000}),
    ({"month": "2026-01"}, {"issued": True, "paid_fen": 3_000}),
    ({}, {"issued": True, "paid_fen": 0}),
])  # fmt: skip
def test_auto_acts_where_no_paid_statement_holds_the_subjects_rebate(
    built: Build, line: dict[str, Any], month: dict[str, Any]
) -> None:
    wh = built(clause_result=[SAME], draft_line=[{**LINE, **line}], draft_month=[{**MONTH, **month}])
    assert decisions(wh) == {"void_relation": ("applied", 0)}


def test_quarantined_money_holds_the_month_of_its_promoter(built: Build) -> None:
    wh = built(quarantined_money=[BAD, {**BAD, "row_number": 8}, {**BAD, "promoter_id": "P2", "month": None}])
    held = rows(wh, "select promoter_id, month, clause, measure, status from decision order by promoter_id")
    assert held == [
        {"promoter_id": "P1", "month": "2025-11", "clause": "3.5(1)", "measure": "hold_payout", "status": "applied"},
        {"promoter_id": "P2", "month": None, "clause": "3.5(1)", "measure": "hold_payout", "status": "applied"},
    ]


def test_the_hold_stands_while_the_rows_are_bad_and_ends_with_the_run_that_sees_them_mended(built: Build) -> None:
    assert rows(built(books_decision=[HOLD], quarantined_money=[BAD]), "select * from decision_step") == []
    wh = built(books_decision=[HOLD])
    assert rows(wh, "select action, effective_to from decision_step") == [
        {"action": "end", "effective_to": cutoff(DAY, ZONE)}
    ]
    assert rows(wh, "select effective_to from decision") == [{"effective_to": cutoff(DAY, ZONE)}]


def test_rows_that_break_again_are_held_again_but_a_person_who_released_has_decided(built: Build) -> None:
    over = {**HOLD, "effective_to": datetime(2026, 1, 10, tzinfo=UTC)}
    ended = [{"decision_id": "D1", "entry_no": 2, "action": "end", "run_seq": 1}]
    released = [{"decision_id": "D1", "entry_no": 2, "action": "release"}]
    assert len(decisions(built(books_decision=[over], quarantined_money=[BAD], books_decision_event=ended))) == 1
    assert decisions(built(books_decision=[over], quarantined_money=[BAD], books_decision_event=released)) == {}
    assert decisions(built(books_decision=[{**HOLD, "status": "overturned"}], quarantined_money=[BAD])) == {}


def test_money_and_confidence_conditions_choose_the_first_rule(built: Build, tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text("""
- effective_from: "2024-01-01"
  rules:
    - {clause: "2.2(3)", measure: void_relation, when: {min_amount: "50.01"}, do: propose}
    - {clause: "2.2(3)", measure: void_relation, when: {confidence: "0.99", max_amount: "50.01"}, do: auto}
    - {clause: "2.2(3)", measure: void_relation, do: ignore}
- effective_from: "2027-01-01"
  rules: []
""")
    assert decisions(built(policy_file=file, clause_result=[SAME], draft_line=[LINE])) == {
        "void_relation": ("applied", 0)
    }
    dear = [{**LINE, "rebate_fen": 5_001}]
    assert decisions(built(policy_file=file, clause_result=[SAME], draft_line=dear)) == {
        "void_relation": ("proposed", 1)
    }
    assert decisions(built(policy_file=file, clause_result=[{**SAME, "confidence": 0.98}], draft_line=[LINE])) == {}
    assert decisions(built(as_of=date(2027, 1, 1), policy_file=file, clause_result=[SAME], draft_line=[LINE])) == {}


@pytest.mark.parametrize(("clause", "measure", "two_people", "expected"), [
    ("3.5(2)", "hold_payout", "[]", {"hold_payout": ("applied", 0)}),
    ("3.5(2)", "suspend_functions", "[]", {"suspend_functions": ("proposed", 1)}),
    ("3.5(2)", "cancel_rebate", "[]", {"cancel_rebate": ("proposed", 1)}),
    ("3.4(1)", "cancel_programme", "[cancel_programme]", {"cancel_programme": ("proposed", 2)}),
    ("3.4(1)", "warn", "[]", {"warn": ("applied", 0)}),
    ("3.4(1)", "warn", "[warn]", {"warn": ("proposed", 2)}),
    ("3.4(1)", "freeze_invitee", "[]", {}),
])  # fmt: skip
def test_no_purely_automatic_decision_of_weight(
    built: Build, tmp_path: Path, clause: str, measure: str, two_people: str, expected: dict[str, Any]
) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(
        f'- {{effective_from: "2024-01-01", rules: [{{clause: "{clause}", measure: {measure}, do: auto}}], two_people: {two_people}}}'
    )
    assert decisions(built(policy_file=file, clause_result=[{**BURST, "clause": clause}])) == expected


def test_the_policies_before_now_and_next_are_set_side_by_side(built: Build, tmp_path: Path) -> None:
    rule = "{{clause: '2.2(3)', measure: void_relation, do: {do}}}"
    days = {
        "2024-01-01": "ignore",
        "2025-01-01": "propose",
        "2026-01-01": "auto",
        "2027-01-01": "propose",
        "2028-01-01": "auto",
    }
    file = tmp_path / "policy.yaml"
    file.write_text("".join(f"- effective_from: '{d}'\n  rules: [{rule.format(do=do)}]\n" for d, do in days.items()))
    wh = built(as_of=date(2026, 2, 1), policy_file=file, clause_result=[SAME], draft_line=[LINE])
    told = rows(wh, "select which, cast(effective_from as varchar) as day, effect from policy_match order by day")
    assert [tuple(r.values()) for r in told] == [
        ("previous", "2025-01-01", "propose"), ("now", "2026-01-01", "auto"), ("next", "2027-01-01", "propose"),
    ]  # fmt: skip
    assert [d["status"] for d in rows(wh, "select status from decision")] == ["applied"]

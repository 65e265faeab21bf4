"""Which findings become cases, and when a case is blind, joined or escalated."""

from __future__ import annotations

from datetime import date

import pytest

from tests.casebook.building import BURST, DAYS, LINE, MONTH, NONE, SAME, Build, rows


def test_a_finding_that_people_must_see_opens_a_case_with_its_money_and_days(built: Build) -> None:
    wh = built(
        clause_result=[BURST, {**SAME, "outcome": "possibly"}],
        draft_line=[LINE],
        draft_month=[MONTH],
        parameter_span=[DAYS],
    )
    (case,) = rows(wh, "select * from case_money")
    assert (case["subject_kind"], case["promoter_id"], case["state"], case["findings"]) == ("promoter", "P1", "open", 2)
    assert (case["stake_fen"], case["priority_fen"], case["confidence"]) == (5_000, 4_950, 0.99)
    assert (case["deadline_on"], case["cutoff_on"], case["days_left"]) == (date(2026, 2, 14), date(2026, 2, 20), 20)
    assert {s["kind"] for s in rows(wh, "select * from case_step")} == {"finding"}


def test_what_policy_settled_by_itself_or_people_called_false_opens_none(built: Build) -> None:
    assert rows(built(clause_result=[SAME], parameter_span=[DAYS]), "select * from new_case") == []
    possibly = {**SAME, "outcome": "possibly"}
    finding = rows(built(clause_result=[possibly], parameter_span=[DAYS]), "select finding_id from finding")[0][
        "finding_id"
    ]
    rule = [{**SAME, "clause": "2.2(2)"}]
    assert rows(built(clause_result=rule, parameter_span=[DAYS]), "select * from new_case") == []
    unknown = [{**SAME, "clause": "2.2(2)", "status": "unknown"}]
    assert len(rows(built(clause_result=unknown, parameter_span=[DAYS]), "select * from new_case")) == 1
    said = [{"finding_id": finding, "entry_no": 1, "verdict": "false_alarm"}]
    assert (
        rows(built(clause_result=[possibly], books_verdict=said, parameter_span=[DAYS]), "select * from new_case") == []
    )


def test_a_ring_is_one_case_and_a_later_finding_joins_the_open_one(built: Build) -> None:
    ring = {
        **BURST,
        "clause": "3.4(1)",
        "subject_kind": "ring",
        "subject_id": "R1",
        "window_start": NONE,
        "window_end": None,
    }
    wh = built(clause_result=[ring], parameter_span=[DAYS])
    assert rows(wh, "select subject_kind, subject_id, promoter_id from new_case") == [
        {"subject_kind": "ring", "subject_id": "R1", "promoter_id": None}
    ]
    open_case = {
        "case_id": "C1",
        "subject_kind": "promoter",
        "subject_id": "P1",
        "state": "in_review",
        "deadline_on": date(2026, 2, 1),
    }
    wh = built(clause_result=[BURST], books_case=[open_case], parameter_span=[DAYS])
    assert rows(wh, "select * from new_case") == []
    assert [s["case_id"] for s in rows(wh, "select * from case_step")] == ["C1"]
    wh = built(clause_result=[BURST], books_case=[{**open_case, "state": "closed"}], parameter_span=[DAYS])
    assert len(rows(wh, "select * from new_case")) == 1


@pytest.mark.parametrize(("as_of", "state", "escalated", "kinds"), [
    (date(2026, 2, 1), "open", None, []), (date(2026, 2, 2), "open", None, ["escalated"]),
    (date(2026, 2, 2), "waiting", None, ["escalated"]), (date(2026, 2, 2), "closed", None, []),
    (date(2026, 2, 3), "open", date(2026, 2, 2), []), (date(2026, 2, 3), "open", date(2026, 1, 20), ["escalated"]),
])  # fmt: skip
def test_a_case_past_its_deadline_escalates_once(
    built: Build, as_of: date, state: str, escalated: date | None, kinds: list[str]
) -> None:
    case = {"case_id": "C1", "subject_kind": "promoter", "subject_id": "P1", "state": state, "deadline_on": date(2026, 2, 1),
            "escalated_on": escalated}  # fmt: skip
    wh = built(as_of=as_of, books_case=[case], parameter_span=[DAYS])
    assert [s["kind"] for s in rows(wh, "select * from case_step")] == kinds


def test_a_case_of_the_audit_sample_alone_is_blind_and_no_money_hangs_on_it(built: Build) -> None:
    drawn = {**BURST, "clause": "3.5(1)", "detector": "audit_sample", "status": "unknown", "window_start": NONE, "window_end": None,
             "confidence": 0.0}  # fmt: skip
    wh = built(clause_result=[drawn], draft_month=[MONTH], parameter_span=[DAYS])
    assert rows(wh, "select subject_id, blind, stake_fen from case_money") == [
        {"subject_id": "P1", "blind": 1, "stake_fen": 0}
    ]
    assert {s["kind"] for s in rows(wh, "select * from case_step")} == {"finding", "note"}
    wh = built(clause_result=[drawn, BURST], draft_month=[MONTH], parameter_span=[DAYS])
    assert rows(wh, "select blind from new_case") == [{"blind": 0}]

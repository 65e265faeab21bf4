"""From clause results to findings, decisions and instructions: what policy does, and what it leaves to people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

import casebook
from casebook import policy
from data_contracts.contract import contracts, of_stage
from data_contracts.dates import cutoff
from data_contracts.run import Run
from data_contracts.warehouse import Warehouse
from tests.conftest import given

ZONE = "Asia/Shanghai"
DAY = date(2026, 1, 31)
NONE = date(1, 1, 1)
SAME = {"clause": "2.2(3)", "detector": "c2_2_3_same_user", "detector_version": "1", "subject_kind": "referral",
        "subject_id": "A2", "promoter_id": "P1", "status": "met", "window_start": NONE, "confidence": 0.99,
        "reason": "one group", "outcome": "same_person", "group_status": "linked", "evidence": "{}"}  # fmt: skip
BURST = {"clause": "3.5(2)", "detector": "refund_burst", "detector_version": "1", "subject_kind": "promoter",
         "subject_id": "P1", "promoter_id": "P1", "status": "met", "window_start": date(2025, 12, 28),
         "window_end": date(2026, 1, 3), "confidence": 0.9, "reason": "RB01", "flagged": True, "evidence": "{}"}  # fmt: skip
LINE = {
    "order_id": "O1",
    "invitee_id": "A2",
    "promoter_id": "P1",
    "month": "2025-12",
    "net_fen": 50_000,
    "rebate_fen": 5_000,
}
MONTH = {"promoter_id": "P1", "month": "2025-12", "entitlement_fen": 5_000, "issued": False, "paid_fen": 0}
HOLD = {"decision_id": "D1", "subject_kind": "promoter", "subject_id": "P1", "promoter_id": "P1", "clause": "3.5(1)",
        "measure": "hold_payout", "status": "applied", "effective_from": datetime(2025, 12, 20, 16, tzinfo=UTC),
        "month": "2025-11", "decided_by": "policy", "reason": "x", "proposed_by": "policy", "applied_seq": 1}  # fmt: skip
BAD = {
    "feed": "refunds",
    "file": "r.csv",
    "row_number": 7,
    "rule": "ref.orphan",
    "promoter_id": "P1",
    "month": "2025-11",
}

Build = Callable[..., Warehouse]


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """One warehouse for the whole file: to make its tables takes longer than a test."""
    with Warehouse(tmp_path_factory.mktemp("work"), "casebook", Run("test", 1, DAY, ZONE)) as wh:
        for contract in contracts().values():
            wh.empty(contract.table)
        yield wh


@pytest.fixture
def built(empty: Warehouse) -> Iterator[Build]:
    """`built(clause_result=[...], ...)`: the casebook of a run over the rows given, under the policy that ships."""
    wh, filled = empty, set[str]()

    def clear() -> None:
        for table in filled:
            wh.empty(table)
        filled.clear()

    def build(
        as_of: date = DAY, seq: int = 2, policy_file: Path | None = None, **tables: list[dict[str, Any]]
    ) -> Warehouse:
        clear()
        wh.run = Run("test", seq, as_of, ZONE)
        policy.admit(wh, policy.load(policy_file or Path(policy.__file__).parent / "policy.yaml"))
        for table, rows in tables.items():
            filled.add(table)
            given(wh, table, rows)
        casebook.build(wh)
        for contract in of_stage("casebook"):
            wh._check(contract)
        return wh

    yield build
    clear()


def rows(wh: Warehouse, sql: str) -> list[dict[str, Any]]:
    return list(wh.con.sql(sql).to_arrow_table().to_pylist())


def decisions(wh: Warehouse) -> dict[str, tuple[str, int]]:
    """measure -> (status, needed) of the new decisions."""
    return {r["measure"]: (r["status"], r["needed"]) for r in rows(wh, "select * from new_decision")}


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


def test_a_finding_keeps_its_id_and_first_day(built: Build) -> None:
    first = rows(built(clause_result=[SAME]), "select * from new_finding")[0]
    wh = built(as_of=date(2026, 2, 28), seq=3, clause_result=[SAME], books_finding=[{**first, "run_seq": 2}])
    assert rows(wh, "select finding_id, first_seen from finding") == [
        {"finding_id": first["finding_id"], "first_seen": DAY}
    ]
    assert rows(wh, "select * from new_finding") == []


def test_bursts_with_overlapping_windows_are_one_finding_over_runs(built: Build) -> None:
    first = rows(built(clause_result=[BURST]), "select * from new_finding")[0]
    later = {**BURST, "window_start": date(2026, 1, 3), "window_end": date(2026, 1, 9)}
    wh = built(clause_result=[later], books_finding=[{**first, "run_seq": 1}])
    assert rows(wh, "select finding_id from finding") == [{"finding_id": first["finding_id"]}]
    assert rows(wh, "select window_start, window_end from new_finding_window") == [
        {"window_start": date(2025, 12, 28), "window_end": date(2026, 1, 9)}
    ]
    apart = {**BURST, "window_start": date(2026, 1, 4), "window_end": date(2026, 1, 9)}
    wh = built(clause_result=[apart], books_finding=[{**first, "run_seq": 1}])
    assert rows(wh, "select finding_id from finding") != [{"finding_id": first["finding_id"]}]


def test_windows_of_one_run_that_overlap_are_one_finding_and_others_are_not(built: Build) -> None:
    windows = [
        (date(2026, 1, 1), date(2026, 1, 7)),
        (date(2026, 1, 5), date(2026, 1, 12)),
        (date(2026, 1, 13), date(2026, 1, 14)),
    ]
    wh = built(clause_result=[{**BURST, "window_start": a, "window_end": b} for a, b in windows])
    assert rows(wh, "select window_start, window_end from finding order by 1") == [
        {"window_start": date(2026, 1, 1), "window_end": date(2026, 1, 12)},
        {"window_start": date(2026, 1, 13), "window_end": date(2026, 1, 14)},
    ]


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


DAYS = {"path": "statement_day", "from_day": date(2024, 1, 1), "document_id": "base", "value": "20"}


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


def test_money_at_stake_is_that_of_the_orders_which_the_evidence_names(built: Build) -> None:
    evidence = '[{"code": "EX01", "ids": ["O1", "A9"]}, {"code": "EX02", "ids": ["O1"]}]'
    found = {
        **BURST,
        "clause": "3.4(2)",
        "detector": "exploitation",
        "window_start": NONE,
        "window_end": None,
        "evidence": evidence,
    }
    lines = [
        LINE,
        {**LINE, "order_id": "O2", "rebate_fen": 900},
        {**LINE, "order_id": "O3", "invitee_id": "A9", "rebate_fen": 70},
    ]
    wh = built(clause_result=[found], draft_line=lines, draft_month=[{**MONTH, "entitlement_fen": 5_970}])
    assert rows(wh, "select amount_at_stake_fen from finding") == [{"amount_at_stake_fen": 5_070}]
    wh = built(
        clause_result=[{**found, "evidence": "{}"}], draft_line=lines, draft_month=[{**MONTH, "entitlement_fen": 5_970}]
    )
    assert rows(wh, "select amount_at_stake_fen from finding") == [{"amount_at_stake_fen": 5_970}]


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

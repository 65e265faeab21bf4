"""A case recommends a measure by the policy or the clause, and says how much hangs on it; never by a score."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from casebook.advice import POLICY, recommend
from tests.casebook.building import Build, rows
from tests.casebook.conftest import ALLOWED

BURST = {"finding_id": "F1", "clause": "3.5(2)", "status": "met", "amount_at_stake": "97.00", "subject_kind": "promoter",
         "subject_id": "P1"}  # fmt: skip
SAME = {"finding_id": "F2", "clause": "2.2(3)", "status": "met", "amount_at_stake": "70.00", "subject_kind": "referral",
        "subject_id": "A2"}  # fmt: skip
FREEZE = {**BURST, "finding_id": "F4", "clause": "3.5(3)", "amount_at_stake": "150.00"}
PAID = {**BURST, "finding_id": "F5", "clause": "4.4(1)", "amount_at_stake": "40.00"}
NO_MEASURE = {**SAME, "finding_id": "F3", "clause": "9.9", "amount_at_stake": "99.00"}
PROPOSED = {"decision_id": "D1", "finding_id": "F2", "status": "proposed", "measure": "void_relation", "clause": "2.2(3)",
            "subject_kind": "referral", "subject_id": "A2"}  # fmt: skip
HOLD = {"decision_id": "D2", "finding_id": "F1", "status": "applied", "measure": "hold_payout", "clause": "3.5(2)",
        "subject_kind": "promoter", "subject_id": "P1"}  # fmt: skip
POLICIES = {"3.5(2)": "hold_payout"}


@pytest.mark.parametrize(("findings", "decisions", "told"), [
    ([BURST, SAME], [], ("review", "hold_payout", "3.5(2)", "97.00")),
    ([SAME, BURST], [], ("review", "void_relation", "2.2(3)", "70.00")),
    ([{**BURST, "status": "unknown"}], [], ("find_out", "hold_payout", "3.5(2)", "97.00")),
    ([NO_MEASURE, SAME], [], ("review", "void_relation", "2.2(3)", "70.00")),
    ([BURST, SAME], [PROPOSED], ("review", "hold_payout", "3.5(2)", "97.00")),
    ([SAME, PAID], [PROPOSED], ("decide_proposals", "void_relation", "2.2(3)", "70.00")),
    ([BURST, SAME], [PROPOSED, HOLD], ("decide_proposals", "void_relation", "2.2(3)", "70.00")),
    ([SAME], [PROPOSED, {**PROPOSED, "decision_id": "D9", "finding_id": None, "measure": "warn"}],
     ("decide_proposals", "void_relation", "2.2(3)", "70.00")),
    ([BURST], [HOLD], ("end_hold", "cancel_rebate", "3.5(2)", "97.00")),
    ([FREEZE, BURST], [], ("review", "hold_payout", "3.5(3)", "150.00")),
    ([FREEZE, BURST], [{**PROPOSED, "finding_id": "F4"}], ("decide_proposals", "void_relation", "2.2(3)", "150.00")),
    ([{**FREEZE, "amount_at_stake": "0.00"}], [], ("review", None, "3.5(3)", "0.00")),
    ([{**FREEZE, "status": "unknown"}], [], ("find_out", None, "3.5(3)", "150.00")),
    ([PAID], [], ("review", None, "4.4(1)", "40.00")),
    ([BURST], [{**HOLD, "status": "overturned"}], ("review", "hold_payout", "3.5(2)", "97.00")),
    ([], [], ("close", None, None, None)),
    ([SAME], [{**PROPOSED, "status": "applied"}], ("close", None, None, None)),
    ([SAME], [{**PROPOSED, "status": "rejected"}], ("close", None, None, None)),
    ([SAME, NO_MEASURE], [{**PROPOSED, "status": "rejected"}], ("review", None, None, None)),
    ([NO_MEASURE], [], ("review", None, None, None)),
])  # fmt: skip
def test_a_case_names_the_measure_its_clause_and_the_money(
    findings: list[dict[str, Any]],
    decisions: list[dict[str, Any]],
    told: tuple[str, str | None, str | None, str | None],
) -> None:
    found = recommend(False, findings, decisions, POLICIES, ALLOWED)
    amount = None if told[3] is None else Decimal(told[3])
    assert (found["key"], found["measure"], found["clause"], found["amount"]) == (*told[:3], amount)


@pytest.mark.parametrize(("finding", "basis", "choices"), [
    (BURST, "policy", []), (SAME, "only", []), (FREEZE, "hold", []), (PAID, "none", list(ALLOWED["4.4(1)"])),
])  # fmt: skip
def test_on_what_a_recommendation_rests_is_told(finding: dict[str, Any], basis: str, choices: list[str]) -> None:
    found = recommend(False, [finding], [], POLICIES, ALLOWED)
    assert (found["basis"], found["choices"]) == (basis, choices)


def test_a_case_of_the_random_sample_recommends_nothing() -> None:
    found = recommend(True, [BURST], [PROPOSED], POLICIES, ALLOWED)
    assert found["key"] == "blind" and found["measure"] is None and found["amount"] is None


def test_the_policy_in_force_names_the_measure_of_a_clause(built: Build) -> None:
    found = {r["clause"]: r["measure"] for r in rows(built(), POLICY.replace("$as_of", "date '2026-01-31'"))}
    assert found["2.2(3)"] == "void_relation" and found["3.5(2)"] == "hold_payout"

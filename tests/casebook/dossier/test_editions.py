"""The promoter's edition: everything that a promoter needs to answer, nothing that is not its to see."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from casebook import dossier
from casebook.dossier import editions
from casebook.dossier.editions import masked
from tests.casebook.dossier.conftest import SOUND

INSIDE = (
    "match_weight",
    "q_value",
    "p_value",
    "anomaly_score",
    "confidence",
    "probability",
    "same_bits",
    "token",
    "models",
)


@pytest.fixture
def told(sound_run: Path, facts: Mapping[str, Any], tmp_path: Path) -> str:
    return dossier.write_one(
        sound_run, "P1", tmp_path, format="json", edition="promoter", run_facts={**facts, "same_bits": 6.0}
    ).read_text(encoding="utf-8")


def keys(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value) | {k for v in value.values() for k in keys(v)}
    return {k for v in value for k in keys(v)} if isinstance(value, list) else set()


def test_weights_scores_and_thresholds_stay_in_the_house(told: str) -> None:
    assert [k for k in keys(json.loads(told)) for inside in INSIDE if inside in k] == []


def test_other_accounts_are_masked_and_told_apart(told: str) -> None:
    whole = json.loads(told)
    assert {r["invitee_id"] for r in whole["relations"]} == {f"I***{n} #{n}" for n in range(1, 7)}
    assert '"I1"' not in told and '"X9"' not in told


def test_it_tells_decisions_money_and_the_order_ids_that_they_rest_on(told: str) -> None:
    whole = json.loads(told)
    assert [d["measure"] for d in whole["decisions"]] == ["void_relation", "cancel_rebate"]
    assert whole["money"]["totals"]["open"] == "465.00"
    burst = next(f for f in whole["findings"] if f["clause"] == "3.5(2)")
    assert burst["evidence"][0] == {"code": "RB01", "ids": ["O3", "O4", "O5", "O6"], "observed": 4.0}


def test_a_finding_on_which_no_decision_rests_is_not_told(
    made_run: Any, facts: Mapping[str, Any], tmp_path: Path
) -> None:
    tables = made_run(decision=[], decision_step=[], instruction=[])
    whole = json.loads(
        dossier.write_one(tables, "P1", tmp_path, format="json", edition="promoter", run_facts=facts).read_text("utf-8")
    )
    assert whole["findings"] == [] and whole["bursts"] == []
    assert whole["money"]["totals"]["at_stake"] == "0.00"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_no_name_of_staff_is_told(lang: str, made_run: Any, facts: Mapping[str, Any], tmp_path: Path) -> None:
    entries = [
        {"decision_id": "D1", "entry_no": n, "action": a, "by_whom": "li.wei", "reason": "inner note"}
        for n, a in enumerate(("propose", "approve"), start=1)
    ]
    tables = made_run(books_decision_event=entries)
    inside = dossier.write_one(tables, "P1", tmp_path / "in", lang=lang, run_facts=facts).read_text("utf-8")
    outside = dossier.write_one(
        tables, "P1", tmp_path / "out", lang=lang, edition="promoter", run_facts=facts
    ).read_text("utf-8")
    assert "li.wei" in inside and "inner note" in inside
    assert "li.wei" not in outside and "inner note" not in outside


def test_an_appeal_is_told_to_both_and_who_has_the_case_inside_only(
    sound_run: Path, facts: Mapping[str, Any], tmp_path: Path
) -> None:
    inside, outside = (
        dossier.write_one(sound_run, "P1", tmp_path / e, lang="en", edition=e, run_facts=facts).read_text("utf-8")
        for e in ("internal", "promoter")
    )
    for said in (
        "appealed",
        "2026-03-27",
        "says I1 is a customer",
        "the decision stands",
        "no papers came",
        "waits for an answer",
    ):
        assert said in inside and said in outside
    assert "zhao" in inside and "zhao" not in outside
    assert "li.wei" in inside and "li.wei" not in outside


def test_a_notice_that_was_called_back_is_told_and_no_instruction_to_others() -> None:
    rows = [
        {"kind": kind, "decision_id": decision, "subject_kind": "promoter", "subject_id": "P"}
        for kind, decision in (("recovery_notice", "D1"), ("cancel_instruction", "D1"), ("freeze_promoter", "D2"),
                               ("cancel_instruction", "D2"), ("notice", "D3"), ("cancel_instruction", "D3"))
    ]  # fmt: skip
    told = [(n["kind"], n["decision_id"]) for n in editions._notices(rows, {})]
    assert told == [("recovery_notice", "D1"), ("cancel_instruction", "D1"), ("notice", "D3")]


@pytest.mark.parametrize(("account", "shown"), [("A1", "A***1"), ("ACC000123", "AC***23")])
def test_a_mask_shows_the_ends_only(account: str, shown: str) -> None:
    assert masked(account) == shown


@pytest.mark.parametrize(("state", "blind"), [("in_review", True), ("decided", False)])
def test_a_report_on_a_promoter_drawn_at_random_tells_no_score_until_the_case_is_decided(
    made_run: Any, facts: Mapping[str, Any], tmp_path: Path, state: str, blind: bool
) -> None:
    burst = SOUND["finding"][1]
    sample = {**burst, "finding_id": "F9", "clause": "3.5(1)", "detector": "audit_sample", "confidence": 0.0, "evidence": "{}",
              "amount_at_stake_fen": 0, "reason": "AS01"}  # fmt: skip
    case = {**SOUND["books_case"][0], "state": state, "blind": 1}
    run = made_run(
        finding=[burst, sample], books_case=[case], new_decision=[], books_decision=[], decision=[], decision_step=[]
    )
    told = json.loads(
        dossier.write_one(run, "P1", tmp_path, format="json", edition="internal", run_facts=facts).read_text(
            encoding="utf-8"
        )
    )
    assert {f["detector"] for f in told["findings"]} == (
        {"audit_sample"} if blind else {"audit_sample", "refund_burst"}
    )
    assert all((told[part] == []) is blind for part in ("pairs", "bursts", "relations"))
    judged = [line[k] for line in told["lines"] for k in ("qualifies", "clause") if line[k] is not None]
    assert (
        told["lines"]
        and (judged == []) is blind
        and ((told["money"]["exclusions"] or told["versions"]["policy"]) == []) is blind
    )
    assert all((month["excluded"] is None) is blind for month in told["money"]["months"])
    page = dossier.write_one(run, "P1", tmp_path, lang="en", run_facts=facts).read_text(encoding="utf-8")
    assert ("was drawn at random and is decided without scores" in page) is blind
    assert (told["money"]["totals"]["at_stake"] == "0.00") is blind and "blind" not in told["cases"][0]

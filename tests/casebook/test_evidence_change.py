"""A proposal rests on what its finding said: what changed since makes it void, what only moved does not."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from tests.casebook.building import BURST, DAYS, HOLD, LINE, MONTH, SAME, Build, rows

PATH = [
    {"step": 1, "kind": "device", "token": "v1:k:a", "weight": 5.1},
    {"step": 1, "kind": "ip", "token": "v1:k:b", "weight": -0.2},
]
PAIR = {**SAME, "outcome": "same_controller", "evidence": json.dumps({"group_id": "G1", "path": PATH})}
ORDERS = {
    **BURST,
    "evidence": json.dumps([{"code": "RB01", "ids": ["O1", "O2"], "observed": 7.0, "expected": 0.1, "q": 0.01}]),
}
RING = {**BURST, "clause": "3.4(1)", "detector": "collusion", "subject_kind": "group", "subject_id": "G1", "promoter_id": None,
        "window_start": date(1, 1, 1), "window_end": None, "evidence": "[]"}  # fmt: skip
MEMBERS = [{"group_id": "G1", "account_id": a, "status": "linked"} for a in ("A1", "A2")]


def waits_on(built: Build, finding: dict[str, Any], status: str, **tables: Any) -> dict[str, list[dict[str, Any]]]:
    """The books after a run that saw `finding`, with a decision on it that waits, and its case."""
    wh = built(clause_result=[finding], parameter_span=[DAYS], **tables)
    (known,) = rows(wh, "select * from new_finding")
    (fact,) = rows(wh, "select * from new_finding_evidence")
    waiting = {**HOLD, "finding_id": known["finding_id"], "clause": finding["clause"], "proposed_by": "li", "status": status,
               "applied_seq": None, "effective_from": None, "evidence_sha256": fact["sha256"]}  # fmt: skip
    del waiting["effective_from"]
    case = {
        "case_id": "C1",
        "subject_kind": "promoter",
        "subject_id": "P1",
        "state": "in_review",
        "deadline_on": date(2027, 1, 1),
    }
    joined = {"case_id": "C1", "entry_no": 1, "kind": "finding", "item": known["finding_id"]}
    return {
        "books_finding": [{**known, "run_seq": 1}], "books_finding_evidence": [{**fact, "run_seq": 1}],
        "books_decision": [{**waiting, "effective_from": HOLD["effective_from"]}], "books_case": [case],
        "books_case_event": [joined],
    }  # fmt: skip


def steps(built: Build, books: dict[str, Any], finding: dict[str, Any] | None, **tables: Any) -> list[tuple[str, str]]:
    """What the next run does with the decision, and why."""
    found = [] if finding is None else [finding]
    wh = built(seq=3, clause_result=found, parameter_span=[DAYS], **books, **tables)
    return [(r["action"], r["reason"]) for r in rows(wh, "select * from decision_step where decision_id = 'D1'")]


def evidence(*ids: str, **more: Any) -> str:
    return json.dumps([{"code": "RB01", "ids": list(ids), "observed": 7.0, "expected": 0.1, "q": 0.01, **more}])


@pytest.mark.parametrize("change", [
    {}, {"confidence": 0.71, "reason": "RB01 RB04"},
    {"evidence": evidence("O1", "O2", q=0.049, observed=8.0, ratio=3.2)},
    {"evidence": evidence("O2", "O1", "O3", "O4")},
    {"evidence": json.dumps([{"code": "RB09", "ids": ["O1", "O2"]}])},
    {"window_end": date(2026, 1, 9), "detector_version": "2"},
])  # fmt: skip
def test_what_only_moves_or_adds_leaves_the_approval(built: Build, change: dict[str, Any]) -> None:
    books = waits_on(built, ORDERS, "approved")
    assert steps(built, books, {**ORDERS, **change}) == [("apply", "approved")]


@pytest.mark.parametrize(("change", "why"), [
    ({"evidence": evidence("O1")}, "1 of"), ({"evidence": "[]"}, "2 of"), ({"flagged": False}, "1 of"),
    ({"status": "unknown"}, "no longer met"),
])  # fmt: skip
@pytest.mark.parametrize("status", ["approved", "proposed"])
def test_what_no_longer_speaks_for_it_makes_it_void(
    built: Build, change: dict[str, Any], why: str, status: str
) -> None:
    books = waits_on(built, ORDERS, status)
    ((action, reason),) = steps(built, books, {**ORDERS, **change})
    assert action == "reject" and why in reason and reason.endswith("propose it again")


def test_a_finding_that_is_gone_makes_it_void(built: Build) -> None:
    assert steps(built, waits_on(built, ORDERS, "approved"), None) == [
        ("reject", "its finding is gone since it was proposed: propose it again")
    ]


@pytest.mark.parametrize(("change", "void"), [
    ({"outcome": "possibly"}, True), ({"outcome": "same_person"}, False), ({"group_status": "needs_review"}, True),
    ({"evidence": json.dumps({"group_id": "G1", "path": [{**PATH[0], "token": "v1:k:z", "weight": 3.0}]})}, False),
    ({"evidence": json.dumps({"group_id": "G1", "path": [{**PATH[0], "kind": "phone"}]})}, True),
    ({"evidence": json.dumps({"group_id": "G1", "path": [PATH[0]]})}, False),
])  # fmt: skip
def test_a_pair_rests_on_its_outcome_and_the_kinds_of_identifier(
    built: Build, change: dict[str, Any], void: bool
) -> None:
    books = waits_on(built, PAIR, "approved")
    ((action, _),) = steps(built, books, {**PAIR, **change})
    assert action == ("reject" if void else "apply")


def test_a_group_that_grew_would_reach_somebody_whom_nobody_looked_at(built: Build) -> None:
    books = waits_on(built, RING, "approved", group_member=MEMBERS)
    assert steps(built, books, RING, group_member=MEMBERS) == [("apply", "approved")]
    more = [*MEMBERS, {"group_id": "G1", "account_id": "A3", "status": "linked"}]
    assert steps(built, books, RING, group_member=more) == [
        ("reject", "it would reach 1 more: A3 since it was proposed: propose it again")
    ]
    assert steps(built, books, RING, group_member=MEMBERS[:1]) == [("apply", "approved")]


@pytest.mark.parametrize(("now", "void"), [(60_000, False), (29_000, False), (110_000, False), (190_000, True)])
def test_more_than_twice_the_money_makes_it_void_and_a_little_more_does_not(built: Build, now: int, void: bool) -> None:
    def money(fen: int) -> dict[str, Any]:
        return {"draft_line": [{**LINE, "rebate_fen": fen}], "draft_month": [{**MONTH, "entitlement_fen": fen}]}

    books = waits_on(built, PAIR, "approved", **money(45_000))
    ((action, _),) = steps(built, books, PAIR, **money(now))
    assert action == ("reject" if void else "apply")


def test_a_false_alarm_makes_it_void_and_the_last_word_counts(built: Build) -> None:
    books = waits_on(built, ORDERS, "approved")
    finding = books["books_finding"][0]["finding_id"]
    said = [{"finding_id": finding, "entry_no": 1, "verdict": "false_alarm"}]
    assert steps(built, books, ORDERS, books_verdict=said)[0][0] == "reject"
    said.append({"finding_id": finding, "entry_no": 2, "verdict": "confirmed"})
    assert steps(built, books, ORDERS, books_verdict=said)[0][0] == "apply"


def test_what_is_applied_stays(built: Build) -> None:
    books = waits_on(built, ORDERS, "applied")
    books["books_decision"][0]["applied_seq"] = 1
    assert steps(built, books, {**ORDERS, "evidence": "[]"}) == []


def test_the_case_shows_why_and_keeps_the_finding(built: Build) -> None:
    books = waits_on(built, ORDERS, "approved")
    weaker = {**ORDERS, "evidence": evidence("O1")}
    wh = built(seq=3, clause_result=[weaker], parameter_span=[DAYS], **books)
    (event,) = rows(wh, "select * from case_step")
    before = books["books_decision"][0]["evidence_sha256"]
    assert (event["case_id"], event["kind"], event["item"], event["before"]) == ("C1", "evidence", "D1", before)
    assert event["after"] not in (None, before) and "1 of" in event["reason"]
    assert rows(wh, "select status from decision where decision_id = 'D1'") == [{"status": "rejected"}]
    finding = books["books_finding"][0]["finding_id"]
    assert rows(wh, "select case_id from case_finding") == [{"case_id": "C1"}]
    voided = {**books["books_decision"][0], "status": "rejected"}
    entry = {"decision_id": "D1", "entry_no": 3, "action": "reject", "run_seq": 3}
    wh = built(seq=4, clause_result=[weaker], parameter_span=[DAYS],
               **{**books, "books_decision": [voided], "books_decision_event": [entry]})  # fmt: skip
    assert rows(wh, "select finding_id from case_finding") == [{"finding_id": finding}]
    assert rows(wh, "select * from case_step") == []


def test_facts_are_recorded_when_they_are_new_or_changed(built: Build) -> None:
    books = waits_on(built, ORDERS, "proposed")
    kept = {k: books[k] for k in ("books_finding", "books_finding_evidence")}
    moved = {**ORDERS, "confidence": 0.5, "evidence": evidence("O2", "O1", q=0.2)}
    assert rows(built(seq=3, clause_result=[moved], **kept), "select * from new_finding_evidence") == []
    more = {**ORDERS, "evidence": evidence("O1", "O2", "O3")}
    assert len(rows(built(seq=3, clause_result=[more], **kept), "select * from new_finding_evidence")) == 1


def test_a_policys_proposal_names_the_facts_that_it_rests_on(built: Build) -> None:
    wh = built(clause_result=[ORDERS])
    assert rows(wh, "select distinct evidence_sha256 = f.sha256 as same from new_decision inner join finding_fact as f"
                    " using (finding_id)") == [{"same": True}]  # fmt: skip

"""A case and a decision in each state, each role, each action: what is allowed happens, all else changes nothing and says why.

Who may and from where is written out here by hand, and not read from the tables that the console works with.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from casebook import chain, decisions, proposals, users
from casebook.books import Books
from tests.casebook.conftest import ALLOWED, publish
from tests.console.conftest import SignIn, csrf, person

ROLES = ("viewer", "analyst", "approver", "compliance", "finance", "rules_admin", "system_admin", "auditor")
STATES = ("open", "in_review", "waiting", "decided", "appealed", "closed")
CASE_MOVES: dict[str, dict[str, str]] = {
    "take": {"open": "in_review", "in_review": "in_review", "waiting": "in_review"},
    "assign": {"open": "in_review", "in_review": "in_review", "waiting": "waiting", "appealed": "appealed"},
    "wait": {"in_review": "waiting"},
    "resume": {"waiting": "in_review"},
    "decide": {"in_review": "decided"},
    "close": {"in_review": "closed", "decided": "closed"},
    "set_deadline": {s: s for s in STATES if s != "closed"},
    "note": {s: s for s in STATES},
}
"""Action -> from which state to which; whoever works on cases may."""
WORKERS = ("analyst", "approver")
STATUSES = ("proposed", "approved", "applied", "rejected", "overturned")
DECISION_MOVES: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
    "approve": ({"proposed": "approved"}, ("approver", "compliance")),
    "reject": ({"proposed": "rejected"}, ("approver", "compliance")),
    "overturn": ({"approved": "overturned", "applied": "overturned"}, ("approver", "compliance")),
    "release": ({"applied": "applied"}, ("finance",)),
    "appeal": ({"applied": "applied"}, ("analyst", "approver")),
}
"""Action -> from which status to which, and who may."""
MORE = {
    "assign": {"owner": "bo"},
    "set_deadline": {"deadline_on": "2026-06-01"},
    "appeal": {"filed_by": "P", "deadline_on": "2026-06-01"},
}


def cases_in(books: Books, state: str) -> dict[tuple[str, str], str]:
    """A case of its own per role and action, in a state."""
    names = {(role, action): f"C{state}{role}{action}" for role in ROLES for action in CASE_MOVES}
    fixed = {
        "subject_kind": "promoter",
        "opened_on": "2026-04-20",
        "deadline_on": "2026-05-04",
        "blind": 0,
        "run_seq": 1,
    }
    event = {
        "kind": "state",
        "item": "",
        "before": "open",
        "after": state,
        "by_whom": "li",
        "reason": "r",
        "at": 1,
        "run_seq": None,
    }
    files = [{**fixed, "case_id": c, "subject_id": c, "promoter_id": c} for c in names.values()]
    with books.writing() as book:
        book.record(
            chain.Entry("li", "case.many", state),
            {"case_file": files, "case_event": [{**event, "case_id": c} for c in names.values()]},
        )
    return names


def refused(books: Books) -> list[dict[str, Any]]:
    """The refusals on record."""
    with books.reading() as book:
        return [
            json.loads(r["payload"])
            for r in book.rows("select payload from audit where action = 'refused' order by seq")
        ]


@pytest.fixture
def everybody(app: FastAPI, sign_in: SignIn) -> dict[str, TestClient]:
    """A signed-in person per role; finance has a password, which a release asks for again."""
    users.add(app.state.desk.books, "bo", ["analyst"], "first start")
    person(app, "one-finance", "finance")
    return {role: sign_in(role, name=f"one-{role}") for role in ROLES}


@pytest.mark.parametrize("before", STATES)
def test_a_case_in_each_state_for_each_role_and_action(
    app: FastAPI, everybody: dict[str, TestClient], before: str
) -> None:
    books = app.state.desk.books
    names = cases_in(books, before)
    with books.reading() as book:
        seen = book.value("select max(seq) from audit")
    answers: Counter[int] = Counter()
    for (role, action), case_id in names.items():
        client = everybody[role]
        form = {**csrf(client), "reason": "because", "seen": seen, **MORE.get(action, {})}
        answer = client.post(f"/cases/{case_id}/{action}", data=form)
        to = CASE_MOVES[action].get(before)
        wanted = 403 if role not in WORKERS else 409 if to is None else 303
        assert answer.status_code == wanted, (role, action, answer.text)
        with books.reading() as book:
            now = book.value("select state from case_state where case_id = :c", c=case_id)
        assert now == (to if wanted == 303 else before), (role, action)
        answers[wanted] += 1
    assert answers[409] == len(refused(books)) and answers[403] == 6 * len(CASE_MOVES) and answers[303] > 0
    assert books.audit_faults() == []


def decisions_in(books: Books, status: str) -> dict[tuple[str, str], str]:
    """A hold of its own per role and action, in a status; li proposed it and wang moved it."""
    names = {}
    for n, key in enumerate((role, action) for role in ROLES for action in DECISION_MOVES):
        names[key] = proposals.propose(books, measure="hold_payout", subject_kind="promoter", subject_id=f"P{n}", clause="3.5(2)",
                                       by="li", reason="seen", allowed=ALLOWED)  # fmt: skip
    made = list(names.values())
    if status == "rejected":
        decisions.decide_all(books, made, "reject", "wang", "no")
    if status in ("approved", "applied", "overturned"):
        decisions.decide_all(books, made, "approve", "wang", "yes")
    if status == "applied":
        publish(
            books,
            2,
            date(2026, 5, 20),
            decision_step=[{"decision_id": d, "action": "apply", "reason": "approved"} for d in made],
        )
    if status == "overturned":
        decisions.decide_all(books, made, "overturn", "wang", "no")
    return names


@pytest.mark.parametrize("status", STATUSES)
def test_a_decision_in_each_status_for_each_role_and_action(
    app: FastAPI, everybody: dict[str, TestClient], status: str
) -> None:
    books = app.state.desk.books
    answers: Counter[int] = Counter()
    for (role, action), decision in decisions_in(books, status).items():
        client = everybody[role]
        form = {**csrf(client), "reason": "because", "password": "correct horse one-finance", **MORE.get(action, {})}
        answer = client.post(f"/decisions/{decision}/{action}", data=form)
        moves, who = DECISION_MOVES[action]
        to = moves.get(status)
        wanted = 403 if role not in who else 409 if to is None else 303
        assert answer.status_code == wanted, (role, action, answer.text)
        with books.reading() as book:
            state = decisions.standing(book, decision)
        assert state["status"] == (to if wanted == 303 else status), (role, action)
        assert (state["effective_to"] is not None) is (wanted == 303 and action == "release")
        answers[wanted] += 1
    assert answers[409] == len(refused(books)) and sum(answers.values()) == 40 and answers[403] == 31
    assert books.audit_faults() == []

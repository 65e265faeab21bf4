"""Who may do what: the role matrix of every route, changes that another site sends, faults."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from casebook import cases, decisions
from casebook.books import Ledgerbook
from console.app import HEADERS
from console.roles import ROLES, SIGNED_IN, may
from data_contracts.errors import TongrenError
from tests.console import world
from tests.console.conftest import SignIn, csrf, person, shown
from tests.console.places import actions
from tests.console.world.said import TOKEN


def test_every_role_reaches_what_its_actions_allow_and_nothing_else(app: FastAPI, sign_in: SignIn) -> None:
    """Every route x every role; a change is tried without its token, so that nothing is changed.

    What is allowed is asked for in one of a page's three forms, what is denied in all of them.
    """
    wrong = []
    matrix = [r for r in actions() if r[2] != "public"]
    twins = {path for _, path, _ in matrix if path.endswith(".json")}
    for role in ROLES:
        client = sign_in(role, name=f"one {role}")
        for method, path, action in matrix:
            allowed = may([role], action)
            if allowed and f"{path.removesuffix('.csv')}.json" in twins:
                continue
            answer = client.request(method, path, headers={"accept": "text/html"})
            if not allowed and answer.status_code != 403:
                wrong.append((role, method, path, answer.status_code))
            if allowed and method == "GET" and answer.status_code in (401, 403, 500):
                wrong.append((role, method, path, answer.status_code))
            if allowed and method == "POST" and answer.status_code not in (403, 422):
                wrong.append((role, method, path, answer.status_code))
    assert wrong == []


def test_evidence_as_data_is_for_whoever_may_export_and_all_pages_of_the_matrix_are_there(
    app: FastAPI, sign_in: SignIn
) -> None:
    """The matrix takes a page that is not there for an allowed one: those that it asks for are."""
    answers = {role: sign_in(role, name=f"one {role}").get("/evidence/P").status_code for role in ROLES}
    assert answers == {role: 200 if role == "compliance" else 403 for role in ROLES}
    client = sign_in("analyst")
    for path in ("/reports/P", "/groups/G1", "/pairs?a=P&b=I1"):
        assert client.get(path).status_code == 200, path


def test_without_a_session_every_page_leads_to_the_sign_in(app: FastAPI) -> None:
    client = TestClient(app, follow_redirects=False)
    for method, path, action in actions():
        if action == "public":
            continue
        answer = client.request(method, path)
        assert answer.status_code in (303, 401), (method, path)
        if answer.status_code == 303:
            assert answer.headers["location"].startswith("/sign-in?next=/")


def test_denied_by_default() -> None:
    assert not may([], "read_cases") and not may(["nobody"], "read_cases") and may([], SIGNED_IN)
    with pytest.raises(KeyError):
        may(["analyst"], "an action that no role knows")


@pytest.mark.parametrize("sent", [
    {"data": {}}, {"data": {"csrf": "x" * 43}}, {"content": b"csrf=1", "headers": {"content-type": "text/plain"}},
    {"data": {"csrf": "own"}, "headers": {"origin": "https://elsewhere.example"}},
    {"data": {"csrf": "own"}, "headers": {"sec-fetch-site": "cross-site"}},
    {"data": {"csrf": "own"}, "headers": {"sec-fetch-site": "same-site"}},
])  # fmt: skip
def test_a_change_needs_the_forms_token_and_our_origin(app: FastAPI, sign_in: SignIn, sent: dict[str, object]) -> None:
    client = sign_in(*ROLES)
    before = app.state.desk.books.anchor()
    if isinstance(sent.get("data"), dict) and sent["data"].get("csrf") == "own":
        sent = {**sent, "data": csrf(client)}
    for method, path, action in actions():
        if method == "POST" and action != "public":
            assert client.post(path, **sent).status_code in (403, 422), path
    assert app.state.desk.books.anchor() == before


def test_the_token_of_another_session_is_no_token(sign_in: SignIn) -> None:
    mine, other = sign_in("analyst"), sign_in("analyst", name="bo")
    form = {**csrf(other), "reason": "x", "seen": 1}
    assert mine.post(f"/cases/{world.CASE}/note", data=form).status_code == 403


def test_reading_never_writes(app: FastAPI, sign_in: SignIn) -> None:
    client = sign_in(*ROLES)
    before = app.state.desk.books.anchor()
    for method, path, _ in actions():
        if method == "GET" and not path.startswith("/evidence"):  # that one is on record before it is sent
            client.get(path)
    assert app.state.desk.books.anchor() == before


def test_every_answer_carries_the_headers(app: FastAPI, sign_in: SignIn) -> None:
    client = sign_in("analyst")
    for path in (
        "/queue",
        "/queue.json",
        "/nowhere",
        "/sign-in",
        "/users",
        "/static/style.css",
        f"/cases/{world.CASE}.csv",
    ):
        answer = client.get(path)
        assert {k: answer.headers.get(k) for k in HEADERS} == HEADERS, path
        assert (answer.headers.get("cache-control") == "no-store") is not path.startswith("/static/")
    policy = HEADERS["Content-Security-Policy"]
    assert "unsafe" not in policy and "default-src 'none'" in policy and "frame-ancestors 'none'" in policy


def test_of_two_analysts_on_one_case_one_wins_and_the_other_sees_why(app: FastAPI, sign_in: SignIn) -> None:
    one, two = sign_in("analyst", name="an", lang="en"), sign_in("analyst", name="bo", lang="en")
    seen = one.get(f"/cases/{world.CASE}.json").json()["case"]["version"]
    assert one.post(f"/cases/{world.CASE}/take", data={**csrf(one), "reason": "mine", "seen": seen}).status_code == 303
    late = two.post(f"/cases/{world.CASE}/take", data={**csrf(two), "reason": "mine", "seen": seen})
    assert late.status_code == 409 and "has changed since you saw it" in late.text
    with app.state.desk.books.reading() as book:
        assert cases.case(book, world.CASE)["owner"] == "an"


def test_a_change_fails_when_its_audit_entry_cannot_be_written(
    app: FastAPI, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On every changing route that reaches the books: the answer is a fault, and nothing was written."""

    def broken(*_: object, **__: object) -> int:
        raise sqlite3.OperationalError("disk I/O error")

    person(app, "li", "analyst")
    client = sign_in("analyst", "approver", "system_admin", "finance", name="wu")
    seen = client.get(f"/cases/{world.CASE}.json").json()["case"]["version"]
    before = app.state.desk.books.anchor()
    monkeypatch.setattr(Ledgerbook, "append", broken)
    proposal = {"measure": "warn", "clause": "3.5(2)", "subject_kind": "promoter", "subject_id": "P", "reason": "r"}
    changes = {
        f"/cases/{world.CASE}/take": {"reason": "r", "seen": seen}, "/cases/bulk": {"action": "take", "reason": "r", "case_id": world.CASE},
        "/proposals": proposal, f"/decisions/{world.PROPOSED}/approve": {"reason": "r"},
        "/decisions/bulk": {"action": "reject", "reason": "r", "decision_id": world.PROPOSED},
        "/findings/F00000000000000a/verdict": {"verdict": "confirmed", "reason": "r"}, "/ties": {"promoter": "P", "reason": "r"},
        "/overrides": {"account_a": "P", "account_b": "I2", "kind": "must_link", "reason": "r"},
        "/shared": {"kind": "ip", "token": TOKEN, "label": "l", "reason": "r", "from_on": "2026-04-01"},
        "/users": {"name": "zhao", "role": "viewer"}, "/users/li/disable": {}, "/users/li/roles": {"role": "viewer"}, "/users/li/link": {},
        "/targets": {"address": "https://hooks.example/", "kind": "instruction", "reason": "r"},
    }  # fmt: skip
    for path, form in changes.items():
        answer = client.post(path, data={**csrf(client), **form})
        assert answer.status_code == 500 and "disk I/O" not in answer.text and "Traceback" not in answer.text, path
    monkeypatch.undo()
    assert app.state.desk.books.anchor() == before


def test_a_hold_is_released_by_finance_with_the_password_again(app: FastAPI, sign_in: SignIn) -> None:
    password = person(app, "cai", "finance")
    client = sign_in("finance", name="cai")
    path = f"/decisions/{world.HOLD}/release"
    assert client.post(path, data={**csrf(client), "reason": "cleared", "password": "not it at all"}).status_code == 403
    assert client.post(path, data={**csrf(client), "reason": "cleared", "password": password}).status_code == 303
    entries = decisions.history(app.state.desk.books, world.HOLD)
    assert [e["action"] for e in entries] == ["propose", "release"]


def test_faults_tell_a_number_and_no_trace(app: FastAPI, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret inside")

    monkeypatch.setattr(app.state.desk.reading, "rows", broken)
    answer = sign_in("analyst").get("/rules?lang=en")
    assert answer.status_code == 500 and "secret inside" not in answer.text and "Incident" in shown(answer.text)
    assert {k: answer.headers.get(k) for k in HEADERS} == HEADERS


@pytest.mark.parametrize(
    "body", [b"x" * 1_000_001, b"[" * 200_000, b"seen=" + b"9" * 5_000, b"\xff\xfe\x00", b"csrf=" + b"%00" * 1_000]
)
def test_bodies_of_any_kind_are_refused_in_peace(sign_in: SignIn, body: bytes) -> None:
    client = sign_in("analyst")
    for kind in ("application/x-www-form-urlencoded", "application/json", "multipart/form-data; boundary=x"):
        answer = client.post(f"/cases/{world.CASE}/note", content=body, headers={"content-type": kind})
        assert answer.status_code in (400, 403, 413, 422), (kind, answer.status_code)


def test_nothing_is_shown_before_the_first_run(tmp_path: Path) -> None:
    from console.serve import serve

    with pytest.raises(TongrenError, match="tongren run"):
        serve(tmp_path)

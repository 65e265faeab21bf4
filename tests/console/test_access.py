"""Who may do what: the role matrix of every route, changes that another site sends, sessions, guessing, faults."""

from __future__ import annotations

import re
import sqlite3
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from casebook import cases, decisions, users
from casebook.books import Ledgerbook, open_books
from console.access import SECONDS, Access
from console.app import HEADERS
from console.attempts import AT_ONCE, FREE, LONGEST_SECONDS, Attempts
from console.roles import ROLES, SIGNED_IN, may
from console.routes.session import safe
from console.sessions import ABSOLUTE_SECONDS, IDLE_SECONDS, Sessions
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


def test_sign_in_sets_a_strict_cookie_and_a_new_session(app: FastAPI) -> None:
    password = person(app, "li", "analyst")
    client = TestClient(app, follow_redirects=False)
    first = client.post("/sign-in", data={"name": "li", "password": password, "next": "//elsewhere.example"})
    assert first.status_code == 303 and first.headers["location"] == "/"
    cookie = first.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie and "secure" not in cookie
    old = client.cookies["tongren"]
    client.post("/sign-in", data={"name": "LI", "password": password})
    assert client.cookies["tongren"] != old and app.state.desk.sessions.find(old) is None
    assert client.get("/").headers["location"] == "/queue"


def test_a_signed_out_or_disabled_person_is_out(app: FastAPI, sign_in: SignIn) -> None:
    person(app, "li", "analyst")
    client, admin = sign_in("analyst", name="li"), sign_in("system_admin", name="root")
    assert client.get("/queue").status_code == 200
    assert admin.post("/users/li/disable", data=csrf(admin)).status_code == 303
    assert client.get("/queue").status_code == 303
    assert admin.post("/sign-out", data=csrf(admin)).status_code == 303
    assert admin.get("/users").status_code == 303


@pytest.mark.parametrize("action", ["disable", "roles", "password"])
def test_sessions_end_however_the_name_is_typed(app: FastAPI, sign_in: SignIn, action: str) -> None:
    person(app, "li", "analyst")
    client, admin = sign_in("analyst", name="li"), sign_in("system_admin", name="root")
    assert client.get("/queue").status_code == 200
    if action == "password":
        token = users.new_link(app.state.desk.books, "LI", "root")
        admin.post("/welcome", data={"token": token, "password": "four small grey cats"})
    else:
        assert admin.post(f"/users/LI/{action}", data={**csrf(admin), "role": ["viewer"]}).status_code == 303
    assert client.get("/queue").status_code == 303


@pytest.mark.parametrize(
    "path", ["//e.example", "/\\e.example", "/\t/e.example", "/\n/e.example", "/a\\..\\b", "e.example"]
)
def test_no_way_on_leads_elsewhere(path: str) -> None:
    assert safe(path) == "/" and safe("/cases/C1?lang=en") == "/cases/C1?lang=en"


def test_a_session_ends_when_idle_and_after_a_day() -> None:
    now = [0.0]
    sessions = Sessions(lambda: now[0])
    token = sessions.begin("li", frozenset({"viewer"}))
    now[0] = IDLE_SECONDS
    assert sessions.find(token) is not None
    now[0] += IDLE_SECONDS + 1
    assert sessions.find(token) is None
    token = sessions.begin("li", frozenset({"viewer"}))
    began = now[0]
    while now[0] - began <= ABSOLUTE_SECONDS - IDLE_SECONDS:
        now[0] += IDLE_SECONDS
        assert sessions.find(token) is not None
    now[0] = began + ABSOLUTE_SECONDS + 1
    assert sessions.find(token) is None


def test_guessing_is_slowed_for_a_name_and_for_an_address() -> None:
    """100,000 guesses at full speed against one name: fewer than 30 are looked at in an hour."""
    now = [0.0]
    attempts = Attempts(lambda: now[0])
    looked_at = 0
    for _ in range(100_000):
        now[0] += 3600 / 100_000
        looked_at += attempts.take("li", "10.0.0.1") == 0
    assert looked_at < 30
    assert attempts.take("wang", "10.0.0.2") == 0


def test_guesses_at_the_same_time_are_no_more_than_guesses_in_turn(
    app: FastAPI, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    person(app, "li", "analyst")
    app.state.desk.attempts.clock = lambda: 1000.0
    verify, lock, now, most = users._verifies, threading.Lock(), [0], [0]

    def counted(hashed: str, password: str) -> bool:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        try:
            return verify(hashed, password)
        finally:
            with lock:
                now[0] -= 1

    monkeypatch.setattr(users, "_verifies", counted)

    def guess(number: int) -> int:
        form = {"name": "li" if number % 2 else "LI", "password": f"wrong horse {number}"}
        try:
            return int(urlopen(f"{address}/sign-in", urlencode(form).encode(), timeout=30).status)
        except HTTPError as refusal:
            return refusal.code

    with ThreadPoolExecutor(40) as guessers:
        answers = Counter(guessers.map(guess, range(40)))
    assert answers == {401: FREE, 429: 40 - FREE}
    assert 1 <= most[0] <= AT_ONCE


def test_any_number_of_failures_is_told_as_a_wait(app: FastAPI) -> None:
    attempts = app.state.desk.attempts
    attempts.counter.run("insert into failed values ('n:li', 100000, ?)", attempts.clock())
    answer = TestClient(app).post("/sign-in", data={"name": "li", "password": "wrong horse battery"})
    assert answer.status_code == 429 and 0 < int(answer.headers["retry-after"]) <= LONGEST_SECONDS + 1


def test_a_guess_at_a_nameless_user_is_answered_like_any_other(app: FastAPI) -> None:
    person(app, "li", "analyst")
    client = TestClient(app, follow_redirects=False)
    answers = [client.post("/sign-in", data={"name": n, "password": "wrong horse battery"}) for n in ("li", "nobody")]
    assert {a.status_code for a in answers} == {401} and answers[0].text == answers[1].text
    for _ in range(6):
        last = client.post("/sign-in", data={"name": "li", "password": "wrong horse battery"})
    assert last.status_code == 429 and int(last.headers["retry-after"]) >= 1


def test_a_one_time_link_works_once_and_is_shown_once(app: FastAPI, sign_in: SignIn) -> None:
    person(app, "li", "analyst")
    admin = sign_in("system_admin", name="root")
    page = admin.post("/users", data={**csrf(admin), "name": "wang", "role": ["approver"]}).text
    token = re.search(r"/welcome\?token=([\w-]+)", page)[1]  # type: ignore[index]
    assert token not in admin.get("/users").text
    client = TestClient(app, follow_redirects=False)
    form = {"token": token, "password": "four small grey cats"}
    assert client.post("/welcome", data=form).status_code == 303
    assert client.post("/welcome", data=form).status_code == 409
    assert users.check(app.state.desk.books, "wang", "four small grey cats") is not None


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


@pytest.mark.parametrize("change", ["disable", "roles"])
def test_a_session_does_not_outlive_what_another_program_writes_to_the_books(
    app: FastAPI, sign_in: SignIn, state: Path, change: str
) -> None:
    client, other = sign_in("analyst", name="an"), sign_in("analyst", name="bo")
    assert client.get("/queue").status_code == 200
    elsewhere = open_books(state / "books.db")
    if change == "disable":
        users.set_enabled(elsewhere, "an", "root", enabled=False)
    else:
        users.set_roles(elsewhere, "an", ["viewer"], "root")
    elsewhere.close()
    assert client.get("/queue").status_code == 303 and other.get("/queue").status_code == 200
    assert app.state.desk.sessions.find(client.cookies["tongren"]) is None


def test_on_a_server_the_books_are_asked_again_after_a_second(app: FastAPI, state: Path) -> None:
    now, sessions = [0.0], Sessions()
    books = app.state.desk.books
    users.add(books, "an", ["analyst"], "root")
    access = Access(books, sessions, lambda: now[0])
    access.at_hand = False
    session = sessions.find(sessions.begin("an", frozenset({"analyst"})))
    assert session is not None and access.holds(session)
    users.set_enabled(books, "an", "root", enabled=False)
    now[0] = SECONDS / 2
    assert access.holds(session)
    now[0] = SECONDS
    assert not access.holds(session)

"""Sign-in, sessions and how they end, guessing, one-time links."""

from __future__ import annotations

import re
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

from casebook import users
from casebook.books import open_books
from console.access import SECONDS, Access
from console.attempts import AT_ONCE, FREE, LONGEST_SECONDS, Attempts
from console.routes.session import safe
from console.sessions import ABSOLUTE_SECONDS, IDLE_SECONDS, Sessions
from tests.console.conftest import SignIn, csrf, person


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

"""Sign-in with the company account against a provider on loopback: who it vouches for is in, with the roles of the books."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from casebook import users
from console.app import create_app
from console.oidc import settings
from data_contracts.errors import UsageError
from tests.console import provider
from tests.console.conftest import csrf, person, session_of
from tests.console.provider import CompanyAccount

BACK = "https://console.example.com/oidc/return"


@pytest.fixture
def account() -> Iterator[CompanyAccount]:
    with provider.running() as found:
        yield found


@pytest.fixture
def app(state: Path, account: CompanyAccount) -> Iterator[FastAPI]:
    """A console that knows the provider, with li (analyst) in its books."""
    (state / "secret").write_text(f"{provider.SECRET}\n")
    (state / "oidc.yaml").write_text(
        f"issuer: {account.issuer}\nclient_id: {provider.CLIENT}\nclient_secret_file: {state / 'secret'}\nredirect_uri: {BACK}\n"
    )
    made = create_app(state)
    person(made, "li", "analyst")
    yield made
    made.state.desk.books.close()


def browser_of(app: FastAPI) -> TestClient:
    return TestClient(app, follow_redirects=False, raise_server_exceptions=False)


def begun(client: TestClient, account: CompanyAccount, name: str = "li", going_to: str = "/queue") -> dict[str, str]:
    """Through the provider's sign-in; what it sends back."""
    start = client.get("/oidc/start", params={"next": going_to})
    assert start.status_code == 303 and start.headers["location"].startswith(f"{account.issuer}/auth?")
    code, state = account.consent(start.headers["location"], name)
    return {"code": code, "state": state}


def test_who_the_company_vouches_for_is_in_with_the_roles_of_the_books(app: FastAPI, account: CompanyAccount) -> None:
    client = browser_of(app)
    assert "/oidc/start" in client.get("/sign-in").text
    answer = client.get("/oidc/return", params=begun(client, account, going_to="/decisions"))
    assert answer.status_code == 200 and 'href="/decisions"' in answer.text
    cookies = answer.headers.get_list("set-cookie")
    session = next(c.lower() for c in cookies if c.startswith("tongren="))
    assert "samesite=strict" in session and "httponly" in session
    found = app.state.desk.sessions.find(client.cookies["tongren"])
    assert (found.user, found.roles) == ("li", {"analyst"})
    assert client.get("/queue").status_code == 200 and client.get("/users").status_code == 403


def test_the_way_back_leads_nowhere_else(app: FastAPI, account: CompanyAccount) -> None:
    client = browser_of(app)
    answer = client.get("/oidc/return", params=begun(client, account, going_to="//elsewhere.example"))
    assert answer.status_code == 200 and "elsewhere" not in answer.text


@pytest.mark.parametrize("name", ["nobody", "LI\u200b", "off"])
def test_who_is_not_in_the_books_or_kept_out_has_no_access(app: FastAPI, account: CompanyAccount, name: str) -> None:
    books = app.state.desk.books
    users.redeem(books, users.add(books, "off", ["analyst"], "root"), "correct horse off")
    users.set_enabled(books, "off", "root", enabled=False)
    client = browser_of(app)
    answer = client.get("/oidc/return", params=begun(client, account, name))
    assert answer.status_code == 403 and "tongren" not in client.cookies


CLAIMS: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://login.example.com"}, "for somebody else": {"aud": "other"}, "no audience": {"aud": None},
    "for several, and not by us": {"aud": [provider.CLIENT, "other"]}, "several, by another": {"aud": [provider.CLIENT, "o"], "azp": "o"},
    "another nonce": {"nonce": "x" * 43}, "no nonce": {"nonce": None}, "ended": {"exp": 1_700_000_000}, "without end": {"exp": None},
    "from the future": {"iat": int(time.time()) + 3600}, "no name": {"preferred_username": None},
    "a name that is none": {"preferred_username": 7},
}  # fmt: skip


@pytest.mark.parametrize("change", CLAIMS.values(), ids=CLAIMS)
def test_a_token_that_says_anything_amiss_is_refused(
    app: FastAPI, account: CompanyAccount, change: dict[str, Any]
) -> None:
    account.change = change
    client = browser_of(app)
    answer = client.get("/oidc/return", params=begun(client, account))
    assert answer.status_code == 409 and "tongren" not in client.cookies


def test_several_audiences_are_fine_when_we_are_the_party(app: FastAPI, account: CompanyAccount) -> None:
    account.change = {"aud": [provider.CLIENT, "other"], "azp": provider.CLIENT}
    client = browser_of(app)
    assert client.get("/oidc/return", params=begun(client, account)).status_code == 200


@pytest.mark.parametrize(
    "key_and_algorithm",
    [(provider.OTHER, "RS256"), (provider.SHARED, "HS256"), (provider.SHARED, "none")],
    ids=["key", "hs256", "none"],
)
def test_a_token_that_the_provider_did_not_sign_is_refused(
    app: FastAPI, account: CompanyAccount, key_and_algorithm: Any
) -> None:
    account.sign_with = key_and_algorithm
    client = browser_of(app)
    answer = client.get("/oidc/return", params=begun(client, account))
    assert answer.status_code == 409 and "tongren" not in client.cookies


def test_a_provider_that_has_a_new_key_is_asked_again(app: FastAPI, account: CompanyAccount) -> None:
    first = browser_of(app)
    assert first.get("/oidc/return", params=begun(first, account)).status_code == 200
    account.keys, account.sign_with = [provider.SECOND], (provider.SECOND, "ES256")
    second = browser_of(app)
    assert second.get("/oidc/return", params=begun(second, account)).status_code == 200
    account.sign_with = (provider.OTHER, "RS256")
    third, before = browser_of(app), account.asked.count("/realm/keys")
    assert third.get("/oidc/return", params=begun(third, account)).status_code == 409
    assert account.asked.count("/realm/keys") == before + 1


def test_the_browser_that_began_must_come_back_with_its_own_answer(app: FastAPI, account: CompanyAccount) -> None:
    mine, other = browser_of(app), browser_of(app)
    answer = begun(mine, account)
    assert other.get("/oidc/return", params=answer).status_code == 409
    theirs = begun(other, account)
    assert other.get("/oidc/return", params=answer).status_code == 409
    assert other.get("/oidc/return", params={**theirs, "state": ""}).status_code == 409
    assert mine.get("/oidc/return", params=answer).status_code == 200
    assert mine.get("/oidc/return", params=answer).status_code == 409


def test_a_changed_or_old_note_is_refused(
    app: FastAPI, account: CompanyAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = browser_of(app)
    answer = begun(client, account)
    note = client.cookies["tongren-oidc"]
    client.cookies.set("tongren-oidc", note[:-2] + "AA", path="/oidc/return")
    assert client.get("/oidc/return", params=answer).status_code == 409
    late = browser_of(app)
    answer = begun(late, account)
    now = time.time()
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: now + 301)
    assert late.get("/oidc/return", params=answer).status_code == 409


def test_a_provider_that_fails_or_calls_itself_something_else_lets_nobody_in(
    app: FastAPI, account: CompanyAccount
) -> None:
    client = browser_of(app)
    account.said_issuer = "https://login.example.com/realm"
    assert client.get("/oidc/start").status_code == 409
    account.said_issuer, account.status = account.issuer, 500
    assert client.get("/oidc/start").status_code == 409
    account.status = 200
    answer = begun(client, account)
    account.status = 500
    assert client.get("/oidc/return", params=answer).status_code == 409 and "tongren" not in client.cookies


def test_a_disabled_person_is_out_at_once(app: FastAPI, account: CompanyAccount) -> None:
    client = browser_of(app)
    client.get("/oidc/return", params=begun(client, account))
    token = session_of(app, "root", "system_admin")
    admin = browser_of(app)
    admin.cookies.set("tongren", token)
    admin.headers["x-csrf"] = app.state.desk.sessions.find(token).csrf
    assert admin.post("/users/li/disable", data=csrf(admin)).status_code == 303
    assert client.get("/queue").status_code == 303


@pytest.mark.parametrize(("text", "said"), [
    ("issuer: https://a.example\n", "must name"),
    ("issuer: http://a.example\nclient_id: t\nredirect_uri: https://b.example/\n", "https address"),
    ("issuer: https://a.example\nclient_id: t\nredirect_uri: https://b.example/\nscope: all\n", "knows no scope"),
])  # fmt: skip
def test_settings_that_cannot_be_right_are_told(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "oidc.yaml").write_text(text)
    with pytest.raises(UsageError, match=said):
        settings(tmp_path, {})
    assert settings(tmp_path / "nowhere", {}) is None

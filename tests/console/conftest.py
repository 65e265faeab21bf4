"""The console over a hand-written run: one app per test, a client per person, and Chromium where it is installed."""

from __future__ import annotations

import os
import re
import shutil
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import uvicorn
from argon2 import PasswordHasher
from fastapi import FastAPI
from fastapi.testclient import TestClient

from casebook import users
from console.app import create_app
from tests.console import world

CHROMIUM = Path("/usr/bin/chromium")
BASE = "http://testserver"
SignIn = Callable[..., TestClient]


@pytest.fixture(scope="session")
def template_state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return world.published(tmp_path_factory.mktemp("console"))


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords that cost little: how much they cost in earnest is the casebook's own test."""
    monkeypatch.setattr(users, "hasher", lambda: PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1))


@pytest.fixture
def state(template_state: Path, tmp_path: Path) -> Path:
    """A state of the test's own."""
    return Path(shutil.copytree(template_state, tmp_path / "state", symlinks=True))


@pytest.fixture
def app(state: Path) -> Iterator[FastAPI]:
    made = create_app(state)
    yield made
    made.state.desk.books.close()


@pytest.fixture
def sign_in(app: FastAPI) -> SignIn:
    """`sign_in("analyst", name="an")`: a client with a session of those roles. Its `csrf` goes with its forms."""

    def make(*roles: str, name: str = "an", lang: str = "") -> TestClient:
        token = session_of(app, name, *roles)
        client = TestClient(app, follow_redirects=False, raise_server_exceptions=False)
        client.cookies.set("tongren", token)
        if lang:
            client.cookies.set("lang", lang)
        client.headers["x-csrf"] = app.state.desk.sessions.find(token).csrf
        return client

    return make


def session_of(app: FastAPI, name: str, *roles: str) -> str:
    """The token of a session; its user stands in the books with these roles."""
    books = app.state.desk.books
    user = users.find(books, name)
    if user is None:
        users.add(books, name, roles, "first start")
    elif user.roles != frozenset(roles):
        users.set_roles(books, name, roles, "first start")
    token: str = app.state.desk.sessions.begin(name, frozenset(roles))
    return token


def csrf(client: TestClient) -> dict[str, str]:
    """The form field that guards a change."""
    return {"csrf": client.headers["x-csrf"]}


@pytest.fixture
def address(app: FastAPI) -> Iterator[str]:
    """The app served on loopback, for a browser."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    """Chromium; a developer without it is told, CI fails."""
    if not CHROMIUM.exists():
        if os.environ.get("TONGREN_REQUIRE_ALL") == "1":
            pytest.fail("Chromium is required here: apt-get install chromium")
        warnings.warn("BROWSER TESTS SKIPPED: there is no /usr/bin/chromium (apt-get install chromium)", stacklevel=1)
        pytest.skip("there is no /usr/bin/chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu", "--disable-quic"]
        )
        yield opened
        opened.close()


def person(app: FastAPI, name: str, *roles: str) -> str:
    """A user with a password in the books; the password."""
    books, password = app.state.desk.books, f"correct horse {name}"
    if users.find(books, "root") is None:
        users.add(books, "root", ["system_admin"], "first start")
    users.redeem(books, users.add(books, name, roles, "root"), password)
    return password


def shown(html: str) -> str:
    """What a page says, without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))

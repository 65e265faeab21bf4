"""What one client may take: changes and exports in a time, slow requests, bodies without an end."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient
from uvicorn.supervisors import multiprocess

from console import serve
from console.app import create_app
from console.counter import Counter
from console.patience import MOST_HEAD, Patience
from console.rates import Rate, Rates
from console.sessions import Sessions
from tests.console import world
from tests.console.conftest import SignIn, csrf, session_of
from tests.counts import SOAK

SOCKETS = 500 if SOAK else 20


class Hasty(Patience):
    """Waits half a second."""

    seconds = 0.5


@pytest.fixture
def port(app: FastAPI) -> Iterator[int]:
    """The app behind a server that waits half a second for the slow."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", http=Hasty, ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join(10)


SAID = (
    b"",
    b"\r\n",
    b"GET /queue HTTP/1.1\r\nHost: x\r\nX-",
    b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\nname=",
)


@pytest.mark.parametrize("said", SAID)
def test_slow_clients_are_dropped_and_others_are_served(port: int, said: bytes) -> None:
    slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(SOCKETS)]
    try:
        for one in slow:
            one.sendall(said)
        with socket.create_connection(("127.0.0.1", port), timeout=5) as quick:
            quick.sendall(b"GET /sign-in HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert quick.recv(20).startswith(b"HTTP/1.1 200")
        for one in slow:
            one.settimeout(5)
            try:
                got = b"".join(iter(lambda one=one: one.recv(4096), b""))
                assert not got or got.startswith(b"HTTP/1.1 4"), got[:80]
            except ConnectionResetError:
                continue
    finally:
        for one in slow:
            one.close()


ASKED = b"GET /sign-in HTTP/1.1\r\nHost: x\r\n"


@pytest.mark.parametrize("more", [b"\r\n", b"G", ASKED])
def test_a_second_request_is_waited_for_no_longer(port: int, more: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as slow:
        slow.sendall(ASKED + b"\r\n" + more)
        answers = b"".join(iter(lambda: slow.recv(65536), b""))
        assert answers.count(b"HTTP/1.1 200") == 1


def test_headers_without_an_end_are_refused(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        client.sendall(ASKED + b"X: " + b"a" * (MOST_HEAD + 1))
        assert client.recv(4096).startswith(b"HTTP/1.1 400")


def test_an_answer_goes_out_without_waiting_for_an_acknowledgement() -> None:
    with serve.listening("127.0.0.1", 0) as ear:
        assert ear.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_body_whose_length_is_not_said_is_refused(sign_in: SignIn) -> None:
    client = sign_in("analyst")
    answer = client.post(f"/cases/{world.CASE}/note", content=iter([b"csrf=", b"x"]))
    assert answer.status_code == 411


def test_changes_and_exports_of_one_person_have_a_rate(app: FastAPI, sign_in: SignIn) -> None:
    now = [0.0]
    rates = Rates(
        lambda: now[0],
        rates={"change": Rate(2, 60), "export": Rate(1, 60), "reveal": Rate(1, 60), "public": Rate(9, 9)},
    )
    object.__setattr__(app.state.desk, "rates", rates)
    one, other = sign_in("analyst", name="an"), sign_in("analyst", name="bo")
    form = {"promoter": "Q", "reason": "neighbour"}
    assert [one.post("/ties", data={**csrf(one), **form}).status_code for _ in range(3)] == [303, 303, 429]
    refused = one.post("/ties", data={**csrf(one), **form})
    assert refused.status_code == 429 and 1 <= int(refused.headers["retry-after"]) <= 31
    assert other.post("/ties", data={**csrf(other), **form}).status_code == 303
    assert [one.get("/queue.csv").status_code for _ in range(2)] == [200, 429]
    now[0] += 31
    assert one.post("/ties", data={**csrf(one), **form}).status_code == 303


def test_processes_of_one_console_share_sessions_and_rates(tmp_path: Path) -> None:
    here, there = Counter(tmp_path / "s.db"), Counter(tmp_path / "s.db")
    token = Sessions(counter=here).begin("an", frozenset({"viewer"}))
    found = Sessions(counter=there).find(token)
    assert found is not None and (found.user, found.roles) == ("an", {"viewer"})
    rate = {"change": Rate(1, 60)}
    assert (
        Rates(lambda: 0.0, here, rate).wait("change", "an") == 0 < Rates(lambda: 0.0, there, rate).wait("change", "an")
    )
    assert here.secret("x") == there.secret("x")


def test_a_page_shows_at_once_what_another_process_wrote(state: Path) -> None:
    shared = state / "console" / "sessions.db"
    one, other = (create_app(state, shared=shared) for _ in range(2))
    token = session_of(one, "an", "analyst")
    clients = []
    for app in (one, other):
        client = TestClient(app, follow_redirects=False)
        client.cookies.set("tongren", token)
        clients.append(client)
    path = f"/cases/{world.CASE}"
    seen = clients[1].get(f"{path}.json").json()["case"]["version"]
    form = {"csrf": one.state.desk.sessions.find(token).csrf, "reason": "mine", "seen": seen}
    assert clients[0].post(f"{path}/take", data=form).status_code == 303
    shown = clients[1].get(f"{path}.json").json()
    assert shown["case"]["owner"] == "an" and shown["history"][-1]["reason"] == "mine"
    assert clients[1].get("/queue.json?view=mine").json()["total"] == 1
    assert clients[1].get("/queue.json").json()["saved"] == []
    form = {"csrf": form["csrf"], "name": "my own", "query": "view=mine"}
    assert clients[0].post("/views", data=form).status_code == 303
    (view,) = clients[1].get("/queue.json").json()["saved"]
    assert clients[1].post(f"/views/{view['view_id']}/forget", data={"csrf": form["csrf"]}).status_code == 303
    assert clients[0].get("/queue.json").json()["saved"] == []
    for app in (one, other):
        app.state.desk.books.close()


def test_a_process_that_starts_slowly_is_not_taken_for_dead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server's own five seconds would end every process of a console that starts on a busy machine, for ever."""
    made: list[uvicorn.Config] = []

    class Seen:
        def __init__(self, config: uvicorn.Config, ears: list[socket.socket]) -> None:
            made.append(config)

        def run(self) -> None:
            """Serves nobody."""

    monkeypatch.setattr(multiprocess, "Multiprocess", Seen)
    with serve.listening("127.0.0.1", 0) as ear:
        serve.run(tmp_path, None, ear, secure=False, processes=2)
    assert made[0].timeout_worker_healthcheck >= 60

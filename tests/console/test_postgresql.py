"""`tongren console --books postgresql://...`: from the first start to an approved decision, with books on a real PostgreSQL."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from casebook.books import open_books
from tests.casebook.conftest import database, postgres
from tests.console import world
from tests.console.conftest import shown

__all__ = ["postgres"]
pytestmark = pytest.mark.postgres


@dataclass(frozen=True)
class Served:
    """A console that was started by the command: its address, what it printed, and where its books are."""

    address: str
    printed: str
    books_url: str


@pytest.fixture
def served(postgres: str, tmp_path: Path) -> Iterator[Served]:
    with database(postgres) as url:
        state = world.published(tmp_path, books_url=url)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        command = [
            sys.executable,
            "-m",
            "pipelines.cli",
            "console",
            "--state",
            str(state),
            "--books",
            url,
            "--port",
            str(port),
        ]
        console = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert console.stdout is not None
            printed = console.stdout.readline() + console.stdout.readline()
            yield Served(f"http://127.0.0.1:{port}", printed, url)
        finally:
            console.terminate()
            console.wait(30)
        assert not (state / "books.db").exists()


class Person:
    """Somebody with a browser's manners: cookies kept, and the token of the page that was read last."""

    def __init__(self, served: Served, link: str, password: str, name: str) -> None:
        self.web = httpx.Client(
            base_url=served.address, transport=httpx.HTTPTransport(retries=8), timeout=120, cookies={"lang": "en"}
        )
        token = re.search(r"/welcome\?token=([\w-]+)", link)
        assert token is not None
        assert self.web.post("/welcome", data={"token": token[1], "password": password}).status_code == 303
        assert self.web.post("/sign-in", data={"name": name, "password": password}).status_code == 303

    def get(self, path: str) -> httpx.Response:
        return self.web.get(path)

    def post(self, path: str, page: str, **form: str | list[str]) -> httpx.Response:
        """Send a form as it stands on a page."""
        token = re.search(r'name="csrf" value="([^"]+)"', self.get(page).text)
        assert token is not None
        return self.web.post(path, data={"csrf": token[1], **form})


def test_from_the_first_start_to_an_approved_decision(served: Served) -> None:
    admin = Person(served, served.printed, "four small grey cats", "admin")
    links = {
        name: admin.post("/users", "/users", name=name, role=[role]).text
        for name, role in (("an", "analyst"), ("ping", "approver"))
    }
    analyst, approver = (Person(served, links[name], f"{name} has many grey cats", name) for name in ("an", "ping"))

    assert world.CASE in analyst.get("/queue").text
    case = shown(analyst.get(f"/cases/{world.CASE}").text)
    assert "Decide on the measures that wait" in case and "167.00" in case
    effect = analyst.get("/proposals/new?what=3.5(2)%7Csuspend_functions&subject=promoter%7CP&promoter=P")
    assert effect.status_code == 200
    proposal = {"measure": "suspend_functions", "clause": "3.5(2)", "subject_kind": "promoter", "subject_id": "P", "promoter": "P",
                "functions": "payout", "reason": "refunds cluster"}  # fmt: skip
    made = analyst.post("/proposals", "/queue", **proposal).headers["location"]

    assert analyst.post(f"{made}/approve", made, reason="my own").status_code == 403
    assert analyst.web.post("/proposals", data=proposal).status_code == 403
    assert analyst.web.post("/proposals", data={**proposal, "csrf": "not it"}).status_code == 403
    assert (
        approver.web.post(
            f"{made}/approve", data={"reason": "r", "csrf": "x"}, headers={"origin": "https://x.example"}
        ).status_code
        == 403
    )
    assert approver.get("/users").status_code == 403 and admin.get("/queue").status_code == 403
    assert httpx.get(f"{served.address}/queue").status_code == 303

    assert approver.post(f"{made}/approve", made, reason="evidence checked").status_code == 303
    assert "approved" in shown(approver.get(made).text)
    assert analyst.get(f"{made}.json").json()["decision"]["decided_by"] == "ping"
    books = open_books(served.books_url)
    assert books.audit_faults() == []
    books.close()

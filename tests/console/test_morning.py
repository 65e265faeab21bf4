"""A whole morning in a real Chromium over the real pipeline: from the queue to a statement that the next run changed."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI

import simulator
from console.app import create_app
from pipelines.run import Order, run
from pipelines.state import State
from tests.console.conftest import person

pytestmark = pytest.mark.browser
FIRST, SECOND = date(2025, 10, 20), date(2025, 11, 20)
MORNINGS = {
    "zh": {"measure": "hold_payout", "approved": "已批准", "applied": "已执行", "held": "暂缓"},
    "en": {"measure": "warn", "approved": "approved", "applied": "applied", "held": "held"},
}


@pytest.fixture
def programme(tmp_path: Path) -> Order:
    """A simulated programme with one published run; what it returns orders the next."""
    simulator.simulate(tmp_path / "sources", 200, 5, 3, seed=3)
    run(Order(tmp_path / "sources", State(tmp_path / "state"), FIRST))
    return Order(tmp_path / "sources", State(tmp_path / "state"), SECOND)


@pytest.fixture
def served(programme: Order, tmp_path: Path) -> Iterator[tuple[FastAPI, str]]:
    """The console over it, and its address."""
    app = create_app(tmp_path / "state")
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield app, f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(20)
    app.state.desk.books.close()


class Somebody:
    """A person in a browser of the own, signed in by the form."""

    def __init__(self, browser: Any, app: FastAPI, base: str, name: str, role: str, lang: str) -> None:
        self.base, password = base, person(app, name, role)
        self.page = browser.new_context(viewport={"width": 1380, "height": 900}).new_page()
        self.page.goto(f"{base}/language/{lang}?next=/sign-in")
        self.page.fill("input[name=name]", name)
        self.page.fill("input[name=password]", password)
        self.page.click("main button")

    def propose(self, measure: str) -> str:
        """From the queue to the first case, its effect, and a proposal; the decision's path."""
        self.page.click("table.rows tbody tr a >> nth=0")
        self.page.wait_for_url("**/cases/*")
        self.page.wait_for_selector("#timeline[data-drawn='1']")
        self.page.select_option("select[name=what]", f"3.5(2)|{measure}")
        self.page.fill(".decide input[name=reason]", "退款集中 / refunds cluster")
        self.page.click(".decide button.main")
        self.page.wait_for_selector("#proposal dl.figures")
        self.page.click("#proposal button.main")
        self.page.wait_for_url("**/decisions/D*")
        return str(self.page.url).removeprefix(self.base)

    def approve(self, path: str, word: str) -> None:
        """Approve somebody else's proposal."""
        self.page.goto(self.base + path)
        self.page.fill("main form.bar input[name=reason] >> nth=-1", "checked")
        self.page.click("main button.main")
        self.page.wait_for_selector(f"h1 .tag:has-text('{word}')")

    def decide(self, case_id: str) -> None:
        """Take a case and say that it is decided."""
        for move in ("take", "decide"):
            self.page.goto(f"{self.base}/cases/{case_id}")
            form = f".moves form[action$='/{move}']"
            self.page.fill(f"{form} input[name=reason]", "见已批准的措施 / see the approved measures")
            self.page.click(f"{form} button")
            self.page.wait_for_load_state()


def test_what_two_people_decided_is_on_the_statement_after_the_next_run(
    programme: Order, served: tuple[FastAPI, str], browser: Any
) -> None:
    app, base = served
    case = app.state.desk.live.cases()[0]
    promoter = case["promoter_id"]
    people = {lang: Somebody(browser, app, base, f"an {lang}", "analyst", lang) for lang in MORNINGS}
    before = people["zh"].page.goto(f"{base}/statements/2025-10/{promoter}.json").json()["statement"]
    assert (before["status"], before["held"]) == ("provisional", "0.00") and float(before["payable"]) > 0
    decided = {}
    for lang, words in MORNINGS.items():
        people[lang].page.goto(f"{base}/queue")
        decided[lang] = people[lang].propose(words["measure"])
        Somebody(browser, app, base, f"ping {lang}", "approver", lang).approve(decided[lang], words["approved"])

    newer = run(programme).run_id
    deadline = time.monotonic() + 60
    while people["zh"].page.goto(f"{base}/queue.json").json()["run_id"] != newer and time.monotonic() < deadline:
        time.sleep(0.2)
    people["zh"].page.goto(f"{base}/cases/{case['case_id']}")
    assert people["zh"].page.locator(f"a[href^='/reports/{promoter}']").count() == 0, (
        "drawn at random: no report before"
    )
    people["zh"].decide(case["case_id"])
    for lang, words in MORNINGS.items():
        page = people[lang].page
        page.goto(base + decided[lang])
        assert words["applied"] in page.inner_text("h1")
        page.goto(f"{base}/statements/2025-10/{promoter}")
        assert words["held"] in page.inner_text("h1")
        after = page.goto(f"{base}/statements/2025-10/{promoter}.json").json()["statement"]
        assert (after["status"], after["payable"], after["held"]) == ("held", "0.00", after["rebate"])
        assert newer == page.goto(f"{base}/queue.json").json()["run_id"]
        with page.expect_download() as taken:
            page.goto(f"{base}/cases/{case['case_id']}")
            page.click(f"a[href^='/reports/{promoter}?format=html']")
        assert promoter in Path(taken.value.path()).read_text(encoding="utf-8")
        page.context.close()

"""In a real Chromium: a morning in Chinese and in English, named controls, and no word of complaint."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI

from casebook import decisions
from console.roles import ROLES
from tests.console import world
from tests.console.conftest import person
from tests.console.places import pages

pytestmark = pytest.mark.browser
SIZE = {"width": 1380, "height": 900}


@pytest.fixture
def complaints() -> list[str]:
    return []


@pytest.fixture
def visit(browser: Any, address: str, complaints: list[str]) -> Iterator[Any]:
    """`visit(name, password, lang)`: a page of a person who has signed in by the form. Complaints of the browser are kept."""
    contexts = []

    def make(name: str, password: str, lang: str) -> Any:
        context = browser.new_context(viewport=SIZE)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda e: complaints.append(str(e)))
        page.on("request", lambda r: complaints.append(r.url) if not r.url.startswith((address, "data:")) else None)
        page.goto(f"{address}/language/{lang}?next=/sign-in")
        page.fill("input[name=name]", name)
        page.fill("input[name=password]", password)
        page.click("main button")
        return page

    yield make
    for context in contexts:
        context.close()


MORNING = {
    "zh": {"queue": "待办案件", "advice": "对待批措施作出决定", "after": "措施后", "status": "已批准"},
    "en": {"queue": "Queue", "advice": "Decide on the measures that wait", "after": "after", "status": "approved"},
}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_morning_from_the_queue_to_an_approved_decision(
    app: FastAPI, address: str, visit: Any, complaints: list[str], lang: str
) -> None:
    words = MORNING[lang]
    analyst = visit("an", person(app, "an", "analyst"), lang)
    assert words["queue"] in analyst.inner_text("h1")
    first = analyst.locator("table.rows tbody tr").first
    assert "167.00" in first.inner_text()
    analyst.keyboard.press("j")
    analyst.keyboard.press("Enter")
    analyst.wait_for_url("**/cases/*")
    assert words["advice"] in analyst.inner_text(".advice")
    assert "×66" in analyst.inner_text(".cards")
    analyst.wait_for_selector("#graph[data-drawn='3']")
    analyst.wait_for_selector("#timeline[data-drawn='1']")
    assert analyst.locator("#graph canvas").count() > 0
    assert "I1" in analyst.locator("table.twin").first.inner_text()
    analyst.select_option("select[name=what]", "3.5(2)|suspend_functions")
    analyst.fill(".decide input[name=reason]", "退款集中 <b>refunds</b>")
    analyst.click(".decide button.main")
    analyst.wait_for_selector("#proposal dl.figures")
    assert words["after"] in analyst.inner_text("#proposal") and "50.00" in analyst.inner_text("#proposal")
    analyst.click("#proposal button.main")
    analyst.wait_for_url("**/decisions/*")
    decision = analyst.url.rsplit("/", 1)[1]

    approver = visit("ping", person(app, "ping", "approver"), lang)
    approver.goto(f"{address}/decisions/{decision}")
    assert "退款集中 <b>refunds</b>" in approver.inner_text("main")
    approver.fill("main input[name=reason]", "evidence checked")
    approver.click("main button.main")
    approver.wait_for_selector(f"h1 .tag:has-text('{words['status']}')")
    state = next(d for d in decisions.listing(app.state.desk.books) if d["decision_id"] == decision)
    assert (state["status"], state["proposed_by"], state["decided_by"]) == ("approved", "an", "ping")
    assert complaints == []


def test_the_keys_lead_through_queue_and_case(app: FastAPI, address: str, visit: Any) -> None:
    """j and k go through the rows, / to the search, n to the next case, p to the proposal; while typing they are letters."""
    page = visit("an", person(app, "an", "analyst"), "en")
    rows = [r["case_id"] for r in page.evaluate("fetch('/queue.json').then((r) => r.json())")["rows"]]
    focused = "document.activeElement.getAttribute('href')"
    for key, row in (("j", 0), ("j", 1), ("j", 2), ("k", 1)):
        page.keyboard.press(key)
        assert page.evaluate(focused) == f"/cases/{rows[row]}"
    page.keyboard.press("/")
    page.keyboard.type("jnp")
    assert page.input_value("#search") == "jnp"
    page.goto(f"{address}/cases/{rows[0]}")
    page.keyboard.press("p")
    assert page.evaluate("document.activeElement.name") == "what"
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("n")
    page.wait_for_url(f"**/cases/{rows[1]}")


def test_filtering_in_place_and_a_saved_view(app: FastAPI, visit: Any, complaints: list[str]) -> None:
    page = visit("an", person(app, "an", "analyst"), "en")
    page.select_option("select[name=clause]", "2.2(3)")
    page.wait_for_url("**clause=2.2*")
    page.wait_for_function("document.querySelectorAll('table.rows tbody tr').length === 1")
    page.goto(page.url)
    page.click("details.views summary")
    page.fill("details.views input[name=name]", "rings")
    page.click("details.views button >> nth=0")
    page.wait_for_url("**clause=2.2*")
    page.goto(page.url.split("?")[0])
    page.click("nav.tabs a:has-text('rings')")
    page.wait_for_url("**clause=2.2*")
    page.click("details.views summary")
    page.click("details.views button:has-text('rings')")
    page.wait_for_function("!document.querySelector('nav.tabs').innerText.includes('rings')")
    assert complaints == []


NAMED = """() => {
  const out = [];
  const named = (e) => e.labels?.length || e.getAttribute('aria-label') || e.textContent.trim();
  for (const e of document.querySelectorAll('input:not([type=hidden]), select, textarea, button, a'))
    if (!named(e)) out.push(e.outerHTML.slice(0, 90));
  for (const t of document.querySelectorAll('table'))
    if (!t.caption || !t.querySelector('th[scope]')) out.push('a table without caption or headings');
  for (const e of document.querySelectorAll('[tabindex]')) if (e.tabIndex > 0) out.push('tabindex ' + e.tabIndex);
  if (document.querySelectorAll('h1').length !== 1) out.push('not one h1');
  if (!document.documentElement.lang) out.push('no language');
  const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
  if (new Set(ids).size !== ids.length) out.push('an id twice');
  return out;
}"""
"""What a screen reader would stumble over on the page that is shown."""


def test_every_control_has_a_name_and_every_page_one_heading(app: FastAPI, address: str, visit: Any) -> None:
    """What a screen reader needs: labelled controls, one h1, a language, table headings, no positive tabindex."""
    page = visit("an", person(app, "an", *ROLES), "en")
    for place in pages():
        page.goto(address + place)
        assert page.evaluate(NAMED) == [], place


def test_reading_and_deciding_need_no_javascript(app: FastAPI, browser: Any, address: str) -> None:
    password = person(app, "an", "analyst")
    context = browser.new_context(viewport=SIZE, java_script_enabled=False)
    try:
        page = context.new_page()
        page.goto(f"{address}/sign-in?lang=en")
        page.fill("input[name=name]", "an")
        page.fill("input[name=password]", password)
        page.click("main button")
        page.goto(f"{address}/cases/{world.CASE}?lang=en")
        assert page.locator("#graph").is_hidden() and page.locator("table.twin").first.is_visible()
        page.select_option("select[name=what]", "3.5(2)|warn")
        page.fill(".decide input[name=reason]", "first warning")
        page.click(".decide button.main")
        page.click("#proposal button.main")
        assert re.search(r"/decisions/D[0-9a-f]{16}$", page.url)
    finally:
        context.close()

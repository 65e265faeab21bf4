"""In a real Chromium: a morning in Chinese and in English, hostile text in every field, and no word of complaint."""

from __future__ import annotations

import html
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from casebook import decisions
from console.app import create_app
from tests.console import world
from tests.console.conftest import person, session_of

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


def test_filtering_in_place_and_a_saved_view(app: FastAPI, visit: Any, complaints: list[str]) -> None:
    page = visit("an", person(app, "an", "analyst"), "en")
    page.select_option("select[name=clause]", "3.4(1)")
    page.wait_for_url("**clause=3.4*")
    page.wait_for_function("document.querySelectorAll('table.rows tbody tr').length === 1")
    page.goto(page.url)
    page.click("details.views summary")
    page.fill("details.views input[name=name]", "rings")
    page.click("details.views button >> nth=0")
    page.wait_for_url("**clause=3.4*")
    page.goto(page.url.split("?")[0])
    page.click("nav.tabs a:has-text('rings')")
    page.wait_for_url("**clause=3.4*")
    page.click("details.views summary")
    page.click("details.views button:has-text('rings')")
    page.wait_for_function("!document.querySelector('nav.tabs').innerText.includes('rings')")
    assert complaints == []


def corpus(count: int) -> list[str]:
    """Payloads made of every way out of a text, an attribute, a script or an address, each calling `hit()`."""
    ways = ["", '">', "'>", "</textarea>", "</title>", "</script>", "-->", "]]>", '" ', "' ", "`", "{{", "${", "\\"]
    acts = """
        <script>hit()</script> | <img src=x onerror=hit()> | <svg onload=hit()> | <svg/onload=hit()> | <body onload=hit()>
        <iframe srcdoc='<script>parent.hit()</script>'> | <a href=javascript:hit() autofocus>x</a> | onfocus=hit() autofocus=
        <details open ontoggle=hit()> | <math><mi xlink:href=javascript:hit()> | <input autofocus onfocus=hit()>
        <style>@import 'javascript:hit()'</style> | javascript:hit() | <marquee onstart=hit()> | <video><source onerror=hit()>
        <object data=javascript:hit()> | <div hx-on:load=hit()> | <div hx-get=/queue hx-trigger=load hx-on::after-request=hit()>
        {{constructor.constructor('hit()')()}} | <base href=//x.example> | <b style=x:expression(hit())>
        <meta http-equiv=refresh content='0;url=javascript:hit()'> | <form action=javascript:hit()><button autofocus> | ${hit()}
    """
    acts = [act.strip() for line in acts.strip().splitlines() for act in line.split(" | ")] + [
        "\u202e<b onmouseover=hit()>"
    ]
    turns = [
        str,
        str.upper,
        lambda s: s.replace("<", "%3C"),
        html.escape,
        lambda s: s.replace(" ", "/"),
        lambda s: s.replace("hit", "\\u0068it"),
    ]
    made = list(dict.fromkeys(t(w + a) for w in ways for a in acts for t in turns))
    return random.Random(7).sample(made, min(count, len(made)))


PLACES = (
    "/queue", f"/cases/{world.CASE}", "/promoters/P", "/accounts/I1", "/statements/2026-03/P", "/rules", "/shared", "/quarantine/orders",
    f"/decisions/{world.PROPOSED}", "/decisions?status=proposed", "/groups/G1", "/audit", "/detectors",
    "/proposals/new?what=3.5(2)|warn&subject=promoter|P&promoter=P&reason={}", "/queue?search={}", "/rules?search={}", "/sign-in?next={}",
)  # fmt: skip


def test_no_hostile_text_runs_anywhere(browser: Any, tmp_path: Path) -> None:
    """500 payloads in one value, in every text field of feeds, books and addresses; every page rendered in the browser."""
    import threading
    import time
    from urllib.parse import quote

    import uvicorn

    payloads = corpus(500)
    assert len(payloads) == 500
    app = create_app(world.published(tmp_path, "\n".join(payloads)))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    base = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    context = browser.new_context(viewport=SIZE)
    try:
        token = session_of(app, "an", "analyst", "approver", "compliance", "auditor")
        context.add_cookies([{"name": "tongren", "value": token, "url": base}])
        hits: list[str] = []
        page = context.new_page()
        page.expose_function("hit", lambda *_: hits.append(page.url))
        page.on("dialog", lambda d: (hits.append(page.url), d.dismiss()))
        page.on("request", lambda r: hits.append(r.url) if not r.url.startswith((base, "data:")) else None)
        for place in PLACES:
            answer = page.goto(base + place.format(quote("\n".join(payloads[:40]))[:3000]))
            assert answer.status == 200, place
            assert (
                page.locator("main").count() == 1 and page.locator("main script, main iframe, main object").count() == 0
            )
        assert hits == []
        assert "<script>hit()</script>" in page.goto(f"{base}/rules.json").text()
    finally:
        context.close()
        server.should_exit = True
        thread.join(10)


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
    page = visit("an", person(app, "an", "analyst", "approver", "compliance", "auditor"), "en")
    for place in (p for p in PLACES if "{}" not in p):
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

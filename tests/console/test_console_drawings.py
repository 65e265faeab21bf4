"""What is drawn on a page in a real Chromium: what it shows, that labels stand free, and that a table says the same."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi import FastAPI

from console.roles import ROLES
from tests.console import world
from tests.console.conftest import session_of
from tests.console.places import pages

pytestmark = pytest.mark.browser
CASE = f"/cases/{world.CASE}"
TIMELINE = """() => echarts.getInstanceByDom(document.getElementById('timeline')).getOption().series.map((s) => (
  {name: s.name, data: s.data, area: s.markArea && s.markArea.data}))"""
LABELS = """() => document.getElementById('graph')._cyreg.cy.nodes().map((n) => n.renderedBoundingBox({includeEdges: false}))
  .map((b) => [b.x1, b.y1, b.x2, b.y2])"""
ALONE = """() => [...document.querySelectorAll('.canvas, .chart')].filter((c) => !c.closest('section, main').querySelector('table'))
  .map((c) => c.id)"""


@pytest.fixture
def page(browser: Any, app: FastAPI, address: str) -> Iterator[Any]:
    """A page of somebody with every role; paths are the console's own."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, base_url=address)
    token = session_of(app, "an", *ROLES)
    context.add_cookies(
        [{"name": "tongren", "value": token, "url": address}, {"name": "lang", "value": "en", "url": address}]
    )
    yield context.new_page()
    context.close()


def test_the_timeline_shows_what_happened_what_was_stated_and_what_was_paid(page: Any) -> None:
    page.goto(CASE)
    page.wait_for_selector("#timeline[data-drawn]")
    drawn = {s["name"]: s for s in page.evaluate(TIMELINE)}
    days = {name: [d[:2] for d in drawn[name]["data"]] for name in ("Registrations", "Orders", "Refunds")}
    assert days == {
        "Registrations": [["2026-03-05", 3]],
        "Orders": [["2026-03-05", 3]],
        "Refunds": [["2026-03-05", -1]],
    }
    marks = {n: [(m["value"][0], m["month"], m["amount"]) for m in drawn[n]["data"]] for n in ("Statements", "Payouts")}
    assert marks == {
        "Statements": [("2026-04-20", "2026-03", "0.00 + 97.00 held")],
        "Payouts": [("2026-03-05", "2026-03", "97.00")],
    }
    assert [[end["xAxis"][:10] for end in burst] for burst in drawn["Refunds"]["area"]] == [
        ["2026-03-01", "2026-03-07"]
    ]
    page.click("details:has(table.twin) summary")
    twins = page.locator("section:has(#timeline) table.twin")
    assert twins.nth(0).inner_text().split()[-4:] == ["2026-03-05", "3", "3", "1"]
    assert twins.nth(1).inner_text().split()[-6:] == ["2026-03-05", "2026-03", "97.00", "0.00", "97.00", "paid"]


def graph_of(invitees: int) -> dict[str, Any]:
    """A graph as the case page gets it: each invitee shares two identifiers, every third one through another account."""
    nodes = [{"id": "P", "kind": "promoter", "label": "A726563875"}]
    nodes += [{"id": f"I{i}", "kind": "invitee", "label": f"A2528{i:05}"} for i in range(invitees)]
    nodes += [
        {"id": f"T{i}", "kind": "token", "of": "payment", "label": f"6222****{i:04}", "shared_by": i}
        for i in range(invitees // 2)
    ]
    edges = [{"source": "P", "target": f"T{i}", "bits": 9.5} for i in range(invitees // 2)]
    edges += [
        {"source": f"I{i}", "target": f"T{(i + k) % (invitees // 2)}", "bits": 12.0}
        for i in range(invitees)
        for k in (0, 7)
    ]
    return {"nodes": nodes, "edges": edges, "table": []}


@pytest.mark.parametrize("width", [1440, 900])
@pytest.mark.parametrize(("path", "graph"), [
    (CASE, lambda: graph_of(30)),
    ("/groups/G1", lambda: {"nodes": graph_of(24)["nodes"][:25], "edges": []}),
])  # fmt: skip
def test_no_label_of_a_graph_lies_on_another(
    page: Any, path: str, graph: Callable[[], dict[str, Any]], width: int
) -> None:
    drawn = graph()
    page.set_viewport_size({"width": width, "height": 900})
    page.route("**/*.json", lambda route: answered(route, drawn))
    page.goto(path)
    page.wait_for_selector(f"#graph[data-drawn='{len(drawn['nodes'])}']")
    boxes = page.evaluate(LABELS)
    over = [
        (a, b)
        for n, a in enumerate(boxes)
        for b in boxes[:n]
        if a[0] < b[2] and b[0] < a[2] and a[1] + 2 < b[3] and b[1] + 2 < a[3]
    ]
    assert over == []
    shape = page.locator("#graph").bounding_box()
    assert all(b[0] >= 0 and b[2] <= shape["width"] and b[1] >= 0 and b[3] <= shape["height"] for b in boxes)


def answered(route: Any, graph: dict[str, Any]) -> None:
    """What the console would answer, with another graph in it."""
    told = route.fetch().json()
    route.fulfill(content_type="application/json", body=json.dumps({**told, "graph": graph}))


def test_every_drawing_has_a_table_beside_it(page: Any) -> None:
    drawings = 0
    for place in pages():
        page.goto(place)
        drawings += page.locator(".canvas, .chart").count()
        assert page.evaluate(ALONE) == [], place
    assert drawings >= 4

"""Hostile text in every field of feeds, books, names and addresses: every page is shown in a real Chromium, and none of it runs.

Which fields there are is read off the contracts and the forms of the routes, which pages off the routes: what is new is tried
by itself. The browser is told to leave out the content security policy, so that it is the escaping alone that holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from casebook import cases
from console.roles import ROLES
from tests.console import world
from tests.console.conftest import SignIn, csrf, person, session_of
from tests.console.corpus import COUNT, batches, counted, payloads
from tests.console.places import NO_PAGES, PARTS, pages, routes, template
from tests.console.world.said import TOKEN
from tests.counts import SOAK, SoakCount

pytestmark = pytest.mark.browser
INVITEE = "I1 " + next(batches(3_000))
"""An account whose very id is hostile: feeds may name accounts as they like."""
MOST = None if SOAK else 15
"""Texts that are tried per form: 15 of 2,000 characters hold the whole corpus; names are short, and take the soak for all of it."""
OURS: dict[str, Any] = {
    "clause": "3.5(2)", "measure": "suspend_functions", "subject_kind": "promoter", "subject_id": "P", "promoter": "P", "month": "",
    "finding": "F00000000000000a", "verdict": "confirmed", "account_a": "P", "account_b": "other {n}", "kind": "must_link", "token": TOKEN,
    "from_on": "2026-04-01", "to_on": "2026-05-01", "deadline_on": "2026-06-01", "case_id": world.CASE, "action": "note", "least": "0",
    "address": "https://hooks.example/{n}", "role": "viewer", "back": "/queue", "query": "clause=3.4(1)", "seen": 0, "owner": "",
}  # fmt: skip
"""What a field holds that must be one of ours; all other fields are free text."""
FORMS: dict[str, dict[str, Any]] = {
    "/targets": {"kind": "instruction"},
    "/shared": {"kind": "ip"},
    "/decisions/bulk": {"action": "reject"},
    "/decisions/{decision_id}/{action}": {"action": "approve"},
    "/decisions/{decision_id}/release": {"decision_id": world.HOLD},
    "/decisions/{decision_id}/appeal": {"decision_id": world.HOLD},
}
MADE = {
    "override_id": "select override_id from override_state where to_at is null",
    "shared_id": "select shared_id from shared_state where to_on is null",
    "target_id": "select target_id from webhook_state where ended_at is null",
    "appeal_id": "select appeal_id from appeal where appeal_id not in (select appeal_id from appeal_outcome)",
    "decision_id": "select decision_id from decision_state where status = 'proposed' and proposed_by <> 'policy'",
}
"""What is there only after a form made it."""
UNKEPT = ("/sign-in", "/welcome", "/accounts/{account_id}/reveal")
"""Forms whose text is kept nowhere, or that need a vault."""


@pytest.fixture(scope="module")
def template_state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every free text of every table holds the whole corpus, and one account is named by it."""
    return world.published(tmp_path_factory.mktemp("hostile"), "\n".join(payloads()), invitee=INVITEE)


def forms() -> list[tuple[APIRoute, list[Any]]]:
    """The changing routes with a free text, and those fields; what needs something made comes last."""
    found = []
    for route in routes():
        free = [
            f
            for f in route.dependant.body_params
            if f.field_info.annotation is str and f.name not in (*OURS, "csrf", "password")
        ]
        if "POST" in route.methods and free and template(route) not in UNKEPT:
            found.append((route, free))
    return sorted(found, key=lambda f: (any(f"{{{name}}}" in f[0].path for name in MADE), "bulk" in f[0].path))


def keep(app: FastAPI, sign_in: SignIn) -> dict[str, int]:
    """Send the corpus through every form by people with hostile names; per form how many payloads its fields took."""
    taken: dict[str, int] = {}
    names = batches(100)
    for route, free in forms():
        path, who = template(route), "by " + next(names)
        password = person(app, who, *ROLES)
        client, limit = sign_in(*ROLES, name=who), min(f.field_info.metadata[0].max_length for f in free)
        for n, (text, held) in enumerate(islice(counted(limit), MOST)):
            given = {k: v.format(n=n) if isinstance(v, str) else v for k, v in {**OURS, **FORMS.get(path, {})}.items()}
            given = {"decision_id": world.PROPOSED, **given, **made(app, path)}
            form = {
                f.name: given.get(f.name, text)
                for f in route.dependant.body_params
                if f.name not in ("csrf", "password")
            }
            address = path.format(**{**{k: v[0] for k, v in PARTS.items()}, **given})
            answer = client.post(address, data={**form, **csrf(client), "password": password})
            if answer.status_code >= 400:
                assert n, (path, answer.text.split("<main")[-1])
                break
            taken[path] = taken.get(path, 0) + held * len(free)
    return taken


def made(app: FastAPI, path: str) -> dict[str, Any]:
    """What earlier forms made, for a form that is about it, and the last entry about the case."""
    wanted = [name for name in MADE if f"{{{name}}}" in path and name != "decision_id"]
    with app.state.desk.books.reading() as book:
        found = {name: book.value(MADE[name]) for name in (["decision_id"] if path == "/decisions/bulk" else wanted)}
        return {"seen": cases.case(book, world.CASE)["version"], **{k: v for k, v in found.items() if v}}


def addresses() -> Iterator[str]:
    """Every page as it is; with hostile words in each search of its address; and with hostile parts, which is refused."""
    asked = "".join(
        p.read_text(encoding="utf-8") for p in (Path(__file__).parents[2] / "console" / "routes").glob("*.py")
    )
    names = {
        *re.findall(r'(?:asked\(request, |query_params\.get(?:list)?\()"(\w+)"', asked),
        "view",
        "state",
        "owner",
        "next",
    }
    text = quote(next(batches(1_500)), safe="")
    search = "&".join(f"{name}={text}" for name in sorted(names - {"what", "subject", "a", "b", "page"}))
    for page in pages():
        page = page.replace("I1", quote(INVITEE, safe=""))
        yield page
        if len(page) < 1_000:
            yield f"{page}{'&' if '?' in page else '?'}{search}"
    there = {template(r) for r in routes() if r.methods == {"GET"}} - {*NO_PAGES}
    for path in sorted(p for p in there if "{" in p and not p.endswith((".json", ".csv"))):
        yield re.sub(r"\{\w+\}", text, path)


@pytest.fixture
def hits() -> list[str]:
    """Where something ran, or asked for anything elsewhere."""
    return []


@pytest.fixture
def page(browser: Any, app: FastAPI, address: str, hits: list[str]) -> Iterator[Any]:
    """A page without content security policy, of a person with every role and a hostile name."""
    context = browser.new_context(viewport={"width": 1380, "height": 900}, bypass_csp=True)
    token = session_of(app, "me " + next(batches(120)), *ROLES)
    context.add_cookies([{"name": "tongren", "value": token, "url": address}])
    shown = context.new_page()
    shown.expose_function("hit", lambda *_: hits.append(shown.url))
    shown.on("dialog", lambda d: (hits.append(shown.url), d.dismiss()))
    shown.on("request", lambda r: hits.append(r.url) if not r.url.startswith((address, "data:")) else None)
    yield shown
    context.close()


def test_no_hostile_text_runs_anywhere(
    app: FastAPI, sign_in: SignIn, page: Any, address: str, hits: list[str], soak_count: SoakCount
) -> None:
    taken = keep(app, sign_in)
    soak_count("hostile_text", sum(taken.values()))
    assert {template(route) for route, _ in forms()} == set(taken)
    assert [path for path, n in taken.items() if n >= COUNT] != []
    visited = list(addresses())
    for place in visited:
        answer = page.goto(address + place)
        assert answer.status in (200, 404, 409, 422), place
        assert page.locator("main").count() == 1, place
        assert page.locator("main script, main iframe, main object, main img, main svg, main style").count() == 0, place
    assert hits == [] and len(visited) > 60
    assert "<script>hit()</script>" in page.goto(f"{address}/rules.json").text()


def test_a_text_that_is_written_as_it_is_would_be_noticed(page: Any, address: str, hits: list[str]) -> None:
    """The very browser of the test above runs what is not escaped."""
    page.goto(f"{address}/sign-in")
    text = "<img src=x onerror='hit().then(() => { window.ran = true })'>"
    page.evaluate("text => document.querySelector('main').insertAdjacentHTML('beforeend', text)", text)
    page.wait_for_function("window.ran")
    assert hits != []

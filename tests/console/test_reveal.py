"""One raw identifier through the vault: with a reason, on a case, logged before it is shown, and for compliance alone."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

import pytest
from fastapi import FastAPI

from casebook.books import Books, Ledgerbook
from console.rates import RATES
from console.roles import ROLES
from data_contracts.raw_vault import Sight, Vault, packed
from data_contracts.vault import load_key
from tests.console import world
from tests.console.conftest import SignIn, csrf, person, shown

TOKEN = "v1:kid:aaaaaaaaaaaaaaaaaaaaaaaaaa"
RAW = "IMEI-<b>35-209900</b>-176148-1"
PATH = "/accounts/I1/reveal"
FORM = {"token": TOKEN, "case_id": world.CASE, "reason": "compare with the papers"}


@pytest.fixture(autouse=True)
def vault(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    """The state has a vault that holds what account I1's token stands for."""
    for name in ("TONGREN_KEY", "TONGREN_KEY_FD", "TONGREN_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    with closing(opened(app)) as made:
        made.store([("I1", "device", TOKEN, packed(RAW, RAW.lower()))])


def opened(app: FastAPI) -> Vault:
    state = app.state.desk.state
    return Vault(state / "vault.db", load_key(state, {}))


def sights(app: FastAPI) -> tuple[Sight, ...]:
    """What the vault's own log says."""
    with closing(opened(app)) as vault:
        return vault.sights()


def entries(books: Books) -> list[dict[str, Any]]:
    """What the audit chain says of sights."""
    with books.reading() as book:
        rows = book.rows("select actor, object, payload from audit where action = 'vault.reveal' order by seq")
    return [{"actor": r["actor"], "object": r["object"], **json.loads(r["payload"])} for r in rows]


def test_compliance_sees_the_value_with_a_reason_on_a_case(app: FastAPI, sign_in: SignIn) -> None:
    client = sign_in("compliance", name="he")
    answer = client.post(PATH, data={**csrf(client), **FORM})
    assert (
        answer.status_code == 200
        and "IMEI-&lt;b&gt;35-209900&lt;/b&gt;-176148-1" in answer.text
        and "<b>35" not in answer.text
    )
    assert answer.headers["cache-control"] == "no-store"
    (entry,) = entries(app.state.desk.books)
    assert (entry["actor"], entry["object"], entry["reason"]) == ("he", TOKEN, FORM["reason"])
    assert entry["about"] == {"account": "I1", "case": world.CASE}
    (sight,) = sights(app)
    assert (sight.who, sight.subject, sight.reason) == ("he", TOKEN, f"{world.CASE}: {FORM['reason']}")
    assert "209900" not in client.get("/accounts/I1").text + client.get("/accounts/I1.json").text
    with app.state.desk.books.reading() as book:
        assert not [r for r in book.rows("select payload from audit") if "209900" in r["payload"]]


def test_the_sight_is_on_record_before_the_value_is_read(
    app: FastAPI, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    known: list[int] = []

    def stop(*_: object, **__: object) -> str:
        known.append(len(entries(app.state.desk.books)))
        raise RuntimeError(RAW)

    monkeypatch.setattr(Vault, "reveal", stop)
    client = sign_in("compliance", name="he")
    answer = client.post(PATH, data={**csrf(client), **FORM})
    assert known == [1] and answer.status_code == 500 and "209900" not in answer.text


def test_a_sight_that_cannot_be_recorded_does_not_happen(
    app: FastAPI, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> int:
        raise OSError("disk I/O error")

    client = sign_in("compliance", name="he")
    monkeypatch.setattr(Ledgerbook, "append", broken)
    answer = client.post(PATH, data={**csrf(client), **FORM})
    assert answer.status_code == 500 and "209900" not in answer.text and sights(app) == ()


@pytest.mark.parametrize("role", sorted(set(ROLES) - {"compliance"}))
def test_no_other_role_sees_it(app: FastAPI, sign_in: SignIn, role: str) -> None:
    client = sign_in(role, name="somebody")
    answer = client.post(PATH, data={**csrf(client), **FORM})
    assert answer.status_code == 403 and "209900" not in answer.text
    assert PATH not in client.get("/accounts/I1").text
    assert entries(app.state.desk.books) == [] and sights(app) == ()


@pytest.mark.parametrize(("changed", "status"), [
    ({"reason": None}, 422), ({"reason": "  "}, 422), ({"case_id": None}, 422), ({"case_id": "C404"}, 404),
    ({"case_id": world.BLIND}, 409), ({"token": "v1:kid:bbbbbbbbbbbbbbbbbbbbbbbbbb"}, 404), ({"csrf": "x"}, 403),
])  # fmt: skip
def test_without_a_reason_or_a_case_of_the_account_nothing_is_read(
    app: FastAPI, sign_in: SignIn, changed: Mapping[str, Any], status: int
) -> None:
    client = sign_in("compliance", name="he")
    form = {k: v for k, v in {**csrf(client), **FORM, **changed}.items() if v is not None}
    answer = client.post(PATH, data=form)
    assert answer.status_code == status and "209900" not in answer.text
    assert entries(app.state.desk.books) == [] and sights(app) == ()


def test_a_closed_case_opens_nothing(app: FastAPI, sign_in: SignIn) -> None:
    both = sign_in("analyst", "compliance", name="he", lang="en")
    for move in ("take", "close"):
        seen = both.get(f"/cases/{world.CASE}.json").json()["case"]["version"]
        assert (
            both.post(f"/cases/{world.CASE}/{move}", data={**csrf(both), "reason": "done", "seen": seen}).status_code
            == 303
        )
    answer = both.post(PATH, data={**csrf(both), **FORM})
    assert answer.status_code == 409 and "is closed" in answer.text and sights(app) == ()


def test_one_person_sees_so_many_in_an_hour(app: FastAPI, sign_in: SignIn) -> None:
    client = sign_in("compliance", name="he")
    most = RATES["reveal"].burst
    answers = [client.post(PATH, data={**csrf(client), **FORM}).status_code for _ in range(most + 1)]
    assert answers == [200] * most + [429]
    assert len(sights(app)) == most


def test_a_state_without_a_vault_says_so(app: FastAPI, sign_in: SignIn) -> None:
    (app.state.desk.state / "vault.db").unlink()
    client = sign_in("compliance", name="he")
    answer = client.post(PATH, data={**csrf(client), **FORM})
    assert answer.status_code == 404 and "tongren run --vault" in answer.text
    assert PATH not in client.get("/accounts/I1").text


@pytest.fixture
def page(app: FastAPI, browser: Any, address: str) -> Iterator[Any]:
    """A page of a compliance officer who signed in by the form."""
    password = person(app, "he", "compliance")
    context = browser.new_context()
    found = context.new_page()
    found.goto(f"{address}/language/en?next=/sign-in")
    found.fill("input[name=name]", "he")
    found.fill("input[name=password]", password)
    found.click("main button")
    yield found
    context.close()


@pytest.mark.browser
def test_from_the_account_to_the_value_in_a_browser(app: FastAPI, page: Any, address: str) -> None:
    page.goto(f"{address}/accounts/I1")
    assert "209900" not in page.content()
    page.fill("input[name=case_id]", world.CASE)
    page.fill("form[action$=reveal] input[name=reason]", FORM["reason"])
    page.click("form[action$=reveal] button")
    assert page.inner_text("#revealed") == RAW
    assert [s.who for s in sights(app)] == ["he"]
    page.goto(f"{address}/accounts/I1")
    assert "209900" not in shown(page.content())


def test_a_member_of_a_ring_is_part_of_its_case_and_who_is_tied_to_the_ring_sees_nothing(
    app: FastAPI, sign_in: SignIn
) -> None:
    client, form = sign_in("compliance", name="he", lang="en"), {**FORM, "case_id": world.RING}
    assert client.post(PATH, data={**csrf(client), **form}).status_code == 409
    evidence = json.dumps([{"code": "CR01", "ids": ["I1", "I2"]}])
    app.state.desk.reading.now.con.execute("update findings set evidence = ? where subject_id = 'R'", [evidence])
    assert client.post(PATH, data={**csrf(client), **form}).status_code == 200
    client.post("/ties", data={**csrf(client), "promoter": "P", "reason": "cousin"})
    refused = client.post(PATH, data={**csrf(client), **form})
    assert refused.status_code == 409 and "declared a tie to promoter P" in refused.text and RAW not in refused.text

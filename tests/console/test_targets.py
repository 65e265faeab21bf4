"""Other systems are told while the console is up: who is told is the system administrator's to say."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import date

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from casebook import targets
from data_contracts.vault import Key, load_key
from tests.casebook.conftest import publish
from tests.console.conftest import SignIn, csrf, shown
from tests.hook import Hook, listening

KEY = Key(bytes(range(32)))
WARN = {"instruction_id": "I9", "kind": "warn", "subject_id": "P", "decision_id": "D9", "created_on": date(2026, 4, 21)}


@pytest.fixture
def hook() -> Iterator[Hook]:
    """A real target on loopback."""
    with listening() as found:
        yield found


def test_an_administrator_adds_tries_and_ends_a_target(app: FastAPI, sign_in: SignIn, hook: Hook) -> None:
    admin = sign_in("system_admin", name="root")
    form = {"address": hook.address, "reason": "the fraud desk", "kind": ["instruction"], "least": "500"}
    added = admin.post("/targets", data={**csrf(admin), **form})
    secret = re.search(r'id="secret">([0-9a-f]{64})<', added.text)
    assert added.status_code == 200 and secret and secret[1] not in admin.get("/deliveries").text
    (target,) = admin.get("/deliveries.json").json()["targets"]
    assert (target["kinds"], target["least"], target["by_whom"]) == (["instruction"], "500", "root")
    page = admin.get("/deliveries?lang=en").text
    assert target["host"] in page and "s3cret" not in page and "500.00" in page
    path = f"/targets/{target['target_id']}"
    tried = admin.post(f"{path}/test?lang=en", data=csrf(admin))
    assert "status 204" in shown(tried.text) and hook.came.get(timeout=10)["kind"] == "test"
    again = admin.post(f"{path}/rotate", data={**csrf(admin), "reason": "yearly"})
    assert 'id="secret"' in again.text and secret[1] not in again.text
    assert admin.post(f"{path}/end", data={**csrf(admin), "reason": "moved"}).status_code == 303
    assert admin.post(f"{path}/test", data=csrf(admin)).status_code == 409
    assert app.state.desk.books.audit_faults() == []


@pytest.mark.parametrize(("field", "value", "said"), [
    ("address", "https://hooks.example:99999/", "host or port"), ("address", "http://hooks.example/", "clear text"),
    ("kind", "gossip", "at least one of"), ("least", "a lot", "amount in yuan"), ("reason", " ", "reason"),
])  # fmt: skip
def test_a_target_that_cannot_be_is_refused_with_the_reason(sign_in: SignIn, field: str, value: str, said: str) -> None:
    admin = sign_in("system_admin", name="root", lang="en")
    form = {"address": "https://hooks.example/", "reason": "desk", "kind": "instruction", field: value}
    answer = admin.post("/targets", data={**csrf(admin), **form})
    assert answer.status_code == 422 and said in answer.text
    assert admin.get("/deliveries.json").json()["targets"] == []


def test_who_may_read_deliveries_sees_no_form_and_no_path(app: FastAPI, sign_in: SignIn, hook: Hook) -> None:
    targets.add(app.state.desk.books, hook.address, "root", "desk", KEY)
    viewer = sign_in("viewer", name="vera")
    page = viewer.get("/deliveries").text
    assert 'action="/targets' not in page and "s3cret" not in page
    form = {"address": "https://hooks.example/", "reason": "x", "kind": "instruction"}
    assert viewer.post("/targets", data={**csrf(viewer), **form}).status_code == 403


def test_a_console_that_is_up_tells_what_its_targets_lack(app: FastAPI, hook: Hook) -> None:
    targets.add(app.state.desk.books, hook.address, "root", "desk", load_key(app.state.desk.state, os.environ))
    publish(app.state.desk.books, 2, date(2026, 4, 21), instruction=[WARN])
    with TestClient(app):
        told = hook.came.get(timeout=10)
    assert told["instruction"]["instruction_id"] == "I9"
    assert (app.state.desk.state / "console" / "webhooks.lock").exists()

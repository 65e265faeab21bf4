"""Who took what away: reports, evidence and proposals looked at are in the audit chain."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from fastapi import FastAPI

from casebook.books import Ledgerbook
from tests.console.conftest import SignIn


def sights(app: FastAPI) -> list[tuple[Any, ...]]:
    """(person, what, object) of every sight in the books."""
    with app.state.desk.books.reading() as book:
        rows = book.rows("select person, what, object from sight order by seq, line_no")
    return [(r["person"], r["what"], r["object"]) for r in rows]


def test_evidence_is_on_record_before_it_is_sent(app: FastAPI, sign_in: SignIn) -> None:
    client = sign_in("compliance", name="he")
    answer = client.get("/evidence/P?format=json")
    assert answer.status_code == 200 and answer.json()["promoter"]
    assert sights(app) == [("he", "evidence", "P")]


def test_evidence_is_not_sent_when_it_cannot_be_put_on_record(
    app: FastAPI, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> int:
        raise sqlite3.OperationalError("disk I/O error")

    client = sign_in("compliance", name="he")
    monkeypatch.setattr(Ledgerbook, "append", broken)
    answer = client.get("/evidence/P?format=csv")
    assert answer.status_code == 500 and "attachment" not in answer.headers.get("content-disposition", "")
    monkeypatch.undo()
    app.state.desk.sights.flush()
    assert sights(app) == [("he", "evidence", "P")]


def test_a_report_a_proposal_and_a_pair_are_on_record_with_whom_they_are_about(app: FastAPI, sign_in: SignIn) -> None:
    client = sign_in("analyst")
    asked = (
        "/reports/P?format=html",
        "/proposals/new?what=3.5(2)|warn&subject=referral|I1%00&promoter=P",
        "/pairs?a=P&b=I1",
    )
    assert [client.get(path).status_code for path in asked] == [200, 200, 200]
    app.state.desk.sights.flush()
    assert sights(app) == [("an", "reports", "P"), ("an", "proposals", "P referral|I1\ufffd"), ("an", "pairs", "P I1")]

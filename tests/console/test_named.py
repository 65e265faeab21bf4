"""Whom and what people name: a subject and its promoter, a month, an identifier. What the run does not know is refused."""

from __future__ import annotations

import pytest
from fastapi import FastAPI

from tests.console.conftest import SignIn, csrf, shown
from tests.console.world.said import TOKEN

REASON = "退款集中在出账之后 / refunds cluster after the statement"


@pytest.mark.parametrize(("kind", "subject", "promoter"), [
    ("promoter", "P", "Q"), ("referral", "I1", "Q"), ("order", "o1", "Q"),
])  # fmt: skip
def test_a_measure_names_the_promoter_who_brought_its_subject(
    sign_in: SignIn, kind: str, subject: str, promoter: str
) -> None:
    """The notice, and the claim, would go to somebody else."""
    analyst = sign_in("analyst", lang="en")
    form = {"measure": "warn", "clause": "3.5(2)", "subject_kind": kind, "subject_id": subject, "promoter": promoter,
            "reason": "r"}  # fmt: skip
    answer = analyst.post("/proposals", data={**csrf(analyst), **form})
    assert answer.status_code == 409 and f"was not brought by promoter {promoter}" in answer.text


@pytest.mark.parametrize(("given", "status", "en", "zh"), [
    ({"subject_id": "P404"}, 404, "no promoter P404", "没有推广者 P404"),
    ({"subject_kind": "order", "subject_id": "o404"}, 404, "know the order o404", "没有订单 o404"),
    ({"measure": "cancel_rebate", "month": "2030-01"}, 422, "has not begun", "尚未开始"),
    ({"measure": "cancel_rebate", "month": "2001-01"}, 422, "no statement of 2001-01", "没有 2001-01 的对账单"),
])  # fmt: skip
def test_what_the_run_does_not_know_is_told_before_and_refused(
    sign_in: SignIn, given: dict[str, str], status: int, en: str, zh: str
) -> None:
    form = {
        "measure": "warn",
        "clause": "3.5(2)",
        "subject_kind": "promoter",
        "subject_id": "P",
        "reason": REASON,
        **given,
    }
    asked = {"what": f"{form['clause']}|{form['measure']}", "subject": f"{form['subject_kind']}|{form['subject_id']}",
             "month": form.get("month", "")}  # fmt: skip
    for lang, told in (("en", en), ("zh", zh)):
        analyst = sign_in("analyst", lang=lang)
        before = analyst.get("/proposals/new", params=asked)
        assert before.status_code == 200 and told in shown(before.text)
        answer = analyst.post("/proposals", data={**csrf(analyst), **form})
        assert answer.status_code == status and told in shown(answer.text)


def test_a_measure_on_a_ring_shows_and_takes_the_promoter_whose_invitees_it_has(app: FastAPI, sign_in: SignIn) -> None:
    analyst = sign_in("analyst", lang="en")
    asked = {"what": "3.4(1)|warn", "subject": "ring|R", "promoter": ""}
    assert analyst.get("/proposals/new.json", params=asked).json()["promoter"] == "P"
    form = {"measure": "warn", "clause": "3.4(1)", "subject_kind": "ring", "subject_id": "R", "reason": REASON}
    made = analyst.post("/proposals", data={**csrf(analyst), **form}).headers["location"]
    assert analyst.get(f"{made}.json").json()["decision"]["promoter_id"] == "P"


def test_an_identifier_is_registered_as_shared_and_ended(sign_in: SignIn) -> None:
    client = sign_in("analyst")
    form = {"kind": "ip", "token": TOKEN, "label": "campus", "reason": "a dormitory", "from_on": "2026-04-20"}
    for slip in (
        {"token": "v1:kid:b"},
        {"token": TOKEN.replace("kid", "old")},
        {"token": TOKEN[:-1] + "!"},
        {"kind": "fax"},
    ):
        assert client.post("/shared", data={**csrf(client), **form, **slip}).status_code == 422, slip
    assert client.get("/shared.json").json()["register"] == []
    assert client.post("/shared", data={**csrf(client), **form}).status_code == 303
    entry = client.get("/shared.json").json()["register"][0]
    done = client.post(
        f"/shared/{entry['shared_id']}/end", data={**csrf(client), "reason": "moved", "to_on": "2026-04-21"}
    )
    assert done.status_code == 303

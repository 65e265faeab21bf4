"""An analyst's morning without JavaScript: forms alone, from the queue to an approved decision."""

from __future__ import annotations

import pytest
from fastapi import FastAPI

from casebook import cases, decisions
from tests.console import world
from tests.console.conftest import SignIn, csrf, shown

REASON = "退款集中在出账之后 / refunds cluster after the statement"


def test_propose_see_the_effect_and_have_it_approved_by_another(app: FastAPI, sign_in: SignIn) -> None:
    analyst, approver = sign_in("analyst", name="an"), sign_in("approver", name="ping")
    page = analyst.get(f"/cases/{world.CASE}")
    assert 'action="/proposals/new"' in page.text
    form = {"measure": "suspend_functions", "clause": "3.5(2)", "subject_kind": "promoter", "subject_id": "P", "promoter": "P",
            "functions": "payout", "reason": REASON}  # fmt: skip
    made = analyst.post("/proposals", data={**csrf(analyst), **form})
    assert made.status_code == 303
    path = made.headers["location"]
    told = shown(analyst.get(f"{path}?lang=en").text)
    assert REASON in told and "nobody approves an own proposal" in told and "Decided by —" in told
    assert approver.get("/decisions.json").json()["rows"][0]["decision_id"] in path
    assert analyst.post(f"{path}/approve", data={**csrf(analyst), "reason": "ok"}).status_code == 403
    assert approver.post(f"{path}/approve", data={**csrf(approver), "reason": "checked"}).status_code == 303
    state = next(d for d in decisions.listing(app.state.desk.books) if path.endswith(d["decision_id"]))
    assert (state["status"], state["proposed_by"]) == ("approved", "an")
    assert "the next run applies it" in shown(approver.get(f"{path}?lang=en").text)


@pytest.mark.parametrize(("what", "chosen", "rests_on"), [
    ("3.5(2)|warn", "", "F00000000000000a"), ("3.4(1)|warn", "", ""), ("3.5(2)|warn", "none", ""),
    ("3.4(1)|warn", "F00000000000000b", "F00000000000000b"),
])  # fmt: skip
def test_a_proposal_rests_on_the_finding_that_the_page_showed(
    app: FastAPI, sign_in: SignIn, what: str, chosen: str, rests_on: str
) -> None:
    analyst = sign_in("analyst")
    asked = {"what": what, "subject": "promoter|P", "promoter": "P", "finding": chosen}
    page = analyst.get("/proposals/new", params=asked)
    assert f'name="finding" value="{rests_on}"' in page.text
    clause, _, measure = what.partition("|")
    form = {"measure": measure, "clause": clause, "subject_kind": "promoter", "subject_id": "P", "promoter": "P", "finding": rests_on,
            "reason": REASON}  # fmt: skip
    path = analyst.post("/proposals", data={**csrf(analyst), **form}).headers["location"]
    assert analyst.get(f"{path}.json").json()["decision"]["finding_id"] == (rests_on or None)


def test_a_proposal_on_a_finding_about_somebody_else_is_refused(sign_in: SignIn) -> None:
    analyst = sign_in("analyst", lang="en")
    form = {
        "measure": "warn",
        "clause": "3.5(2)",
        "subject_kind": "promoter",
        "subject_id": "Q",
        "finding": "F00000000000000a",
        "reason": "r",
    }
    answer = analyst.post("/proposals", data={**csrf(analyst), **form})
    assert answer.status_code == 409 and "is about promoter P, not Q" in answer.text


def test_nobody_approves_an_own_proposal_whatever_the_roles(app: FastAPI, sign_in: SignIn) -> None:
    both = sign_in("analyst", "approver", name="an")
    form = {"measure": "warn", "clause": "3.5(2)", "subject_kind": "promoter", "subject_id": "P", "reason": REASON}
    path = both.post("/proposals", data={**csrf(both), **form}).headers["location"]
    answer = both.post(f"{path}/approve?lang=en", data={**csrf(both), "reason": "ok"})
    assert answer.status_code == 409 and "nobody approves an own proposal" in shown(answer.text)


def test_two_people_approve_what_the_run_proposed(app: FastAPI, sign_in: SignIn) -> None:
    one, two = sign_in("approver", name="ping"), sign_in("compliance", name="he")
    path, form = f"/decisions/{world.PROPOSED}", {"reason": "checked"}
    assert one.post(f"{path}/approve", data={**csrf(one), **form}).status_code == 303
    assert one.post(f"{path}/approve", data={**csrf(one), **form}).status_code == 409
    assert two.post(f"{path}/approve", data={**csrf(two), **form}).status_code == 303
    assert two.get(f"{path}.json").json()["decision"]["status"] == "approved"


def test_a_measure_that_the_clause_does_not_know_is_refused(sign_in: SignIn) -> None:
    client = sign_in("analyst")
    page = client.get("/proposals/new?lang=en&what=2.2(3)%7Ccancel_rebate&subject=promoter%7CP&promoter=P")
    assert "does not allow this measure" in shown(page.text)
    form = {
        "measure": "cancel_rebate",
        "clause": "2.2(3)",
        "subject_kind": "promoter",
        "subject_id": "P",
        "reason": "r",
    }
    assert client.post("/proposals", data={**csrf(client), **form}).status_code == 409


def test_who_has_declared_a_tie_does_not_decide(sign_in: SignIn) -> None:
    client = sign_in("approver", name="ping", lang="en")
    assert client.post("/ties", data={**csrf(client), "promoter": "P", "reason": "cousin"}).status_code == 303
    answer = client.post(f"/decisions/{world.PROPOSED}/approve", data={**csrf(client), "reason": "ok"})
    assert answer.status_code == 409 and "declared a tie" in answer.text


@pytest.mark.parametrize("subject", [("invitee", "I1"), ("invitee", "I3"), ("referral", "I2"), ("order", "o3")])
def test_a_tie_binds_where_the_promoter_is_not_named(app: FastAPI, sign_in: SignIn, subject: tuple[str, str]) -> None:
    """I1 is P's by a finding, I2 and I3 by the relation alone, o3 is an order of I3."""
    client = sign_in("analyst", name="an", lang="en")
    client.post("/ties", data={**csrf(client), "promoter": "P", "reason": "cousin"})
    form = {
        "measure": "warn",
        "clause": "3.5(2)",
        "subject_kind": subject[0],
        "subject_id": subject[1],
        "reason": REASON,
    }
    answer = client.post("/proposals", data={**csrf(client), **form, "promoter": ""})
    assert answer.status_code == 409 and "declared a tie to promoter P" in answer.text
    other = sign_in("analyst", name="bo", lang="en")
    made = other.post("/proposals", data={**csrf(other), **form, "promoter": ""})
    assert made.status_code == 303
    tied = sign_in("approver", name="an", lang="en")
    assert tied.post(f"{made.headers['location']}/approve", data={**csrf(tied), "reason": "ok"}).status_code == 409


def test_a_tied_person_neither_judges_a_finding_nor_answers_an_appeal(sign_in: SignIn) -> None:
    client = sign_in("analyst", "compliance", name="an", lang="en")
    client.post("/ties", data={**csrf(client), "promoter": "P", "reason": "cousin"})
    judged = client.post(
        "/findings/F00000000000000a/verdict", data={**csrf(client), "verdict": "false_alarm", "reason": "no"}
    )
    assert judged.status_code == 409 and "declared a tie" in judged.text
    clerk = sign_in("analyst", name="bo", lang="en")
    form = {"filed_by": "P", "reason": "not so", "deadline_on": "2026-05-10"}
    clerk.post(f"/decisions/{world.HOLD}/appeal", data={**csrf(clerk), **form})
    appeal = client.get(f"/decisions/{world.HOLD}.json").json()["appeals"][0]["appeal_id"]
    granted = client.post(f"/appeals/{appeal}/granted", data={**csrf(client), "reason": "shown"})
    assert granted.status_code == 409 and "declared a tie" in granted.text
    assert client.get(f"/decisions/{world.HOLD}.json").json()["decision"]["status"] == "applied"


def test_an_appeal_is_answered_by_whoever_did_not_decide(app: FastAPI, sign_in: SignIn) -> None:
    analyst, reviewer = sign_in("analyst", name="an"), sign_in("compliance", name="he")
    form = {"filed_by": "P", "reason": "the customers asked themselves", "deadline_on": "2026-05-10"}
    path = f"/decisions/{world.HOLD}"
    assert analyst.post(f"{path}/appeal", data={**csrf(analyst), **form}).status_code == 303
    appeal = reviewer.get(f"{path}.json").json()["appeals"][0]
    assert appeal["filed_by"] == "P" and appeal["outcome"] is None
    assert [a["appeal_id"] for a in reviewer.get("/appeals.json").json()["rows"]] == [appeal["appeal_id"]]
    assert reviewer.get(f"/cases/{appeal['case_id']}.json").json()["case"]["state"] == "appealed"
    done = reviewer.post(f"/appeals/{appeal['appeal_id']}/granted", data={**csrf(reviewer), "reason": "shown"})
    assert done.status_code == 303
    assert reviewer.get(f"{path}.json").json()["decision"]["status"] == "overturned"
    assert reviewer.get("/appeals.json").json()["rows"] == []


def test_a_reply_to_the_notice_is_seen_by_whoever_approves(sign_in: SignIn) -> None:
    analyst, approver = sign_in("analyst", name="an"), sign_in("approver", name="ping")
    path = f"/decisions/{world.PROPOSED}"
    form = {"filed_by": "P", "reason": "they were unhappy with the product"}
    assert analyst.post(f"{path}/reply", data={**csrf(analyst), **form}).status_code == 303
    assert "they were unhappy with the product" in approver.get(path).text and "2026-04-27" in approver.get(path).text


@pytest.mark.parametrize(("what", "where"), [("reply", world.PROPOSED), ("appeal", world.HOLD)])
def test_whoever_records_what_came_in_is_on_record_and_not_the_name_that_was_typed(
    app: FastAPI, sign_in: SignIn, what: str, where: str
) -> None:
    clerk = sign_in("analyst", "compliance", name="an", lang="en")
    form = {"filed_by": "ping", "reason": "not so", "deadline_on": "2026-05-10"}
    assert clerk.post(f"/decisions/{where}/{what}", data={**csrf(clerk), **form}).status_code == 303
    with app.state.desk.books.reading() as book:
        entry = book.rows("select actor, action from audit where object = :d order by seq desc limit 1", d=where)[0]
    assert entry["actor"] == "an" and what in entry["action"]
    page = clerk.get(f"/decisions/{where}.json").json()
    if what == "appeal":
        assert page["appeals"][0]["filed_by"] == "ping"
        path = f"/appeals/{page['appeals'][0]['appeal_id']}/granted"
        own = clerk.post(path, data={**csrf(clerk), "reason": "shown"})
        assert own.status_code == 409 and "took part" in own.text
    else:
        assert page["notice"]["replies"][0]["filed_by"] == "ping"


@pytest.mark.parametrize(
    "move,more",
    [("take", {}), ("assign", {"owner": "bo"}), ("set_deadline", {"deadline_on": "2026-06-01"}), ("note", {})],
)
def test_moves_on_a_case_leave_an_event_with_reason_before_and_after(
    sign_in: SignIn, move: str, more: dict[str, str]
) -> None:
    client = sign_in("analyst")
    seen = client.get(f"/cases/{world.CASE}.json").json()["case"]["version"]
    form = {**csrf(client), "reason": "because", "seen": seen, **more}
    assert client.post(f"/cases/{world.CASE}/{move}", data=form).status_code == 303
    history = client.get(f"/cases/{world.CASE}.json").json()["history"]
    assert (history[-1]["reason"], history[-1]["by_whom"]) == ("because", "an")


def test_many_cases_are_taken_for_one_reason(sign_in: SignIn) -> None:
    client = sign_in("analyst")
    form = {**csrf(client), "action": "take", "reason": "morning", "case_id": [world.CASE, world.RING]}
    assert client.post("/cases/bulk", data=form).status_code == 303
    mine = client.get("/queue.json?view=mine").json()["rows"]
    assert {r["case_id"] for r in mine} == {world.CASE, world.RING} and {r["state"] for r in mine} == {"in_review"}


@pytest.mark.parametrize(("lang", "told"), [("en", "close is no move from there"), ("zh", "目前待处理，不能结案")])
def test_of_many_cases_each_is_moved_and_those_refused_are_named(
    app: FastAPI, sign_in: SignIn, lang: str, told: str
) -> None:
    client = sign_in("analyst", lang=lang)
    take = {**csrf(client), "action": "take", "reason": "morning", "case_id": [world.RING]}
    assert client.post("/cases/bulk", data=take).status_code == 303
    close = {**csrf(client), "action": "close", "reason": "nothing in it", "case_id": [world.CASE, "C404", world.RING]}
    answer = client.post("/cases/bulk", data=close)
    said = shown(answer.text)
    assert answer.status_code == 200 and told in said and "C404" in said and world.CASE in said
    states = {c["case_id"]: c["state"] for c in cases.listing(app.state.desk.books)}
    assert (states[world.CASE], states[world.RING]) == ("open", "closed")
    assert client.post("/cases/bulk", data={**close, "case_id": ["C404"]}).status_code == 409


def test_a_verdict_feeds_the_precision_of_its_detector(sign_in: SignIn) -> None:
    client = sign_in("analyst")
    form = {**csrf(client), "verdict": "confirmed", "reason": "same papers"}
    assert client.post("/findings/F00000000000000a/verdict", data=form).status_code == 303
    row = next(r for r in client.get("/detectors.json").json()["rows"] if r["detector"] == "refund_burst")
    assert (row["confirmed"], row["precision"]) == (1, 1.0)
    told = client.get("/metrics.json").json()
    wanted = {"prevented", "recovered", "wrongly_held", "reversal_rate", "hours_to_decision"}
    assert wanted <= {r["figure"] for r in told["rows"]}
    line = next(r for r in told["detectors"] if r["detector"] == "refund_burst")
    # 1 of 1: the lower limit of Clopper and Pearson is 0.025 itself.
    assert (line["precision"], round(line["low"], 6), line["high"]) == (1.0, 0.025, 1.0)
    page = shown(client.get("/metrics?lang=en").text)
    assert "Wrongly held" in page and "2.5%" in page and "100.0%" in page


def test_a_word_on_two_accounts_stands_until_it_is_ended(sign_in: SignIn) -> None:
    client = sign_in("analyst")
    form = {"account_a": "P", "account_b": "I1", "kind": "cannot_link", "reason": "father and son"}
    assert client.post("/overrides", data={**csrf(client), **form}).status_code == 303
    word = client.get("/groups/G1.json").json()["overrides"][0]
    assert (
        client.post(f"/overrides/{word['override_id']}/end", data={**csrf(client), "reason": "no"}).status_code == 303
    )
    assert client.get("/groups/G1.json").json()["overrides"][0]["to_at"] is not None


def test_a_form_in_place_is_answered_with_the_address_to_go_to(sign_in: SignIn) -> None:
    client = sign_in("analyst")
    form = {**csrf(client), "promoter": "Q", "reason": "neighbour", "back": "//elsewhere.example"}
    answer = client.post("/ties", data=form, headers={"hx-request": "true"})
    assert (answer.status_code, answer.headers["hx-redirect"]) == (204, "/")


@pytest.mark.parametrize(
    ("lang", "told"), [("zh", "不得批准本人提出的措施"), ("en", "nobody approves an own proposal")]
)
def test_a_refusal_is_in_the_language_of_the_page(app: FastAPI, sign_in: SignIn, lang: str, told: str) -> None:
    both = sign_in("analyst", "approver", name="an", lang=lang)
    form = {"measure": "warn", "clause": "3.5(2)", "subject_kind": "promoter", "subject_id": "P", "reason": REASON}
    path = both.post("/proposals", data={**csrf(both), **form}).headers["location"]
    refused = both.post(f"{path}/approve", data={**csrf(both), "reason": "ok"})
    assert refused.status_code == 409 and told in shown(refused.text)
    unknown, denied = both.get("/decisions/D404.json").json(), shown(both.get("/users").text)
    assert ("没有决定 D404" in unknown["told"]) is (lang == "zh") and ("您的角色不允许" in denied) is (lang == "zh")
    with app.state.desk.books.reading() as book:
        logged = book.value("select payload from audit where action = 'refused' order by seq desc limit 1")
    assert "nobody approves an own proposal" in logged

"""What a case page puts before an analyst, and what a group and a measure show."""

from __future__ import annotations

import html
import json
from decimal import Decimal
from typing import Any

import pytest
from fastapi import FastAPI

from casebook.measures import MEASURES
from console.effect import effect_of
from console.graph import graph_of
from console.reading import Reading
from console.replay import Content, Replay
from tests.console import world
from tests.console.conftest import SignIn, shown


def test_a_case_says_what_to_do_how_much_and_why(sign_in: SignIn) -> None:
    page = shown(sign_in("analyst").get(f"/cases/{world.CASE}?lang=en").text)
    for said in (
        "Decide on the measures that wait",
        "167.00",
        "2026-05-20",
        "3.5(2)",
        "More orders of the promoter",
        "Cancel the month",
    ):
        assert said in page


def test_a_case_tells_every_reason_code_with_its_figures_and_what_would_clear_it(sign_in: SignIn) -> None:
    """Of findings, and of orders that do not count (CL01), which no finding holds."""
    told = {r["code"]: r for r in sign_in("analyst").get(f"/cases/{world.CASE}.json").json()["told"]}
    figures = {c: [r[k] for k in ("clause", "observed", "expected", "ratio", "q")] for c, r in told.items()}
    assert figures == {
        "RB01": ["3.5(2)", 20.0, 0.3, 66.0, 1e-9],
        "CL01": ["4.3(1)", 1, None, None, None],
        "CR01": ["3.4(1)", 2.0, None, None, None],
    }
    for lang in ("zh", "en"):
        page = html.unescape(shown(sign_in("analyst").get(f"/cases/{world.CASE}?lang={lang}").text))
        for code, reason in told.items():
            assert f"{reason['clause']} {code} {reason[lang]}" in page and reason[f"clears_{lang}"] in page
        assert "20 0.3 66 1e-09" in page


def test_a_case_drawn_at_random_shows_no_score(sign_in: SignIn) -> None:
    client = sign_in("analyst")
    case = client.get(f"/cases/{world.BLIND}.json").json()
    assert all(f["confidence"] is None and f["reason"] is None for f in case["rows"])
    row = next(r for r in client.get("/queue.json").json()["rows"] if r["case_id"] == world.BLIND)
    assert row["confidence"] is None and row["priority"] is None


def test_a_case_drawn_at_random_has_no_score_in_its_data_either(sign_in: SignIn) -> None:
    client = sign_in("analyst")
    row = client.get(f"/cases/{world.BLIND}.json").json()["row_of_case"]
    assert row["confidence"] is None and row["priority"] is None
    assert client.get(f"/cases/{world.BLIND}").status_code == 200
    assert client.get(f"/cases/{world.CASE}.json").json()["row_of_case"]["confidence"] == 0.9


def test_a_graph_has_its_table_twin(sign_in: SignIn) -> None:
    graph = sign_in("viewer").get(f"/cases/{world.CASE}.json").json()["graph"]
    assert {n["id"] for n in graph["nodes"]} >= {"P", "I1"} and len(graph["table"]) == 1
    assert all(e["source"] in {n["id"] for n in graph["nodes"]} for e in graph["edges"])


def test_the_graph_leaves_out_paths_of_more_than_three_hops(app: FastAPI) -> None:
    item = {"step": 1, "kind": "device", "token": "t", "mask": "m", "shared_by": 2, "weight": 9.0}
    pairs = [
        {"invitee_id": f"I{hops}", "outcome": "same_person", "hops": hops, "evidence": json.dumps([{**item, "token": f"t{hops}"}])}
        for hops in (1, 3, 4)
    ]  # fmt: skip
    drawn = graph_of(app.state.desk.reading, "P", pairs)
    assert {n["id"] for n in drawn["nodes"] if n["kind"] == "invitee"} == {"I1", "I3"}


def test_taking_a_link_out_shows_what_remains(sign_in: SignIn) -> None:
    client = sign_in("viewer")
    assert client.get("/groups/G1.json").json()["parts"] == [["I1", "P"]]
    assert client.get("/groups/G1.json?without=I1%7CP").json()["parts"] == [["I1"], ["P"]]


def test_what_the_next_statement_cannot_bear_becomes_a_claim(app: FastAPI) -> None:
    """97.00 of March are on hold and come off that; issued instead, they come off the 50.00 of April, and 47.00 become a claim."""

    class Issued(Reading):
        def rows(self, sql: str, /, **values: Any) -> list[dict[str, Any]]:
            nothing = {"status": "issued", "held": Decimal("0.00")}
            return [{**r, **nothing} if r.get("status") == "held" else r for r in super().rows(sql, **values)]

    content = Content("cancel_rebate", "3.5(2)", "promoter", "P", "P", "2026-03")
    replayed = Replay(({"promoter_id": "P", "month": "2026-03", "clause": "4.4(1)", "taken": Decimal("-97.00")},))
    for replay in (None, replayed):
        held = effect_of(app.state.desk.reading, content, replay)
        told = {k: str(held[k]) for k in ("whole", "from_held", "payable_before", "payable_after", "claim")}
        assert told == {
            "whole": "97.00", "from_held": "97.00", "payable_before": "50.00", "payable_after": "50.00", "claim": "0.00",
        }  # fmt: skip
        effect = effect_of(Issued(app.state.desk.state), content, replay)
        assert (effect["payable_after"], effect["claim"]) == (Decimal("0.00"), Decimal("47.00"))
        assert effect["exact"] is (replay is not None)


def test_a_hold_keeps_the_next_statement_back_where_settlement_says_so(app: FastAPI) -> None:
    content = Content("hold_payout", "3.5(2)", "promoter", "P", "P")
    for replay, kept, due in (
        (None, "50.00", "3.00"), (Replay((), frozenset({("P", None)})), "50.00", "3.00"), (Replay(()), "0.00", "0.00"),
        (Replay((), frozenset({("P", "2026-03")})), "0.00", "3.00"),
    ):  # fmt: skip
        effect = effect_of(app.state.desk.reading, content, replay)
        assert str(effect["stopped"]) == due
        assert str(effect["held_after"]) == kept and effect["payable_after"] + effect["held_after"] == Decimal("50.00")


def test_a_ring_names_its_accounts_and_who_invited_them(sign_in: SignIn) -> None:
    client = sign_in("analyst", lang="en")
    members = client.get(f"/cases/{world.RING}.json").json()["members"]
    told = [
        (m["account_id"], m["promoter_id"], m["orders"], m["cash"], m["refunded"], m["refund_amount"]) for m in members
    ]
    assert told == [("I2", "P", 1, "500.00", 1, "10.00"), ("I3", "P", 1, "500.00", 0, "0.00")]
    assert "Members of the ring 2" in shown(client.get(f"/cases/{world.RING}").text)


@pytest.mark.parametrize(("lang", "told"), [
    ("en", "the policy in force names none for clause 3.4(1)"), ("zh", "无建议措施：现行策略未规定条款 3.4(1)"),
])  # fmt: skip
def test_where_the_policy_names_no_measure_none_is_recommended_and_the_page_says_so(
    sign_in: SignIn, lang: str, told: str
) -> None:
    page = shown(sign_in("analyst", lang=lang).get(f"/cases/{world.RING}").text)
    assert told in page and all(
        (m.title_zh if lang == "zh" else m.title_en) in page for m in (MEASURES["warn"], MEASURES["cancel_programme"])
    )


def test_a_pair_that_may_be_one_user_is_not_called_one(sign_in: SignIn) -> None:
    """The world's rule says its reason in plain words: the page repeats it and adds nothing."""
    page = shown(sign_in("analyst", lang="en").get(f"/cases/{world.CASE}").text)
    assert "2.2(3) Findings: 1 70.00 plain words" in page
    assert "Groups, to take apart: G1" in page

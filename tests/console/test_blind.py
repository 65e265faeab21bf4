"""A case drawn at random: until it is decided no page about its promoter tells what detectors, clauses and links say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.console import world
from tests.console.conftest import SignIn, csrf, shown
from tests.console.places import pages

SCORE = ("score of a rule", "RB01", "refund_burst", "c2_2_3_same_user", "0.97", "12.00", "12.0,", "same_person", "same person",
         "cohesion", "20.0", "More orders of the promoter", "×66", "2026-03-07", "0.90", "167.00")  # fmt: skip
"""What the world's findings, clauses, links and bursts on P say, in any form in which a page could tell it."""
OF_ALL = (
    "/audit",
    "/rules",
    "/detectors",
    "/runs",
    "/shared",
    "/quarantine",
    "/metrics",
    "/deliveries",
    "/users",
    "/sign-in",
    "/welcome",
)
"""Pages about no one promoter."""
FILES = [
    f"/{kind}/P?format={form}"
    for kind, forms in (("reports", ("html", "pdf")), ("evidence", ("json", "csv")))
    for form in forms
]
ABOUT_P = [p for form in ("", ".json", ".csv") for p in pages(form) if not p.startswith(OF_ALL)] + FILES


@pytest.fixture(scope="module")
def template_state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The world in which chance drew P before the detectors flagged it. Accounts and orders are told in plain words."""
    return world.published(tmp_path_factory.mktemp("blind"), blind=("P",), reason="score of a rule")


def told(client: TestClient) -> Iterator[tuple[str, int, list[str]]]:
    """Per page about P in each of its forms: the answer's status, and what it tells of the score."""
    for path in ABOUT_P:
        answer = client.get(path, headers={"accept-language": "en"}, params={"lang": "en"} if "?" not in path else None)
        assert answer.status_code in (200, 409), (path, answer.text[:300])
        said = shown(answer.text) if "html" in answer.headers["content-type"] else answer.text
        yield path, answer.status_code, [word for word in SCORE if word in said]


def test_until_the_decision_no_page_tells_the_score_and_then_all_do(sign_in: SignIn) -> None:
    client = sign_in("analyst", "compliance", "finance")
    before = list(told(client))
    assert [(path, said) for path, _, said in before if said] == []
    refused = {path.split(".")[0].split("?")[0] for path, status, _ in before if status == 409}
    assert refused == {"/groups/G1", "/pairs", "/reports/P", "/evidence/P", f"/cases/{world.RING}"}
    for action in ("take", "decide"):
        seen = client.get(f"/cases/{world.CASE}.json").json()["case"]["version"]
        form = {**csrf(client), "reason": "judged by what happened", "seen": seen}
        assert client.post(f"/cases/{world.CASE}/{action}", data=form).status_code == 303
    after = list(told(client))
    assert {status for _, status, _ in after} == {200}
    assert {word for _, _, said in after for word in said} == set(SCORE)


def test_the_place_in_the_queue_does_not_tell_the_score(sign_in: SignIn) -> None:
    """Of the three P has by far the most money at risk."""
    rows = sign_in("analyst").get("/queue.json").json()["rows"]
    assert [r["case_id"] for r in rows] == [world.RING, world.BLIND, world.CASE]


def test_no_sum_and_no_offered_finding_tells_that_something_was_found(sign_in: SignIn) -> None:
    client = sign_in("analyst")
    asked = {"what": "3.5(2)|warn", "subject": "promoter|P", "promoter": "P"}

    def seen() -> tuple[str, str]:
        drawn = client.get("/queue.json", params={"view": "sample", "state": state}).json()
        return drawn["at_stake"], client.get("/proposals/new.json", params=asked).json()["finding"]

    state = "open"
    assert seen() == ("0.00", "")
    for action in ("take", "decide"):
        version = client.get(f"/cases/{world.CASE}.json").json()["case"]["version"]
        form = {**csrf(client), "reason": "judged by what happened", "seen": version}
        assert client.post(f"/cases/{world.CASE}/{action}", data=form).status_code == 303
    state = "decided"
    assert seen() == ("167.00", "F00000000000000a")

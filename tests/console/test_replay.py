"""The statement before and after comes from settlement's own replay, for who proposes and for who approves; made once per content."""

from __future__ import annotations

import json
import threading
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import duckdb
import pytest
from fastapi import FastAPI

from console import replay
from console.effect import effect_of
from console.rates import Rate
from console.reading import Loaded, Reading
from console.replay import Content, Replay
from data_contracts.errors import TableTooOld
from settlement import whatif
from tests.console import world
from tests.console.conftest import SignIn, shown
from tests.settlement.conftest import BASE, DETAIL
from tests.settlement.play import ZONE, Play

VOID = Content("void_relation", "2.2(3)", "invitee", "I1", "P")
CANCEL = Content("cancel_rebate", "3.5(2)", "promoter", "P", "P", "2026-03")
HOLD = Content("hold_payout", "3.5(2)", "promoter", "P", "P")
PATH = "/proposals/new?lang=en&what=3.5(2)%7Ccancel_rebate&subject=promoter%7CP&promoter=P&month=2026-03"
JSON = PATH.replace("/new", "/new.json")
CHANGE = {"promoter_id": "P", "month": "2026-03", "clause": "4.4(1)", "taken": "-97.00"}


@pytest.fixture
def settled(tmp_path: Path) -> Loaded:
    """A settled history of two invitees of P, as a published run."""
    p = Play(tmp_path, [BASE, DETAIL])
    p.promoter()
    for name in ("I1", "I2"):
        p.invitee(name, "2026-03-02")
        p.order(f"o-{name}", name, "2026-03-02", 100_000)
    p.run("2026-05-20", publish=True)
    folder = p.folder / "whole"
    folder.mkdir()
    (folder / "tables").symlink_to(p.folder / "published")
    return Loaded("r", folder, duckdb.connect(), {"run_seq": 9, "as_of": date(2026, 5, 20).isoformat(), "zone": ZONE})


class Nothing:
    """A reading without published statements."""

    def rows(self, sql: str, **values: Any) -> list[dict[str, Any]]:
        return []


def told(loaded: Loaded, content: Content, spill: Path) -> Replay:
    return replay._read(replay.made(loaded, content, spill))


def test_a_measure_is_settled_as_if_it_were_in_force(settled: Loaded, tmp_path: Path) -> None:
    void = told(settled, VOID, tmp_path / "s")
    assert void.taken("P") == {"2026-03": Decimal("100.00")} and void.covered == frozenset()
    month = told(settled, CANCEL, tmp_path / "s")
    assert month.taken("P") == {"2026-03": Decimal("200.00")} and month.taken("Q") == {}
    hold = told(settled, HOLD, tmp_path / "s")
    assert hold.taken("P") == {} and hold.covers("P", "2026-05") and not hold.covers("Q", "2026-05")


def test_the_next_statement_is_told_without_and_with_the_measure(settled: Loaded, tmp_path: Path) -> None:
    void = told(settled, VOID, tmp_path / "s")
    assert void.before is not None and void.after is not None
    assert (void.before["month"], void.before["adjustments"], void.after["adjustments"]) == (
        "2026-05",
        0,
        Decimal("-100.00"),
    )
    effect = effect_of(cast(Reading, Nothing()), VOID, void)
    shown = {k: effect[k] for k in ("next_month", "payable_before", "payable_after", "from_held", "claim")}
    # March's 100.00 are unpaid: the next issue cancels them, and nothing becomes a claim.
    assert shown == {"next_month": "2026-05", "payable_before": 0, "payable_after": 0, "from_held": 0, "claim": 0}
    assert {"line": "clawback_added", "before": 0, "after": Decimal("100.00")} in effect["upcoming"]
    hold = told(settled, HOLD, tmp_path / "s")
    assert hold.after is not None and hold.after["status"] == "held"
    assert told(settled, Content("warn", "3.5(2)", "group", "G", None), tmp_path / "s").before is None


def test_one_that_starts_later_is_shown_as_it_will_be(settled: Loaded, tmp_path: Path) -> None:
    later = Content(*list(vars(HOLD).values())[:7], decision_id="D7", effective_from=4_000_000_000_000_000)
    assert told(settled, later, tmp_path / "s").covers("P", "2026-05")


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[Content]:
    """Replays that answer at once that March loses its 97.00; the contents that they were asked for."""
    asked: list[Content] = []

    def made(loaded: Loaded, content: Content, spill: Path) -> bytes:
        asked.append(content)
        return json.dumps({"changes": [CHANGE], "covered": []}).encode()

    monkeypatch.setattr(replay, "made", made)
    monkeypatch.setattr(replay.Replays.ask, "__defaults__", (60.0,))
    return asked


def test_who_proposes_and_who_approves_see_the_replay_and_a_second_look_is_free(
    sign_in: SignIn, counted: list[Content]
) -> None:
    analyst, approver = sign_in("analyst", name="an"), sign_in("approver", name="ping")
    for _ in range(2):
        effect = analyst.get(JSON).json()["effect"]
        told = {k: effect[k] for k in ("exact", "whole", "from_held", "claim")}
        assert told == {"exact": True, "whole": "97.00", "from_held": "97.00", "claim": "0.00"}
    assert counted == [CANCEL]
    for _ in range(2):
        effect = approver.get(f"/decisions/{world.PROPOSED}.json").json()["effect"]
        assert effect["exact"] and effect["changes"] == [CHANGE]
    assert [c.decision_id for c in counted] == [None, world.PROPOSED]
    assert "tiers and caps reckoned again" in shown(analyst.get(PATH).text)


def test_while_settlement_is_replayed_an_estimate_is_shown_as_one(
    app: FastAPI, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch, counted: list[Content]
) -> None:
    go, made, client = threading.Event(), replay.made, sign_in("analyst")

    def slow(loaded: Loaded, content: Content, spill: Path) -> bytes:
        assert go.wait(60)
        return made(loaded, content, spill)

    monkeypatch.setattr(replay, "made", slow)
    monkeypatch.setattr(replay.Replays.ask, "__defaults__", (0.0,))
    for _ in range(2):
        page = shown(client.get(PATH).text)
        assert "An estimate" in page and "being replayed" in page and "97.00" in page
    go.set()
    assert app.state.desk.replays.ask(CANCEL, 60.0) is not None and counted == [CANCEL]
    assert "An estimate" not in shown(client.get(PATH).text)


def test_a_run_that_cannot_be_replayed_keeps_its_estimate(
    app: FastAPI, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def old(*given: Any, **more: Any) -> None:
        raise TableTooOld("made by an older version")

    monkeypatch.setattr(whatif, "run", old)
    monkeypatch.setattr(replay.Replays.ask, "__defaults__", (60.0,))
    page = shown(sign_in("analyst").get(PATH).text)
    assert "An estimate" in page and "being replayed" not in page and "97.00" in page
    assert not list((app.state.desk.state / "console").glob("replay-*"))


def test_who_begins_too_many_replays_sees_estimates(app: FastAPI, sign_in: SignIn, counted: list[Content]) -> None:
    app.state.desk.rates.rates = {**app.state.desk.rates.rates, "replay": Rate(1, 600)}
    client = sign_in("analyst")
    found = [client.get(path).json()["effect"]["exact"] for path in (JSON, JSON.replace("2026-03", "2026-04"), JSON)]
    assert found == [True, False, True]

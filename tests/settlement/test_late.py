"""What is delivered late costs and earns the same in the end: statements as issued and later adjustments together come to
what a delivery on time gives, for every delay of 0 to 400 days.

Each delay has a promoter of its own, so that one programme plays them all. Two invitees of March: the first pays 700.00 on
the 5th, known on time. On the 15th something happens that is delivered so many days later:
    order        the second invitee pays 300.00: two users, and 10 % of both instead of 5 % of the first.
    refund       300.00 of the 700.00 go back: 5 % of what is left.
    affiliation  the first invitee was the promoter's employee since before: nothing qualifies.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.counts import SOAK, SoakCount
from tests.settlement.conftest import BASE, DETAIL
from tests.settlement.play import Play, at

DOCUMENTS = [BASE, {**DETAIL, "rebate": {"tier_by": "new_paying_users", "tiers": [{"from": 0, "rate": "0.05"},
                                                                                  {"from": 2, "rate": "0.10"}]}}]  # fmt: skip
HAPPENED, ISSUED = date(2026, 3, 15), date(2026, 4, 20)
IN_TIME = (ISSUED - HAPPENED).days
DELAYS = range(401) if SOAK else (0, IN_TIME, IN_TIME + 1, 400)
WORTH = {"order": (3_500, 10_000, "4.2(1)"), "refund": (3_500, 2_000, "4.2(4)"), "affiliation": (3_500, 0, "4.2(1)")}
Late = Callable[[Play, str], None]


def _order(p: Play, who: str) -> None:
    p.order(f"{who}-o2", f"{who}-I2", "2026-03-15 12:00:00", 30_000)


def _refund(p: Play, who: str) -> None:
    p.refund(f"{who}-o1", "2026-03-15 12:00:00", 30_000)


def _affiliation(p: Play, who: str) -> None:
    p.add("affiliations", account_id=f"{who}-I1", kind="sales", valid_from=at("2026-03-01"))


LATE: dict[str, Late] = {"order": _order, "refund": _refund, "affiliation": _affiliation}


def _begun(folder: Path) -> tuple[Play, dict[str, int]]:
    """A programme with what is known on time, and the delay of each promoter."""
    p = Play(folder, DOCUMENTS)
    delays = {f"{kind}-{delay}": delay for kind in LATE for delay in DELAYS}
    for who in delays:
        p.promoter(who)
        for invitee in ("I1", "I2"):
            p.invitee(f"{who}-{invitee}", "2026-03-02", who)
        p.order(f"{who}-o1", f"{who}-I1", "2026-03-05 12:00:00", 70_000)
    return p, delays


def _statement_days(last: date) -> Sequence[date]:
    days = [ISSUED]
    while days[-1] < last:
        days.append((days[-1] + timedelta(days=31)).replace(day=ISSUED.day))
    return days


@pytest.fixture(scope="module")
def late(tmp_path_factory: pytest.TempPathFactory) -> Play:
    """Played to the end: each row comes with the first statement day at or after its delivery."""
    p, delays = _begun(tmp_path_factory.mktemp("late"))
    waiting = dict(delays)
    for day in _statement_days(HAPPENED + timedelta(days=max(DELAYS))):
        come = [who for who, delay in waiting.items() if HAPPENED + timedelta(days=delay) <= day]
        for who in come:
            LATE[who.partition("-")[0]](p, who)
            del waiting[who]
        if come:
            p.run(day.isoformat())
    assert not waiting
    return p


@pytest.fixture(scope="module")
def on_time(tmp_path_factory: pytest.TempPathFactory) -> Play:
    """The same programme where everything is there before the month is issued."""
    p, delays = _begun(tmp_path_factory.mktemp("on_time"))
    for who in delays:
        LATE[who.partition("-")[0]](p, who)
    return p.run(ISSUED.isoformat())


def _sums(p: Play, kind: str) -> dict[str, int]:
    """Per promoter, all that its issued statements say it earned: rebates and adjustments."""
    found: dict[str, int] = {}
    for s in p.books["books_statement"]:
        if s["promoter_id"].startswith(f"{kind}-"):
            found[s["promoter_id"]] = found.get(s["promoter_id"], 0) + s["rebate_fen"] + s["adjustments_fen"]
    return found


def _adjusted(p: Play, kind: str) -> dict[str, dict[tuple[str, str], int]]:
    """Per promoter whose March was adjusted: the fen by earning month and cause."""
    found: dict[str, dict[tuple[str, str], int]] = {}
    rows: Sequence[dict[str, Any]] = p.books["books_posting"]
    for who in {r["promoter_id"] for r in rows if r["promoter_id"].startswith(f"{kind}-")}:
        told: dict[tuple[str, str], int] = {}
        for month in {r["month"] for r in rows if r["promoter_id"] == who}:
            told |= p.caused(month, who)
        if told:
            found[who] = told
    return found


@pytest.mark.parametrize("kind", LATE)
def test_statements_and_adjustments_come_to_what_a_delivery_on_time_gives(
    kind: str, late: Play, on_time: Play, soak_count: SoakCount
) -> None:
    soak_count("late_delays", len(DELAYS))
    known, entitled, cause = WORTH[kind]
    sums = _sums(late, kind)
    assert sums == _sums(on_time, kind)
    assert sums == {f"{kind}-{delay}": entitled for delay in DELAYS}
    assert _adjusted(on_time, kind) == {}
    assert _adjusted(late, kind) == {
        f"{kind}-{delay}": {("2026-03", cause): entitled - known} for delay in DELAYS if delay > IN_TIME
    }

"""Where the refund timeline's marks stand: orders up, refunds down, statements, payouts, flagged windows, 30-day windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from casebook.dossier.facts import Facts

WIDTH = 960
LEFT, RIGHT = 84, 944
TOP, MIDDLE, BOTTOM = 46, 132, 206
LANE = 15
MOST_LANES = 14


@dataclass(frozen=True)
class Bar:
    """One bar or band. `x` and `width` along the days; `y` and `height` down the page; `about` what a reader is told."""

    x: float
    y: float
    width: float
    height: float
    about: str = ""


@dataclass(frozen=True)
class Mark:
    """One point in time, with its label."""

    x: float
    label: str


@dataclass(frozen=True)
class Lane:
    """The 30-day window of one account in question, with its registration and first payment."""

    y: float
    account: str
    window: Bar | None
    registered: float | None
    first_paid: float | None


@dataclass(frozen=True)
class Timeline:
    """The whole drawing. `top_fen` is the amount at the ends of the scale; `left_out` lanes were too many to draw."""

    width: int
    height: int
    months: tuple[Mark, ...]
    orders: tuple[Bar, ...]
    refunds: tuple[Bar, ...]
    bursts: tuple[Bar, ...]
    statements: tuple[Mark, ...]
    payouts: tuple[Mark, ...]
    lanes: tuple[Lane, ...]
    left_out: int
    top_fen: int


def layout(facts: Facts) -> Timeline | None:
    """The timeline of one report, or None when no invitee ever bought anything."""
    days = facts["days"]
    if not days:
        return None
    first, last = _span(facts)
    scale = _Scale(first, last)
    top = max(max(d["cash_fen"], d["refund_fen"]) for d in days) or 1
    lanes = _lanes(facts["relations"], scale)
    height = BOTTOM + 30 + (24 + LANE * len(lanes) if lanes else 0) + 16
    return Timeline(
        WIDTH, height,
        tuple(scale.months()),
        tuple(_bar(d["day"], d["cash_fen"], top, scale, up=True) for d in days if d["cash_fen"]),
        tuple(_bar(d["day"], d["refund_fen"], top, scale, up=False) for d in days if d["refund_fen"]),
        tuple(_band(b, scale) for b in facts["bursts"] if b["flagged"]),
        tuple(Mark(scale.x(m["issued_on"]), m["month"]) for m in facts["money"]["months"] if m["issued_on"]),
        tuple(Mark(scale.x(p["paid_on"]), p["month"]) for p in facts["money"]["payouts"] if p["status"] == "paid"),
        lanes,
        max(0, len(facts["relations"]) - MOST_LANES),
        top,
    )  # fmt: skip


class _Scale:
    """Days to places along the page."""

    def __init__(self, first: date, last: date) -> None:
        self.first, self.last = first, last
        self.day = (RIGHT - LEFT) / ((last - first).days + 1)

    def x(self, day: str) -> float:
        inside = min(max(date.fromisoformat(day), self.first), self.last)
        return round(LEFT + (inside - self.first).days * self.day, 1)

    def months(self) -> list[Mark]:
        """The first of each month; every third one when there are many."""
        out, at = [], self.first.replace(day=1)
        while at <= self.last:
            if at >= self.first:
                out.append(Mark(self.x(at.isoformat()), f"{at:%Y-%m}"))
            at = (at + timedelta(days=32)).replace(day=1)
        shown = out[:: 1 + len(out) // 16]
        if not shown or shown[0].x > LEFT + 60:
            shown.insert(0, Mark(LEFT, f"{self.first:%Y-%m}"))
        return shown


def _span(facts: Facts) -> tuple[date, date]:
    named = [d["day"] for d in facts["days"]] + [r["registered_on"] for r in facts["relations"] if r["registered_on"]]
    named += [m["issued_on"] for m in facts["money"]["months"] if m["issued_on"] and m["rebate_fen"]]
    return date.fromisoformat(min(named)), date.fromisoformat(max(named))


def _bar(day: str, fen: int, top: int, scale: _Scale, *, up: bool) -> Bar:
    room = (MIDDLE - TOP if up else BOTTOM - MIDDLE) - 4
    height = round(max(1.5, room * fen / top), 1)
    width = round(max(1.2, min(9.0, scale.day * 0.8)), 1)
    return Bar(scale.x(day), round(MIDDLE - height, 1) if up else MIDDLE, width, height, day)


def _band(burst: Mapping[str, Any], scale: _Scale) -> Bar:
    start = scale.x(burst["window_start"])
    end = scale.x(burst["window_end"]) + scale.day
    about = f"{burst['window_start']} – {burst['window_end']}"
    return Bar(start, TOP - 8, round(max(3.0, end - start), 1), BOTTOM - TOP + 12, about)


def _lanes(relations: Sequence[Mapping[str, Any]], scale: _Scale) -> tuple[Lane, ...]:
    lanes = []
    for place, r in enumerate(relations[:MOST_LANES]):
        y = BOTTOM + 54 + place * LANE
        window = None
        if r["starts_on"] and r["last_day"]:
            x = scale.x(r["starts_on"])
            window = Bar(x, y - 4, round(max(2.0, scale.x(r["last_day"]) - x), 1), 7)
        registered = scale.x(r["registered_on"]) if r["registered_on"] else None
        paid = scale.x(r["first_paid_on"]) if r["first_paid_on"] else None
        lanes.append(Lane(y, r["invitee_id"], window, registered, paid))
    return tuple(lanes)

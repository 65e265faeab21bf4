"""What a measure would do to a promoter's statements, shown before anybody proposes or approves it.

How much each month loses, and what the next statement says without and with the measure, comes from settlement itself
(`console/replay.py`): what was refunded, voided, held or released since the last issue is in both. Until that is there, or where
a run cannot be replayed, the lines that the measure takes hold of are added up as an estimate on the provisional statement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from casebook.measures import MEASURES
from console.reading import Reading
from console.replay import Content, Replay
from settlement.ahead import AMOUNTS

NOTHING = Decimal("0.00")
TAKEN = """
select month, sum(rebate) as taken, count(*) as lines
from statement_lines
where promoter_id = $p and qualifies and line_kind = 'order' and rebate <> 0 and (
    ($kind in ('invitee', 'referral') and invitee_id = $s)
    or ($kind = 'order' and order_id = $s)
    or ($kind = 'group' and invitee_id in (select account_id from groups where group_id = $s))
    or ($measure = 'cancel_rebate' and month = $month)
)
group by month order by month
"""
MONTHS = """
select month, status, rebate, payable, held from statements where promoter_id = $p order by month
"""
DUE = """
select month, sum(amount) as due from payables where promoter_id = $p and status in ('due', 'requested') group by month
"""


def effect_of(reading: Reading, content: Content, replay: Replay | None) -> dict[str, Any]:
    """Per month the entitlement before and after, and the next statement before and after. Amounts in CNY.

    `exact` says whether the replay told it. Without one a tier or cap that a taken order had helped to reach is not reckoned
    again. `changes` are the replay's own, of other promoters too; `upcoming` are the lines of the next statement.
    """
    promoter, measure = content.promoter or "", MEASURES[content.measure]
    taken = _estimate(reading, content) if replay is None else replay.taken(promoter)
    months = reading.rows(MONTHS, p=promoter)
    rows = [
        {"month": m["month"], "status": m["status"], "before": m["rebate"], "taken": -taken.get(m["month"], NOTHING),
         "after": m["rebate"] - taken.get(m["month"], NOTHING)}
        for m in months if m["month"] in taken or m["status"] == "provisional"
    ]  # fmt: skip
    stopped = [d["due"] for d in reading.rows(DUE, p=promoter) if _held(content, replay, promoter, d["month"])]
    if replay is not None and replay.before and replay.after:
        following = _stated(replay.before, replay.after)
    else:
        following = _guessed(months, taken, content, replay)
    return {
        "months": rows, "measure": content.measure, "whole": sum(taken.values(), NOTHING), **following,
        "stopped": sum(stopped, NOTHING), "irreversible": measure.irreversible,
        "starts_end": content.measure == "cancel_programme", "exact": replay is not None,
        "changes": list(replay.changes) if replay else [],
    }  # fmt: skip


def _stated(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The next statement as settlement says it. What held months still hold of a debt is no claim: it was never paid."""
    claim = (after["owed"] - after["unpaid"]) - (before["owed"] - before["unpaid"])
    return {
        "next_month": after["month"], "payable_before": before["payable"], "payable_after": after["payable"],
        "held_before": before["held"], "held_after": after["held"], "from_held": max(after["unpaid"] - before["unpaid"], NOTHING),
        "claim": max(claim, NOTHING),
        "upcoming": [{"line": name, "before": before[name], "after": after[name]} for name in AMOUNTS],
    }  # fmt: skip


def _guessed(
    months: Sequence[Mapping[str, Any]], taken: Mapping[str, Decimal], content: Content, replay: Replay | None
) -> dict[str, Any]:
    """From the provisional statement of the earliest month to come: what is taken from held months comes off what is held."""
    upcoming = next((m for m in months if m["status"] == "provisional"), None)
    before = upcoming["payable"] if upcoming else NOTHING
    from_held = sum((max(min(taken.get(m["month"], NOTHING), m["held"]), NOTHING) for m in months), NOTHING)
    due = sum(taken.values(), NOTHING) - from_held
    rest = max(before - due, NOTHING)
    following = upcoming["month"] if upcoming else ""
    holds = MEASURES[content.measure].holds if replay is None else replay.covers(content.promoter or "", following)
    return {
        "next_month": following or None, "payable_before": before, "payable_after": NOTHING if holds else rest,
        "held_before": NOTHING, "held_after": rest if holds else NOTHING, "from_held": from_held, "claim": max(due - before, NOTHING),
        "upcoming": [],
    }  # fmt: skip


def _held(content: Content, replay: Replay | None, promoter: str, month: str) -> bool:
    """Whether what is still due of an issued month would be kept back."""
    if replay is None:
        return MEASURES[content.measure].holds and content.month in (None, month)
    return replay.covers(promoter, month)


def _estimate(reading: Reading, content: Content) -> dict[str, Decimal]:
    if not MEASURES[content.measure].takes_money:
        return {}
    values = {"p": content.promoter or "", "kind": content.subject_kind, "s": content.subject_id,
              "measure": content.measure, "month": content.month or ""}  # fmt: skip
    return {r["month"]: r["taken"] for r in reading.rows(TAKEN, **values)}

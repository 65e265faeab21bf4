"""What a measure would do to a promoter's money, shown before anybody confirms it.

The lines that the measure takes hold of are added up month by month. The published statements stay as they are; what is
taken from months that are issued already comes off the next statement, and what that cannot bear becomes a claim.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from casebook.measures import MEASURES
from console.reading import Reading

NOTHING = Decimal("0.00")
HELD = ("hold_payout", "suspend_functions", "freeze_promoter")
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


def effect_of(
    reading: Reading, *, measure: str, subject_kind: str, subject_id: str, promoter: str, month: str
) -> dict[str, Any]:
    """Per month the entitlement before and after, and the next statement before and after.

    Amounts in CNY. A tier that a taken order had helped to reach is not reckoned again: the next run does that.
    """
    values = {"p": promoter, "kind": subject_kind, "s": subject_id, "measure": measure, "month": month}
    takes = MEASURES[measure].takes_money
    taken = {r["month"]: r["taken"] for r in reading.rows(TAKEN, **values)} if takes else {}
    months = reading.rows(MONTHS, p=promoter)
    rows = [
        {"month": m["month"], "status": m["status"], "before": m["rebate"], "taken": -taken.get(m["month"], NOTHING),
         "after": m["rebate"] - taken.get(m["month"], NOTHING)}
        for m in months if m["month"] in taken or m["status"] == "provisional"
    ]  # fmt: skip
    upcoming = months[-1] if months and months[-1]["status"] == "provisional" else None
    before = upcoming["payable"] if upcoming else NOTHING
    whole = sum(taken.values(), NOTHING)
    after = NOTHING if measure in HELD else max(before - whole, NOTHING)
    return {
        "months": rows, "measure": measure, "whole": whole, "next_month": upcoming["month"] if upcoming else None,
        "payable_before": before, "payable_after": after, "held_after": before if measure in HELD else NOTHING,
        "claim": max(whole - before, NOTHING), "irreversible": MEASURES[measure].irreversible,
        "starts_end": measure == "cancel_programme",
    }  # fmt: skip

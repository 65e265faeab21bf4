"""What a measure would do to a promoter's money, shown before anybody confirms it.

The lines that the measure takes hold of are added up month by month. The published statements stay as they are; what is
taken from months on hold comes off what is held, what is taken from other issued months comes off the next statement,
and what that cannot bear becomes a claim.
"""

from __future__ import annotations

import shutil
import threading
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from casebook.measures import MEASURES
from console.reading import Reading
from data_contracts.money import yuan
from data_contracts.run import Run
from settlement import whatif

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
    from_held = sum((min(taken.get(m["month"], NOTHING), m["held"]) for m in months), NOTHING)
    due = whole - from_held
    after = NOTHING if measure in HELD else max(before - due, NOTHING)
    return {
        "months": rows, "measure": measure, "whole": whole, "next_month": upcoming["month"] if upcoming else None,
        "payable_before": before, "payable_after": after, "held_after": before if measure in HELD else NOTHING,
        "from_held": from_held, "claim": max(due - before, NOTHING), "irreversible": MEASURES[measure].irreversible,
        "starts_end": measure == "cancel_programme",
    }  # fmt: skip


_ONE_AT_A_TIME = threading.Lock()


def exact_of(
    reading: Reading, *, measure: str, clause: str, subject_kind: str, subject_id: str, promoter: str, month: str
) -> list[dict[str, Any]]:
    """By how much each month's entitlement would change, tiers and caps reckoned again: the run replayed with the measure.

    Takes as long as settling does; one replay runs at a time. Amounts in CNY, negative: less.
    """
    told = reading.manifest
    run = Run(str(told["run_id"]), int(told["run_seq"]), date.fromisoformat(told["as_of"]), str(told["zone"]))
    taken = pq.read_table(reading.folder / "tables" / "casebook" / "decision.parquet")
    row = {
        "decision_id": "D-proposed", "subject_kind": subject_kind, "subject_id": subject_id, "promoter_id": promoter or None,
        "clause": clause, "measure": measure, "status": "approved", "effective_from": run.cutoff_at, "month": month or None,
        "decided_by": "proposed", "reason": "proposed",
    }  # fmt: skip
    decisions = pa.concat_tables([taken, pa.Table.from_pylist([row], schema=taken.schema)])
    tables = reading.folder / "tables"
    with _ONE_AT_A_TIME:
        there = (tables / "spill").exists()
        try:
            answer = whatif.run(tables, run, decisions=decisions)
        finally:
            if not there:
                shutil.rmtree(tables / "spill", ignore_errors=True)
    return [
        {"promoter_id": c.promoter_id, "month": c.month, "clause": c.clause, "taken": yuan(c.change_fen)}
        for c in answer.changes
    ]

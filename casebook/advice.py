"""What a case recommends: which measure, under which clause, on whom, and how much money hangs on it.

A score never decides: this is the measure that the policy in force names for the clause, else the first that the clause
itself allows, for the finding with the most money. A case of the random sample recommends nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from casebook.measures import MEASURES

POLICY = """
select clause, arg_min(measure, rule_no) as measure
from policy_rule
where "do" <> 'ignore'
    and policy_no = (select arg_max(policy_no, effective_from) from policy_rule where effective_from <= $as_of)
group by clause
"""
"""A query over a run's tables: per clause the measure that the policy in force names first."""
Row = Mapping[str, Any]


def recommend(
    blind: bool, findings: Sequence[Row], decisions: Sequence[Row], policy: Mapping[str, str], allowed: Mapping[str, Sequence[str]]
) -> dict[str, Any]:  # fmt: skip
    """`key` of the sentence, how many proposals are `waiting` and `holds` on; `measure`, `clause`, `subject_kind`, `subject_id` and
    `amount` (CNY) of what is recommended, all None where it is no measure.

    `findings` come the most money first. `policy` is what POLICY tells, `allowed` which measures each clause knows.
    """
    waiting = [d for d in decisions if d["status"] == "proposed"]
    holds = [d for d in decisions if d["status"] == "applied" and MEASURES[d["measure"]].holds]
    told = {"waiting": len(waiting), "holds": len(holds), **dict.fromkeys(NAMED)}
    if blind:
        return {**told, "key": "blind"}
    stakes = {f["finding_id"]: Decimal(f["amount_at_stake"]) for f in findings}
    if waiting:
        most = max(waiting, key=lambda d: (stakes.get(d["finding_id"], Decimal(-1)), d["decision_id"]))
        return {**told, **_named(most, most["measure"], stakes.get(most["finding_id"])), "key": "decide_proposals"}
    if holds:
        held = max(holds, key=lambda d: (stakes.get(d["finding_id"], Decimal(-1)), d["decision_id"]))
        lasting = next((m for m in allowed.get(held["clause"], ()) if MEASURES[m].needs_month), None)
        return {**told, **_named(held, lasting, stakes.get(held["finding_id"])), "key": "end_hold"}
    for finding in findings:
        measure = policy.get(finding["clause"]) or next(iter(allowed.get(finding["clause"], ())), None)
        if measure is not None:
            key = "find_out" if finding["status"] == "unknown" else "review"
            return {**told, **_named(finding, measure, stakes[finding["finding_id"]]), "key": key}
    return {**told, "key": "review" if findings else "close"}


NAMED = ("measure", "clause", "subject_kind", "subject_id", "amount")


def _named(row: Row, measure: str | None, amount: Decimal | None) -> dict[str, Any]:
    return {"measure": measure, **{k: row[k] for k in NAMED[1:4]}, "amount": amount}

"""What a case recommends: which measure, under which clause, on whom, and how much money hangs on it.

A score never decides: this is the measure that the policy in force names for the clause of the finding with the most money.
Where it names none, the one measure that the clause allows, or the hold that keeps the money until somebody has decided;
where there is neither, nothing is recommended and the page says so. A case of the random sample recommends nothing.
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


ANSWERED = ("proposed", "approved", "applied", "rejected")
"""How a decision stands whose finding leads to nothing further."""


def recommend(
    blind: bool, findings: Sequence[Row], decisions: Sequence[Row], policy: Mapping[str, str], allowed: Mapping[str, Sequence[str]]
) -> dict[str, Any]:  # fmt: skip
    """`key` of the sentence, how many proposals are `waiting` and `holds` on; `measure`, `clause`, `subject_kind`, `subject_id` and
    `amount` (CNY) of what is recommended, all None where it is nothing; `basis` of the measure: policy, only, hold; where it is
    `none` the policy names no measure, and `choices` are those of the clause.

    `findings` come the most money first. `policy` is what POLICY tells, `allowed` which measures each clause knows.
    """
    waiting = [d for d in decisions if d["status"] == "proposed"]
    holds = [d for d in decisions if d["status"] == "applied" and MEASURES[d["measure"]].holds]
    told: dict[str, Any] = {
        "waiting": len(waiting),
        "holds": len(holds),
        **dict.fromkeys(NAMED),
        "basis": None,
        "choices": [],
    }
    if blind:
        return {**told, "key": "blind"}
    stakes = {f["finding_id"]: Decimal(f["amount_at_stake"]) for f in findings}
    rested = {d["finding_id"] for d in decisions if d["status"] in ANSWERED}
    left = next((f for f in findings if f["finding_id"] not in rested and allowed.get(f["clause"])), None)
    if waiting:
        most = max(waiting, key=lambda d: (stakes.get(d["finding_id"], Decimal(-1)), d["decision_id"]))
        hangs = stakes.get(most["finding_id"])
        if left is None or holds or (hangs or Decimal(0)) >= stakes[left["finding_id"]]:
            return {**told, **_named(most, most["measure"], hangs), "key": "decide_proposals"}
    if holds:
        held = max(holds, key=lambda d: (stakes.get(d["finding_id"], Decimal(-1)), d["decision_id"]))
        lasting = next((m for m in allowed.get(held["clause"], ()) if MEASURES[m].needs_month), None)
        return {**told, **_named(held, lasting, stakes.get(held["finding_id"])), "key": "end_hold"}
    if left is None:
        return {**told, "key": "close" if rested.issuperset(stakes) else "review"}
    known, key = allowed[left["clause"]], "find_out" if left["status"] == "unknown" else "review"
    measure, basis = _measure(left, policy, known)
    choices = list(known) if basis == "none" else []
    return {**told, **_named(left, measure, stakes[left["finding_id"]]), "key": key, "basis": basis, "choices": choices}


def _measure(finding: Row, policy: Mapping[str, str], known: Sequence[str]) -> tuple[str | None, str]:
    """The measure that a finding leads to, and on what basis."""
    if finding["clause"] in policy:
        return policy[finding["clause"]], "policy"
    if finding["status"] == "unknown":
        return None, "none"
    if len(known) == 1:
        return known[0], "only"
    return (HOLD, "hold") if HOLD in known and Decimal(finding["amount_at_stake"]) > 0 else (None, "none")


HOLD = "hold_payout"
NAMED = ("measure", "clause", "subject_kind", "subject_id", "amount")


def _named(row: Row, measure: str | None, amount: Decimal | None) -> dict[str, Any]:
    return {"measure": measure, **{k: row[k] for k in NAMED[1:4]}, "amount": amount}

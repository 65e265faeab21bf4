"""What was found, the cases that hold it, and what was decided."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import date
from decimal import Decimal

from tests.console.world.said import AT, DAY, Rows

CASE, RING, BLIND = "C00000000000000p", "C00000000000000r", "C00000000000000s"
PROPOSED, HOLD = "D00000000000000a", "D00000000000000b"
FINDINGS = {"P": "F00000000000000a", "I1": "F00000000000000b", "R": "F00000000000000c"}


def rows(hostile: str, why: str, blind: Collection[str]) -> dict[str, Rows]:
    """Rows per table. `why` is what rules say, `blind` are the promoters that chance drew."""
    finding = [
        {
            "finding_id": FINDINGS["P"],
            "status": "met",
            "subject_kind": "promoter",
            "subject_id": "P",
            "promoter_id": "P",
            "clause": "3.5(2)",
            "detector": "refund_burst",
            "detector_version": "1",
            "confidence": 0.97,
            "evidence": json.dumps([{"code": "RB01", "observed": 20.0, "expected": 0.3, "ratio": 66.0, "q": 1e-9}]),
            "reason": "RB01",
            "first_seen": DAY,
        },
        {
            "finding_id": FINDINGS["I1"],
            "status": "met",
            "subject_kind": "referral",
            "subject_id": "I1",
            "promoter_id": "P",
            "clause": "2.2(3)",
            "detector": "c2_2_3_same_user",
            "detector_version": "1",
            "confidence": 1.0,
            "evidence": "{}",
            "reason": why,
            "first_seen": DAY,
        },
        {
            "finding_id": FINDINGS["R"],
            "status": "unknown",
            "subject_kind": "ring",
            "subject_id": "R",
            "promoter_id": "P",
            "clause": "3.4(1)",
            "detector": "collusion_ring",
            "detector_version": "1",
            "confidence": 0.5,
            "evidence": json.dumps([{"code": "CR01", "observed": 2.0, "ids": ["I2", "I3", "I2 I3 same_person"]}]),
            "reason": "CR01",
            "first_seen": DAY,
        },
    ]
    results = [{**f, "amount_at_stake": Decimal(v)} for f, v in zip(finding, ("97.00", "70.00", "5.00"), strict=True)]
    decision = {
        "subject_kind": "promoter",
        "subject_id": "P",
        "promoter_id": "P",
        "clause": "3.5(2)",
        "effective_from": AT,
        "decided_by": "policy",
        "reason": why,
    }
    decisions = [
        {
            **decision,
            "decision_id": PROPOSED,
            "finding_id": FINDINGS["P"],
            "measure": "cancel_rebate",
            "status": "proposed",
            "month": "2026-03",
        },
        {**decision, "decision_id": HOLD, "finding_id": FINDINGS["P"], "measure": "hold_payout", "status": "applied"},
    ]
    cases = [(CASE, "promoter", "P", "P"), (RING, "ring", "R", None), (BLIND, "promoter", "S", "S")]
    case = [
        {
            "case_id": c,
            "subject_kind": k,
            "subject_id": s,
            "promoter_id": p,
            "opened_on": DAY,
            "deadline_on": date(2026, 5, 4),
            "blind": int(p in blind),
        }
        for c, k, s, p in cases
    ]
    return {
        "case_money": [
            {
                **c,
                "state": "open",
                "findings": 1,
                "promoters": 1,
                "stake_fen": f,
                "confidence": sure,
                "priority_fen": f,
                "cutoff_on": date(2026, 5, 20),
                "days_left": 30,
            }
            for c, f, sure in zip(case, (16_700, 500, 0), (0.9, 0.5, 0.0), strict=True)
        ],
        "new_case": case,
        "case_step": [
            {"case_id": CASE, "kind": "finding", "item": FINDINGS["P"], "after": FINDINGS["P"], "reason": hostile}
        ],
        "finding": [{**f, "amount_at_stake_fen": 100} for f in finding],
        "findings": results,
        "new_finding": [
            {
                k: f.get(k)
                for k in ("finding_id", "clause", "detector", "subject_kind", "subject_id", "promoter_id", "first_seen")
            }
            for f in finding
        ],
        "decisions": decisions,
        "new_decision": [
            {**d, "proposed_by": "policy", "proposed_on": DAY, "needed": 2 if d["status"] == "proposed" else 1}
            for d in decisions
        ],
        "instruction": [
            {
                "instruction_id": "I00000000000000a",
                "kind": "notice",
                "subject_id": "P",
                "decision_id": PROPOSED,
                "created_on": DAY,
                "reply_by": date(2026, 4, 27),
            }
        ],
        "outbox": [
            {
                "instruction_id": "I00000000000000a",
                "kind": "notice",
                "subject_id": "P",
                "decision_id": PROPOSED,
                "created_on": DAY,
            }
        ],
    }

"""The edition for the promoter: the same facts, with what is not the promoter's to see taken out or masked.

Kept: clauses, decisions, money, its own orders and dates. Out: weights, probabilities, q-values, thresholds, volumes of the
programme, names of staff, findings that no decision rests on, and the identity of other accounts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from casebook.dossier import cards
from casebook.dossier.decision_section import RUN_MADE
from casebook.dossier.facts import Facts
from casebook.dossier.reasons import Reasons

ACCOUNT_FIELDS = frozenset({"invitee_id", "account_id", "account_a", "account_b"})
NOT_TOLD = frozenset({"models", "code", "key", "same_bits"})
NO_WORD = ("rejected",)
PAIR_INSIDE = ("match_weight", "match_probability", "evidence", "hops", "group_id")
SHARE_INSIDE = ("match_weight", "weight", "token")
BURST_INSIDE = ("p_value", "q_value", "anomaly_score")


def masked(account: str) -> str:
    """An account id of somebody else: its first and last characters only."""
    return f"{account[:1]}***{account[-1:]}" if len(account) < 8 else f"{account[:2]}***{account[-2:]}"


def _hidden(facts: Facts) -> dict[str, str]:
    """What stands for each account other than the promoter: the mask, numbered where two would look the same."""
    own = facts["report"]["promoter_id"]
    rows = [*facts["pairs"], *facts["shares"], *facts["relations"], *facts["lines"]]
    named = {row.get(k) for row in rows for k in ACCOUNT_FIELDS} - {None, own}
    named |= {
        d["subject_id"] for d in facts["decisions"] + facts["findings"] if d["subject_kind"] in ("invitee", "referral")
    }
    named |= {n["subject_id"] for n in facts["notices"]}
    return {account: f"{masked(account)} #{n}" for n, account in enumerate(sorted(named - {own}), start=1)}


def for_promoter(facts: Facts, reasons: Reasons) -> Facts:
    """The facts of the promoter's edition. `reasons` decide nothing; they only keep codes that can be told in words."""
    own = facts["report"]["promoter_id"]
    hidden = _hidden(facts)
    decisions = [_decision(d, hidden) for d in facts["decisions"] if d["status"] not in NO_WORD]
    told = {d["finding_id"] for d in decisions if d["finding_id"]}
    findings = [_finding(f, hidden, reasons) for f in facts["findings"] if f["finding_id"] in told]
    money = facts["money"]
    stake = sum(f["amount_at_stake_fen"] for f in findings)
    return {
        **facts,
        "report": {k: v for k, v in {**facts["report"], "edition": "promoter"}.items() if k not in NOT_TOLD},
        "findings": findings,
        "decisions": decisions,
        "money": {
            **money,
            "totals": {**money["totals"], "at_stake_fen": stake},
            "payables": [{**p, "payer": ""} for p in money["payables"]],
        },
        "pairs": [_without(p, hidden, PAIR_INSIDE) for p in facts["pairs"]],
        "shares": [
            _without(s, hidden, SHARE_INSIDE) for s in facts["shares"] if own in (s["account_a"], s["account_b"])
        ],
        "members": [],
        "relations": _accounts(facts["relations"], hidden),
        "lines": _accounts(facts["lines"], hidden),
        "bursts": [_without(b, hidden, BURST_INSIDE) for b in facts["bursts"] if b["flagged"] and told],
        "notices": _notices(facts["notices"], hidden),
        "appeals": [{**a, "answered_by": a["answered_by"] and "person"} for a in facts["appeals"]],
        "cases": [{**c, "owner": None, "escalated_on": None} for c in facts["cases"] if decisions],
        "feeds": [],
        "faults": [],
        "cards": cards.neutral(
            facts["cards"], {f["detector"] for f in findings} | ({"same_user"} if facts["pairs"] else set())
        ),
        "withheld": False,
        "versions": {**facts["versions"], "policy": []},
        "rules": [{**r, "text": ""} for r in facts["rules"] if r["name"] in {f["detector"] for f in findings}],
    }


def _finding(finding: Facts, hidden: Mapping[str, str], reasons: Reasons) -> Facts:
    kept = {k: v for k, v in finding.items() if k not in ("confidence", "verdict_by", "verdict_reason")}
    codes = reasons.of(finding) if isinstance(finding["evidence"], Mapping) else []
    evidence = {"codes": codes} if codes else _observed(finding["evidence"], reasons)
    return {**_subject(kept, hidden), "evidence": evidence, "verdict": None}


def _observed(evidence: Any, reasons: Reasons) -> Any:
    """Of coded reasons what was observed, with the order ids; nothing of free evidence."""
    if not isinstance(evidence, list):
        return []
    coded = [e for e in evidence if isinstance(e, Mapping) and e.get("code") in reasons.codes]
    return [{k: e[k] for k in ("code", "observed", "ids") if k in e} for e in coded]


def _decision(decision: Facts, hidden: Mapping[str, str]) -> Facts:
    kept = _subject({k: v for k, v in decision.items() if k not in ("proposed_by", "approvals", "needed")}, hidden)
    steps = [{**s, "by_whom": _role(s["by_whom"]), "reason": ""} for s in decision["steps"]]
    return {**kept, "decided_by": _role(decision["decided_by"]), "reason": "", "steps": steps}


def _role(who: str) -> str:
    return who if who in RUN_MADE else "person"


def _subject(row: Facts, hidden: Mapping[str, str]) -> Facts:
    return {**row, "subject_id": hidden.get(row["subject_id"], row["subject_id"])}


def _notices(rows: Sequence[Facts], hidden: Mapping[str, str]) -> list[Facts]:
    """What was sent to the promoter, and what of it was called back; nothing of what other systems were told to do."""
    sent = [n for n in rows if n["kind"] in ("notice", "recovery_notice", "warn")]
    decisions = {n["decision_id"] for n in sent if n["kind"] != "notice"}
    back = [n for n in rows if n["kind"] == "cancel_instruction" and n["decision_id"] in decisions]
    return [_subject(n, hidden) for n in rows if n in sent or n in back]


def _accounts(rows: Sequence[Facts], hidden: Mapping[str, str]) -> list[Facts]:
    return [{k: hidden.get(v, v) if k in ACCOUNT_FIELDS else v for k, v in row.items()} for row in rows]


def _without(row: Facts, hidden: Mapping[str, str], fields: Sequence[str]) -> Facts:
    return {k: v for k, v in _accounts([row], hidden)[0].items() if k not in fields}

"""Turns one promoter's rows into the facts of its report: plain values, the same for every format and language.

Money is whole fen under names that end in `_fen`; `edge` gives the form that leaves the house (decimal text).
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from casebook import sample
from casebook.dossier import cards, position, rules
from casebook.dossier.source import Bundle, Row
from data_contracts.money import yuan

SCHEMA = "tongren-evidence-report/1"
RUN_FACTS = (
    "run_id", "run_seq", "as_of", "zone", "programme_name", "programme", "policy", "models", "code", "key", "fingerprint", "human_entry",
    "same_bits",
)  # fmt: skip
LINKED = ("pairs", "members", "shares", "bursts", "relations")

Facts = dict[str, Any]


def gather(bundle: Bundle, run_facts: Mapping[str, Any]) -> Facts:
    """Everything that the internal edition says about one promoter."""
    rows = {name: list(found) for name, found in bundle.rows.items()}
    money = _money(rows)
    facts: Facts = {
        "report": {
            "schema": SCHEMA,
            "edition": "internal",
            "promoter_id": bundle.promoter_id,
            **{k: run_facts[k] for k in RUN_FACTS if k in run_facts},
        },
        "promoter": rows["promoter"][0],
        "findings": [_finding(r) for r in rows.get("finding", [])],
        "decisions": _decisions(rows),
        "money": money,
        "pairs": [{**r, "evidence": _parsed(r["evidence"])} for r in rows.get("pair", [])],
        "members": rows.get("member", []),
        "shares": rows.get("share", []),
        "relations": rows.get("relation", []),
        "bursts": rows.get("burst", []),
        "days": rows.get("day", []),
        "lines": [{k: v for k, v in r.items() if k != "lines"} for r in rows.get("line", [])],
        "line_count": rows["line"][0]["lines"] if rows.get("line") else 0,
        "notices": rows.get("notice", []),
        "replies": rows.get("reply", []),
        "appeals": rows.get("appeal", []),
        "cases": [{k: v for k, v in c.items() if k != "blind"} for c in rows.get("case", [])],
        "gaps": rows.get("gap", []),
        "feeds": [{**r, "contract_sha256": rules.contract_sha256(r["feed"])} for r in bundle.run["feed"]],
        "faults": list(bundle.run["fault"]),
        "documents": list(bundle.run["document"]),
        "versions": _versions(rows.get("policy", []), run_facts.get("versions"), bundle.promoter_id),
        "chain": run_facts.get("chain"),
        "withheld": any(map(sample.kept_back, rows.get("case", []))),
    }
    if facts["withheld"]:
        facts |= _unscored(facts)
    detectors = sorted({f["detector"] for f in facts["findings"]})
    facts["rules"] = [dict(d) for d in (rules.described(n) for n in detectors) if d]
    facts["cards"] = cards.of(detectors)
    named = _clauses_named(facts)
    facts["clauses"] = [r for r in bundle.run["clause"] if r["clause"] in named]
    made: Facts = plain(facts, str(run_facts["zone"]))
    return made


def _unscored(facts: Facts) -> Facts:
    """What changes while a case drawn at random waits for its decision: whoever decides is not told the answer.

    Findings of detectors stay only where a decision rests on them; links, bursts and the invitees in question go, and so does
    what clauses made of orders. Statements, ledger and payouts stay.
    """
    rested = {d["finding_id"] for d in facts["decisions"]}
    findings = [f for f in facts["findings"] if f["detector"] == sample.DRAWN_BY or f["finding_id"] in rested]
    stake = sum(f["amount_at_stake_fen"] for f in findings)
    of_clauses = dict.fromkeys(("counted_fen", "excluded_fen"))
    money = {
        **facts["money"],
        "exclusions": [],
        "months": [{**m, **of_clauses, "excluded_orders": None} for m in facts["money"]["months"]],
        "totals": {**facts["money"]["totals"], **of_clauses, "at_stake_fen": stake},
    }
    lines = [{**line, "in_question": False} for line in sample.lines(facts["lines"])]
    versions = {**facts["versions"], "policy": []}
    return {"findings": findings, "money": money, "lines": lines, "versions": versions, **{key: [] for key in LINKED}}


def digest(facts: Facts) -> str:
    """SHA-256 of the facts in canonical form: what two people compare when they hold a report each.

    Left out are the statement lines, of which a run's own page reads fewer (their sums are in), and what is known only
    after the run: its place in the audit chain, and the outcome under other rule documents.
    """
    later: Facts = {"lines": [], "chain": None, "versions": {**facts["versions"], "documents": None}}
    return hashlib.sha256(canonical(edge({**facts, **later})).encode()).hexdigest()


def identity(facts: Facts, lang: str = "") -> dict[str, str]:
    """What a report says it is, so that it can be made again: run, promoter, edition, language, place in the chain."""
    said = {k: str(facts["report"][k]) for k in ("run_id", "promoter_id", "edition")}
    replayed = "" if facts["versions"]["documents"] is None else "yes"
    return {**said, "lang": lang, "chain": position.named(facts["chain"]), "versions": replayed}


def canonical(value: Any) -> str:
    """JSON with sorted keys and no spaces."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def edge(value: Any, name: str = "") -> Any:
    """The form that leaves the house: whole fen become decimal text under a name without `_fen`."""
    if isinstance(value, str):  # most values of a report are text
        return value
    if isinstance(value, dict):
        return {k.removesuffix("_fen"): edge(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [edge(v, name) for v in value]
    if name.endswith("_fen") and isinstance(value, int):
        return str(yuan(value))
    return value


def plain(value: Any, zone: str) -> Any:
    """Dates and instants as text in the programme's zone; floats to six decimals."""
    if isinstance(value, str | int | None):  # most values of a report are
        return value
    if isinstance(value, dict):
        return {str(k): plain(v, zone) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v, zone) for v in value]
    if isinstance(value, datetime):
        return value.astimezone(ZoneInfo(zone)).isoformat(sep=" ", timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return round(value, 6)
    return value


def _versions(policy: Sequence[Row], replayed: Sequence[Mapping[str, Any]] | None, promoter_id: str) -> Facts:
    """What the policy before and after would choose, and by how much rule documents before and after would change the rebate.

    `documents` is None where nobody replayed the run: a run does not replay itself.
    """
    documents = None if replayed is None else [
        {**{k: v for k, v in r.items() if k != "changes"}, "months": r["changes"].get(promoter_id, [])} for r in replayed
    ]  # fmt: skip
    return {"policy": list(policy), "documents": documents}


def _parsed(text: str | None) -> Any:
    return json.loads(text) if text else {}


def _finding(row: Row) -> Facts:
    windowed = row["window_start"] is not None and row["window_start"].year > 1
    window = {} if windowed else {"window_start": None, "window_end": None}
    return {**row, **window, "evidence": _parsed(row["evidence"])}


def _decisions(rows: Mapping[str, list[Row]]) -> list[Facts]:
    steps: dict[str, list[Row]] = defaultdict(list)
    for step in rows.get("step", []):
        steps[step["decision_id"]].append({**step, "at": step["at_instant"]})
    return [{**d, "steps": steps.get(d["decision_id"], [])} for d in rows.get("decision", [])]


def _money(rows: Mapping[str, list[Row]]) -> Facts:
    cancelled = {
        d["month"] for d in rows.get("decision", []) if d["measure"] == "cancel_rebate" and d["status"] == "applied"
    }
    months = [_month(m, m["month"] in cancelled) for m in rows.get("month", [])]
    balances = _balances(rows.get("posting", []))
    return {
        "months": months,
        "exclusions": rows.get("exclusion", []),
        "balances": [{"account": a, **b} for a, b in sorted(balances.items())],
        "postings": rows.get("posting", []),
        "payables": rows.get("payable", []),
        "payouts": rows.get("payout", []),
        "totals": _totals(months, balances, rows),
        "checks": _checks(months, balances, rows),
    }


def _month(row: Row, cancelled: bool) -> Row:
    now = 0 if cancelled else row["line_rebate_fen"]
    issued = row["status"] != "provisional"
    return {
        **row,
        "first_fen": row["rebate_fen"] if issued else None,
        "now_fen": now if issued else row["rebate_fen"],
        "to_post_fen": now - (row["posted_fen"] or 0) if issued else 0,
        "cancelled": cancelled,
    }


def _balances(postings: Sequence[Row]) -> dict[str, Row]:
    """Debits, credits and balance (debit positive) per ledger account."""
    out: dict[str, Row] = {}
    for p in postings:
        for account, side in ((p["debit_account"], "debit_fen"), (p["credit_account"], "credit_fen")):
            held = out.setdefault(account, {"debit_fen": 0, "credit_fen": 0})
            held[side] += p["amount_fen"]
    for held in out.values():
        held["balance_fen"] = held["debit_fen"] - held["credit_fen"]
    return out


def _balance(balances: Mapping[str, Row], account: str) -> int:
    return int(balances[account]["balance_fen"]) if account in balances else 0


def _totals(months: Sequence[Row], balances: Mapping[str, Row], rows: Mapping[str, list[Row]]) -> Facts:
    return {
        "at_stake_fen": sum(f["amount_at_stake_fen"] for f in rows.get("finding", [])),
        "first_fen": sum(m["first_fen"] or 0 for m in months),
        "now_fen": sum(m["now_fen"] for m in months),
        "counted_fen": sum(m["counted_fen"] for m in months),
        "excluded_fen": sum(m["excluded_fen"] for m in months),
        "posted_fen": _balance(balances, "programme_expense"),
        "held_fen": -_balance(balances, "promoter_held"),
        "unpaid_fen": -_balance(balances, "promoter_payable"),
        "paid_fen": sum(m["paid_fen"] for m in months),
        "tax_fen": sum(m["paid_tax_fen"] for m in months),
        "clawback_fen": sum(m["clawback_added_fen"] for m in months),
        "offset_fen": sum(m["offset_fen"] for m in months),
        "open_fen": _balance(balances, "clawback_receivable"),
        "to_post_fen": sum(m["to_post_fen"] for m in months),
    }


def _checks(months: Sequence[Row], balances: Mapping[str, Row], rows: Mapping[str, list[Row]]) -> list[Facts]:
    """Sums that must agree, each with both sides: a reader sees that the report's numbers are the books' numbers."""
    into = sum(
        m["rebate_fen"] + m["adjustments_fen"] + m["carried_in_fen"] + m["released_fen"] + m["clawback_added_fen"]
        for m in months
    )
    out_of = sum(m["offset_fen"] + m["held_fen"] + m["carried_out_fen"] + m["payable_fen"] for m in months)
    issued = [m for m in months if m["status"] != "provisional"]
    paid = sum(p["gross_fen"] for p in rows.get("payout", []) if p["status"] == "paid")
    cash = -_balance(balances, "cash") - _balance(balances, "tax_payable")
    return [
        _check("statement", into, out_of),
        _check(
            "entitlement",
            sum(m["rebate_fen"] + m["adjustments_fen"] for m in issued),
            _balance(balances, "programme_expense"),
        ),
        _check("paid", paid, cash),
    ]


def _check(name: str, left: int, right: int) -> Facts:
    return {"name": name, "left_fen": left, "right_fen": right, "agrees": left == right}


def _clauses_named(facts: Facts) -> set[str]:
    named = {f["clause"] for f in facts["findings"]} | {d["clause"] for d in facts["decisions"]}
    named |= {r["reason"] for r in facts["relations"]} | {e["clause"] for e in facts["money"]["exclusions"]}
    return {c for c in named if c}

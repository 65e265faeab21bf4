"""What the findings on a promoter say: each clause once, with observed against expected, and what would clear it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import orjson

from casebook.dossier.reasons import codes_of, of_clause
from console.tables import reasons


def reasons_of(findings: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Why, the most money first: each clause once, with how many findings say so, and the reason codes of its detectors
    with what was observed against what peers would show; `said` is what the rule said, with how many findings say it."""
    found: dict[str, dict[str, Any]] = {}
    for finding in findings:
        stake = Decimal(finding["amount_at_stake"])
        entry = found.setdefault(finding["clause"], {
            "clause": finding["clause"], "findings": 0, "at_stake": Decimal(0), "confidence": finding["confidence"],
            "said": {}, "codes": {},
        })  # fmt: skip
        entry["said"][finding["reason"]] = entry["said"].get(finding["reason"], 0) + 1
        entry["findings"] += 1
        entry["at_stake"] = max(entry["at_stake"], stake)
        for stated in _stated(finding):
            entry["codes"].setdefault(stated["code"], stated)
    order = sorted(found.values(), key=lambda e: (-e["at_stake"], not e["codes"], e["clause"]))
    return [
        {**e, "said": sorted(e["said"].items(), key=lambda s: -s[1]), "codes": list(e["codes"].values())} for e in order
    ]


def told_of(found: Sequence[Mapping[str, Any]], excluded: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each reason code once, by clause: of the findings, then of the orders that do not count. Observed of the latter is how
    many they are; what a rule finds without a peer has no expected value, ratio or q."""
    of_findings = [{"clause": r["clause"], **c} for r in found for c in r["codes"]]
    of_orders = [
        {"clause": e["clause"], "code": code, "observed": e["orders"], "expected": None, "ratio": None, "q": None, **texts_of(code)}
        for e in excluded for code in of_clause(reasons(), e["clause"])
    ]  # fmt: skip
    return list({(r["clause"], r["code"]): r for r in (*of_orders, *of_findings)}.values())


def _stated(finding: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The coded reasons in a finding's evidence, or those that a rule's finding comes to: code, observed, expected, ratio, q
    and the words of both languages."""
    evidence = finding["evidence"] or "{}"
    loaded = orjson.loads(evidence)
    items = loaded.get("reasons", []) if isinstance(loaded, dict) else loaded
    if not items and finding.get("status", "met") == "met":
        items = [{"code": c} for c in codes_of(reasons(), finding["clause"], loaded)]
    return [
        {k: i.get(k) for k in ("code", "observed", "expected", "ratio", "q")} | dict(texts_of(i["code"]))
        for i in items if isinstance(i, dict) and isinstance(i.get("code"), str)
    ]  # fmt: skip


def texts_of(code: str) -> Mapping[str, str]:
    """What a reason code says: zh, en, clears_zh, clears_en; empty for an unknown one."""
    known = reasons().get(code, {})
    return {k: str(known.get(k, "")) for k in ("zh", "en", "clears_zh", "clears_en")}

"""What speaks against a conclusion, and the smallest change that would turn it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from casebook.dossier.blocks import Block, Column, heading, para, table
from casebook.dossier.facts import Facts
from casebook.dossier.reasons import Reasons, of_clause
from casebook.dossier.rules import same_bits
from casebook.dossier.wording import Words, money, number

WIDELY_HELD = 20
POLICY = {"before": "cv_policy_before", "now": "cv_policy_now", "next": "cv_policy_next"}
RULES = {"previous": "cv_rules_previous", "next": "cv_rules_next"}


def of_pair(t: Words, facts: Facts, pair: Facts) -> tuple[str, str]:
    """About one pair: what speaks against it, and what would part it."""
    pieces = [p for p in pair.get("evidence") or [] if isinstance(p, Mapping)] or _direct(facts, pair["invitee_id"])
    against = [
        t("c_absent", kind=t.label("kind_", p["kind"]))
        for p in pieces
        if p.get("token") is None and p.get("weight", 0) < 0
    ]
    against += [
        t("c_hubs", kind=t.label("kind_", p["kind"]), mask=p["mask"], n=number(p["shared_by"]))
        for p in pieces
        if (p.get("shared_by") or 0) > WIDELY_HELD
    ]
    shared = [p for p in pieces if p.get("mask")]
    return "; ".join(dict.fromkeys(against)) or t("c_nothing"), " ".join(_parting(t, facts, pair, shared)) or "–"


def of_finding(t: Words, finding: Facts, reasons: Reasons) -> list[str]:
    """Sentences about one finding."""
    if finding["status"] == "unknown":
        return [f"{finding['clause']}: {t('c_unknown')}"]
    evidence = finding["evidence"] if isinstance(finding["evidence"], list) else []
    coded = [e for e in evidence if isinstance(e, Mapping) and "code" in e]
    told = [reasons.clears(t.lang, c) for c in reasons.of(finding) or [finding["reason"]]]
    counts = [e for e in coded if e["code"] == "RB01" and "expected" in e]
    excess = [
        t("c_burst", seen=number(e["observed"], 0), expected=number(e["expected"], 1), excess=number(e["observed"] - e["expected"], 1))
        for e in counts
    ]  # fmt: skip
    said = excess + [s for s in told if s]
    return [f"{finding['clause']}: {s}" for s in said or [t("c_rule")]]


def of_exclusions(t: Words, facts: Facts, reasons: Reasons) -> list[str]:
    """What would bring back orders that a clause with a code of its own excludes."""
    clauses = dict.fromkeys(e["clause"] for e in facts["money"]["exclusions"])
    return [f"{c}: {reasons.clears(t.lang, code)}" for c in clauses for code in of_clause(reasons.codes, c)]


def of_versions(t: Words, facts: Facts) -> list[Block]:
    """The outcome under the policy and the rule documents before the newest change, and under the next that are announced."""
    blocks: list[Block] = []
    policy, documents = facts["versions"]["policy"], facts["versions"]["documents"]
    if policy and (policy[0]["before_from"] or policy[0]["next_from"]):
        blocks.append(_policies(t, policy))
    elif policy:
        blocks.append(para(t("cv_one_policy", day=policy[0]["now_from"]), "note"))
    if documents:
        blocks += [para(t("cv_documents"), "note"), _documents(t, documents)]
    elif documents is not None:
        blocks.append(para(t("cv_one_document"), "note"))
    return [heading(t("cv_versions"), 4), *blocks] if blocks else []


def _policies(t: Words, rows: Sequence[Facts]) -> Block:
    first = rows[0]
    columns = [
        Column(t("clause"), lambda r: r["clause"]),
        Column(t("x_measure"), lambda r: t.label("m_", r["measure"])),
        Column(t("k_findings"), lambda r: number(r["findings"]), number=True),
    ]
    for side in POLICY:
        if first[f"{side}_from"]:
            columns.append(Column(t(POLICY[side], day=first[f"{side}_from"]), _effect(t, f"{side}_effect")))
    return table(
        columns,
        rows,
        hot=lambda r: any(r[f"{s}_from"] and r[f"{s}_effect"] != r["now_effect"] for s in ("before", "next")),
    )


def _effect(t: Words, name: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda r: t.label("ef_", r[name] or "none")


def _documents(t: Words, rows: Sequence[Facts]) -> Block:
    columns = [
        Column(t("cv_rules"), lambda r: t(RULES[r["which"]], document=r["document_id"], day=r["effective_from"])),
        Column(t("cv_difference"), lambda r: money(sum(m["change_fen"] for m in r["months"])), number=True),
        Column(t("month"), lambda r: "; ".join(_month(t, m) for m in r["months"]) or t("cv_same")),
    ]
    return table(columns, rows, hot=lambda r: bool(r["months"]))


def _month(t: Words, row: Facts) -> str:
    return f"{row['month']} ({t('clause')} {row['clause']}) {money(row['change_fen'])}"


def _direct(facts: Facts, invitee: str) -> list[Facts]:
    both = {facts["report"]["promoter_id"], invitee}
    return [s for s in facts["shares"] if {s["account_a"], s["account_b"]} == both]


def _parting(t: Words, facts: Facts, pair: Facts, shared: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The smallest set of evidence in the weakest step whose removal parts the pair; in plain words outside the house."""
    if not shared:
        return
    if not t.internal:
        for piece in shared[:3]:
            yield t("c_without_plain", kind=t.label("kind_", piece["kind"]), mask=piece["mask"])
        return
    weakest = _weakest_step(shared)
    threshold = float(facts["report"].get("same_bits") or same_bits())
    removed, left = [], float(pair["match_weight"])
    if left < threshold:
        yield t("c_not_joined", bits=number(left, 1), need=number(threshold, 1))
        return
    for piece in sorted(weakest, key=lambda p: (-p["weight"], p["kind"])):
        if left < threshold:
            break
        removed.append(piece)
        left = round(left - piece["weight"], 6)
    names = t.join([f"{t.label('kind_', p['kind'])} {p['mask']}" for p in removed])
    key = "c_without" if left < threshold or len(removed) == len(shared) else "c_without_all"
    held, fallen = f"{pair['match_weight']:,.1f}", f"{left:,.1f}".replace("-", "−")
    yield t(key, what=names, from_bits=held, to_bits=fallen, need=number(threshold, 1))


def _weakest_step(pieces: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    ordered = sorted(pieces, key=lambda p: p.get("step") or 1)
    steps = [list(found) for _, found in groupby(ordered, key=lambda p: p.get("step") or 1)]
    return min(steps, key=lambda step: sum(p["weight"] for p in step))

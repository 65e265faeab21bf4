"""Sections: the findings with clause text and evidence; what speaks against them and what would clear them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from casebook.dossier.blocks import Block, bullets, heading, ident, pairs, para, quote
from casebook.dossier.decision_section import subject
from casebook.dossier.facts import Facts
from casebook.dossier.reasons import Reasons
from casebook.dossier.wording import Words, money, number

MOST_FINDINGS = 12
MOST_VALUES = 12
NEVER_SHOWN = ("clears", "against", "reasons", "path", "token")


def section(t: Words, facts: Facts, reasons: Reasons) -> list[Block]:
    """Findings by clause: the clause's words once, then each finding with its evidence."""
    if not facts["findings"]:
        return [para(t("none_found"), "note"), *_clause_texts(t, facts)]
    blocks: list[Block] = []
    ordered = sorted(facts["findings"], key=lambda f: (f["clause"], -f["amount_at_stake_fen"], f["finding_id"]))
    for clause, found in groupby(ordered, key=lambda f: f["clause"]):
        findings = list(found)
        blocks.append(heading(_title(t, facts, clause)))
        text = clause_text(facts, clause)
        if text:
            blocks.append(quote(text))
        if len(findings) > 1:
            blocks.append(para(t("f_group", n=len(findings)), "note"))
        blocks += [_finding(t, f, reasons) for f in findings[:MOST_FINDINGS]]
        if len(findings) > MOST_FINDINGS:
            blocks.append(para(t("more_rows", n=len(findings) - MOST_FINDINGS), "note"))
    return [*blocks, *_clause_texts(t, facts)]


def clause_text(facts: Facts, clause: str) -> str:
    """The Chinese text of a clause, empty when the register has none."""
    return next((c["text_zh"] or "" for c in facts["clauses"] if c["clause"] == clause), "")


def change(t: Words, facts: Facts, reasons: Reasons) -> list[Block]:
    """What speaks against, and the smallest change that would turn each kind of conclusion."""
    blocks: list[Block] = [para(t("c_intro"))]
    for pair in facts["pairs"][:MOST_FINDINGS]:
        shares = _shares_of(facts, pair["invitee_id"])
        against = _said(pair["evidence"], "against", t) + _hubs(t, shares)
        clears = _said(pair["evidence"], "clears", t) or list(_parting(t, pair, shares))
        if against or clears:
            blocks.append(heading(f"{facts['report']['promoter_id']} – {pair['invitee_id']}", 4))
            blocks += [bullets([f"{t('c_against')}: {s}" for s in against] + [f"{t('c_clears')}: {s}" for s in clears])]
    told = [s for f in facts["findings"] for s in _of_finding(t, f, reasons)]
    if told:
        blocks += [heading(t("s_findings"), 4), bullets(dict.fromkeys(told))]
    return blocks if len(blocks) > 1 else [*blocks, para(t("none_found"), "note")]


def _title(t: Words, facts: Facts, clause: str) -> str:
    known = next((c for c in facts["clauses"] if c["clause"] == clause), None)
    if known is None:
        return f"{t('clause')} {clause}"
    return f"{t('clause')} {clause} · {known['title_zh'] if t.lang == 'zh' else known['title_en']}"


def _clause_texts(t: Words, facts: Facts) -> list[Block]:
    """Clauses that the report names elsewhere (exclusions, relations, decisions)."""
    found = {f["clause"] for f in facts["findings"]}
    others = [c for c in facts["clauses"] if c["clause"] not in found and c["text_zh"]]
    blocks: list[Block] = []
    for c in others:
        blocks += [heading(_title(t, facts, c["clause"]), 4), quote(c["text_zh"])]
    if t.lang == "en" and facts["clauses"]:
        blocks.append(para(t("authoritative"), "note"))
    return blocks


def _finding(t: Words, f: Facts, reasons: Reasons) -> Block:
    window = f"{f['window_start']} – {f['window_end'] or ''}" if f["window_start"] else ""
    lines = [
        (t("f_subject"), subject(t, f)),
        (t("status"), t.label("stw_", f["status"])),
        (t("f_rule"), f"{f['detector']}, {t('f_version', v=f['detector_version'])}"),
        *([(t("f_window"), window)] if window else []),
        (t("f_confidence"), number(f["confidence"], 3)),
        (t("f_stake"), money(f["amount_at_stake_fen"])),
        (t("f_since"), f["first_seen"]),
    ]
    told = pairs([(t("f_id"), ident(f["finding_id"])), *lines])
    blocks: list[Block] = [heading(reasons.sentence(t.lang, f["reason"])), told]
    if isinstance(f["evidence"], dict) and isinstance(f["evidence"].get("reasons"), dict | list):
        blocks += _coded(t, f["evidence"]["reasons"], reasons)
    shown = list(_flat(t, f["evidence"], reasons))
    if shown:
        blocks += [heading(t("f_evidence"), 4), pairs(shown)]
    if f["verdict"]:
        blocks.append(para(t("f_verdict", v=t.label("v_", f["verdict"]), who=f["verdict_by"]), "note"))
    return {"kind": "box", "blocks": blocks}


def _coded(t: Words, coded: Any, reasons: Reasons) -> Iterator[Block]:
    """Evidence per reason code: its sentence, then what was observed and expected."""
    items = coded.items() if isinstance(coded, dict) else [(r.get("code", ""), r) for r in coded if isinstance(r, dict)]
    for code, facts in items:
        yield heading(f"{code} · {reasons.sentence(t.lang, code)}", 4)
        yield pairs(_flat(t, facts, reasons))


def _flat(t: Words, value: Any, reasons: Reasons, name: str = "") -> Iterator[tuple[str, str]]:
    """Evidence as labels and values: nested names joined by a dot, long lists cut with their length."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key not in NEVER_SHOWN and key != "code":
                yield from _flat(t, inner, reasons, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list) and value and isinstance(value[0], Mapping):
        for place, inner in enumerate(value[:MOST_VALUES], start=1):
            told = "; ".join(f"{k} {v}" for k, v in _flat(t, inner, reasons))
            yield f"{name} {place}".strip(), told
    elif isinstance(value, list):
        told = ", ".join(_value(name, v) for v in value[:MOST_VALUES])
        yield name, told + (f" … ({len(value)})" if len(value) > MOST_VALUES else "")
    elif value is not None and name:
        yield reasons.field(t.lang, name), _value(name, value)


def _value(name: str, value: Any) -> str:
    if name.endswith("_fen") and isinstance(value, int):
        return money(value)
    if isinstance(value, float):
        return number(value, 4)
    if isinstance(value, bool | int):
        return str(value).lower() if isinstance(value, bool) else number(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _said(evidence: Any, name: str, t: Words) -> list[str]:
    """Sentences that the detector itself gave, in the reader's language where it gave both."""
    given = evidence.get(name) if isinstance(evidence, Mapping) else None
    items = given if isinstance(given, list) else [given] if given else []
    out = []
    for item in items:
        if isinstance(item, Mapping):
            item = item.get(t.lang) or item.get("text") or "; ".join(f"{k} {v}" for k, v in item.items())
        out.append(str(item))
    return out


def _shares_of(facts: Facts, invitee: str) -> list[Facts]:
    promoter = facts["report"]["promoter_id"]
    return [s for s in facts["shares"] if {s["account_a"], s["account_b"]} == {promoter, invitee}]


def _hubs(t: Words, shares: list[Facts]) -> list[str]:
    return [
        t("c_hubs", kind=t.label("kind_", s["kind"]), mask=s["mask"], n=number(s["shared_by"]))
        for s in shares
        if (s["shared_by"] or 0) > 20
    ]


def _parting(t: Words, pair: Facts, shares: list[Facts]) -> Iterator[str]:
    """The strongest piece of evidence and what the weight would be without it."""
    if not shares:
        return
    strongest = max(shares, key=lambda s: (s["weight"], s["kind"], s["token"]))
    kind = t.label("kind_", strongest["kind"])
    if len({s["kind"] for s in shares}) == 1:
        yield t("c_without_one", kind=kind)
        return
    left = pair["match_weight"] - strongest["weight"]
    yield t(
        "c_without", kind=kind, mask=strongest["mask"],
        from_bits=number(pair["match_weight"], 1), to_bits=number(left, 1),
    )  # fmt: skip


def _of_finding(t: Words, f: Facts, reasons: Reasons) -> list[str]:
    if f["status"] == "unknown":
        return [t("c_unknown")]
    coded = f["evidence"].get("reasons") if isinstance(f["evidence"], Mapping) else None
    inner = coded.values() if isinstance(coded, Mapping) else coded if isinstance(coded, list) else []
    said = _said(f["evidence"], "clears", t) + _said(f["evidence"], "would_clear", t)
    said += [s for r in inner for s in _said(r, "clears", t) + _said(r, "would_clear", t)]
    told = reasons.clears(t.lang, f["reason"])
    return [f"{f['clause']}: {s}" for s in said or ([told] if told else [t("c_rule")])]

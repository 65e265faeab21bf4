"""Sections: the findings with clause text and evidence; what speaks against them and what would clear them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from typing import Any

from casebook.dossier import counterfactual
from casebook.dossier.blocks import Block, Column, bullets, heading, ident, pairs, para, quote, table
from casebook.dossier.decision_section import subject
from casebook.dossier.facts import Facts
from casebook.dossier.reasons import Reasons
from casebook.dossier.wording import Words, chance, money, number

MOST_FINDINGS = 12
MOST_BOXES = 3  # more findings of one kind are told in a table
MOST_LISTED = 40
MOST_VALUES = 12
NEVER_SHOWN = ("clears", "against", "reasons", "codes", "path", "token")


def section(t: Words, facts: Facts, reasons: Reasons) -> list[Block]:
    """Findings by clause: the clause's words once, then each finding with its evidence."""
    if not facts["findings"]:
        return [para(t("none_found"), "note"), *_clause_texts(t, facts)]
    blocks: list[Block] = []
    ordered = sorted(facts["findings"], key=lambda f: (f["clause"], -f["amount_at_stake_fen"], f["finding_id"]))
    for clause, found in groupby(ordered, key=lambda f: f["clause"]):
        findings = list(found)
        blocks.append(heading(_title(t, facts, clause)))
        blocks += _words_of(t, facts, clause)
        if len(findings) > 1:
            blocks.append(para(t("f_group", n=len(findings)), "note"))
        plain = [
            f for f in findings if (isinstance(f["evidence"], Mapping) or not f["evidence"]) and not f["window_start"]
        ]
        if len(plain) > MOST_BOXES:
            blocks.append(_listed(t, plain, reasons))
            findings = [f for f in findings if f not in plain]
        blocks += [_finding(t, f, reasons) for f in findings[:MOST_FINDINGS]]
        if len(findings) > MOST_FINDINGS:
            blocks.append(para(t("more_rows", n=len(findings) - MOST_FINDINGS), "note"))
    return [*blocks, *_clause_texts(t, facts)]


def _words_of(t: Words, facts: Facts, clause: str) -> list[Block]:
    """The clause as it stands in the agreement; for an English reader also what it says."""
    found = next((c for c in facts["clauses"] if c["clause"] == clause), None)
    if found is None:
        return []
    said = [quote(found["text_zh"])]
    return said if t.lang == "zh" else [*said, para(found["text_en"], "note")]


def change(t: Words, facts: Facts, reasons: Reasons) -> list[Block]:
    """What speaks against, and the smallest change that would turn each kind of conclusion."""
    blocks: list[Block] = [para(t("c_intro"))]
    if facts["pairs"]:
        shown = facts["pairs"][:MOST_LISTED]
        rows = [{"invitee_id": p["invitee_id"], "said": counterfactual.of_pair(t, facts, p)} for p in shown]
        columns = [
            Column(t("mo_invitee"), lambda r: ident(r["invitee_id"])),
            Column(t("c_against"), lambda r: r["said"][0]),
            Column(t("c_clears"), lambda r: r["said"][1]),
        ]
        blocks.append(table(columns, rows))
    told = [s for f in facts["findings"] for s in counterfactual.of_finding(t, f, reasons)]
    told += counterfactual.of_exclusions(t, facts, reasons)
    if told:
        blocks += [heading(t("s_findings"), 4), bullets(dict.fromkeys(told))]
    blocks += counterfactual.of_versions(t, facts)
    return blocks if len(blocks) > 1 else [*blocks, para(t("none_found"), "note")]


def _title(t: Words, facts: Facts, clause: str) -> str:
    known = next((c for c in facts["clauses"] if c["clause"] == clause), None)
    if known is None:
        return f"{t('clause')} {clause}"
    return f"{t('clause')} {clause} · {known['title_zh'] if t.lang == 'zh' else known['title_en']}"


def _clause_texts(t: Words, facts: Facts) -> list[Block]:
    """Clauses that the report names elsewhere (exclusions, relations, decisions)."""
    found = {f["clause"] for f in facts["findings"]}
    others = [c for c in facts["clauses"] if c["clause"] not in found]
    blocks: list[Block] = []
    for c in others:
        blocks += [heading(_title(t, facts, c["clause"]), 4), *_words_of(t, facts, c["clause"])]
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
        *([(t("f_confidence"), number(f["confidence"], 3))] if t.internal else []),
        (t("f_stake"), money(f["amount_at_stake_fen"])),
        (t("f_since"), f["first_seen"]),
    ]
    told = pairs([(t("f_id"), ident(f["finding_id"])), *lines])
    blocks: list[Block] = [heading(reasons.sentence(t.lang, f["reason"])), told]
    if isinstance(f["evidence"], Mapping) and (codes := _named(t, f, reasons)):
        blocks.append(bullets(codes))
    blocks += _evidence(t, f["evidence"], reasons)
    if f["verdict"]:
        blocks.append(para(t("f_verdict", v=t.label("v_", f["verdict"]), who=f["verdict_by"]), "note"))
    return {"kind": "box", "blocks": blocks}


def _named(t: Words, f: Mapping[str, Any], reasons: Reasons) -> list[str]:
    """The codes of a finding of a rule, each with what it says."""
    return [f"{c} {reasons.sentence(t.lang, c)}" for c in reasons.of(f)]


def _listed(t: Words, findings: list[Facts], reasons: Reasons) -> Block:
    """Many findings of one clause whose evidence is a few values: one row each."""

    def told(f: Mapping[str, Any]) -> str:
        return "; ".join(f"{k} {v}" for k, v in _flat(t, f["evidence"], reasons))

    columns = [
        Column(t("f_id"), lambda f: ident(f["finding_id"])),
        Column(t("f_subject"), lambda f: subject(t, f)),
        Column(t("x_reason"), lambda f: "; ".join([reasons.sentence(t.lang, f["reason"]), *_named(t, f, reasons)])),
        Column(t("f_evidence"), told, inside=True),
        Column(t("f_since"), lambda f: f["first_seen"]),
        Column(t("f_confidence"), lambda f: number(f["confidence"], 3), number=True, inside=True),
        Column(t("f_stake"), lambda f: money(f["amount_at_stake_fen"]), number=True),
        Column(t("f_verdict_short"), lambda f: t.label("v_", f["verdict"]), inside=True),
    ]
    rest = len(findings) - MOST_LISTED
    note = t("more_rows", n=rest) if rest > 0 else ""
    return table([c for c in columns if t.internal or not c.inside], findings[:MOST_LISTED], note=note)


def _evidence(t: Words, evidence: Any, reasons: Reasons) -> list[Block]:
    if isinstance(evidence, list) and evidence and isinstance(evidence[0], Mapping):
        draw = _coded if "code" in evidence[0] else _alike
        return [heading(t("f_evidence"), 4), draw(t, evidence, reasons)]
    shown = list(_flat(t, evidence, reasons))
    return [heading(t("f_evidence"), 4), pairs(shown)] if shown else []


def _coded(t: Words, coded: list[Facts], reasons: Reasons) -> Block:
    """Reasons with a code: what was observed, what was expected, and the orders that it rests on."""
    columns = [
        Column(t("t_reasons"), lambda r: f"{r['code']} {reasons.sentence(t.lang, r['code'])}"),
        Column(t("f_observed"), lambda r: number(r.get("observed")), number=True),
        Column(t("t_expected"), lambda r: number(r.get("expected")), number=True, inside=True),
        Column(t("t_ratio"), lambda r: number(r.get("ratio"), 1), number=True, inside=True),
        Column(t("t_q"), lambda r: chance(r.get("q")), number=True, inside=True),
        Column(t("f_orders"), lambda r: _value("", r.get("ids", []))),
    ]
    return table([c for c in columns if t.internal or not c.inside], coded)


def _alike(t: Words, items: list[Facts], reasons: Reasons) -> Block:
    """A list of pieces of evidence that all have the same fields: a table."""
    names = [k for k in items[0] if k not in NEVER_SHOWN]
    numbers = {n for n in names if isinstance(items[0][n], int | float) and not isinstance(items[0][n], bool)}
    columns = [Column(reasons.field(t.lang, n), _reader(t, n), number=n in numbers) for n in names]
    rest = len(items) - MOST_VALUES
    return table(columns, items[:MOST_VALUES], note=t("more_rows", n=rest) if rest > 0 else "")


def _reader(t: Words, name: str) -> Callable[[Mapping[str, Any]], str]:
    if name == "kind":
        return lambda r: t.label("kind_", r.get(name))
    return lambda r: _value(name, r.get(name))


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
    elif value is not None and name:
        yield reasons.field(t.lang, name), _value(name, value)


def _value(name: str, value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, list):
        cut = f" … ({len(value)})" if len(value) > MOST_VALUES else ""
        return ", ".join(_value(name, v) for v in value[:MOST_VALUES]) + cut
    if name.endswith("_fen") and isinstance(value, int):
        return money(value)
    if isinstance(value, float):
        return number(value, 4)
    if isinstance(value, bool | int):
        return str(value).lower() if isinstance(value, bool) else number(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

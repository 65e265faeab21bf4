"""Sections: the decision in one paragraph, the measures, the process, the notices."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from casebook.dossier.blocks import Block, Column, heading, ident, para, table, tag
from casebook.dossier.facts import Facts
from casebook.dossier.wording import Words, money, number

TONE = {"applied": "hot", "approved": "hot", "proposed": "sober", "overturned": "good", "rejected": ""}
RUN_MADE = ("run", "policy", "system", "tongren")


def section(t: Words, facts: Facts) -> list[Block]:
    """The whole report in a few sentences."""
    sentences = [_sentence(t, facts, group) for group in _grouped(facts["decisions"])] or [t("d_none")]
    totals = facts["money"]["totals"]
    blocks = [para(s, "lead") for s in sentences]
    if facts["money"]["months"]:
        amounts = {k: money(totals[f"{k}_fen"]) for k in ("now", "first", "paid", "held", "open")}
        blocks.append(para(t("d_money", **amounts)))
    open_findings = len(facts["findings"])
    if open_findings:
        key = "d_findings_one" if open_findings == 1 else "d_findings"
        blocks.append(para(t(key, n=open_findings, stake=money(totals["at_stake_fen"]))))
    elif not facts["decisions"] and not facts["withheld"]:
        blocks.append(para(t("d_nothing")))
    if facts["withheld"]:
        blocks.append(para(t("d_withheld")))
    if facts["decisions"]:
        blocks += _how_sure(t, facts)
    return blocks


def _how_sure(t: Words, facts: Facts) -> list[Block]:
    """The confidence of what decisions in force rest on, and where the report says what else a reader needs."""
    rested = {d["finding_id"] for d in facts["decisions"] if d["status"] in ("approved", "applied")}
    sure = [f["confidence"] for f in facts["findings"] if f["finding_id"] in rested and f.get("confidence") is not None]
    if t.internal and not sure:
        return []
    least, most = (number(x, 4) for x in (min(sure, default=None), max(sure, default=None)))
    return [para(t("d_sure", least=least, most=most))]


def by_whom(t: Words, who: str) -> str:
    """A name as a reader should see it: a run is named as the policy that it followed."""
    return t("by_run") if who.split(":")[0] in RUN_MADE else t("by_analyst") if who == "person" else who


def measures(t: Words, facts: Facts) -> list[Block]:
    """One row per decision: what it does, to what, since when, and what it moved."""
    if not facts["decisions"]:
        return [para(t("d_none"), "note")]
    columns = [
        Column(t("x_decision"), lambda r: ident(r["decision_id"])),
        Column(t("clause"), lambda r: r["clause"]),
        Column(t("x_measure"), lambda r: _measure(t, r)),
        Column(t("status"), lambda r: tag(t.label("stw_", r["status"]), TONE[r["status"]])),
        Column(t("x_subject"), lambda r: subject(t, r)),
        Column(t("x_from"), lambda r: r["effective_from"][:10]),
        Column(t("x_to"), lambda r: (r["effective_to"] or "–")[:10]),
        Column(t("month"), lambda r: r["month"] or "–"),
        Column(t("x_amount"), lambda r: money(r["amount_fen"]), number=True),
        Column(t("x_posted"), lambda r: money(r["posted_fen"]), number=True),
    ]
    return [para(t("x_intro")), para(t("yuan_note"), "note"), table(columns, facts["decisions"])]


def process(t: Words, facts: Facts) -> list[Block]:
    """Every entry about every decision, in order."""
    if not facts["decisions"]:
        return [para(t("none_found"), "note")]
    rows = [{**step, "decision_id": d["decision_id"]} for d in facts["decisions"] for step in d["steps"]]
    columns = [
        Column(t("x_decision"), lambda r: ident(r["decision_id"])),
        Column("#", lambda r: str(r["step_no"]), number=True),
        Column(t("p_step"), lambda r: t.label("a_", r["action"])),
        Column(t("p_who"), lambda r: by_whom(t, r["by_whom"])),
        Column(t("p_when"), lambda r: r["at"] or "–"),
        Column(t("x_reason"), lambda r: r["reason"]),
    ]
    blocks = [para(t("p_intro"))]
    if rows:
        blocks.append(table(columns, rows))
    waiting = [d for d in facts["decisions"] if t.internal and d["status"] == "proposed"]
    if waiting:
        approvals = [
            Column(t("x_decision"), lambda r: ident(r["decision_id"])),
            Column(t("x_measure"), lambda r: t.label("m_", r["measure"])),
            Column(t("status"), lambda r: t("p_approvals", have=r["approvals"] or 0, need=r["needed"] or 1)),
        ]
        blocks += [heading(t("stw_proposed")), table(approvals, waiting)]
    return blocks


def notices(t: Words, facts: Facts) -> list[Block]:
    """What was sent, and the promoter's rights."""
    blocks = [para(t("n_intro"))]
    if facts["cases"]:
        of_case = [
            Column(t("n_case"), lambda r: ident(r["case_id"])),
            Column(t("status"), lambda r: t.label("cs_", r["state"])),
            Column(t("n_opened"), lambda r: r["opened_on"]),
            Column(t("n_deadline"), lambda r: r["deadline_on"]),
            Column(t("n_owner"), lambda r: r["owner"] or "–", inside=True),
        ]
        blocks.append(table([c for c in of_case if t.internal or not c.inside], facts["cases"]))
    blocks.append(_sent(t, facts["notices"]) if facts["notices"] else para(t("n_none"), "note"))
    if facts["appeals"]:
        blocks += [heading(t("n_appeals"), 4), _appeals(t, facts["appeals"])]
    return blocks


def _sent(t: Words, rows: list[Facts]) -> Block:
    columns = [
        Column(t("n_kind"), lambda r: t.label("i_", r["kind"])),
        Column(t("n_subject"), lambda r: ident(r["subject_id"])),
        Column(t("x_decision"), lambda r: ident(r["decision_id"])),
        Column(t("n_on"), lambda r: r["created_on"]),
        Column(t("n_reply_by"), lambda r: r["reply_by"] or "–"),
        Column(t("amount"), lambda r: money(r["amount_fen"]), number=True),
    ]
    return table(columns, rows)


def _appeals(t: Words, rows: list[Facts]) -> Block:
    columns = [
        Column(t("x_decision"), lambda r: ident(r["decision_id"])),
        Column(t("n_filed"), lambda r: r["filed_at"]),
        Column(t("n_appeal_reason"), lambda r: r["reason"]),
        Column(t("n_answer"), lambda r: t.label("ap_", r["outcome"])),
        Column(t("n_answered"), lambda r: r["answered_at"] or "–"),
        Column(t("p_who"), lambda r: by_whom(t, r["answered_by"]) if r["answered_by"] else "–"),
        Column(t("n_answer_reason"), lambda r: r["answer"] or "–"),
    ]
    return table(columns, rows)


def subject(t: Words, row: Mapping[str, Any]) -> str:
    """`referral of A12`, or `the promoter`."""
    if row["subject_kind"] == "promoter":
        return t("sub_promoter")
    return f"{t.label('subk_', row['subject_kind'])} {row['subject_id']}"


def _measure(t: Words, row: Mapping[str, Any]) -> str:
    """`suspension of functions: payout`: the measure, and what of the functions it stops where it names them."""
    named = t.label("m_", row["measure"])
    return f"{named}: {row['functions']}" if row["functions"] else named


def _grouped(decisions: list[Facts]) -> list[list[Facts]]:
    """Decisions that one sentence can tell: same clause, measure, status, kind of subject and dates."""
    groups: dict[tuple[Any, ...], list[Facts]] = defaultdict(list)
    weight = {"applied": 0, "approved": 1, "proposed": 2, "overturned": 3, "rejected": 4}
    for d in decisions:
        told = d["status"] in ("applied", "approved")
        dates = (d["effective_from"][:10], (d["effective_to"] or "")[:10]) if told else ("", "")
        groups[weight[d["status"]], d["clause"], d["measure"], d["subject_kind"], dates, d["decided_by"]].append(d)
    return [groups[k] for k in sorted(groups)]


def _clause(t: Words, facts: Facts, clause: str) -> str:
    """A clause with its title, as far as the register has it."""
    known = next((c for c in facts["clauses"] if c["clause"] == clause), None)
    return t("d_clause", clause=clause, title=known[f"title_{t.lang}"]) if known else t("d_clause_alone", clause=clause)


def _sentence(t: Words, facts: Facts, group: list[Facts]) -> str:
    d = group[0]
    effective = ""
    if d["status"] in ("applied", "approved"):
        start, end = d["effective_from"][:10], (d["effective_to"] or "")[:10]
        effective = t("d_effective_from_to", day=start, end=end) if end else t("d_effective", day=start)
    who = by_whom(t, d["decided_by"])
    by = t("d_by_policy") if who == t("by_run") else t("d_by_people", who=who) if d["status"] != "proposed" else ""
    return t(
        "d_line", clause=_clause(t, facts, d["clause"]), measure=t.label("m_", d["measure"]), status=t.label("st_", d["status"]),
        subjects=t.counted("sub_", d["subject_kind"], len(group)), effective=effective, by=by,
    )  # fmt: skip

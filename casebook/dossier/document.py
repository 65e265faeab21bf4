"""The report as a document: cover and numbered sections of blocks, in one language. HTML and PDF are drawn from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from casebook.dossier import (
    decision_section,
    finding_section,
    graph,
    method_section,
    money_section,
    people_section,
    timeline,
)
from casebook.dossier.blocks import Block
from casebook.dossier.facts import Facts
from casebook.dossier.reasons import Reasons
from casebook.dossier.wording import Words, money


@dataclass(frozen=True)
class Drawings:
    """The two figures of a report; None where there is nothing to draw."""

    graph: graph.Graph | None
    timeline: timeline.Timeline | None


def drawings(facts: Facts) -> Drawings:
    """Both figures, which are the same in every language."""
    return Drawings(graph.layout(facts), timeline.layout(facts))


def build(t: Words, facts: Facts, drawn: Drawings, reasons: Reasons, content: str) -> dict[str, Any]:
    """Title, facts of the cover, key figures and sections with their blocks; `content` is the digest of the facts."""
    sections = [
        ("s_decision", decision_section.section(t, facts)),
        ("s_money", money_section.section(t, facts, reasons)),
        ("s_who", people_section.who(t, facts, drawn.graph)),
        ("s_when", people_section.when(t, facts, drawn.timeline)),
        ("s_findings", finding_section.section(t, facts, reasons)),
        ("s_change", finding_section.change(t, facts, reasons)),
        ("s_measures", decision_section.measures(t, facts)),
        ("s_process", decision_section.process(t, facts)),
        ("s_notice", decision_section.notices(t, facts)),
        ("s_data", method_section.data(t, facts)),
        ("s_limits", method_section.limits(t, facts)),
        ("s_integrity", method_section.integrity(t, facts, content)),
    ]
    report = facts["report"]
    return {
        "lang": t.lang,
        "over": f"{t('title')} · {t.label('edition_', report['edition'])}",
        "title": f"{t('promoter')} {report['promoter_id']}",
        "cover": _cover(t, facts),
        "key": _key(t, facts),
        "sections": [{"no": n, "title": t(key), "blocks": blocks} for n, (key, blocks) in enumerate(sections, start=1)],
        "foot": f"{t('title')} · {report['promoter_id']} · {t('run')} {report['run_id']} · {content[:16]}",
    }


def _cover(t: Words, facts: Facts) -> list[list[str]]:
    report, p = facts["report"], facts["promoter"]
    rows = [
        (t("as_of"), str(report["as_of"])),
        (t("zone"), str(report["zone"])),
        (t("run"), str(report["run_id"])),
        (t("joined"), (p["joined_at"] or "–")[:10]),
        (t("left"), (p["left_at"] or "–")[:10]),
        (t("standing"), t("standing_yes") if p["in_good_standing"] else f"{t('standing_no')} {p['ended_by'] or ''}"),
        (t("account_type"), f"{t.label('at_', p['account_type'])} / {t.label('at_', p['verified_as'])}"),
        (t("consented"), p["consented_version"] or "–"),
        (t("invitees"), f"{p['invitees']:,}"),
    ]
    return [[k, v.strip()] for k, v in rows]


def _key(t: Words, facts: Facts) -> list[list[str]]:
    totals = facts["money"]["totals"]
    return [
        [t("k_decisions"), str(len(facts["decisions"]))],
        [t("k_findings"), str(len(facts["findings"]))],
        [t("k_stake"), money(totals["at_stake_fen"])],
        [t("k_now"), money(totals["now_fen"])],
        [t("k_paid"), money(totals["paid_fen"])],
        [t("k_open"), money(totals["open_fen"])],
    ]


def block_kinds() -> tuple[str, ...]:
    """The kinds of block that every renderer must draw."""
    return ("para", "heading", "quote", "code", "bullets", "pairs", "figure", "box", "table")


__all__ = ["Block", "Drawings", "block_kinds", "build", "drawings"]

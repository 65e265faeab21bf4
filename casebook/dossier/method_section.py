"""Sections: data and method, limits, integrity."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from casebook.dossier.blocks import Block, Cell, Column, bullets, code, heading, ident, pairs, para, table
from casebook.dossier.facts import Facts
from casebook.dossier.wording import Words, number

NAMED = (
    ("g_fingerprint", "fingerprint"), ("g_programme", "programme"), ("g_policy", "policy"), ("g_key", "key"), ("m_code", "code"),
    ("g_entry", "human_entry"),
)  # fmt: skip


def data(t: Words, facts: Facts) -> list[Block]:
    """What was read, what was set aside, which rule documents and versions were used."""
    blocks: list[Block] = [para(t("m_intro"))]
    if facts["feeds"]:
        names = (("m_rows", "rows_in"), ("m_kept", "kept"), ("m_quarantined", "quarantined"), ("m_waiting", "waiting"))
        columns = [Column(t("m_feed"), lambda r: r["feed"])]
        columns += [Column(t(k), _count(n), number=True) for k, n in names]
        blocks += [table(columns, facts["feeds"]), heading(t("m_contracts")), _contracts(t, facts)]
    if facts["gaps"]:
        gap = [
            Column(t("m_feed"), lambda r: r["feed"]),
            Column(t("m_gap_rule"), lambda r: r["rule"]),
            Column(t("m_quarantined"), _count("quarantined_rows"), number=True),
        ]
        blocks += [heading(t("m_gaps")), table(gap, facts["gaps"])]
    if facts["documents"]:
        blocks += [heading(t("m_documents")), _documents(t, facts)]
    models = facts["report"].get("models")
    if isinstance(models, Mapping) and models:
        blocks += [
            heading(t("m_versions")),
            pairs((t("m_model", name=k), ident(str(v))) for k, v in sorted(models.items())),
        ]
    if facts["cards"]:
        blocks += [heading(t("m_model_cards")), para(t("m_model_cards_note"), "note")]
    for card in facts["cards"]:
        blocks += [heading(card[f"title_{t.lang}"], 4), pairs(_card(t, card))]
    if facts["rules"]:
        blocks.append(heading(t("m_cards")))
    for rule in facts["rules"]:
        title = rule["title_zh"] if t.lang == "zh" else rule["title_en"]
        told = [
            (t("f_rule"), f"{rule['name']}, {t('f_version', v=rule['version'])}"),
            ("SHA-256", ident(rule["sha256"])),
        ]
        blocks += [heading(title, 4), pairs(told), *([code(rule["text"])] if rule["text"] else [])]
    return blocks


def limits(t: Words, facts: Facts) -> list[Block]:
    """What the report cannot know."""
    keys = ["l_score", "l_feeds", "l_shared", "l_refunds", *(["l_gaps"] if facts["gaps"] else [])]
    return [bullets(t(k) for k in keys)]


def integrity(t: Words, facts: Facts, digest: str) -> list[Block]:
    """How to check that this is the report that the run makes."""
    report = facts["report"]
    items: list[tuple[str, Cell]] = [(t("g_content"), ident(digest)), (t("run"), ident(str(report["run_id"])))]
    for key, name in NAMED:
        if report.get(name) is not None:
            items.append((t(key), ident(str(report[name]))))
    return [para(t("g_intro")), pairs(items), *_chain(t, facts), heading(t("g_check"), 4), para(t("g_check_text"))]


def _chain(t: Words, facts: Facts) -> list[Block]:
    """The entry that published the run, and the signature over it."""
    chain = facts["chain"]
    if chain is None:
        return [para(t("g_chain_later"), "note")]
    items: list[tuple[str, Cell]] = [
        (t("g_chain_entry"), str(chain["entry"])), (t("g_chain_hash"), ident(chain["entry_hash"])),
        (t("g_chain_at"), chain["recorded_at"]),
    ]  # fmt: skip
    if chain["checkpoint"] is None:
        return [heading(t("g_chain"), 4), pairs(items), para(t("g_chain_unsealed"), "note")]
    items += [
        (t("g_chain_checkpoint"), str(chain["checkpoint"])), (t("g_chain_root"), ident(chain["merkle_root"])),
        (t("g_chain_key"), ident(chain["public_key"])), (t("g_chain_signature"), ident(chain["signature"])),
    ]  # fmt: skip
    return [heading(t("g_chain"), 4), pairs(items)]


def _count(name: str) -> Callable[[Mapping[str, Any]], Cell]:
    return lambda r: number(r[name])


def _contracts(t: Words, facts: Facts) -> Block:
    """Per feed the rules of its contract that set rows aside; one row for a feed of which none did."""
    rows = []
    for feed in facts["feeds"]:
        found = [f for f in facts["faults"] if f["feed"] == feed["feed"]]
        none = t("m_held" if feed["quarantined"] == 0 else "m_rules_unknown")
        rows += [{**feed, **f} for f in found] or [{**feed, "rule": none, "mended": 0}]
    columns = [
        Column(t("m_feed"), lambda r: r["feed"]),
        Column(t("m_gap_rule"), lambda r: r["rule"]),
        Column(t("m_quarantined"), _count("quarantined"), number=True),
        Column(t("m_mended"), _count("mended"), number=True),
        Column(t("m_contract"), lambda r: ident(r["contract_sha256"][:16])),
    ]
    return table(columns, rows)


def _card(t: Words, card: Mapping[str, Any]) -> list[tuple[str, Cell]]:
    """What a model's card says; the promoter's edition has fewer parts of it."""
    told: list[tuple[str, Cell]] = [(t("m_name"), f"{card['name']}, {t('f_version', v=card['version'])}")]
    parts = (("m_about", "about"), ("m_measured", "measured"), ("m_fails", "fails"))
    told += [(t(key), card[f"{part}_{t.lang}"]) for key, part in parts if f"{part}_{t.lang}" in card]
    return [*told, (t("m_whole_card"), ident(card["card"]))] if "card" in card else told


def _documents(t: Words, facts: Facts) -> Block:
    columns = [
        Column(t("m_document"), lambda r: ident(r["document_id"])),
        Column(t("m_level"), lambda r: t.label("lv_", r["level"])),
        Column(t("m_announced"), lambda r: r["announced_on"]),
        Column(t("m_from"), lambda r: r["effective_from"]),
        Column(t("m_until"), lambda r: r["effective_to"] or "–"),
    ]
    return table(columns, facts["documents"])

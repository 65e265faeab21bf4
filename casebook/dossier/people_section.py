"""Sections: who is concerned and what joins them; what happened, and when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from casebook.dossier import graph as link_graph
from casebook.dossier.blocks import Block, Cell, Column, figure, heading, ident, para, table, tag
from casebook.dossier.facts import Facts
from casebook.dossier.wording import Words, chance, money, number

MOST_ROWS = 40
TONE = {"same_person": "hot", "same_controller": "hot", "possibly": "sober", "linked": "hot", "needs_review": "sober"}


def who(t: Words, facts: Facts, drawn: link_graph.Graph | None) -> list[Block]:
    """Pairs of one user, the graph, the shared identifiers, the group and the accounts in question."""
    blocks: list[Block] = [para(t("w_intro"))]
    if facts["pairs"]:
        blocks.append(_pairs(t, facts["pairs"]))
    if drawn is not None:
        caption = t("w_graph_about")
        if drawn.left_out:
            caption += " " + t("w_graph_rest", n=drawn.left_out)
        blocks.append(figure("graph", caption))
    if facts["shares"]:
        blocks += [heading(t("w_shared")), para(t("w_held_note"), "note"), _shares(t, facts["shares"])]
    for group_id, members in groupby(facts["members"], key=lambda m: m["group_id"]):
        blocks += _group(t, facts, group_id, list(members))
    if facts["relations"]:
        blocks += [heading(t("w_relations")), _relations(t, facts["relations"])]
    return blocks if len(blocks) > 1 else [*blocks, para(t("none_found"), "note")]


def when(t: Words, facts: Facts, drawn: object | None) -> list[Block]:
    """The timeline and the refund windows that were tested."""
    blocks: list[Block] = []
    if drawn is not None:
        caption = t("t_intro")
        rest = getattr(drawn, "left_out", 0)
        if rest:
            caption += " " + t("t_rest", n=rest)
        blocks.append(figure("timeline", caption))
    if facts["bursts"]:
        blocks += [heading(t("t_bursts")), para(t("t_bursts_note"), "note"), _bursts(t, facts["bursts"])]
    return blocks or [para(t("none_found"), "note")]


def seen(t: Words, row: Mapping[str, Any], *, kind: str = "kind_") -> Cell:
    """A kind of identifier as a reader names it."""
    return t.label(kind, row["kind"])


def _pairs(t: Words, rows: Sequence[Mapping[str, Any]]) -> Block:
    columns = [
        Column(t("mo_invitee"), lambda r: ident(r["invitee_id"])),
        Column(t("w_outcome"), lambda r: tag(t.label("o_", r["outcome"]), TONE.get(r["outcome"], ""))),
        Column(t("w_weight"), lambda r: number(r["match_weight"], 1), number=True, inside=True),
        Column(t("w_probability"), lambda r: number(r["match_probability"], 4), number=True, inside=True),
        Column(t("w_hops"), lambda r: number(r["hops"]), number=True, inside=True),
        Column(t("w_group"), lambda r: ident(r["group_id"]), inside=True),
        Column(t("status"), lambda r: tag(t.label("stw_", r["group_status"])) if r["group_status"] else "–"),
    ]
    return _capped(t, columns, rows)


def _shares(t: Words, rows: Sequence[Mapping[str, Any]]) -> Block:
    columns = [
        Column(t("w_between"), lambda r: ident(f"{r['account_a']} – {r['account_b']}")),
        Column(t("w_kind"), lambda r: seen(t, r)),
        Column(t("w_mask"), lambda r: ident(r["mask"])),
        Column(t("w_held_by"), lambda r: number(r["shared_by"]), number=True),
        Column(t("w_first"), lambda r: r["first_seen_on"] or "–"),
        Column(t("w_last"), lambda r: r["last_seen_on"] or "–"),
        Column(t("w_bits"), lambda r: number(r["weight"], 1), number=True, inside=True),
    ]
    return _capped(t, columns, rows)


def _group(t: Words, facts: Facts, group_id: str, members: list[Facts]) -> list[Block]:
    first = members[0]
    promoter = facts["report"]["promoter_id"]
    about = f"{t('w_members')} {group_id} ({first['group_size']})"
    columns = [
        Column(t("w_account"), lambda r: ident(r["account_id"])),
        Column(t("w_role"), lambda r: t(_role(r, promoter))),
        Column(t("status"), lambda r: tag(t.label("stw_", r["status"]), TONE.get(r["status"], ""))),
    ]
    cut = para(t("w_cohesion", bits=number(first["cohesion"], 1)), "note")
    return [heading(about), cut, _capped(t, columns, members)]


def _role(row: Mapping[str, Any], promoter: str) -> str:
    if row["account_id"] == promoter:
        return "promoter"
    return "subk_invitee" if row["is_invitee"] else "w_member_other"


def _relations(t: Words, rows: Sequence[Mapping[str, Any]]) -> Block:
    def window(r: Mapping[str, Any]) -> str:
        return f"{r['starts_on']} – {r['last_day'] or ''}" if r["starts_on"] else "–"

    columns = [
        Column(t("mo_invitee"), lambda r: ident(r["invitee_id"])),
        Column(t("w_registered"), lambda r: r["registered_on"] or "–"),
        Column(
            t("w_relation"),
            lambda r: tag(t("w_established"), "good") if r["established"] else tag(t("w_not_established"), "hot"),
        ),
        Column(t("clause"), lambda r: r["reason"] or "–"),
        Column(t("w_window"), window),
        Column(t("mo_orders"), lambda r: number(r["orders"]), number=True),
        Column(t("w_bought"), lambda r: money(r["cash_fen"]), number=True),
        Column(t("w_returned"), lambda r: money(r["refund_fen"]), number=True),
    ]
    return _capped(t, columns, rows)


def _bursts(t: Words, rows: Sequence[Mapping[str, Any]]) -> Block:
    def ratio(r: Mapping[str, Any]) -> str:
        return f"{r['refund_orders'] / r['expected_orders']:.1f} ×" if r["expected_orders"] else "–"

    columns = [
        Column(t("t_from"), lambda r: r["window_start"]),
        Column(t("t_to"), lambda r: r["window_end"]),
        Column(t("t_count"), lambda r: number(r["refund_orders"]), number=True),
        Column(t("t_expected"), lambda r: number(r["expected_orders"], 1), number=True),
        Column(t("t_ratio"), ratio, number=True),
        Column(t("t_refund_amount"), lambda r: money(r["refund_fen"]), number=True),
        Column(t("t_p"), lambda r: chance(r["p_value"]), number=True, inside=True),
        Column(t("t_q"), lambda r: chance(r["q_value"]), number=True, inside=True),
        Column(t("t_flag"), lambda r: tag(t("yes"), "hot") if r["flagged"] else tag(t("no"))),
        Column(t("t_reasons"), lambda r: " ".join(r["reasons"] or [])),
    ]
    return _capped(t, columns, rows, hot=lambda r: bool(r["flagged"]))


def _capped(t: Words, columns: list[Column], rows: Sequence[Mapping[str, Any]], **options: Any) -> Block:
    rest = len(rows) - MOST_ROWS
    columns = [c for c in columns if t.internal or not c.inside]
    return table(columns, rows[:MOST_ROWS], note=t("more_rows", n=rest) if rest > 0 else "", **options)

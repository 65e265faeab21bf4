"""Section: money before and after, reconciled to statements, ledger and payouts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from casebook.dossier.blocks import Block, Cell, Column, bullets, heading, ident, para, table, tag
from casebook.dossier.facts import Facts
from casebook.dossier.reasons import Reasons, of_clause
from casebook.dossier.source import LINES_ON_PAPER
from casebook.dossier.wording import Words, money, number, rate

STATEMENT = (
    ("mo_rebate", "rebate_fen"), ("mo_adjust", "adjustments_fen"), ("mo_carried_in", "carried_in_fen"),
    ("mo_released", "released_fen"), ("mo_claw", "clawback_added_fen"), ("mo_offset", "offset_fen"),
    ("mo_held", "held_fen"), ("mo_carried_out", "carried_out_fen"), ("mo_payable", "payable_fen"),
)  # fmt: skip
TONE = {"issued": "sober", "held": "hot", "paid": "good", "failed": "hot", "cancelled": "hot"}


def section(t: Words, facts: Facts, reasons: Reasons) -> list[Block]:
    """Blocks of the money section, in the order in which an auditor reads: months, statements, ledger, payouts, orders."""
    m = facts["money"]
    if not m["months"]:
        return [para(t("none_found"), "note")]
    blocks = [para(t("mo_before_after")), para(t("yuan_note"), "note"), _before_after(t, m)]
    blocks += [heading(t("mo_statement")), para(t("mo_statement_note"), "note"), _statements(t, m)]
    if m["balances"]:
        blocks += [heading(t("mo_ledger")), _balances(t, m["balances"])]
    blocks += [heading(t("mo_checks")), _checks(t, m["checks"])]
    if m["exclusions"]:
        blocks += [heading(t("mo_exclusions")), _exclusions(t, m["exclusions"])]
        clauses = dict.fromkeys(e["clause"] for e in m["exclusions"])
        told = [
            f"{c}: {code} {reasons.sentence(t.lang, code)}" for c in clauses for code in of_clause(reasons.codes, c)
        ]
        blocks += [bullets(told)] if told else []
    if m["payouts"] or m["payables"]:
        blocks += [heading(t("mo_payouts")), *_payouts(t, m)]
    if facts["lines"]:
        blocks += [heading(t("mo_lines")), para(t("mo_lines_note"), "note"), _lines(t, facts)]
    return blocks


def yuan(head: str, name: str) -> Column:
    """A column of amounts."""
    return Column(head, lambda r: money(r[name]), number=True)


def state(t: Words) -> Column:
    """The status column of a row that has one."""
    return Column(t("status"), lambda r: tag(t.label("stw_", r["status"]), TONE.get(r["status"], "")))


def _month(t: Words) -> Column:
    return Column(t("month"), lambda r: str(r["month"]))


def _sum(rows: Sequence[Mapping[str, Any]], name: str) -> str:
    return money(sum(r[name] or 0 for r in rows))


def _before_after(t: Words, m: Facts) -> Block:
    names = (
        ("mo_counted", "counted_fen"), ("mo_excluded", "excluded_fen"), ("mo_first", "first_fen"),
        ("mo_draft", "draft_fen"), ("mo_now", "now_fen"), ("mo_to_post", "to_post_fen"), ("mo_paid", "paid_fen"),
    )  # fmt: skip
    columns = [_month(t), state(t), *(yuan(t(k), n) for k, n in names)]
    total: list[Cell] = [t("total"), "", *(_sum(m["months"], n) for _, n in names)]
    changed = lambda r: r["first_fen"] is not None and r["first_fen"] != r["now_fen"]  # noqa: E731
    return table(columns, m["months"], total=total, hot=changed)


def _statements(t: Words, m: Facts) -> Block:
    columns = [_month(t), *(yuan(t(k), n) for k, n in STATEMENT), yuan(t("mo_tax"), "tax_estimate_fen")]
    total: list[Cell] = [
        t("total"),
        *(_sum(m["months"], n) for _, n in STATEMENT),
        _sum(m["months"], "tax_estimate_fen"),
    ]
    return table(columns, m["months"], total=total)


def _balances(t: Words, balances: Sequence[Mapping[str, Any]]) -> Block:
    return table(
        [
            Column(t("mo_account"), lambda r: t.label("acc_", r["account"])),
            yuan(t("mo_debit"), "debit_fen"), yuan(t("mo_credit"), "credit_fen"), yuan(t("mo_balance"), "balance_fen"),
        ],
        balances,
        total=[t("total"), *(_sum(balances, n) for n in ("debit_fen", "credit_fen", "balance_fen"))],
    )  # fmt: skip


def _checks(t: Words, checks: Sequence[Mapping[str, Any]]) -> Block:
    return table(
        [
            Column("", lambda r: t.label("ck_", r["name"])),
            yuan(t("mo_left"), "left_fen"), yuan(t("mo_right"), "right_fen"),
            Column(t("mo_agrees"), lambda r: tag(t("yes"), "good") if r["agrees"] else tag(t("mo_differs"), "hot")),
        ],
        checks,
    )  # fmt: skip


def _exclusions(t: Words, exclusions: Sequence[Mapping[str, Any]]) -> Block:
    return table(
        [
            _month(t), Column(t("clause"), lambda r: r["clause"] or "–"),
            Column(t("mo_orders"), lambda r: number(r["orders"]), number=True), yuan(t("mo_net"), "net_fen"),
        ],
        exclusions,
    )  # fmt: skip


def _payouts(t: Words, m: Facts) -> list[Block]:
    blocks = []
    if m["payouts"]:
        columns = [
            Column(t("mo_payout"), lambda r: ident(r["payout_id"])), _month(t),
            Column(t("mo_paid_on"), lambda r: r["paid_on"]), yuan(t("mo_gross"), "gross_fen"),
            yuan(t("mo_tax_paid"), "tax_fen"), yuan(t("mo_net_paid"), "net_fen"), state(t),
        ]  # fmt: skip
        blocks.append(table(columns, m["payouts"]))
    if m["payables"]:
        columns = [
            _month(t), Column(t("mo_instalment"), lambda r: str(r["instalment_no"]), number=True),
            Column(t("mo_due_on"), lambda r: r["due_on"]), yuan(t("amount"), "amount_fen"),
            Column(t("mo_payer"), lambda r: r["payer"]), state(t),
        ]  # fmt: skip
        blocks.append(table(columns, m["payables"]))
    return blocks


def _lines(t: Words, facts: Facts) -> Block:
    lines = [r for r in facts["lines"] if r["rank_no"] <= LINES_ON_PAPER]
    rest = facts["line_count"] - len(lines)
    columns = [
        _month(t),
        Column(t("mo_order"), lambda r: ident(r["order_id"]) if r["order_id"] else t.label("mo_", r["line_kind"])),
        Column(t("mo_invitee"), lambda r: ident(r["invitee_id"])),
        Column(t("mo_paid_day"), lambda r: r["paid_on"] or "–"),
        yuan(t("mo_cash"), "cash_fen"), yuan(t("mo_refunded"), "refunded_fen"), yuan(t("mo_net"), "net_fen"),
        Column(t("mo_rate"), lambda r: rate(r["rate_ppm"]), number=True),
        yuan(t("mo_draft"), "draft_rebate_fen"), yuan(t("mo_now"), "rebate_fen"),
        Column(t("mo_why_not"), lambda r: tag(r["clause"], "hot") if r["clause"] else ""),
    ]  # fmt: skip
    note = t("more_rows", n=rest) if rest > 0 else ""
    return table(columns, lines, hot=lambda r: bool(r["in_question"]), note=note)

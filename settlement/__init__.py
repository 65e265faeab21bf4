"""Settlement: decisions become money. What each clause does to it stands in `docs/settlement.md`.

A run calls `draft` before the casebook (what is at stake) and `build` after it (statements, ledger, payables).
"""

from __future__ import annotations

from datetime import date

from data_contracts.errors import InputRefused
from data_contracts.warehouse import Warehouse
from settlement import invariants, ledger
from settlement.entitlement import SQL, drop, judge_now, restate, sort_lines
from settlement.tax import BRACKETS

__all__ = ["build", "check_as_of", "draft"]

OUTCOME = (
    "statement", "payable_request", "payable", "tax_rule", "payout_person", "payout_tax", "payout_check", "payment_plan",
    "standing_notice", "never_paid", "recovery_claim", "settlement_instruction", "settlement_finding",
)  # fmt: skip
"""What is told once everything is posted: statements, instalments, tax, notices, findings."""


def check_as_of(last_issue: tuple[str, date] | None, as_of: date, last_run: date | None = None) -> None:
    """Refuse a run for a day before the last issue or the last published run: what was held or paid since would come undone.

    `last_issue` is a month and the day of its issue, `last_run` an as_of day; None when there is none.
    """
    if last_issue is not None and as_of < last_issue[1]:
        month, issued_on = last_issue
        raise InputRefused(
            "as_of.before_issue",
            f"the statements of {month} were issued as of {issued_on}, and an issued statement never changes:"
            f" run for {issued_on} or a later day, not for {as_of}",
        )
    if last_run is not None and as_of < last_run:
        raise InputRefused(
            "as_of.before_run",
            f"a run as of {last_run} is published, and the ledger only goes on: run for {last_run} or a later day, not for"
            f" {as_of}, or with --dry-run to look back",
        )


def draft(wh: Warehouse) -> None:
    """Make `draft_line` and `draft_month`: entitlement under the decisions that the books hold already."""
    judge_now(wh, "books_decision")
    wh.make_all(SQL, ("draft_line", "draft_month"))


def build(wh: Warehouse) -> None:
    """Make every table of the stage: relations, lines, statements, postings, instalments, payables, notices, findings."""
    judge_now(wh, "decision")
    wh.make(SQL / "relation.sql")
    sort_lines(wh)
    drop(wh, ("relation_judged", "user_judged", "line_priced"))
    wh.make_all(SQL, ("new_known", "new_issue", "hold_cover"))
    months = [row[0] for row in wh.execute(
        "select m.month from programme_month as m where m.issues_now"
        " and exists (select 1 from promoter_known as p where p.joined_at < m.ends_at) order by m.month"
    )]  # fmt: skip
    if months:
        restate(wh)
    ledger.open_ledger(wh)
    ledger.take_back(wh)
    ledger.pay(wh)
    ledger.hold(wh)
    ledger.cancel_reopened(wh)
    if months:
        wh.make(SQL / "tax_rule.sql", **BRACKETS)
        ledger.issue(wh, months)
    ledger.rest(wh, ledger.EVERY)
    wh.make_all(SQL, OUTCOME, **BRACKETS)
    invariants.check(wh)
    drop(wh, ("order_fact", "relation_fact"))

"""A statement that a person can read and recompute: one promoter, one month, as text, HTML, CSV, JSON or XLSX.

Everything is read from the tables of a published run; no cell can be taken for a formula, and the same run gives the same
bytes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from data_contracts.errors import NotFound, UsageError
from data_contracts.money import yuan
from data_contracts.run import Run
from data_contracts.warehouse import Warehouse
from settlement import views

Row = Mapping[str, Any]
AMOUNTS = (
    ("rebate", "本月返利", "Rebate of the month", 1), ("adjustments", "以前月份调整", "Adjustments for earlier months", 1),
    ("carried_in", "上期结转", "Carried in", 1), ("released", "解除暂缓", "Released from hold", 1),
    ("clawback_added", "新增应追回", "Added to what is to be clawed back", 1), ("offset", "抵扣应追回", "Offset against it", -1),
    ("held", "暂缓发放", "Held", -1), ("carried_out", "结转下期", "Carried forward", -1), ("payable", "应付", "Payable", 0),
)  # fmt: skip
"""Amounts of a statement: name, Chinese, English, sign with which it enters payable (0: the outcome)."""

LINES = """
select line_kind, invitee_id, order_id, governing_document, net_fen, rate_ppm, rebate_fen, qualifies, clause
from statement_line where promoter_id = $promoter and month = $month order by line_no
"""
POSTED = """
select month, earning_month, cause, sum(case when debit_account = 'programme_expense' then amount_fen else -amount_fen end)
from (select * exclude (run_seq) from books_posting union all by name select * from new_posting)
where promoter_id = $promoter and month <> earning_month and (month = $month or earning_month = $month)
    and (debit_account = 'programme_expense' or credit_account = 'programme_expense')
group by all order by month, earning_month, cause
"""
HOLDS = """
select month, earning_month, sum(case when credit_account = 'promoter_held' then amount_fen else -amount_fen end), cause
from (select * exclude (run_seq) from books_posting union all by name select * from new_posting)
where promoter_id = $promoter and (month = $month or earning_month = $month)
    and (debit_account = 'promoter_payable' and credit_account = 'promoter_held'
        or debit_account = 'promoter_held' and credit_account = 'promoter_payable')
group by month, earning_month, cause, debit_account order by month, earning_month, cause, debit_account desc
"""
CANCELLED = """
select decision_id, clause, -(select coalesce(sum(rebate_fen), 0) from statement_line where promoter_id = $promoter and month = $month)
from decision
where coalesce(promoter_id, subject_id) = $promoter and month = $month and measure = 'cancel_rebate' and status = 'applied'
    and effective_from <= $cutoff_at and (effective_to is null or effective_to > $cutoff_at)
order by decision_id limit 1
"""
PARTS = """
select instalment_no, part_no, due_on, amount_fen, payer, status from payable
where promoter_id = $promoter and month = $month order by instalment_no, part_no
"""
PAYOUTS = """
select payout_id, paid_on, status, gross_fen, reported_tax_fen, expected_tax_fen, regime, income_fen, months, deduct_fen,
    deduct_ppm, rate_ppm, quick_fen, before_fen, verdict
from payout_check where promoter_id = $promoter and month = $month order by paid_on, payout_id
"""
ISSUED = """
select issued_on from (select month, issued_on from books_issue union select month, issued_on from new_issue)
where month = $month
"""


@dataclass(frozen=True)
class Statement:
    """One statement whole. Amounts are fen; `lines` are as known now, `posted` what was adjusted for or by this month, `holds`
    what was put on hold (positive) and released (negative), `cancelled` the decision that takes the sum of the lines away."""

    promoter_id: str
    month: str
    status: str
    issued_on: date | None
    new_paying_users: int
    net_fen: int
    tax_estimate_fen: int | None
    amounts: Mapping[str, int]
    lines: list[Row] = field(default_factory=list)
    posted: list[Row] = field(default_factory=list)
    parts: list[Row] = field(default_factory=list)
    payouts: list[Row] = field(default_factory=list)
    holds: list[Row] = field(default_factory=list)
    cancelled: list[Row] = field(default_factory=list)

    @property
    def adjustments(self) -> list[Row]:
        """What this statement posts for earlier months, by earning month and cause."""
        return [r for r in self.posted if r["month"] == self.month]

    @property
    def later(self) -> list[Row]:
        """What later statements posted for this month."""
        return [r for r in self.posted if r["month"] != self.month]


def load(folder: Path, promoter_id: str, month: str) -> Statement:
    """Read one statement of a published run folder. Raises NotFound when the run has none."""
    tables = folder / "tables" if (folder / "tables").exists() else folder
    with Warehouse(tables, "results", _run(folder)) as wh:
        names = ("promoter_id", "month", "status", "new_paying_users", "net_fen", "tax_estimate_fen")
        amounts = [f'"{name}_fen"' for name, *_ in AMOUNTS]
        found = wh.execute(
            f"select {', '.join((*names, *amounts))} from statement where promoter_id = $promoter and month = $month",
            promoter=promoter_id, month=month,
        )  # fmt: skip
        if not found:
            raise NotFound(
                f"there is no statement of {promoter_id} for {month}: `tongren promoter {promoter_id}` lists its months",
                promoter_id=promoter_id, month=month,
            )  # fmt: skip
        head = found[0]
        rows = {
            "lines": _rows(wh, LINES, "line_kind invitee_id order_id document net_fen rate_ppm rebate_fen qualifies clause",
                           promoter_id, month),
            "posted": _rows(wh, POSTED, "month earning_month cause amount_fen", promoter_id, month),
            "parts": _rows(wh, PARTS, "instalment part due_on amount_fen payer status", promoter_id, month),
            "payouts": _rows(wh, PAYOUTS, "payout_id paid_on status gross_fen tax_fen expected_tax_fen regime income_fen"
                             " months deduct_fen deduct_ppm rate_ppm quick_fen before_fen verdict", promoter_id, month),
            "holds": _rows(wh, HOLDS, "month earning_month amount_fen cause", promoter_id, month),
            "cancelled": _rows(wh, CANCELLED, "decision_id clause amount_fen", promoter_id, month),
        }  # fmt: skip
        issued = wh.execute(ISSUED, month=month)
    return Statement(
        head[0], head[1], head[2], issued[0][0] if issued else None, head[3], head[4], head[5],
        dict(zip((name for name, *_ in AMOUNTS), head[len(names):], strict=True)), **rows,
    )  # fmt: skip


def _run(folder: Path) -> Run:
    """The day that a published folder knows; of bare tables the last one that there is."""
    path = folder / "manifest.json"
    said = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"as_of": "9999-12-30", "zone": "UTC"}
    return Run("statement", 0, date.fromisoformat(said["as_of"]), said["zone"])


def _rows(wh: Warehouse, sql: str, names: str, promoter_id: str, month: str) -> list[Row]:
    found = wh.execute(sql, promoter=promoter_id, month=month)
    return [dict(zip(names.split(), row, strict=True)) for row in found]


def facts(statement: Statement) -> dict[str, Any]:
    """A statement as plain data: money as decimal text in CNY, rates as decimal text, days as ISO text."""
    return {
        "promoter_id": statement.promoter_id, "month": statement.month, "status": statement.status,
        "issued_on": statement.issued_on and statement.issued_on.isoformat(), "currency": "CNY",
        "new_paying_users": statement.new_paying_users, "net_amount": str(yuan(statement.net_fen)),
        **{name: str(yuan(amount)) for name, amount in statement.amounts.items()},
        "tax_estimate": None if statement.tax_estimate_fen is None else str(yuan(statement.tax_estimate_fen)),
        "lines": [views.plain(r) for r in statement.lines],
        "adjustments_posted": [views.plain(r) for r in statement.adjustments],
        "adjusted_later": [views.plain(r) for r in statement.later],
        "holds": [views.plain(r) for r in statement.holds], "cancelled": [views.plain(r) for r in statement.cancelled],
        "instalments": [views.plain(r) for r in statement.parts],
        "payouts": [views.plain({**r, "tax_formula": views.formula(r)}) for r in statement.payouts],
    }  # fmt: skip


def as_json(statement: Statement) -> bytes:
    """The facts as JSON."""
    return (json.dumps(facts(statement), ensure_ascii=False, indent=2) + "\n").encode()


FORMATS: Mapping[str, Callable[[Statement], bytes]] = {
    "text": lambda s: views.text(s, AMOUNTS), "html": lambda s: views.html(s, AMOUNTS), "csv": lambda s: views.csv(s, AMOUNTS),
    "json": as_json, "xlsx": lambda s: views.xlsx(s, AMOUNTS),
}  # fmt: skip


def render(folder: Path, promoter_id: str, month: str, form: str) -> bytes:
    """One statement of a published run folder in a format of FORMATS. Raises NotFound, or UsageError for the format."""
    if form not in FORMATS:
        raise UsageError(f"there is no format {form}; there are {', '.join(FORMATS)}")
    return FORMATS[form](load(folder, promoter_id, month))

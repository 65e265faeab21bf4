"""For finance: the payment instruction files, the reconciliation of payouts, a trial balance, and the alarm of 4.4(3)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from pathlib import Path
from typing import Any

from data_contracts.dates import add_months, last_day
from data_contracts.money import yuan
from data_contracts.run import Run
from data_contracts.sheet import csv_text
from data_contracts.warehouse import Warehouse

Holds = Collection[tuple[str, str | None]]
PLAN = """
select payer, due_on, promoter_id, month, instalment_no, gross_fen, tax_fen, net_fen, blocked from payment_plan
order by payer, due_on, promoter_id, month, instalment_no
"""
RECONCILED = """
select payout_id, promoter_id, month, paid_on, status, gross_fen, reported_tax_fen, expected_tax_fen, verdict
from payout_check order by verdict, paid_on, payout_id
"""
TRIAL = """
with side as (
    select debit_account as account, amount_fen as debit_fen, 0 as credit_fen from books_posting
    union all select credit_account, 0, amount_fen from books_posting
    union all select debit_account, amount_fen, 0 from new_posting
    union all select credit_account, 0, amount_fen from new_posting
)
select account, cast(sum(debit_fen) as bigint), cast(sum(credit_fen) as bigint) from side group by all order by account
"""
LATE = """
select month, issued_on from new_issue where exists (select 1 from books_issue) order by month
"""


def _open(folder: Path) -> Warehouse:
    tables = folder / "tables" if (folder / "tables").exists() else folder
    return Warehouse(tables, "results", Run("finance", 0, date(1, 1, 1), "UTC"))


def write_payment_files(folder: Path, out: Path, holds: Holds = ()) -> list[Path]:
    """Write one instruction file per payer and due date of a run folder; who is `left_out` is in none."""
    out.mkdir(parents=True, exist_ok=True)
    rows = [r for r in _plan(folder) if _why_not(r, holds) is None]
    for old in out.glob("payments-*.csv"):  # an instruction of an earlier run must not be paid again
        old.unlink()
    written = []
    for number, (payer, due_on) in enumerate(sorted({(r[0], r[1]) for r in rows}), 1):
        safe = "".join(c if c.isalnum() or c in "-_" else "_" for c in payer)
        path = out / f"payments-{number:03d}-{safe}-{due_on}.csv"
        mine = [(*r[2:5], *(yuan(a) for a in r[5:8])) for r in rows if (r[0], r[1]) == (payer, due_on)]
        head = ("promoter_id", "month", "instalment_no", "gross", "tax", "net")
        path.write_text(csv_text(head, mine), encoding="utf-8", newline="")
        written.append(path)
    return written


def left_out(folder: Path, holds: Holds = ()) -> list[tuple[str, str, int, int, str]]:
    """Requested instalments that are in no instruction file: promoter, month, number, gross fen, and why."""
    told = ((r, _why_not(r, holds)) for r in _plan(folder))
    return [(r[2], r[3], r[4], r[5], why) for r, why in told if why is not None]


def _plan(folder: Path) -> list[tuple[Any, ...]]:
    with _open(folder) as wh:
        return wh.execute(PLAN)


def _why_not(row: tuple[Any, ...], holds: Holds) -> str | None:
    """Why an instalment must not be paid; what a run holds is not in the plan, `holds` are those approved since (3.5(2))."""
    if row[8]:
        return "no id document on file"
    return "a hold was approved since the run" if {(row[2], None), (row[2], row[3])} & set(holds) else None


def reconciliation(folder: Path) -> str:
    """Every payout against its statement and our tax, as CSV."""
    head = ("payout_id", "promoter_id", "month", "paid_on", "status", "gross", "tax", "our_tax", "verdict")
    with _open(folder) as wh:
        rows = wh.execute(RECONCILED)
    return csv_text(head, [(*r[:3], r[3].isoformat(), r[4], yuan(r[5]), yuan(r[6]), None if r[7] is None else yuan(r[7]), r[8])
                           for r in rows])  # fmt: skip


def trial_balance(folder: Path) -> list[tuple[str, int, int]]:
    """Debits and credits in fen by account, over the whole ledger; the last row is the total, and both sides are equal."""
    with _open(folder) as wh:
        rows = [(str(a), int(d), int(c)) for a, d, c in wh.execute(TRIAL)]
    return [*rows, ("total", sum(d for _, d, _ in rows), sum(c for _, _, c in rows))]


def alarm(folder: Path, as_of: date) -> str | None:
    """The alarm of 4.4(3): months whose statement was not issued by the end of the month after; None when there are none."""
    with _open(folder) as wh:
        late = [m for m, issued_on in wh.execute(LATE) if issued_on > last_day(add_months(m, 1))]
        open_months = [
            m for (m,) in wh.execute("select distinct month from statement where status = 'provisional' order by month")
        ]
    missing = [m for m in open_months if as_of >= last_day(add_months(m, 1))]
    told = [f"{' '.join(late)} issued late"] if late else []
    told += [f"{' '.join(missing)} not issued"] if missing else []
    return f"statements past the end of the following month (4.4(3)): {'; '.join(told)}" if told else None

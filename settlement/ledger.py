"""The issue of statements and the postings that go with it, one month after another.

Postings of the run gather in `run_posting`; `all_posting` is what the books hold and those. Nothing is ever changed.
"""

from __future__ import annotations

from collections.abc import Sequence

from data_contracts.warehouse import Warehouse
from settlement.entitlement import SQL

POSTING = (
    "transaction_id", "posting_no", "posted_on", "month", "earning_month", "promoter_id", "debit_account", "credit_account",
    "amount_fen", "cause", "corrects",
)  # fmt: skip
STATEMENT = (
    "promoter_id", "month", "status", "new_paying_users", "net_fen", "rebate_fen", "adjustments_fen", "carried_in_fen",
    "released_fen", "clawback_added_fen", "offset_fen", "held_fen", "carried_out_fen", "payable_fen", "tax_estimate_fen",
)  # fmt: skip
INSTALMENT = ("promoter_id", "month", "instalment_no", "due_on", "amount_fen")


def open_ledger(wh: Warehouse) -> None:
    """Empty tables of this run beside the books, and the views that show both as one."""
    for kind, columns in (("posting", POSTING), ("statement", STATEMENT), ("instalment", INSTALMENT)):
        wh.empty(f"new_{kind}")
        names = ", ".join(columns)
        view = "all_posting" if kind == "posting" else f"issued_{kind}"
        wh.execute(
            f"create or replace view {view} as select {names}, run_seq from books_{kind}"
            f" union all select {names}, cast({wh.run.run_seq} as bigint) as run_seq from new_{kind}"
        )
    wh.make_all(SQL, ("balance_owed", "posted_payment"))


def add(wh: Warehouse, into: str, step: str, columns: tuple[str, ...]) -> None:
    """Append the rows of a step's table to a table of this run."""
    names = ", ".join(columns)
    wh.execute(f"insert into {into} ({names}) select {names} from {step}")


EVERY = "select promoter_id, null as month from promoter_known"
"""`rest_wanted` when the rest of every statement is asked for."""


def rest(wh: Warehouse, wanted: str) -> None:
    """Make `statement_rest` for the promoters and months (null: all) that a query names."""
    wh.execute(f"create or replace view rest_wanted as {wanted}")
    wh.make(SQL / "statement_rest.sql")


def take_back(wh: Warehouse) -> None:
    """Post back the payments of earlier runs of which the feed says by now that they failed or were of another amount."""
    wh.make(SQL / "payment_correction.sql")
    if _any(wh, "payment_correction"):
        add(wh, "new_posting", "payment_correction", POSTING)
        wh.make(SQL / "posted_payment.sql")


def pay(wh: Warehouse) -> None:
    """Post the payouts of issued statements that are not posted yet."""
    wh.make(SQL / "fresh_payout.sql")
    if not _any(wh, "fresh_payout"):
        return
    rest(wh, "select promoter_id, month from fresh_payout")
    wh.make(SQL / "payment_posting.sql")
    add(wh, "new_posting", "payment_posting", POSTING)
    wh.execute("delete from posted_payment where hash in (select hash from fresh_payout)")
    wh.execute(
        "insert into posted_payment by name select hash, times_back + 1 as times_paid, times_back from fresh_payout"
    )


def _any(wh: Warehouse, rows: str) -> bool:
    return bool(wh.execute(f"select exists (select 1 from {rows})")[0][0])


def hold(wh: Warehouse) -> None:
    """Move unpaid instalments to held where a hold covers them now, and back where none does."""
    rest(wh, "select promoter_id, null as month from hold_cover union select promoter_id, earning_month from all_posting"
             " where credit_account = 'promoter_held'")  # fmt: skip
    wh.make(SQL / "hold_posting.sql")
    add(wh, "new_posting", "hold_posting", POSTING)


def cancel_reopened(wh: Warehouse) -> None:
    """Let open balances take what payments taken back in this run made payable again."""
    if _any(wh, "payment_correction"):
        rest(wh, "select promoter_id, null as month from payment_correction")
        wh.make(SQL / "reopened_cancel.sql")
        add(wh, "new_posting", "reopened_cancel", POSTING)


def issue(wh: Warehouse, months: Sequence[str]) -> None:
    """Issue months in their order: statements, postings, instalments, then the payments of each.

    `adjustment` goes into the first of them. A month before anybody joined has no statements.
    """
    paid = {row[0] for row in wh.execute("select distinct month from payouts")}
    wh.execute("create or replace table month_adjustment as from adjustment")
    for month in months:
        wh.make_all(SQL, ("month_release", "month_statement"), month=month)
        if _any(wh, "month_statement where clawback_added_fen > 0"):
            rest(wh, "select promoter_id, null as month from month_statement where clawback_added_fen > 0")
        else:
            rest(wh, "select null::varchar as promoter_id, null::varchar as month where false")
        wh.make_all(SQL, ("month_cancel", "month_posting", "month_instalment"), month=month)
        add(wh, "new_posting", "month_posting", POSTING)
        add(wh, "new_statement", "month_statement", STATEMENT)
        add(wh, "new_instalment", "month_instalment", INSTALMENT)
        if month in paid:
            pay(wh)
        wh.execute("delete from month_adjustment")
    wh.make(SQL / "statement_estimate.sql")
    wh.execute(
        "update new_statement set tax_estimate_fen = e.tax_fen from statement_estimate as e"
        " where new_statement.promoter_id = e.promoter_id and new_statement.month = e.month"
    )

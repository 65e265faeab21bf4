"""The next issue as it would be today: a promoter's statement of the next month, by what a published run knew.

It is made by the steps of a real issue (restated months, holds, offsets), so that who decides sees what the statement will say
if nothing more happens. The provisional statement of a run says the rebate of its month alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from data_contracts.contract import contracts
from data_contracts.warehouse import Warehouse
from settlement import ledger
from settlement.entitlement import SQL, restate
from settlement.tax import BRACKETS

RECORDS = {"membership_change": "membership", "new_issue": "issue", "new_statement": "statement", "new_posting": "posting",
           "new_instalment": "instalment", "new_known": "known"}  # fmt: skip
"""What a run gave to the books, and where."""
AMOUNTS = (
    "rebate",
    "adjustments",
    "carried_in",
    "released",
    "clawback_added",
    "offset",
    "held",
    "carried_out",
    "payable",
)
STATED = """
select s.status, s.rebate_fen, s.adjustments_fen, s.carried_in_fen, s.released_fen, s.clawback_added_fen, s.offset_fen,
    s.held_fen, s.carried_out_fen, s.payable_fen, coalesce(o.open_fen, 0), coalesce(n.never_paid_fen, 0)
from new_statement as s
left join balance_owed as o on s.promoter_id = o.promoter_id
left join never_paid as n on s.promoter_id = n.promoter_id
where s.promoter_id = $promoter
"""


@dataclass(frozen=True)
class Upcoming:
    """A statement to come. `amounts` by the names of AMOUNTS; `owed_fen` is what is open to be clawed back after it, of which
    `unpaid_fen` was never paid: what reduced months still hold goes against it once it is released. All in fen."""

    month: str
    status: str
    amounts: Mapping[str, int]
    owed_fen: int
    unpaid_fen: int


def close_books(wh: Warehouse, promoter: str) -> None:
    """Put what the published run recorded into its books, as they stand for the run after it: of money, that of one promoter."""
    for table, book in RECORDS.items():
        columns = ", ".join(f'"{n}"' for n in contracts()[f"books_{book}"].names if n != "run_seq")
        mine = "" if book in ("membership", "issue") else " where promoter_id = $promoter"
        wh.execute(
            f"create table closed_{book} as select {columns}, run_seq from books_{book}{mine}"
            f" union all select {columns}, cast($run_seq as bigint) as run_seq from {table}{mine}",
            promoter=promoter,
        )
        for read in (table, f"books_{book}"):
            seen = wh.execute("select exists (select 1 from duckdb_views() where view_name = $name)", name=read)[0][0]
            wh.execute(f"drop {'view' if seen else 'table'} {read}")
        wh.execute(f"alter table closed_{book} rename to books_{book}")
    wh.run = replace(wh.run, run_seq=wh.run.run_seq + 1)


def issue(wh: Warehouse, promoter: str) -> Upcoming | None:
    """What the next issue states for a promoter, under the entitlement and holds that are judged; None when it gets no statement.

    Needs `close_books`, `judge_now` and `hold_cover`; overwrites what `judge_now` left but `month_now`.
    """
    wh.execute("delete from promoter_known where promoter_id <> $promoter", promoter=promoter)
    month = wh.execute("select min(month) from programme_month where not issued_before")[0][0]
    wh.execute("update programme_month set issues_now = month = $month", month=month)
    restate(wh)
    ledger.open_ledger(wh)
    ledger.hold(wh)
    wh.make(SQL / "tax_rule.sql", **BRACKETS)
    ledger.issue(wh, [month])
    wh.make(SQL / "never_paid.sql")
    found = wh.execute(STATED, promoter=promoter)
    if not found:
        return None
    status, *amounts = found[0]
    *stated, owed, unpaid = amounts
    return Upcoming(month, status, dict(zip(AMOUNTS, stated, strict=True)), owed, unpaid)

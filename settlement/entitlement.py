"""From orders to entitlement: what a promoter has earned per month, as known now or as known at the last issue.

One set of SQL serves the draft, the final settlement, the restating of earlier months and what-if. It reads two things
that differ from caller to caller: `standpoint` (whose entitlement, under which state of knowledge) and `decision_at`
(which decisions are on there).
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

from data_contracts.warehouse import Warehouse

SQL = Path(__file__).parent / "sql"

FACTS = (
    "programme_end", "parameter_force", "day_setting", "programme_month", "promoter_known", "product_span", "order_scope", "order_term",
    "tier", "linked_member", "order_fact", "relation_fact",
)  # fmt: skip
"""What the feeds and the rule documents say, whatever was decided."""
DECIDED = ("decision_known", "ring_member", "relation_void", "order_void", "effect")
"""What decisions touch, and whether they are on now and were on at the last issue."""
JUDGED = (
    "account_first", "invitee_context", "relation_judged", "order_judged", "user_judged", "line_judged", "month_count",
    "line_priced", "invitee_month", "line_extra", "month_entitled",
)  # fmt: skip
"""From standpoint to entitlement (2.1 to 4.3)."""
SPENT = {
    "user_judged": ("account_first", "invitee_context"),
    "line_judged": ("order_judged",),
    "line_priced": ("line_judged",),
    "month_entitled": ("invitee_month",),
}
"""What is dropped once a table is made: one row per order each, they would crowd out what comes next."""
RESTATED = (
    "changed_decision", "standpoint_changed", "decision_changed_at", "involved_account", "order_then", "order_changed",
    "purchase_changed",
)  # fmt: skip
"""Whose issued months have changed, and the states of knowledge between the last issue and now."""

NOW = (
    "create or replace view standpoint as select distinct 0 as standpoint, promoter_id, false as as_then from referrals",
    "create or replace view decision_at as select 0 as standpoint, promoter_id, decision_id from effect where on_now",
    "create or replace view order_basis as select 0 as standpoint, promoter_id, account_id as invitee_id, order_id, month,"
    " paid_at, cash_fen, net_fen, promotable, recharge_card, term_no, excluded from order_fact where promoter_id is not null",
    "create or replace view purchase_basis as select false as as_then, account_id, order_id, paid_at, cash_fen, is_purchase"
    " from order_fact",
)
"""Standpoint 0: everybody, everything that is known now."""
BETWEEN = (
    "create or replace view standpoint as from standpoint_changed where not is_now",
    "create or replace view decision_at as from decision_changed_at",
    "create or replace view order_basis as from order_changed",
    "create or replace view purchase_basis as from purchase_changed",
)
"""The changed promoters alone, at each state of knowledge since the last issue but that of now."""
NOTHING = (
    "create or replace table adjustment (promoter_id varchar, earning_month varchar, cause varchar, cause_rank bigint,"
    " corrects varchar, amount_fen bigint)"
)
"""No adjustment at all."""


def judge_now(wh: Warehouse, decisions: str) -> None:
    """Entitlement of everybody as known now, under the decisions of the table named; leaves `month_now` and lines."""
    wh.execute(f"create or replace view decision_source as from {decisions}")
    wh.execute(EVIDENCE["draft" if decisions == "books_decision" else "decided"])
    wh.make_all(SQL, (*FACTS, *DECIDED))
    for view in NOW:
        wh.execute(view)
    _judge(wh)
    wh.make(SQL / "month_now.sql")


def _judge(wh: Warehouse) -> None:
    for table in JUDGED:
        wh.make(SQL / f"{table}.sql")
        drop(wh, SPENT.get(table, ()))


EVIDENCE = {
    "draft": "create or replace view evidence_source as from books_finding_evidence",
    "decided": "create or replace view evidence_source as from books_finding_evidence"
    " union all by name select *, (select coalesce(max(run_seq), 0) + 1 from books_finding_evidence) as run_seq"
    " from new_finding_evidence",
}
"""What findings rested on: as the books know it, and once the casebook has looked at this run's findings, theirs too."""
LINES = (
    "create or replace table statement_line (promoter_id varchar, line_kind varchar, invitee_id varchar, order_id varchar,"
    " month varchar, governing_document varchar, net_fen bigint, rate_ppm bigint, rebate_fen bigint, qualifies boolean,"
    " clause varchar)"
)
AT_ONCE = 1_000_000


def sort_lines(wh: Warehouse) -> None:
    """Make `statement_line`: every line as known now in its total order, about AT_ONCE of them sorted at a time.

    One sort of all lines would spill to disk at ten million.
    """
    wh.execute(LINES)
    firsts = [row[0] for row in wh.execute(
        "select min(promoter_id) from (select promoter_id, (sum(count(*)) over (order by promoter_id) - 1) // $size as part"
        " from line_priced where standpoint = 0 group by promoter_id) group by part order by part",
        size=AT_ONCE,
    )]  # fmt: skip
    for first, end in pairwise([*firsts, None]):
        wh.make(SQL / "statement_line.sql", first_id=first, end_id=end)


def drop(wh: Warehouse, tables: Iterable[str]) -> None:
    """Give back the memory of tables that nothing will read any more."""
    for table in tables:
        wh.execute(f"drop table if exists {table}")


def restate(wh: Warehouse) -> None:
    """Make `adjustment`: what earlier issued months differ by now, per promoter, earning month and cause.

    Overwrites the tables of `judge_now` with those of the changed promoters.
    """
    wh.make(SQL / "changed_month.sql")
    if not wh.execute("select exists (select 1 from changed_month)")[0][0]:
        wh.execute(NOTHING)
        return
    wh.make_all(SQL, RESTATED)
    for view in BETWEEN:
        wh.execute(view)
    _judge(wh)
    wh.make(SQL / "adjustment.sql")

"""A published run for the console's figures: promoters with invitees, orders, statements, findings and ties, made by SQL.

The cases are those that `benchmarks/casebook_load.py` writes into the books: case CLn is on promoter PLn.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import duckdb

from data_contracts.contract import contracts
from data_contracts.warehouse import connect

RUN_ID = "2026-01-31-load"
DAY = date(2026, 1, 31)
NEUTRAL: Mapping[str, str] = {
    "VARCHAR": "'x'", "BIGINT": "0", "BOOLEAN": "false", "DATE": "date '2025-10-01'", "DOUBLE": "0.0",
    "TIMESTAMP WITH TIME ZONE": "timestamptz '2025-10-01 00:00:00+00'", "DECIMAL(18,2)": "0.00",
}  # fmt: skip
PROMOTER = "'PL' || lpad(cast(p as varchar), 6, '0')"
INVITEE = "'I' || lpad(cast(p as varchar), 6, '0') || '_' || i"
TOKEN = "'v1:k:' || lpad(cast(p as varchar), 6, '0') || lpad(cast(i % 7 as varchar), 20, 'a')"
ORDER = "'o' || lpad(cast(p as varchar), 6, '0') || '_' || i || '_' || o"
AT = "timestamptz '2025-08-01 02:00:00+00' + (p % 60 + i * 3) * interval 1 day"
DAY_ON = "date '2026-01-31'"


def tables(invitees: int, most_nodes: int) -> dict[str, str]:
    """A SELECT per table over p (promoter), i (invitee) and o (order); columns left out are neutral.

    Promoter 0 has ties to as many invitees as a graph of `most_nodes` nodes needs.
    """
    people = f"(select p, i from promoter cross join range({invitees}) as r(i))"
    ties = "(select p, i from promoter cross join range(60) as r(i) where i < case when p = 0 then 60 else p % 9 end)"
    each = max(1, -(-most_nodes // 60) - 1)
    return {**_trade(people), **_found(ties, each), **_worked()}


def _trade(people: str) -> dict[str, str]:
    """Who brought whom, what they bought, and the statements over it."""
    buys = f"(select p, i, o from {people} cross join range(2) as s(o))"
    return {
        "accounts": f"select {PROMOTER} as account_id from promoter union all select {INVITEE} from {people}",
        "promoters": f"select {PROMOTER} as promoter_id from promoter",
        "relations": f"select {INVITEE} as invitee_id, {PROMOTER} as promoter_id, i % 5 > 0 as established from {people}",
        "orders": f"select {ORDER} as order_id, {INVITEE} as account_id, {AT} + o * interval 9 day as paid_at, 49900 as cash_fen,"
        f" 'purchase' as kind from {buys}",
        "refunds": f"select 'r' || {ORDER} as refund_id, {ORDER} as order_id, {AT} + interval 20 day as refunded_at, 49900 as cash_fen"
        f" from {buys} where o = 1 and i % 3 = 0",
        "statement_lines": f"select {PROMOTER} as promoter_id, strftime({AT}, '%Y-%m') as month, 'order' as line_kind,"
        f" {INVITEE} as invitee_id, {ORDER} as order_id, 'base' as governing_document, 499.00 as net_amount, 0.10 as rate,"
        f" 49.90 as rebate, true as qualifies, row_number() over (partition by p order by i, o) as line_no from {buys}",
        "statements": f"select {PROMOTER} as promoter_id, '2025-' || lpad(cast(m as varchar), 2, '0') as month, 'issued' as status,"
        " 5 as new_paying_users, 998.00 as net_amount, 99.80 as rebate, 99.80 as payable from promoter cross join range(8, 13) as r(m)",
        "payouts": f"select 'w' || p as payout_id, {PROMOTER} as promoter_id, '2025-09' as month, 9980 as gross_fen, 9980 as net_fen,"
        " 'paid' as status from promoter",
    }  # fmt: skip


def _found(ties: str, each: int) -> dict[str, str]:
    """Findings, bursts and pairs; promoter 0's pairs share `each` devices."""
    item = (
        "{'step': 1, 'kind': 'device', 'token': "
        + TOKEN
        + " || case when p = 0 then '_' || i else '' end || '_' || k, 'mask': 'dev' || k || '****', 'shared_by': 2 + k % 3,"
        " 'weight': 9.5, 'first_seen': '2025-08-01', 'last_seen': '2026-01-01'}"
    )
    evidence = f"to_json(list_transform(range(case when p = 0 then {each} else 2 end), lambda k: {item}))"
    code = '\'[{"code": "RB01", "observed": 20.0, "expected": 0.3, "ratio": 66.0, "q": 1e-9}]\''
    return {
        "findings": "select 'FL' || lpad(cast(p as varchar), 14, '0') as finding_id, 'met' as status, 'promoter' as subject_kind,"
        f" {PROMOTER} as subject_id, {PROMOTER} as promoter_id, '3.5(2)' as clause, 'refund_burst' as detector, 0.97 as confidence,"
        f" 499.00 as amount_at_stake, {code} as evidence, 'RB01' as reason from promoter union all by name"
        " select 'FM' || p || '_' || i as finding_id, 'met' as status, 'referral' as subject_kind,"
        f" {INVITEE} as subject_id, {PROMOTER} as promoter_id, '2.2(3)' as clause, 'c2_2_3_same_user' as detector, 1.0 as confidence,"
        f" 49.90 as amount_at_stake, '[]' as evidence, 'same user' as reason from {ties} where i < 12",
        "referral_same": f"select {INVITEE} as invitee_id, {PROMOTER} as promoter_id, 'same_person' as outcome, 'linked' as group_status,"
        f" 20.0 - i as match_weight, 1 as hops, {evidence} as evidence from {ties}",
        "bursts": f"select {PROMOTER} as promoter_id, date '2025-09-01' as window_start, date '2025-09-07' as window_end,"
        " 20 as refund_orders, 0.3 as expected_orders, 900.00 as refund_amount, true as flagged, ['RB01'] as reasons from promoter",
    }  # fmt: skip


def _worked() -> dict[str, str]:
    """The cases with their money, and the clauses."""
    return {
        "case_money": f"select 'CL' || lpad(cast(p as varchar), 14, '0') as case_id, 'promoter' as subject_kind, {PROMOTER} as subject_id,"
        f" {PROMOTER} as promoter_id, 'open' as state, {DAY_ON} as opened_on, {DAY_ON} + 14 as deadline_on, 0 as blind, 1 as findings,"
        " 1 as promoters, 1000 * (p % 977) as stake_fen, (p % 100) / 100.0 as confidence, 10 * (p % 977) * (p % 100) as priority_fen,"
        f" {DAY_ON} + 20 as cutoff_on, 20 as days_left from promoter",
        "clause_register": "select row_number() over () as position, c as clause, '条' as title_zh, 't' as title_en, '文' as text_zh,"
        " 'text' as text_en, 'rule' as mode, ['warn', 'hold_payout', 'cancel_rebate'] as measures"
        " from (values ('2.2(3)'), ('3.4(1)'), ('3.5(2)')) as t(c)",
    }  # fmt: skip


def publish(state: Path, promoters: int = 20_000, invitees: int = 12, most_nodes: int = 500) -> None:
    """Write the run under `state` and make it the current one."""
    run = state / "runs" / RUN_ID
    made = tables(invitees, most_nodes)
    run.mkdir(parents=True)
    con = connect([state], threads=2)
    con.execute("create table promoter as select range as p from range($n)", {"n": promoters})
    for name, contract in contracts().items():
        place = run if contract.stage == "results" else run / "tables" / contract.stage
        _write(con, place / f"{name}.parquet", name, made.get(name))
    manifest = {"run_id": RUN_ID, "run_seq": 1, "as_of": DAY.isoformat(), "zone": "Asia/Shanghai", "seconds": {}, "outputs": {},
                "models": {}, "key": "k", "books_schema": "1", "programme_name": "load", "programme": "", "policy": "",
                "code": "0"}  # fmt: skip
    (run / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    (state / "current").symlink_to(Path("runs") / RUN_ID)


def _write(con: duckdb.DuckDBPyConnection, path: Path, name: str, select: str | None) -> None:
    columns = contracts()[name].kept().columns
    lines = [f'"{c.name}" {c.duck} default {"null" if c.nullable else NEUTRAL.get(c.duck, "[]")}' for c in columns]
    con.execute(f"create or replace table t ({', '.join(lines)})")
    if select:
        con.execute(f"insert into t by name {select}")
    path.parent.mkdir(parents=True, exist_ok=True)
    con.execute(f"copy t to '{path}' (format parquet)")

"""A published run and its books, written row by row from the contracts: what the console's tests read and change.

P has two findings and three decisions (one proposed by the run, for two people), and is in a group with I1. R is a ring.
S is drawn at random and decided blind. Any field that a feed or a person could fill may be given as `hostile`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from casebook.books import open_books
from data_contracts.contract import contracts
from data_contracts.run import Run
from tests.conftest import NEUTRAL

DAY = date(2026, 4, 20)
RUN = Run("2026-04-20-test", 1, DAY, "Asia/Shanghai")
AT = datetime(2026, 3, 5, 4, tzinfo=UTC)
CASE, RING, BLIND = "C00000000000000p", "C00000000000000r", "C00000000000000s"
PROPOSED, HOLD = "D00000000000000a", "D00000000000000b"
MODEL = Path(__file__).parents[2] / "models" / "same_user" / "model.yaml"
Rows = Sequence[Mapping[str, Any]]


def published(folder: Path, hostile: str = "plain words") -> Path:
    """Write the run and its books under `folder`; returns the state folder."""
    state = folder / "state"
    run = state / "runs" / RUN.run_id
    tables = written(hostile)
    with duckdb.connect() as con:
        for name, contract in contracts().items():
            place = run if contract.stage == "results" else run / "tables" / contract.stage
            _write(con, place / f"{name}.parquet", name, tables.get(name, ()))
        for feed in ("orders", "accounts"):
            (run / "quarantine").mkdir(exist_ok=True)
            row = [
                {
                    "file": f"{feed}.csv",
                    "row_number": 3,
                    "rule": "money.negative",
                    "detail": hostile,
                    "row": json.dumps({"x": hostile}),
                }
            ]
            con.register("bad", pa.Table.from_pylist(row))
            con.execute(f"copy bad to '{run / 'quarantine' / feed}.parquet' (format parquet)")
    manifest = {
        "run_id": RUN.run_id,
        "run_seq": 1,
        "as_of": DAY.isoformat(),
        "zone": RUN.zone,
        "seconds": {"rules": 0.1, "feeds": 1.5},
        "outputs": {"findings.parquet": {"rows": 3, "sha256": "0" * 64}},
        "models": {"same_user": "0" * 64},
        "key": "kid",
        "books_schema": "1",
        "programme_name": "by hand",
        "programme": "1" * 64,
        "policy": "2" * 64,
        "code": "0.1.0",
    }
    (run / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    (state / "current").symlink_to(Path("runs") / RUN.run_id)
    _keep(state, tables)
    return state


def _write(con: duckdb.DuckDBPyConnection, path: Path, table: str, rows: Rows) -> None:
    columns = contracts()[table].kept().columns
    names = {c.name for c in columns}
    assert all(set(r) <= names for r in rows), f"{table} has other columns: {[set(r) - names for r in rows]}"
    path.parent.mkdir(parents=True, exist_ok=True)
    con.execute("create or replace table t (" + ", ".join(f'"{c.name}" {c.duck}' for c in columns) + ")")
    for row in rows:
        values = [row.get(c.name, None if c.nullable else NEUTRAL.get(c.duck, [])) for c in columns]
        con.execute(f"insert into t values ({', '.join('?' * len(values))})", values)
    con.execute(f"copy t to '{path}' (format parquet)")


def _keep(state: Path, tables: Mapping[str, Rows]) -> None:
    """What the run recorded, in the books."""
    records: dict[str, list[pa.Table]] = {}
    for name, contract in contracts().items():
        if contract.records and tables.get(name):
            columns = contract.columns
            filled = [
                {c.name: r.get(c.name, None if c.nullable else NEUTRAL.get(c.duck, [])) for c in columns}
                for r in tables[name]
            ]
            records.setdefault(contract.records, []).append(pa.Table.from_pylist(filled))
    books = open_books(state / "books.db")
    try:
        books.commit(RUN, records, fingerprint="0" * 64, models={})
    finally:
        books.close()


def written(hostile: str) -> dict[str, Rows]:
    """Rows per table; columns left out are null where they may be, else neutral."""
    token = "v1:kid:aaaaaaaaaaaaaaaaaaaaaaaaaa"
    accounts = ("P", "Q", "S", "I1", "I2", "I3")
    money, ids = Decimal, {"P": "F00000000000000a", "I1": "F00000000000000b", "R": "F00000000000000c"}
    finding = [
        {
            "finding_id": ids["P"],
            "status": "met",
            "subject_kind": "promoter",
            "subject_id": "P",
            "promoter_id": "P",
            "clause": "3.5(2)",
            "detector": "refund_burst",
            "detector_version": "1",
            "confidence": 0.97,
            "evidence": json.dumps([{"code": "RB01", "observed": 20.0, "expected": 0.3, "ratio": 66.0, "q": 1e-9}]),
            "reason": "RB01",
            "first_seen": DAY,
        },
        {
            "finding_id": ids["I1"],
            "status": "met",
            "subject_kind": "referral",
            "subject_id": "I1",
            "promoter_id": "P",
            "clause": "2.2(3)",
            "detector": "c2_2_3_same_user",
            "detector_version": "1",
            "confidence": 1.0,
            "evidence": "{}",
            "reason": hostile,
            "first_seen": DAY,
        },
        {
            "finding_id": ids["R"],
            "status": "unknown",
            "subject_kind": "ring",
            "subject_id": "R",
            "clause": "3.4(1)",
            "detector": "collusion_ring",
            "detector_version": "1",
            "confidence": 0.5,
            "evidence": "[]",
            "reason": "CR01",
            "first_seen": DAY,
        },
    ]
    results = [{**f, "amount_at_stake": money(v)} for f, v in zip(finding, ("97.00", "70.00", "5.00"), strict=True)]
    decision = {
        "subject_kind": "promoter",
        "subject_id": "P",
        "promoter_id": "P",
        "clause": "3.5(2)",
        "effective_from": AT,
        "decided_by": "policy",
        "reason": hostile,
    }
    decisions = [
        {
            **decision,
            "decision_id": PROPOSED,
            "finding_id": ids["P"],
            "measure": "cancel_rebate",
            "status": "proposed",
            "month": "2026-03",
        },
        {**decision, "decision_id": HOLD, "finding_id": ids["P"], "measure": "hold_payout", "status": "applied"},
    ]
    cases = [(CASE, "promoter", "P", "P", 0), (RING, "ring", "R", None, 0), (BLIND, "promoter", "S", "S", 1)]
    case = [
        {
            "case_id": c,
            "subject_kind": k,
            "subject_id": s,
            "promoter_id": p,
            "opened_on": DAY,
            "deadline_on": date(2026, 5, 4),
            "blind": b,
        }
        for c, k, s, p, b in cases
    ]
    evidence = [{"kind": "device", "token": token, "shared_by": 2, "first_seen": AT, "last_seen": AT, "weight": 12.0}]
    same = json.dumps([{"step": 1, "kind": "device", "token": token, "mask": hostile, "shared_by": 2, "weight": 12.0}])
    statement = {"promoter_id": "P", "new_paying_users": 2, "tax_estimate": money("0.00")}
    return {
        "accounts": [
            {"account_id": a, "registered_at": AT, "account_type": hostile, "verified_as": "individual"}
            for a in accounts
        ],
        "promoters": [
            {"promoter_id": p, "joined_at": AT, "consented_version": hostile, "left_reason": hostile}
            for p in ("P", "Q", "S")
        ],
        "orders": [
            {
                "order_id": f"o{i}",
                "account_id": f"I{i}",
                "product_code": hostile,
                "kind": "purchase",
                "paid_at": AT,
                "list_fen": 50_000,
                "cash_fen": 50_000,
            }
            for i in (1, 2, 3)
        ],
        "refunds": [{"refund_id": "r1", "order_id": "o2", "refunded_at": AT, "kind": "refund", "cash_fen": 1_000}],
        "payouts": [
            {
                "payout_id": "w1",
                "promoter_id": "P",
                "month": "2026-03",
                "paid_at": AT,
                "gross_fen": 9_700,
                "net_fen": 9_700,
                "status": "paid",
            }
        ],
        "feed_fact": [
            {"feed": f, "file": f"{f}.csv", "rows_in": 4, "kept": 3, "quarantined": 1} for f in ("accounts", "orders")
        ],
        "relations": [
            {
                "invitee_id": f"I{i}",
                "promoter_id": "P",
                "established": i > 1,
                "starts_at": AT,
                "reason": None if i > 1 else hostile,
            }
            for i in (1, 2, 3)
        ],
        "clause_register": [
            {
                "position": n,
                "clause": c,
                "title_zh": "条",
                "title_en": "t",
                "text_zh": hostile,
                "text_en": hostile,
                "mode": "rule",
                "measures": m,
            }
            for n, (c, m) in enumerate(
                (
                    ("2.2(3)", ["void_relation"]),
                    ("3.4(1)", ["warn", "cancel_programme"]),
                    ("3.5(2)", ["warn", "hold_payout", "cancel_rebate", "suspend_functions"]),
                ),
                1,
            )
        ],
        "programme_document": [{"document_id": "base", "level": "base", "effective_from": DAY}],
        "programme_parameter": [{"document_id": "base", "path": "payer", "value": hostile}],
        "policy_rule": [
            {
                "policy_no": 1,
                "rule_no": 1,
                "effective_from": DAY,
                "clause": "3.5(2)",
                "measure": "cancel_rebate",
                "do": "propose",
                "when_json": "{}",
                "notice_days": 7,
            }
        ],
        "case_money": [
            {
                **c,
                "state": "open",
                "findings": 1,
                "promoters": 1,
                "stake_fen": f,
                "confidence": 0.9,
                "priority_fen": f,
                "cutoff_on": date(2026, 5, 20),
                "days_left": 30,
            }
            for c, f in zip(case, (16_700, 500, 0), strict=True)
        ],
        "new_case": case,
        "case_step": [{"case_id": CASE, "kind": "finding", "item": ids["P"], "after": ids["P"], "reason": hostile}],
        "finding": [{**f, "amount_at_stake_fen": 100} for f in finding],
        "findings": results,
        "new_finding": [
            {
                k: f.get(k)
                for k in ("finding_id", "clause", "detector", "subject_kind", "subject_id", "promoter_id", "first_seen")
            }
            for f in finding
        ],
        "decisions": decisions,
        "new_decision": [
            {**d, "proposed_by": "policy", "proposed_on": DAY, "needed": 2 if d["status"] == "proposed" else 1}
            for d in decisions
        ],
        "instruction": [
            {
                "instruction_id": "I00000000000000a",
                "kind": "notice",
                "subject_id": "P",
                "decision_id": PROPOSED,
                "created_on": DAY,
                "reply_by": date(2026, 4, 27),
            }
        ],
        "outbox": [
            {
                "instruction_id": "I00000000000000a",
                "kind": "notice",
                "subject_id": "P",
                "decision_id": PROPOSED,
                "created_on": DAY,
            }
        ],
        "statements": [
            {
                **statement,
                "month": "2026-03",
                "status": "held",
                "net_amount": money("970.00"),
                "rebate": money("97.00"),
                "held": money("97.00"),
            },
            {
                **statement,
                "month": "2026-04",
                "status": "provisional",
                "net_amount": money("500.00"),
                "rebate": money("50.00"),
                "payable": money("50.00"),
            },
        ],
        "statement_lines": [
            {
                "promoter_id": "P",
                "line_kind": "order",
                "invitee_id": f"I{i}",
                "order_id": f"o{i}",
                "month": "2026-03" if i < 3 else "2026-04",
                "governing_document": hostile,
                "net_amount": money("485.00"),
                "rate": money("0.10"),
                "rebate": money("48.50"),
                "qualifies": True,
                "line_no": i,
            }
            for i in (1, 2, 3)
        ],
        "ledger": [
            {
                "entry_id": "e1",
                "transaction_id": "t1",
                "posted_on": DAY,
                "month": "2026-03",
                "earning_month": "2026-03",
                "promoter_id": "P",
                "ledger_account": "promoter_payable",
                "amount": money("-97.00"),
                "cause": hostile,
            }
        ],
        "payables": [
            {
                "promoter_id": "P",
                "month": "2026-03",
                "instalment_no": 1,
                "due_on": DAY,
                "amount": money("97.00"),
                "payer": hostile,
                "status": "held",
                "part_no": 1,
            }
        ],
        "groups": [
            {"account_id": a, "group_id": "G1", "group_size": 2, "cohesion": 12.0, "status": "linked"}
            for a in ("P", "I1")
        ],
        "group_member": [
            {"account_id": a, "group_id": "G1", "group_size": 2, "cohesion": 12.0, "status": "linked"}
            for a in ("P", "I1")
        ],
        "group_history": [
            {
                "group_id": "G1",
                "event": "created",
                "run_id": RUN.run_id,
                "run_seq": 1,
                "account_key": "",
                "other_key": "",
            }
        ],
        "links": [
            {
                "account_a": "I1",
                "account_b": "P",
                "match_weight": 12.0,
                "match_probability": 1.0,
                "outcome": "same_person",
                "kinds": ["device"],
                "evidence": evidence,
            }
        ],
        "link": [
            {
                "account_a": "I1",
                "account_b": "P",
                "match_weight": 12.0,
                "match_probability": 1.0,
                "outcome": "same_person",
                "kinds": ["device"],
            }
        ],
        "referral_same": [
            {
                "invitee_id": "I1",
                "promoter_id": "P",
                "group_id": "G1",
                "group_status": "linked",
                "outcome": "same_person",
                "match_weight": 12.0,
                "match_probability": 1.0,
                "hops": 1,
                "evidence": same,
            }
        ],
        "identifier_use": [
            {"account_id": a, "kind": "device", "token": token, "first_seen": AT, "last_seen": AT, "mask": hostile}
            for a in ("P", "I1")
        ],
        "identifier_value": [
            {
                "kind": "device",
                "token": token,
                "mask": hostile,
                "accounts": 2,
                "entities": 2,
                "reason": "hub",
                "suppressed": True,
            }
        ],
        "same_user_model": [{"document": MODEL.read_text(encoding="utf-8")}],
        "bursts": [
            {
                "promoter_id": "P",
                "window_start": date(2026, 3, 1),
                "window_end": date(2026, 3, 7),
                "refund_orders": 20,
                "refund_amount": money("900.00"),
                "expected_orders": 0.3,
                "flagged": True,
                "reasons": [hostile],
            }
        ],
    }

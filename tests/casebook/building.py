"""Rows and small words for tests that build the casebook of a run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from data_contracts.warehouse import Warehouse

ZONE = "Asia/Shanghai"
DAY = date(2026, 1, 31)
NONE = date(1, 1, 1)
SAME = {"clause": "2.2(3)", "detector": "c2_2_3_same_user", "detector_version": "1", "subject_kind": "referral",
        "subject_id": "A2", "promoter_id": "P1", "status": "met", "window_start": NONE, "confidence": 0.99,
        "reason": "one group", "outcome": "same_person", "group_status": "linked", "evidence": "{}"}  # fmt: skip
BURST = {"clause": "3.5(2)", "detector": "refund_burst", "detector_version": "1", "subject_kind": "promoter",
         "subject_id": "P1", "promoter_id": "P1", "status": "met", "window_start": date(2025, 12, 28),
         "window_end": date(2026, 1, 3), "confidence": 0.9, "reason": "RB01", "flagged": True, "evidence": "{}"}  # fmt: skip
LINE = {
    "order_id": "O1",
    "invitee_id": "A2",
    "promoter_id": "P1",
    "month": "2025-12",
    "net_fen": 50_000,
    "rebate_fen": 5_000,
}
MONTH = {"promoter_id": "P1", "month": "2025-12", "entitlement_fen": 5_000, "issued": False, "paid_fen": 0}
HOLD = {"decision_id": "D1", "subject_kind": "promoter", "subject_id": "P1", "promoter_id": "P1", "clause": "3.5(1)",
        "measure": "hold_payout", "status": "applied", "effective_from": datetime(2025, 12, 20, 16, tzinfo=UTC),
        "month": "2025-11", "decided_by": "policy", "reason": "x", "proposed_by": "policy", "applied_seq": 1}  # fmt: skip
BAD = {
    "feed": "refunds",
    "file": "r.csv",
    "row_number": 7,
    "rule": "ref.orphan",
    "promoter_id": "P1",
    "month": "2025-11",
}
DAYS = {"path": "statement_day", "from_day": date(2024, 1, 1), "document_id": "base", "value": "20"}

Build = Callable[..., Warehouse]


def rows(wh: Warehouse, sql: str) -> list[dict[str, Any]]:
    return list(wh.con.sql(sql).to_arrow_table().to_pylist())


def decisions(wh: Warehouse) -> dict[str, tuple[str, int]]:
    """measure -> (status, needed) of the new decisions."""
    return {r["measure"]: (r["status"], r["needed"]) for r in rows(wh, "select * from new_decision")}

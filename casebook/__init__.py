"""Findings become cases, decisions and evidence.

`build` makes the casebook's tables of a run; `books` is the store of record, `decisions` what people do.
"""

from __future__ import annotations

from pathlib import Path

from data_contracts.warehouse import Warehouse

SQL = Path(__file__).parent / "sql"
TABLES = (
    "finding_island", "finding_row", "open_finding", "finding_line", "finding_month", "finding", "new_finding", "new_finding_window",
    "finding_fact", "new_finding_evidence", "evidence_change",
    "policy_match", "policy_choice", "policy_measure", "policy_decision", "quarantine_hold",
    "new_decision", "decision_step", "decision", "instruction",
    "case_finding", "case_stake", "new_case", "case_step", "case_money",
)  # fmt: skip


def build(wh: Warehouse) -> None:
    """Make `finding`, `decision` and what they record, from clause results, policy, books and draft money."""
    wh.make_all(SQL, TABLES)

"""What another system reads in the outbox: how much a recovery notice asks for, and which instruction a later one calls back."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pipelines
from tests.conftest import MakeWarehouse, given

SQL = Path(pipelines.__file__).parent / "sql"
NOTICE = {
    "instruction_id": "I1",
    "kind": "recovery_notice",
    "subject_id": "P",
    "decision_id": "D1",
    "created_on": date(2026, 5, 20),
}


def test_a_notice_bears_its_amount_and_a_call_back_the_notice(warehouse: MakeWarehouse) -> None:
    wh = warehouse()
    calling = wh.execute("select 'I' || left(sha256('I1|cancel_instruction'), 16)")[0][0]
    given(wh, "books_instruction", [{**NOTICE, "amount_fen": 9_000, "run_seq": 1}])
    given(wh, "instruction", [{**NOTICE, "instruction_id": "I2", "kind": "warn"}])
    given(wh, "settlement_instruction", [
        {**NOTICE, "instruction_id": calling, "kind": "cancel_instruction"},
        {**NOTICE, "instruction_id": "I3", "amount_fen": 4_500},
    ])  # fmt: skip
    wh.make(SQL / "outbox.sql")
    rows = wh.execute(
        "select instruction_id, kind, cast(amount as varchar), cancels from outbox order by created_on, amount desc"
    )
    assert set(rows) == {
        ("I1", "recovery_notice", "90.00", None), ("I2", "warn", None, None), (calling, "cancel_instruction", None, "I1"),
        ("I3", "recovery_notice", "45.00", None),
    }  # fmt: skip

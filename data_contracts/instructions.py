"""The id of an instruction that calls another back: made from the id of that one, in SQL and in Python alike."""

from __future__ import annotations

import hashlib

CALLING_BACK_SQL = (
    "create or replace macro calling_back(instruction_id) as"
    " 'I' || left(sha256(instruction_id || '|cancel_instruction'), 16)"
)


def calling_back(instruction_id: str) -> str:
    """The id under which an instruction would be called back."""
    return "I" + hashlib.sha256(f"{instruction_id}|cancel_instruction".encode()).hexdigest()[:16]

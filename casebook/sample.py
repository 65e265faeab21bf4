"""Cases drawn at random (3.5(1)) are decided without a score: what pages and reports both keep back until then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

DRAWN_BY = "audit_sample"
"""The detector of findings that only tell that chance drew the promoter."""
UNDECIDED = ("open", "in_review", "waiting")
"""States in which such a case is not decided yet."""
JUDGED = ("qualifies", "clause")
"""What a line of a statement tells of the clauses."""


def kept_back(case: Mapping[str, Any]) -> bool:
    """Whether a case was drawn at random and is not decided yet."""
    return bool(case["blind"]) and case["state"] in UNDECIDED


def lines(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Orders or lines of a statement without what clauses made of them."""
    return [{**row, **dict.fromkeys(JUDGED)} for row in rows]

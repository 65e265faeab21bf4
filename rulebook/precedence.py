"""Who wins, in numbered lines. Nothing else in the rulebook decides between two rules.

Documents, for one parameter on one day (6.4):
1. Only documents in force that day count: effective_from <= day <= effective_to.
2. A document with a scope counts for orders in its scope alone; with products and activities given an order matches both.
3. Activity agreement before detailed rules before this agreement.
4. Of one level the later effective_from, then the later place in the file.
5. The agreement's own defaults (`programmes/default.yaml`) stand behind them on every day that a base document covers.
6. Each parameter is looked up by itself down to the leaf; a list is replaced whole.

Results of a clause, for one subject:
7. An exception stands in the rule that it is an exception to, and is tried first.
8. `met` before `unknown` before `not_met`: what is missing neither clears nor convicts.

Measures:
9. Of several measures allowed the rulebook takes none; a person or a stated policy chooses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

LEVELS = ("base", "detail", "activity")
STATUSES = ("met", "unknown", "not_met")


@dataclass(frozen=True)
class Document:
    """One rule document. `values` holds its parameters by dotted leaf; `position` is its place in the file, from 0."""

    document_id: str
    level: str
    position: int
    effective_from: date
    effective_to: date | None
    announced_on: date
    products: tuple[str, ...] | None
    activity_ids: tuple[str, ...] | None
    values: Mapping[str, Any]

    @property
    def scoped(self) -> bool:
        """Whether it governs some orders only."""
        return self.products is not None or self.activity_ids is not None

    @property
    def level_rank(self) -> int:
        """0 base, 1 detail, 2 activity."""
        return LEVELS.index(self.level)


def in_force(document: Document, day: date) -> bool:
    """Line 1."""
    return document.effective_from <= day and (document.effective_to is None or day <= document.effective_to)


def governs(document: Document, product: str | None, activity_id: str | None) -> bool:
    """Line 2. Without product and activity only documents without a scope govern."""
    by_product = document.products is None or product in document.products
    by_activity = document.activity_ids is None or activity_id in document.activity_ids
    return by_product and by_activity


def winner(documents: Iterable[Document]) -> Document | None:
    """Lines 3 to 5, among documents that are in force, govern and set the parameter."""
    return max(documents, key=lambda d: (d.level_rank, d.effective_from, d.position), default=None)

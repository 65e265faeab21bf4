"""How cases and decisions stand right now: the books' views joined with the run's money, kept until either changes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from casebook import cases as casebook_cases
from casebook import standing
from casebook.books import Books
from console.reading import Reading

T = TypeVar("T")
WORK = """
select
    m.case_id, m.subject_kind, m.subject_id, m.promoter_id, m.opened_on, m.escalated_on, m.blind, m.findings,
    money(m.stake_fen) as at_stake, m.confidence, money(m.priority_fen) as priority, m.cutoff_on, m.days_left,
    (select string_agg(distinct f.clause, ' ' order by f.clause) from findings as f
     where f.promoter_id = m.promoter_id or (m.promoter_id is null and f.subject_id = m.subject_id)) as clauses
from case_money as m
order by m.priority_fen desc, m.case_id
"""


class Live:
    """Lists that many pages need. Each is made once per run and last entry of the books; readers share it, none alters it."""

    def __init__(self, reading: Reading, books: Books) -> None:
        self.reading, self.books = reading, books
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[Any, Any]] = {}

    def cases(self) -> list[dict[str, Any]]:
        """Open cases, the most money at risk first, with state, owner and deadline of this moment."""
        return self._fresh("cases", self._cases)

    def decisions(self) -> list[dict[str, Any]]:
        """All decisions as they stand."""
        return self._fresh("decisions", lambda: standing.listing(self.books))

    def decisions_on(self, promoter_id: str) -> list[dict[str, Any]]:
        """The decisions on one promoter."""
        return self._fresh("by_promoter", self._by_promoter).get(promoter_id, [])

    def _by_promoter(self) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = {}
        for row in self.decisions():
            found.setdefault(str(row["promoter_id"]), []).append(row)
        return found

    def _cases(self) -> list[dict[str, Any]]:
        now = {c["case_id"]: c for c in casebook_cases.listing(self.books)}
        rows = []
        for row in self.reading.rows(WORK):
            state = now.get(row["case_id"])
            if state is not None and state["state"] != "closed":
                rows.append(
                    {**row, "state": state["state"], "owner": state["owner"], "deadline_on": state["deadline_on"]}
                )
        return rows

    def _fresh(self, name: str, make: Callable[[], T]) -> T:
        with self.books.reading() as book:
            last = book.value("select max(seq) from audit")
        mark = (self.reading.run_id, last)
        kept = self._kept.get(name)
        if kept is None or kept[0] != mark:
            kept = (mark, make())
            with self._lock:
                self._kept[name] = kept
        made: T = kept[1]
        return made

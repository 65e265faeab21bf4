"""The open cases of a run in the order of the queue, with a mask for each thing that they can be filtered by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from casebook.sample import kept_back

MOVING = ("state", "owner", "deadline_on")
SOON_DAYS = 7
VIEWS = ("all", "mine", "unowned", "soon", "escalated", "sample", "decided")
DONE = ("decided", "closed")
"""States in which nothing is left to decide."""
Mask = npt.NDArray[np.bool_]


class Board:
    """The open cases of one run in the order of the queue, with masks for what can be filtered."""

    def __init__(self, work: list[dict[str, Any]], now: Mapping[str, dict[str, Any]]) -> None:
        self.rows = [row for row in work if row["case_id"] in now]
        self.place = {row["case_id"]: n for n, row in enumerate(self.rows)}
        size = len(self.rows)
        self.fen = np.zeros(size, np.int64)
        """Money at stake; none where it would tell the score of a case drawn at random."""
        self.open: Mask = np.ones(size, np.bool_)
        self.undecided: Mask = np.ones(size, np.bool_)
        """Which cases wait for a decision."""
        self.fixed: dict[str, Mask] = {
            "soon": self._mask(r["days_left"] is not None and r["days_left"] <= SOON_DAYS for r in self.rows),
            "escalated": self._mask(r["escalated_on"] is not None for r in self.rows),
            "sample": self._mask(bool(r["blind"]) for r in self.rows),
        }
        self.clauses: dict[str, Mask] = {}
        for n, row in enumerate(self.rows):
            for clause in () if row["blind"] else (row["clauses"] or "").split():
                self.clauses.setdefault(clause, np.zeros(size, np.bool_))[n] = True
        self.codes: dict[str, dict[str | None, int]] = {"state": {}, "owner": {}}
        self.values = {name: np.zeros(size, np.int32) for name in self.codes}
        for state in now.values():
            self.put(state)

    def _mask(self, said: Iterable[bool]) -> Mask:
        return np.fromiter(said, np.bool_, len(self.rows))

    def put(self, state: Mapping[str, Any]) -> None:
        """How a case stands now."""
        n = self.place.get(state["case_id"])
        if n is None:
            return
        self.rows[n] = {**self.rows[n], **{name: state[name] for name in MOVING}}
        self.fen[n] = 0 if kept_back(self.rows[n]) else self.rows[n]["stake_fen"]
        self.open[n] = state["state"] != "closed"
        self.undecided[n] = state["state"] not in DONE
        for name, codes in self.codes.items():
            self.values[name][n] = codes.setdefault(state[name], len(codes))

    def is_(self, name: str, value: str | None) -> Mask:
        """Where `name` (state or owner) has a value."""
        found: Mask = self.values[name] == self.codes[name].get(value, -1)
        return found

    def there(self, name: str) -> list[str]:
        """The values of `name` that open cases have."""
        codes = set(np.unique(self.values[name][self.open]).tolist())
        return sorted(v for v, code in self.codes[name].items() if v is not None and code in codes)

    def view(self, name: str, me: str) -> Mask:
        """Where a case belongs to one of the views."""
        if name in self.fixed:
            return self.fixed[name]
        if name == "decided":
            return self.is_("state", "decided")
        if name == "mine":
            return self.is_("owner", me)
        return self.is_("owner", None) if name == "unowned" else self.open

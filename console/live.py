"""How cases and decisions stand right now: the books' views joined with the run's money, followed entry by entry.

The whole is read once per run; after that only what the entries since then are about. Every process follows by itself, so a
page shows a decision as soon as it is in the books, whoever wrote it.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from casebook import cases as casebook_cases
from casebook import standing
from casebook.books import Books, Ledgerbook
from casebook.store import SQLite
from console.reading import Loaded, Reading, rows_of

WORK = (Path(__file__).parent / "sql" / "cases.sql").read_text(encoding="utf-8")
PEOPLE = "select user_name, roles from user_state where state = 'enabled' order by user_key"
SINCE = "select action, object from audit where seq > :m order by seq limit 2001"
MOST_ENTRIES = 2000
"""More new entries than this, and all is read anew."""
SPAN = ("effective_from", "effective_to")
MOVING = ("state", "owner", "deadline_on")
NOTHING = ("look", "delivery", "sight")
"""Entries that change nothing that is kept here."""
SOON_DAYS = 7
VIEWS = ("all", "mine", "unowned", "soon", "escalated", "sample")
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Found:
    """What a search of the queue found: one page of rows, and figures over all."""

    rows: list[dict[str, Any]]
    total: int
    at_stake_fen: int


class Board:
    """The open cases of one run in the order of the queue, with masks for what can be filtered."""

    def __init__(self, work: list[dict[str, Any]], now: Mapping[str, dict[str, Any]]) -> None:
        self.rows = [row for row in work if row["case_id"] in now]
        self.place = {row["case_id"]: n for n, row in enumerate(self.rows)}
        size = len(self.rows)
        self.fen = np.fromiter((row["stake_fen"] for row in self.rows), np.int64, size)
        self.open: Mask = np.ones(size, np.bool_)
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
        self.open[n] = state["state"] != "closed"
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


class Standing:
    """Cases and decisions of the books over the cases of one run. `mark` is the last entry of the books that is in it."""

    def __init__(self, loaded: Loaded, books: Books) -> None:
        self.run_id = loaded.run_id
        self.cases: dict[str, dict[str, Any]] = {}
        self.cases_of: dict[str, list[str]] = {}
        self.decisions: dict[str, dict[str, Any]] = {}
        self.decisions_of: dict[str, list[str]] = {}
        self.analysts: list[str] = []
        self.board = Board([], {})
        with books.reading() as book:
            self.mark = last_entry(book)
            self._enter_people(book)
        for state in casebook_cases.listing(books):
            self.enter_case(state)
        for row in standing.listing(books):
            self.enter_decision(row)
        work = [{**row, **dict.fromkeys(MOVING)} for row in rows_of(loaded, WORK)]
        self.board = Board(work, self.cases)

    def follow(self, book: Ledgerbook) -> bool:
        """Read what happened since; False when so much did that all must be read anew."""
        last = last_entry(book)
        if last <= self.mark:
            return True
        new = book.rows(SINCE, m=self.mark)
        if len(new) > MOST_ENTRIES or any(e["action"] == "run.publish" for e in new):
            return False
        for name in dict.fromkeys(e["object"] for e in new if e["action"] not in NOTHING):
            if name in self.cases:
                self.enter_case(casebook_cases.case(book, name))
            elif name in self.decisions or name.startswith("D"):
                self._again(book, name)
        if any(e["action"].startswith("user.") for e in new):
            self._enter_people(book)
        self.mark = last
        return True

    def _enter_people(self, book: Ledgerbook) -> None:
        self.analysts = [p["user_name"] for p in book.rows(PEOPLE) if "analyst" in p["roles"].split(",")]

    def _again(self, book: Ledgerbook, decision_id: str) -> None:
        for row in book.rows("select * from decision_state where decision_id = :d", d=decision_id):
            spans = {n: None if row[n] is None else datetime.fromtimestamp(row[n] / 1e6, UTC) for n in SPAN}
            self.enter_decision({**row, **spans})

    def enter_case(self, state: dict[str, Any]) -> None:
        """How a case stands now."""
        case_id, promoter, subject = state["case_id"], state["promoter_id"], state["subject_id"]
        if case_id not in self.cases:
            for key in {f"P{promoter}", f"S{subject}"}:
                self.cases_of.setdefault(key, []).append(case_id)
        self.cases[case_id] = state
        self.board.put(state)

    def enter_decision(self, row: dict[str, Any]) -> None:
        """How a decision stands now."""
        if row["decision_id"] not in self.decisions:
            self.decisions_of.setdefault(str(row["promoter_id"]), []).append(row["decision_id"])
        self.decisions[row["decision_id"]] = row


def last_entry(book: Ledgerbook) -> int:
    """The number of the last entry of the books."""
    return int(book.value("select max(seq) from audit") or 0)


class Changes:
    """Whether anybody wrote to the books since the last look. SQLite tells at once; elsewhere every look says yes."""

    def __init__(self, books: Books) -> None:
        dialect = books.dialect
        self._con = sqlite3.connect(dialect.path, check_same_thread=False) if isinstance(dialect, SQLite) else None
        self._last: int | None = None

    def seen(self) -> bool:
        """Looks; True the first time."""
        if self._con is None:
            return True
        last, self._last = self._last, int(self._con.execute("pragma data_version").fetchone()[0])
        return last != self._last


class Live:
    """Cases and decisions as they stand. Rows are shared by all readers, and none alters them."""

    def __init__(self, reading: Reading, books: Books) -> None:
        self.reading, self.books = reading, books
        self._lock = threading.Lock()
        self._standing: Standing | None = None
        self._changes = Changes(books)

    @contextmanager
    def now(self) -> Iterator[Standing]:
        """How things stand, after a look at what happened since the last."""
        loaded = self.reading.now
        with self._lock:
            found, changed = self._standing, self._changes.seen()
            if found is None or found.run_id != loaded.run_id:
                found = Standing(loaded, self.books)
            elif changed:
                with self.books.reading() as book:
                    followed = found.follow(book)
                found = found if followed else Standing(loaded, self.books)
            self._standing = found
            yield found

    def watch(self) -> bool:
        """Show a newer run when there is one; made ready aside, so that no reader waits. Gives whether there was one."""
        newer = self.reading.newer()
        if newer is None:
            return False
        made = Standing(newer, self.books)
        with self._lock:
            self.reading.show(newer)
            self._standing = made
        return True

    def search(self, wanted: Mapping[str, str], me: str, start: int, count: int) -> Found:
        """Open cases that fit, the most money at risk first; `wanted` names view, state, owner, clause and search."""
        with self.now() as found:
            board = found.board
            mask = board.open.copy()
            if view := wanted.get("view"):
                mask &= _view(board, view, me)
            for name in board.codes:
                if wanted.get(name):
                    mask &= board.is_(name, wanted[name])
            if wanted.get("clause"):
                mask &= board.clauses.get(wanted["clause"], np.zeros(len(mask), np.bool_))
            if wanted.get("search"):
                mask &= _named(found, wanted["search"])
            places = np.flatnonzero(mask)
            rows = [board.rows[n] for n in places[start : start + count].tolist()]
            return Found(rows, len(places), int(board.fen[mask].sum()))

    def facets(self) -> dict[str, Any]:
        """What the queue can be filtered by: states, owners, clauses; how many cases are open; the first of all."""
        with self.now() as found:
            board = found.board
            return {
                "states": board.there("state"), "owners": board.there("owner"), "open": int(board.open.sum()),
                "clauses": sorted(board.clauses), "first": board.rows[0] if board.rows else None,
            }  # fmt: skip

    def cases(self) -> list[dict[str, Any]]:
        """All open cases of the run, the most money at risk first."""
        return self.search({}, "", 0, 1 << 40).rows

    def row(self, case_id: str) -> tuple[dict[str, Any] | None, int | None, str | None]:
        """A case's row of the queue, its place among the open ones, and the case after it."""
        with self.now() as found:
            board = found.board
            n = board.place.get(case_id)
            if n is None or not board.open[n]:
                return None, None, None
            after = np.flatnonzero(board.open[n + 1 :])
            following = board.rows[n + 1 + int(after[0])]["case_id"] if len(after) else None
            return board.rows[n], int(board.open[:n].sum()), following

    def case(self, case_id: str) -> dict[str, Any] | None:
        """How a case stands, None when the books know none of that id."""
        with self.now() as found:
            return found.cases.get(case_id)

    def cases_of(self, promoter_id: str) -> list[dict[str, Any]]:
        """All cases on one promoter, closed ones too, by the day they were opened."""
        with self.now() as found:
            mine = [found.cases[c] for c in found.cases_of.get(f"P{promoter_id}", ())]
        return sorted(mine, key=lambda c: (c["opened_on"], c["case_id"]))

    def decisions(self) -> list[dict[str, Any]]:
        """All decisions as they stand, by id."""
        with self.now() as found:
            return [found.decisions[d] for d in sorted(found.decisions)]

    def decisions_on(self, promoter_id: str) -> list[dict[str, Any]]:
        """The decisions on one promoter."""
        with self.now() as found:
            return [found.decisions[d] for d in found.decisions_of.get(promoter_id, ())]


def _view(board: Board, view: str, me: str) -> Mask:
    if view in board.fixed:
        return board.fixed[view]
    if view == "mine":
        return board.is_("owner", me)
    return board.is_("owner", None) if view == "unowned" else board.open


def _named(found: Standing, word: str) -> Mask:
    """Where a case, its promoter or its subject has just this id."""
    mask = np.zeros(len(found.board.rows), np.bool_)
    ids = [word, *found.cases_of.get(f"P{word}", ()), *found.cases_of.get(f"S{word}", ())]
    mask[[found.board.place[i] for i in ids if i in found.board.place]] = True
    return mask

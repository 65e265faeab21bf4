"""How cases and decisions stand right now: the books' views joined with the run's money, followed entry by entry.

The whole is read once per run; after that only what the entries since then are about. Every process follows by itself, so a
page shows a decision as soon as it is in the books, whoever wrote it.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from casebook import cases as casebook_cases
from casebook import standing
from casebook.books import Books, Ledgerbook
from casebook.store import SQLite
from console.board import MOVING, Board, Mask
from console.reading import Loaded, Reading, rows_of

WORK = (Path(__file__).parent / "sql" / "cases.sql").read_text(encoding="utf-8")
PEOPLE = "select user_name, roles from user_state where state = 'enabled' order by user_key"
SINCE = "select action, object from audit where seq > :m order by seq limit 2001"
MOST_ENTRIES = 2000
"""More new entries than this, and all is read anew."""
SPAN = ("effective_from", "effective_to")
NOTHING = ("look", "delivery", "sight")
"""Entries that change nothing that is kept here."""
MOST_KEPT = 20_000
"""Of how many things it is kept in memory what the books say."""
PERSON = "person "


@dataclass(frozen=True)
class Found:
    """What a search of the queue found: one page of rows, and figures over all."""

    rows: list[dict[str, Any]]
    total: int
    at_stake_fen: int


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
        self.kept: dict[str, Any] = {}
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
        opened = {e["object"] for e in new if e["action"] == "case.open"}
        for name in dict.fromkeys(e["object"] for e in new if e["action"] not in NOTHING):
            self.kept.pop(name, None)
            if name in self.cases or name in opened:
                self.enter_case(casebook_cases.case(book, name))
            elif name in self.decisions or name.startswith("D"):
                self._again(book, name)
        if any(e["action"].startswith("user.") for e in new):
            self._enter_people(book)
        if any(e["action"].startswith("view.") for e in new):
            self.kept = {k: v for k, v in self.kept.items() if not k.startswith(PERSON)}
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

    def row(self, case_id: str) -> tuple[dict[str, Any] | None, int | None, str | None]:
        """The row of an open case, its place among those that wait for a decision, and the next of these."""
        board = self.board
        n = board.place.get(case_id)
        if n is None or not board.open[n]:
            return None, None, None
        rest = board.undecided[n + 1 :]
        following = int(rest.argmax()) if rest.any() else None
        after = None if following is None else board.rows[n + 1 + following]["case_id"]
        place = int(np.count_nonzero(board.undecided[:n])) if board.undecided[n] else None
        return board.rows[n], place, after

    def cases_on(self, promoter_id: str) -> list[dict[str, Any]]:
        """All cases on one promoter, closed ones too, by the day they were opened."""
        mine = [self.cases[c] for c in self.cases_of.get(f"P{promoter_id}", ())]
        return sorted(mine, key=lambda c: (c["opened_on"], c["case_id"]))

    def decisions_on(self, promoter_id: str) -> list[dict[str, Any]]:
        """The decisions on one promoter."""
        return [self.decisions[d] for d in self.decisions_of.get(promoter_id, ())]

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

    def forget(self) -> None:
        """The next look says yes: what was written could not be read."""
        self._last = None


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
                followed = self._followed(found)
                found = found if followed else Standing(loaded, self.books)
            self._standing = found
            yield found

    def _followed(self, found: Standing) -> bool:
        try:
            with self.books.reading() as book:
                return found.follow(book)
        except BaseException:
            self._changes.forget()
            raise

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
        """Cases that fit, the most money at risk first; `wanted` names view, state, owner, clause and search.

        Those that wait for a decision; decided ones too where a state, an id or the view `decided` asks for them.
        """
        with self.now() as found:
            board = found.board
            decided = wanted.get("state") or wanted.get("search") or wanted.get("view") == "decided"
            mask = (board.open if decided else board.undecided).copy()
            if view := wanted.get("view"):
                mask &= board.view(view, me)
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
        """What the queue can be filtered by: states, owners, clauses; how many cases wait; the first of all."""
        with self.now() as found:
            board = found.board
            return {
                "states": board.there("state"), "owners": board.there("owner"), "open": int(board.undecided.sum()),
                "clauses": sorted(board.clauses), "first": board.rows[0] if board.rows else None,
            }  # fmt: skip

    def cases(self) -> list[dict[str, Any]]:
        """All open cases of the run, the most money at risk first."""
        return self.search({}, "", 0, 1 << 40).rows

    def case(self, case_id: str) -> dict[str, Any] | None:
        """How a case stands, None when the books know none of that id."""
        with self.now() as found:
            return found.cases.get(case_id)

    def decisions(self) -> list[dict[str, Any]]:
        """All decisions as they stand, by id."""
        with self.now() as found:
            return [found.decisions[d] for d in sorted(found.decisions)]

    def kept(self, key: str, read: Callable[[Ledgerbook], Any]) -> Any:
        """What the books say of `key` (an entry's object, or `PERSON` and a name), read anew after an entry about it."""
        with self.now() as found:
            value, mark = found.kept.get(key), found.mark
        if value is not None:
            return value
        with self.books.reading() as book:
            value = read(book)
        with self._lock:
            # What came in meanwhile may be about it: then the next reader reads again.
            if found.mark == mark:
                if len(found.kept) >= MOST_KEPT:
                    found.kept = {}
                found.kept[key] = value
        return value


def _named(found: Standing, word: str) -> Mask:
    """Where a case, its promoter or its subject has just this id."""
    mask = np.zeros(len(found.board.rows), np.bool_)
    ids = [word, *found.cases_of.get(f"P{word}", ()), *found.cases_of.get(f"S{word}", ())]
    mask[[found.board.place[i] for i in ids if i in found.board.place]] = True
    return mask

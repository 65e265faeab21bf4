"""Any order of proposals, moves and runs: the books agree with a model of twenty lines, and refuse what it forbids."""

from __future__ import annotations

import itertools
import shutil
import tempfile
import threading
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from casebook import appeals, cases, decisions
from casebook.books import Books, open_books
from data_contracts.dates import cutoff
from data_contracts.errors import NotAllowed
from tests.casebook.conftest import LAST, appealed, clock, decide, propose, publish
from tests.counts import SOAK

PEOPLE = st.sampled_from(["li", "wang", "Li", "zhao"])
FOLDER = tempfile.TemporaryDirectory(prefix="books")
TEMPLATE = Path(FOLDER.name) / "books.db"


class Decisions(RuleBasedStateMachine):
    """The model: per decision its status, proposer, approvers and how many it needs."""

    @initialize()
    def start(self) -> None:
        if not TEMPLATE.exists():
            open_books(TEMPLATE).close()
        self.folder = Path(tempfile.mkdtemp(dir=TEMPLATE.parent))
        shutil.copy(TEMPLATE, self.folder / "books.db")
        self.books = open_books(self.folder / "books.db", clock())
        self.seq, self.model = 0, dict[str, dict[str, Any]]()
        self.names = itertools.count(1)
        self.run_again()

    def teardown(self) -> None:
        if hasattr(self, "books"):
            self.books.close()
            shutil.rmtree(self.folder)

    @rule()
    def run_again(self) -> None:
        """A run proposes one decision for two people, and applies what is approved."""
        self.seq += 1
        name = f"D{next(self.names)}"
        row = {"decision_id": name, "subject_kind": "promoter", "subject_id": "P1", "promoter_id": "P1", "clause": "3.5(2)",
               "measure": "hold_payout", "status": "proposed", "effective_from": cutoff(LAST, "Asia/Shanghai"), "reason": "x",
               "decided_by": "policy",
               "proposed_by": "policy", "proposed_on": LAST, "needed": 2}  # fmt: skip
        steps = [
            {"decision_id": d, "action": "apply", "reason": "approved"}
            for d, m in self.model.items()
            if m["status"] == "approved"
        ]
        publish(self.books, self.seq, LAST + timedelta(days=self.seq), new_decision=[row], decision_step=steps)
        for step in steps:
            self.model[step["decision_id"]]["status"] = "applied"
        self.model[name] = {
            "status": "proposed",
            "by": "policy",
            "approved": [],
            "needed": 2,
            "ended": False,
            "appeal": None,
        }

    @rule(who=PEOPLE)
    def person_proposes(self, who: str) -> None:
        name = propose(self.books, by=who, subject_id=f"P{next(self.names)}")
        self.model[name] = {
            "status": "proposed",
            "by": who.lower(),
            "approved": [],
            "needed": 1,
            "ended": False,
            "appeal": None,
        }

    @precondition(lambda self: self.model)
    @rule(who=PEOPLE, action=st.sampled_from(list(decisions.MOVES)), pick=st.integers(0, 99))
    def person_moves(self, who: str, action: str, pick: int) -> None:
        name = sorted(self.model)[pick % len(self.model)]
        m, key = self.model[name], who.lower()
        legal = {
            "approve": m["status"] == "proposed" and key != m["by"] and key not in m["approved"],
            "reject": m["status"] == "proposed",
            "overturn": m["status"] in ("approved", "applied") and m["appeal"] is None,
            "release": m["status"] == "applied" and not m["ended"],
        }[action]
        if not legal:
            with pytest.raises(NotAllowed):
                decide(self.books, name, action, who)
            return
        decide(self.books, name, action, who)
        if action == "approve":
            m["approved"].append(key)
            m["status"] = "approved" if len(m["approved"]) >= m["needed"] else "proposed"
        elif action == "release":
            m["ended"] = True
        else:
            m["status"] = {"reject": "rejected", "overturn": "overturned"}[action]

    @precondition(lambda self: any(m["status"] == "applied" for m in self.model.values()))
    @rule(pick=st.integers(0, 99))
    def promoter_appeals(self, pick: int) -> None:
        applied = sorted(n for n, m in self.model.items() if m["status"] == "applied")
        name = applied[pick % len(applied)]
        until = LAST + timedelta(days=self.seq + 10)
        if self.model[name]["appeal"] is not None:
            with pytest.raises(NotAllowed):
                appealed(self.books, name, until)
            return
        self.model[name]["appeal"] = appealed(self.books, name, until)

    @precondition(lambda self: any(m["appeal"] for m in self.model.values()))
    @rule(pick=st.integers(0, 99), outcome=st.sampled_from(appeals.OUTCOMES))
    def reviewer_answers(self, pick: int, outcome: str) -> None:
        waiting = sorted(n for n, m in self.model.items() if m["appeal"])
        m = self.model[waiting[pick % len(waiting)]]
        with pytest.raises(NotAllowed):
            appeals.answer(self.books, m["appeal"], outcome, "Clerk", "recorded it")
        appeals.answer(self.books, m["appeal"], outcome, "zhou", "read")
        m["appeal"] = None
        if outcome == "granted":
            m["status"] = "overturned"

    @invariant()
    def a_case_is_appealed_while_an_appeal_in_it_waits(self) -> None:
        if hasattr(self, "books"):
            waiting = appeals.listing(self.books)
            assert {a["appeal_id"] for a in waiting} == {m["appeal"] for m in self.model.values()} - {None}
            appealed_now = {c["case_id"] for c in cases.listing(self.books, "appealed")}
            assert {a["case_id"] for a in waiting} == appealed_now

    @invariant()
    def books_agree(self) -> None:
        if hasattr(self, "books"):
            told = {d["decision_id"]: d for d in decisions.listing(self.books)}
            assert {n: d["status"] for n, d in told.items()} == {n: m["status"] for n, m in self.model.items()}
            assert all((told[n]["effective_to"] is not None) == m["ended"] for n, m in self.model.items())
            assert all(told[n]["approvals"] == len(m["approved"]) for n, m in self.model.items())


Decisions.TestCase.settings = settings(
    max_examples=400 if SOAK else 6, stateful_step_count=50 if SOAK else 20, deadline=None, derandomize=not SOAK,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
test_any_order_of_moves_agrees_with_the_model = Decisions.TestCase


def test_of_approvals_that_arrive_together_each_person_counts_once(books: Books) -> None:
    publish(books)
    decision = propose(books, by="li")
    outcomes: list[str] = []

    def approve(who: str) -> None:
        try:
            decide(books, decision, "approve", who)
            outcomes.append("done")
        except NotAllowed:
            outcomes.append("refused")

    threads = [threading.Thread(target=approve, args=(who,)) for who in ("wang", "Wang", "li", "zhao")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done", "refused", "refused", "refused"]
    assert books.audit_faults() == []


def test_the_chain_verifies_after_any_of_it(sqlite_books: Books) -> None:
    publish(sqlite_books, 1, date(2026, 2, 1))
    for n in range(5):
        name = propose(sqlite_books, subject_id=f"P{n}")
        with pytest.raises(NotAllowed):
            decide(sqlite_books, name, "approve", "li")
        decide(sqlite_books, name, "approve", "wang")
    assert sqlite_books.audit_faults() == []

"""Books of every earlier schema version, with something in every table, open under today's code: nothing is lost or reads otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from casebook import chain
from casebook.books import Books, open_books
from casebook.checkpoint import Seal
from casebook.store import MIGRATIONS, PostgreSQL, SQLite, newest
from data_contracts.vault import Key
from tests.casebook.conftest import clock, database, decide, propose, publish

KEY = Key(bytes(range(32)))
VERSIONS = sorted(p.name.split("_")[0] for p in (MIGRATIONS / "versions").glob("[0-9]*.py"))
SHA, DAY, OTHER = "a" * 64, "2026-01-31", "2026-02-28"
Rows = Mapping[str, list[dict[str, Any]]]

DECISION = {"subject_kind": "promoter", "subject_id": "P1", "promoter_id": "P1", "clause": "3.5(2)", "measure": "hold_payout",
            "status": "proposed", "effective_from": 10, "effective_to": None, "month": None, "amount_fen": None, "functions": None,
            "decided_by": "li", "reason": "r", "proposed_by": "li", "proposed_on": DAY, "run_seq": None}  # fmt: skip
MOVE = {"reason": "m", "at": 5, "effective_to": None, "run_seq": None}
FINDING = {"clause": "3.5(2)", "detector": "refund_burst", "subject_kind": "promoter", "subject_id": "P1", "promoter_id": "P1",
           "first_seen": DAY, "window_start": "2026-01-01", "window_end": "2026-01-07", "run_seq": 1}  # fmt: skip
EVENT = {"case_id": "C1", "by_whom": "li", "reason": "r", "at": 3, "run_seq": None}
USER = {"user_key": "li", "until": None, "by_whom": "root", "at": 4}
STATEMENT = {f"{n}_fen": 0 for n in ("net", "rebate", "adjustments", "carried_in", "released", "clawback_added", "offset", "held",
                                     "carried_out", "payable")}  # fmt: skip

WRITTEN: Mapping[str, tuple[Rows, ...]] = {
    "0001": (
        {"run": [{"run_seq": 1, "run_id": "r1", "as_of": DAY, "cutoff_at": 9, "zone": "Asia/Shanghai", "fingerprint": "f", "models": "{}"}],
         "finding": [{**FINDING, "finding_id": f} for f in ("F1", "F2")],
         "finding_window": [{"finding_id": "F1", "window_start": "2025-12-29", "window_end": "2026-01-04", "run_seq": 1}],
         "instruction": [{"instruction_id": "I1", "kind": "notice", "subject_id": "P1", "decision_id": "D2", "created_on": DAY,
                          "amount_fen": 5, "run_seq": 1}],
         "membership": [{"account_id": "A1", "run_seq": 1, "group_id": "G1", "status": "linked"}],
         "group_event": [{"run_seq": 1, "run_id": "r1", "group_id": "G1", "event": "new", "account_id": "A1", "other_group_id": ""}],
         "override": [{"override_id": f"V{n}", "account_a": "A1", "account_b": f"A{n}", "kind": "must_link", "author": "li", "reason": "r",
                       "from_at": 1, "to_at": None} for n in (2, 3)],
         "shared": [{"shared_id": f"S{n}", "kind": "ip", "token": f"t{n}", "label": "campus", "author": "li", "reason": "r",
                     "from_on": DAY, "to_on": None} for n in (1, 2)],
         "issue": [{"month": "2025-12", "run_seq": 1, "cutoff_at": 9, "issued_on": DAY}],
         "statement": [{**STATEMENT, "promoter_id": "P1", "month": "2025-12", "status": "issued", "new_paying_users": 1, "rebate_fen": 7,
                        "payable_fen": 7, "tax_estimate_fen": None, "run_seq": 1}],
         "posting": [{"transaction_id": "T1", "posting_no": 1, "posted_on": DAY, "month": "2025-12", "earning_month": "2025-12",
                      "promoter_id": "P1", "debit_account": "programme_expense", "credit_account": "promoter_payable", "amount_fen": 7,
                      "cause": "4.1", "corrects": None, "run_seq": 1}],
         "instalment": [{"promoter_id": "P1", "month": "2025-12", "instalment_no": 1, "due_on": OTHER, "amount_fen": 7, "run_seq": 1}],
         "known": [{"promoter_id": "P1", "month": "2025-12", "run_seq": 1, "order_ids": "o1"}]},
        {"decision": [
            *({**DECISION, "decision_id": d, "finding_id": f, "needed": n}
              for d, f, n in (("D1", "F1", 1), ("D2", None, 2), ("D3", "F2", 1), ("D4", None, 1))),
            {**DECISION, "decision_id": "D5", "finding_id": "F2", "status": "applied", "needed": 0, "run_seq": 1, "decided_by": "policy"}],
         "verdict": [{"finding_id": "F1", "verdict": "confirmed", "by_whom": "li", "reason": "r", "at": 2}]},
        {"decision_event": [{**MOVE, "decision_id": d, "action": "approve", "by_whom": "wang"} for d in ("D1", "D2", "D3")],
         "override_end": [{"override_id": "V3", "to_at": 8, "author": "li", "reason": "r"}],
         "shared_end": [{"shared_id": "S2", "to_on": OTHER, "author": "li", "reason": "r"}]},
        {"decision_event": [{**MOVE, "decision_id": "D2", "action": "approve", "by_whom": "zhao"},
                            {**MOVE, "decision_id": "D4", "action": "reject", "by_whom": "zhao"}],
         "verdict": [{"finding_id": "F1", "verdict": "false_alarm", "by_whom": "wang", "reason": "r", "at": 3}]},
        {"decision_event": [{**MOVE, "decision_id": d, "action": "apply", "by_whom": "policy", "run_seq": 1} for d in ("D1", "D3")]},
        {"decision_event": [{**MOVE, "decision_id": "D1", "action": "release", "by_whom": "wang", "effective_to": 77},
                            {**MOVE, "decision_id": "D3", "action": "overturn", "by_whom": "zhao"}]},
    ),
    "0002": (
        {"case_file": [{"case_id": c, "subject_kind": "promoter", "subject_id": "P1", "promoter_id": "P1", "opened_on": DAY,
                        "deadline_on": OTHER, "blind": 0, "run_seq": 1} for c in ("C1", "C2")],
         "tie": [{"person": "zhao", "promoter_id": "P9", "reason": "cousin", "at": 1}],
         "appeal": [{"appeal_id": f"A{n}", "decision_id": d, "filed_by": "P1", "reason": "no", "at": 6, "deadline_on": OTHER}
                    for n, d in ((1, "D1"), (2, "D5"))]},
        {"case_event": [{**EVENT, "kind": "state", "item": "", "before": "open", "after": "in_review"},
                        {**EVENT, "kind": "owner", "item": "", "before": None, "after": "li"}],
         "appeal_outcome": [{"appeal_id": "A1", "outcome": "upheld", "by_whom": "zhao", "reason": "r", "at": 7}]},
        {"case_event": [{**EVENT, "kind": "deadline", "item": "", "before": OTHER, "after": "2026-03-05"},
                        {**EVENT, "kind": "escalated", "item": "", "before": None, "after": OTHER},
                        {**EVENT, "kind": "state", "item": "", "before": "in_review", "after": "decided"}]},
    ),
    "0003": (
        {"user_account": [{"user_key": "li", "user_name": "Li", "at": 4}],
         "user_entry": [{**USER, "kind": "roles", "value": "analyst"}, {**USER, "kind": "link", "value": SHA, "until": 99}],
         "delivery": [{"message_id": "I1", "target": "https://hooks.example/", "attempt": 1, "delivered": 1, "told": "200", "at": 8}]},
        {"user_entry": [{**USER, "kind": "password", "value": "hash"}, {**USER, "kind": "state", "value": "disabled"}]},
    ),
    "0004": (
        {"instruction": [{"instruction_id": "I2", "kind": "notice", "subject_id": "P1", "decision_id": "D5", "created_on": DAY,
                          "amount_fen": None, "run_seq": 1, "reply_by": OTHER}],
         "notice_reply": [{"decision_id": "D5", "filed_by": "P1", "reply": "they asked themselves", "at": 9}]},
    ),
    "0005": (
        {"finding_evidence": [{"finding_id": "F1", "sha256": SHA, "facts": "{}", "run_seq": 1}],
         "sight": [{"line_no": 1, "person": "li", "what": "cases", "object": "C1", "at": 9}],
         "answer": [{"person": "li", "answer_key": "k", "content_sha256": SHA, "outcome": "{}", "at": 9}],
         "webhook_target": [{"target_id": f"W{n}", "address": f"https://hooks.example/{n}", "kinds": "instruction", "least_fen": 0,
                             "since_seq": 1, "by_whom": "li", "reason": "r", "at": 9} for n in (1, 2)],
         "decision": [{**DECISION, "decision_id": "D6", "finding_id": "F1", "needed": 1, "evidence_sha256": SHA}]},
        {"webhook_end": [{"target_id": "W2", "by_whom": "li", "reason": "r", "at": 10}]},
    ),
    "0006": (
        {"saved_view": [{"view_id": f"W{n}", "person": "li", "name": "mine", "query": "view=mine", "at": 11} for n in (1, 2)]},
        {"saved_view_end": [{"view_id": "W2", "at": 12}]},
    ),
    "0007": (
        {"case_event": [{**EVENT, "kind": "appeal", "item": "A1", "before": None, "after": "D1"},
                        {**EVENT, "kind": "appeal", "item": "A2", "before": None, "after": "D5"}]},
    ),
}  # fmt: skip
"""What each version's books hold: entry by entry, the rows of each table that the version brought or changed."""


def at_version(where: str, version: str) -> Books:
    """Books as the code of that version left them."""
    base: type[SQLite | PostgreSQL] = PostgreSQL if where.startswith("postgresql") else SQLite

    class Then(base):  # type: ignore[misc,valid-type] # either dialect, stopped at a version
        def migrate(self, engine: sa.Engine) -> None:
            config = Config()
            config.set_main_option("script_location", str(MIGRATIONS))
            with engine.connect() as con, con.begin():
                config.attributes["connection"] = con
                command.upgrade(config, version)

    return Books(Then(where if base is PostgreSQL else Path(where)), clock())


def told(books: Books, names: Mapping[str, list[str]]) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of tables and views, of the columns given."""
    with books.reading() as book:
        return {
            n: sorted(book.con.exec_driver_sql(f'select {", ".join(cols)} from "{n}"').fetchall(), key=repr)
            for n, cols in names.items()
        }


def columns(books: Books) -> dict[str, list[str]]:
    """The columns of every table and view."""
    look = sa.inspect(books.engine)
    names = set(look.get_table_names() + look.get_view_names()) - {"alembic_version"}
    return {n: [c["name"] for c in look.get_columns(n)] for n in sorted(names)}


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where books can be made from nothing."""
    if request.param == "sqlite":
        yield str(tmp_path / "books.db")
        return
    with database(request.getfixturevalue("postgres"), "template0") as url:
        yield url


@pytest.mark.parametrize("version", VERSIONS[:-1])
def test_books_of_an_earlier_version_open_with_all_that_they_hold(where: str, tmp_path: Path, version: str) -> None:
    old, seal = at_version(where, version), Seal(tmp_path / "checkpoints", KEY)
    for name in (v for v in VERSIONS if v <= version):
        for tables in WRITTEN[name]:
            with old.writing() as book:
                book.record(chain.Entry("somebody", "something", name), tables)
    seal.stamp(old)
    names = columns(old)
    before = told(old, names)
    assert old.schema_version() == version and [n for n, rows in before.items() if not rows] == []
    old.close()

    books = open_books(where, clock())
    assert books.schema_version() == newest()
    assert told(books, names) == before
    assert books.audit_faults(tmp_path / "checkpoints", seal.public_key) == []

    publish(books, 2)
    decision = propose(books, subject_id="P7")
    assert decide(books, decision, "approve")["status"] == "approved"
    seal.stamp(books)
    assert books.audit_faults(tmp_path / "checkpoints", seal.public_key) == []
    for table in set(names) - {n for n in names if n.endswith(("_state", "_entry")) and n != "user_entry"}:
        with pytest.raises(sa.exc.DBAPIError, match="only grow"), books.writing() as book:
            book.con.exec_driver_sql(f'delete from "{table}"')
    books.close()


def test_every_version_but_the_newest_has_something_to_migrate() -> None:
    assert list(WRITTEN) == VERSIONS[:-1]


def test_a_decision_reads_the_same_before_and_after(where: str) -> None:
    """By hand: approved by one and released, by two, overturned, rejected, applied by the run; a case that was decided."""
    old = at_version(where, "0002")
    for name in ("0001", "0002"):
        for tables in WRITTEN[name]:
            with old.writing() as book:
                book.record(chain.Entry("somebody", "something", name), tables)
    old.close()
    books = open_books(where)
    with books.reading() as book:
        found = book.rows(
            "select decision_id, status, decided_by, effective_to from decision_state order by decision_id"
        )
        case = book.rows("select state, owner, deadline_on, escalated_on from case_state where case_id = 'C1'")
    assert [tuple(r.values()) for r in found] == [
        ("D1", "applied", "wang", 77), ("D2", "approved", "wang, zhao", None), ("D3", "overturned", "zhao", None),
        ("D4", "rejected", "zhao", None), ("D5", "applied", "policy", None),
    ]  # fmt: skip
    assert case == [{"state": "decided", "owner": "li", "deadline_on": "2026-03-05", "escalated_on": OTHER}]
    books.close()

"""Whoever declared a tie stays out, however the promoter is named: by finding, by ring, by relation of a published run."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner

from casebook import cases, ties
from casebook.books import Books
from data_contracts.contract import contracts
from data_contracts.errors import NotAllowed
from pipelines.cli import cli
from tests.casebook.conftest import LAST, decide, propose, publish

RING = {"finding_id": "F1", "clause": "3.4(1)", "detector": "collusion_ring", "subject_kind": "ring", "subject_id": "K1",
        "first_seen": LAST}  # fmt: skip
CASE = {"case_id": "C1", "subject_kind": "ring", "subject_id": "K1", "opened_on": LAST, "deadline_on": date(2026, 2, 14),
        "blind": 0}  # fmt: skip
EVIDENCE = json.dumps([{"code": "CR01", "ids": ["A1", "A2"]}, {"code": "CR03", "ids": ["A1 A2 same_person"]}])
TABLES: dict[str, list[dict[str, Any]]] = {
    "findings": [{"finding_id": "F1", "subject_kind": "ring", "subject_id": "K1", "promoter_id": "P1", "evidence": EVIDENCE},
                 {"finding_id": "F2", "subject_kind": "promoter", "subject_id": "P9", "promoter_id": "P9", "evidence": "no json"}],
    "relations": [{"invitee_id": "A1", "promoter_id": "P2"}, {"invitee_id": "A9", "promoter_id": "P9"}],
    "groups": [{"account_id": "A9", "group_id": "G1"}],
    "statements": [{"promoter_id": "P1", "month": "2025-12"}],
    "orders": [{"order_id": "o1", "account_id": "A9"}],
    "promoters": [{"promoter_id": "P1"}],
    "accounts": [{"account_id": "A9"}],
    "coupons": [{"coupon_id": "c1"}],
}  # fmt: skip
FEEDS = ("orders", "promoters", "accounts", "coupons")


def write(folder: Path) -> None:
    """The tables as a run publishes them, the columns that ties are read from."""
    (folder / "tables" / "feeds").mkdir(parents=True)
    for name, rows in TABLES.items():
        place = folder / f"{'tables/feeds/' if name in FEEDS else ''}{name}.parquet"
        columns = ", ".join(f'"{c}" varchar' for c in rows[0])
        assert set(rows[0]) <= set(contracts()[name].names)
        with duckdb.connect() as con:
            con.execute(f"create table t ({columns})")
            for row in rows:
                con.execute(f"insert into t values ({', '.join('?' * len(row))})", list(row.values()))
            con.execute(f"copy t to '{place}' (format parquet)")


@pytest.mark.parametrize(("kind", "subject", "promoters"), [
    ("ring", "K1", {"P1", "P2", "A1", "A2"}), ("promoter", "P9", {"P9"}), ("invitee", "A1", {"A1", "P2"}),
    ("group", "G1", {"A9", "P9"}), ("order", "o1", {"A9", "P9"}), ("ring", "K2", set()),
])  # fmt: skip
def test_a_run_tells_whom_a_subject_is_tied_to(tmp_path: Path, kind: str, subject: str, promoters: set[str]) -> None:
    write(tmp_path)
    with duckdb.connect() as con:
        for name in TABLES:
            place = "tables/feeds" if name in FEEDS else "."
            con.read_parquet(str(tmp_path / place / f"{name}.parquet")).create_view(name)
        found = {p for (p,) in con.execute(ties.OF_RUN, {"k": kind, "s": subject}).fetchall()}
    assert {p for p in found if " " not in p} == promoters


@pytest.fixture
def started(books: Books) -> Books:
    """Books with a case on a ring of P1, whose evidence names A1 and touches P2."""
    facts = json.dumps({"against": ["A1", "met"], "touched": ["P2"], "subject_id": "K1"})
    publish(books, new_finding=[{**RING, "promoter_id": "P1"}], new_case=[CASE],
            new_finding_evidence=[{"finding_id": "F1", "sha256": "a" * 64, "facts": facts}])  # fmt: skip
    return books


@pytest.mark.parametrize("promoter", ["P1", "P2", "A1"])
def test_who_is_tied_to_any_promoter_of_a_ring_decides_nothing_on_it(started: Books, promoter: str) -> None:
    decision = propose(started, measure="warn", subject_kind="ring", subject_id="K1", finding="F1", by="li")
    cases.declare_tie(started, "wang", promoter, "cousin")
    with pytest.raises(NotAllowed, match=f"tie to promoter {promoter}"):
        decide(started, decision, "approve", "wang")
    with pytest.raises(NotAllowed, match="tie"):
        propose(started, measure="warn", subject_kind="ring", subject_id="K1", by="wang")
    for action, more in (("take", {}), ("assign", {"owner": "wang"})):
        with pytest.raises(NotAllowed, match="tie"):
            cases.act(started, "C1", action, "wang" if not more else "li", "r", owner=more.get("owner"))
    cases.act(started, "C1", "take", "li", "r")
    for action in ("decide", "close"):
        with pytest.raises(NotAllowed, match="tie"):
            cases.act(started, "C1", action, "wang", "r")
    assert cases.act(started, "C1", "note", "wang", "saw them in the street")["state"] == "in_review"
    assert decide(started, decision, "approve", "zhao")["status"] == "approved"


def test_the_command_line_holds_a_tie_against_the_published_run(sqlite_books: Books, tmp_path: Path) -> None:
    """A1 is P2's by relation alone: only the run knows."""
    publish(sqlite_books)
    cases.declare_tie(sqlite_books, "li", "P2", "cousin")
    given = ["propose", "--measure", "warn", "--subject-kind", "invitee", "--subject-id", "A1", "--clause", "3.5(2)",
             "--reason", "seen", "--state", str(tmp_path), "--by"]  # fmt: skip
    assert CliRunner().invoke(cli, [*given, "li"]).exit_code == 0
    write(tmp_path / "runs" / "r1")
    (tmp_path / "current").symlink_to("runs/r1")
    refused = CliRunner().invoke(cli, [*given, "li"])
    assert refused.exit_code == 2 and "tie to promoter P2" in refused.output
    assert CliRunner().invoke(cli, [*given, "zhao", "--effective-from", "2026-01-10"]).exit_code == 0

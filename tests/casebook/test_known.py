"""What nobody knows is no subject of a measure: neither the published run nor the books have heard of it."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from casebook import cases, decisions, known, registers
from casebook.books import Books
from data_contracts.errors import NotFound, UsageError
from pipelines.cli import cli
from tests.casebook.conftest import LAST, propose, publish
from tests.casebook.test_ties import FEEDS, TABLES, write

THERE = {("promoter", "P1"), ("order", "o1"), ("invitee", "A1"), ("referral", "A1"), ("group", "G1"), ("coupon", "c1"),
         ("ring", "K1"), ("account", "A9"), ("month", "2025-12")}  # fmt: skip
RING = {"finding_id": "F1", "clause": "3.4(1)", "detector": "collusion_ring", "subject_kind": "ring", "subject_id": "K7",
        "promoter_id": "P7", "first_seen": LAST}  # fmt: skip


def of_run(kind: str, name: str) -> bool:
    """A run that knows P1, o1 and the like."""
    return (kind, name) in THERE


@pytest.fixture
def started(books: Books) -> Books:
    """Books whose only run found something on the ring K7 of P7."""
    publish(books, new_finding=[RING])
    return books


def test_a_run_knows_what_stands_in_its_tables_and_nothing_else(tmp_path: Path) -> None:
    write(tmp_path)
    with duckdb.connect() as con:
        for name in TABLES:
            place = "tables/feeds" if name in FEEDS else "."
            con.read_parquet(str(tmp_path / place / f"{name}.parquet")).create_view(name)
        for kind, name in THERE:
            assert con.execute(*known.asked(kind, name)).fetchall() != [], (kind, name)
            assert con.execute(*known.asked(kind, f"{name}0")).fetchall() == [], (kind, name)
        assert con.execute(*known.asked("promoter", "P2")).fetchall() != [], (
            "who invited somebody without being a member"
        )


@pytest.mark.parametrize(("kind", "name", "promoter"), [
    ("promoter", "P404", None), ("order", "o404", None), ("invitee", "A404", None), ("referral", "A404", None),
    ("group", "G404", "P1"), ("ring", "K404", "P1"), ("coupon", "c404", "P1"), ("group", "G1", "P404"),
])  # fmt: skip
def test_a_measure_on_what_nobody_knows_is_refused_and_leaves_nothing(
    started: Books, kind: str, name: str, promoter: str | None
) -> None:
    before = started.anchor()
    with pytest.raises(NotFound, match="404") as refused:
        propose(started, subject_kind=kind, subject_id=name, promoter=promoter, known=of_run)
    assert "404" in refused.value.args[0].told("zh")
    assert started.anchor() == before and decisions.listing(started) == []


@pytest.mark.parametrize(("kind", "name", "promoter"), [
    ("promoter", "P1", None), ("promoter", "P7", None), ("ring", "K7", None), ("order", "o1", None), ("coupon", "c1", "P1"),
])  # fmt: skip
def test_what_the_run_or_the_books_know_can_be_acted_on(
    started: Books, kind: str, name: str, promoter: str | None
) -> None:
    """A finding of an earlier run keeps its subject known."""
    assert propose(started, subject_kind=kind, subject_id=name, promoter=promoter, known=of_run).startswith("D")


@pytest.mark.parametrize(("month", "code"), [
    ("2030-01", "month_ahead"), ("2026-02", "month_ahead"), ("2019-01", "month_unknown"), ("2026-13", "month_form"),
    ("2026-01", None), ("2025-12", None),
])  # fmt: skip
def test_a_month_is_one_that_has_begun_and_has_a_statement(started: Books, month: str, code: str | None) -> None:
    """The last published day is in 2026-01: the month that runs needs no statement yet."""
    given = {"measure": "cancel_rebate", "month": month, "known": of_run}
    if code is None:
        assert propose(started, **given)
        return
    with pytest.raises(UsageError) as refused:
        propose(started, **given)
    assert refused.value.args[0].code == code


def test_a_measure_on_a_ring_names_the_promoter_through_whom_it_reaches_the_ring(started: Books) -> None:
    """Without one it would reach nobody and take nothing."""
    ring = {"subject_kind": "ring", "subject_id": "K7", "measure": "hold_payout", "known": of_run}
    decision = propose(started, **ring)
    with started.reading() as book:
        assert decisions.standing(book, decision)["promoter_id"] == "P7"
    with pytest.raises(UsageError, match="--promoter"):
        propose(started, **{**ring, "subject_id": "K1"})
    assert propose(started, **{**ring, "subject_id": "K1", "promoter": "P1"})


def test_ties_and_words_on_accounts_that_are_nobodys_are_refused(started: Books) -> None:
    with pytest.raises(NotFound, match="no promoter P404"):
        cases.declare_tie(started, "li", "P404", "cousin", of_run)
    cases.declare_tie(started, "li", "A9", "cousin", of_run)
    with pytest.raises(NotFound, match="no account A404"):
        registers.add_override(started, "A9", "A404", "must_link", "li", "one shop", known=of_run)


def test_the_command_line_asks_the_newest_run(sqlite_books: Books, tmp_path: Path) -> None:
    publish(sqlite_books)
    write(tmp_path / "runs" / "r1")
    (tmp_path / "current").symlink_to("runs/r1")
    common = [
        "propose",
        "--measure",
        "hold_payout",
        "--clause",
        "3.5(2)",
        "--by",
        "li",
        "--reason",
        "seen",
        "--state",
        str(tmp_path),
    ]
    for kind, name, more, code in (
        ("promoter", "P404", [], 2), ("order", "o404", [], 2), ("promoter", "P1", ["--month", "2030-01"], 2), ("promoter", "P1", [], 0),
    ):  # fmt: skip
        done = CliRunner().invoke(cli, [*common, "--subject-kind", kind, "--subject-id", name, *more])
        assert done.exit_code == code and ("404" in done.output or "2030" in done.output) is (code == 2), done.output

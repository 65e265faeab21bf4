"""Many threads write at once: fewer commits than effects, every answer after its commit, no failure that spreads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
import sqlalchemy as sa

from casebook import chain, decisions
from casebook.books import Books, open_books
from data_contracts.errors import NotAllowed
from tests.casebook.conftest import decide, propose, publish
from tests.counts import SOAK, SoakCount

MANY = 24
RACES = 1000 if SOAK else 12


class Boom(Exception):
    """What an effect dies of."""


def waiting(books: Books) -> int:
    """How many threads wait to write."""
    return books._writer.__self__.waiting  # type: ignore[attr-defined, no-any-return] # the queue behind SQLite's writer


def together(books: Books, effects: Sequence[Callable[[], str]]) -> list[Future[str]]:
    """Run the effects in threads that all wait until the first has begun and the others queue behind it."""
    begun, go = threading.Event(), threading.Event()

    def first() -> None:
        with books.writing() as book:
            begun.set()
            go.wait()
            book.record(chain.Entry("li", "first", "x"))

    with ThreadPoolExecutor(len(effects) + 1) as pool:
        pool.submit(first)
        begun.wait()
        done = [pool.submit(e) for e in effects]
        for _ in range(10_000):
            if waiting(books) == len(effects) or go.wait(0.001):
                break
        go.set()
    return done


def writes(con: sa.Connection) -> bool:
    """Whether it is a writer's connection: readers end their view with a commit too."""
    return "books_begin" not in con.get_execution_options()


def commits(books: Books) -> list[bool]:
    """A list that grows with each commit of a writer."""
    seen: list[bool] = []
    sa.event.listen(books.engine, "commit", lambda con: writes(con) and seen.append(True))
    return seen


def test_effects_that_come_together_share_commits(sqlite_books: Books) -> None:
    publish(sqlite_books)
    counted = commits(sqlite_books)
    done = together(sqlite_books, [lambda n=n: propose(sqlite_books, subject_id=f"P{n}") for n in range(MANY)])
    assert len({d.result() for d in done}) == MANY
    assert len(counted) == 1
    assert sqlite_books.audit_faults() == []
    assert len(decisions.listing(sqlite_books, "proposed")) == MANY


def test_an_effect_that_fails_harms_none_of_its_neighbours(sqlite_books: Books) -> None:
    publish(sqlite_books)

    def fails() -> str:
        with sqlite_books.writing() as book:
            book.record(chain.Entry("li", "lost", "x"))
            raise Boom

    def breaks_the_schema() -> str:
        with sqlite_books.writing() as book:
            book.con.exec_driver_sql(
                "insert into verdict (seq, finding_id, verdict, by_whom, reason, at) values (1, 'F', 'x', '', '', 0)"
            )
        return ""

    effects = [lambda n=n: propose(sqlite_books, subject_id=f"P{n}") for n in range(6)]
    done = together(sqlite_books, [*effects[:3], fails, breaks_the_schema, *effects[3:]])
    assert [type(d.exception()) for d in done] == [type(None)] * 3 + [Boom, sa.exc.IntegrityError] + [type(None)] * 3
    assert sqlite_books.audit_faults() == []
    with sqlite_books.reading() as book:
        assert book.value("select count(*) from audit where action = 'lost'") == 0
        assert book.value("select count(*) from decision") == 6


def test_nobody_is_answered_before_the_commit_and_all_are_told_when_it_fails(
    sqlite_books: Books, tmp_path: Path
) -> None:
    publish(sqlite_books)

    def full_disk(con: sa.Connection) -> None:
        if writes(con):
            raise OSError("no space left")

    sa.event.listen(sqlite_books.engine, "commit", full_disk)
    done = together(sqlite_books, [lambda n=n: propose(sqlite_books, subject_id=f"P{n}") for n in range(4)])
    assert [type(d.exception()) for d in done] == [OSError] * 4
    sa.event.remove(sqlite_books.engine, "commit", full_disk)
    again = open_books(tmp_path / "books.db")
    assert decisions.listing(again) == [] and again.audit_faults() == []
    again.close()
    assert propose(sqlite_books).startswith("D")


def test_a_block_within_a_block_is_one_transaction(books: Books) -> None:
    publish(books)
    with suppress(Boom), books.writing() as outer:
        outer.record(chain.Entry("li", "outer", "x"))
        with suppress(Boom), books.writing() as inner:
            inner.record(chain.Entry("li", "inner", "x"))
            raise Boom
        outer.record(chain.Entry("li", "after", "x"))
    with books.reading() as book:
        assert [r["action"] for r in book.rows("select action from audit order by seq")] == [
            "run.publish",
            "outer",
            "after",
        ]
    with suppress(Boom), books.writing():
        with books.writing() as inner:
            inner.record(chain.Entry("li", "inner", "x"))
        raise Boom
    with books.reading() as book:
        assert book.value("select count(*) from audit where action = 'inner'") == 0


def test_of_two_people_on_one_decision_exactly_one_wins(books: Books, soak_count: SoakCount) -> None:
    """Approve against reject, from two threads at once: one is done, the other refused and logged."""
    publish(books)
    races = RACES if books.engine.dialect.name == "sqlite" else max(RACES // 4, 3)
    soak_count("decision_races", races)
    with ThreadPoolExecutor(2) as pool:
        for n in range(races):
            name, gate = propose(books, subject_id=f"P{n}"), threading.Barrier(2)

            def move(action: str, who: str, name: str = name, gate: threading.Barrier = gate) -> str:
                gate.wait()
                try:
                    return str(decide(books, name, action, who)["status"])
                except NotAllowed:
                    return "refused"

            told = [f.result() for f in [pool.submit(move, "approve", "wang"), pool.submit(move, "reject", "zhao")]]
            assert sorted(told) in (["approved", "refused"], ["refused", "rejected"])
    with books.reading() as book:
        assert book.value("select count(*) from audit where action = 'refused'") == races
        assert book.value("select count(*) from decision_event") == races
    assert books.audit_faults() == []


@pytest.mark.parametrize("most", [1, 3])
def test_a_batch_has_a_largest_size_so_that_other_processes_get_their_turn(sqlite_books: Books, most: int) -> None:
    publish(sqlite_books)
    sqlite_books._writer.__self__.most = most  # type: ignore[attr-defined] # the queue behind SQLite's writer
    counted = commits(sqlite_books)
    together(sqlite_books, [lambda n=n: propose(sqlite_books, subject_id=f"P{n}") for n in range(8)])
    assert len(counted) == 9 // most

"""A request that is sent again under its key has one effect, and what people look at is on record: on both databases."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from casebook import decisions
from casebook.answers import KeyReused, once
from casebook.books import Books
from casebook.sights import Sights
from data_contracts.errors import NotAllowed
from tests.casebook.conftest import decide, propose, publish
from tests.counts import SOAK

KEYS = 10_000 if SOAK else 6


@pytest.fixture
def started(books: Books) -> Books:
    """Books with one published run."""
    publish(books)
    return books


def send(books: Books, key: str, subject: str = "P1") -> str:
    return str(once(books, "li", key, {"subject": subject}, lambda: propose(books, subject_id=subject)))


def test_the_same_key_gets_the_first_answer_and_another_a_new_one(started: Books) -> None:
    first = send(started, "k1")
    assert send(started, "k1") == first and len(decisions.listing(started)) == 1
    assert send(started, "k2", "P2") != first and len(decisions.listing(started)) == 2
    assert once(started, "wang", "k1", {}, lambda: "mine") == "mine"
    assert started.audit_faults() == []


def test_a_key_with_another_content_is_refused_and_logged(started: Books) -> None:
    send(started, "k1")
    with pytest.raises(KeyReused, match="k1"):
        send(started, "k1", "P2")
    with started.reading() as book:
        assert book.rows("select actor, action, object from audit order by seq desc limit 1") == [
            {"actor": "li", "action": "refused", "object": "k1"}
        ]
    assert len(decisions.listing(started)) == 1


def test_a_refusal_is_an_answer_and_stays_in_the_log(started: Books) -> None:
    name = propose(started, by="li")
    for _ in range(2):
        with pytest.raises(NotAllowed, match="own proposal"):
            once(started, "li", "k1", {}, lambda: decide(started, name, "approve", "li"))
    with started.reading() as book:
        assert book.value("select count(*) from audit where action = 'refused'") == 1


def test_an_effect_that_breaks_leaves_no_answer_and_can_be_tried_again(started: Books) -> None:
    def breaks() -> str:
        propose(started)
        raise OSError("cut off")

    with pytest.raises(OSError, match="cut off"):
        once(started, "li", "k1", {"subject": "P1"}, breaks)
    assert decisions.listing(started) == []
    assert send(started, "k1").startswith("D")


def test_of_three_sends_at_once_one_has_the_effect(started: Books) -> None:
    keys = KEYS if started.engine.dialect.name == "sqlite" else max(KEYS // 20, 3)
    with ThreadPoolExecutor(3) as pool:
        for n in range(keys):
            gate = threading.Barrier(3)

            def one(n: int = n, gate: threading.Barrier = gate) -> str:
                gate.wait()
                return send(started, f"k{n}", f"P{n}")

            assert len({f.result() for f in [pool.submit(one) for _ in range(3)]}) == 1
    with started.reading() as book:
        assert book.value("select count(*) from decision") == keys


def test_sights_are_written_together_in_their_order(started: Books) -> None:
    sights = Sights(started, most=3)
    for person, subject in (("li", "C1"), ("wang", "C1"), ("li", "C2"), ("li", "C3")):
        sights.see(person, "cases", subject)
    assert sights.flush() == 1 and sights.flush() == 0
    with started.reading() as book:
        rows = book.rows("select person, object, line_no from sight order by seq, line_no")
        assert book.value("select count(*) from audit where action = 'sight'") == 2
    assert [(r["person"], r["object"], r["line_no"]) for r in rows] == [
        ("li", "C1", 1), ("wang", "C1", 2), ("li", "C2", 3), ("li", "C3", 1)
    ]  # fmt: skip
    assert started.audit_faults() == []


def test_sights_that_could_not_be_written_are_kept_for_the_next_time(
    started: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    sights = Sights(started)
    sights.see("li", "cases", "C1")
    with monkeypatch.context() as broken:
        broken.setattr(started, "writing", lambda: (_ for _ in ()).throw(OSError))
        with pytest.raises((OSError, TypeError)):
            sights.flush()
    assert sights.flush() == 1


def test_sights_are_written_in_the_background_and_when_the_process_ends(started: Books) -> None:
    sights = Sights(started, every=3600)
    sights.loop.start()
    sights.see("li", "cases", "C1")
    sights.loop.stop()
    with started.reading() as book:
        assert book.value("select count(*) from sight") == 1

"""The books keep what they are told, once, whole and for good: on SQLite and on PostgreSQL alike."""

from __future__ import annotations

import dataclasses
import itertools
import shutil
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pytest
import sqlalchemy as sa

from casebook.books import Books, open_books
from casebook.store import newest
from data_contracts.contract import contracts
from data_contracts.errors import Busy, ContractBroken, NotFound
from tests.casebook.conftest import decide, frozen, propose, publish, run_of, table_of
from tests.counts import SOAK, SoakCount

FINDING = {"finding_id": "F1", "clause": "2.2(3)", "detector": "same_user", "subject_kind": "referral", "subject_id": "A2",
           "promoter_id": "P1", "first_seen": date(2026, 1, 31)}  # fmt: skip
POSTING = {"transaction_id": "T1", "posting_no": 1, "posted_on": date(2026, 1, 31), "month": "2025-12",
           "earning_month": "2025-12", "promoter_id": "P1", "debit_account": "programme_expense",
           "credit_account": "promoter_payable", "amount_fen": 1234, "cause": "4.1"}  # fmt: skip


def test_new_books_are_at_the_newest_schema_and_hold_nothing(books: Books) -> None:
    assert books.schema_version() == newest()
    assert (books.last_run(), books.next_run_seq(), books.human_seq(), books.last_issue()) == (None, 1, 0, None)


def test_a_run_is_found_again_with_all_that_it_recorded(books: Books, tmp_path: Path) -> None:
    issue = {"month": "2025-12", "cutoff_at": datetime(2026, 1, 31, 16, tzinfo=UTC), "issued_on": date(2026, 1, 31)}
    publish(books, new_finding=[FINDING], new_posting=[POSTING], new_issue=[issue])
    assert books.last_run() is not None and books.next_run_seq() == 2
    assert books.last_issue() == ("2025-12", date(2026, 1, 31))
    assert frozen(books, tmp_path / "w", "books_posting") == [{**POSTING, "corrects": None, "run_seq": 1}]
    assert frozen(books, tmp_path / "w", "books_issue")[0]["cutoff_at"] == datetime(2026, 1, 31, 16, tzinfo=UTC)
    assert frozen(books, tmp_path / "w", "books_run")[0]["as_of"] == date(2026, 1, 31)


def test_committing_a_run_twice_writes_it_once(books: Books, tmp_path: Path) -> None:
    table = {"posting": [table_of("new_posting", [POSTING])]}
    assert books.commit(run_of(1), table, fingerprint="f", models={"m": "1"}) is True
    assert books.commit(run_of(1), table, fingerprint="f", models={"m": "1"}) is False
    assert len(frozen(books, tmp_path / "w", "books_posting")) == 1


def test_a_run_that_began_before_another_was_published_is_told_to_start_again(books: Books) -> None:
    publish(books, 1)
    with pytest.raises(Busy, match="start it again"):
        books.commit(dataclasses.replace(run_of(1), run_id="other"), {}, fingerprint="g", models={})
    assert books.run_ids() == {run_of(1).run_id}


def test_books_that_somebody_else_writes_to_are_busy(sqlite_books: Books, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "books.db", isolation_level=None)) as other:
        other.execute("begin immediate")
        impatient = open_books(tmp_path / "books.db")
        sa.event.listen(impatient.engine, "connect", lambda raw, _: raw.execute("pragma busy_timeout = 10"))
        impatient.engine.dispose()
        with pytest.raises(Busy):
            publish(impatient)
        impatient.close()


def test_a_run_that_cannot_be_written_whole_leaves_nothing(books: Books) -> None:
    with pytest.raises(sa.exc.IntegrityError):
        publish(books, new_finding=[FINDING], new_posting=[{**POSTING, "amount_fen": 0}])
    assert books.run_ids() == set()


def test_a_published_run_is_known_by_what_it_was_made_from(books: Books) -> None:
    books.commit(run_of(1), {}, fingerprint="f", models={"burst": "abc"})
    assert books.published("f", {"burst": "abc"}) == run_of(1).run_id
    assert books.published("f", {"burst": "other"}) is None and books.published("g", {"burst": "abc"}) is None


def test_two_sources_of_one_table_go_in_together(books: Books, tmp_path: Path) -> None:
    one = table_of(
        "instruction", [{"instruction_id": "I1", "kind": "warn", "subject_id": "P1", "created_on": date(2026, 1, 31)}]
    )
    two = pa.table({"instruction_id": ["I2"], "kind": ["recovery_notice"], "subject_id": ["P2"],
                    "created_on": pa.array([date(2026, 1, 31)]), "amount_fen": [500]})  # fmt: skip
    books.commit(run_of(1), {"instruction": [one, two]}, fingerprint="f", models={})
    assert [r["instruction_id"] for r in frozen(books, tmp_path / "w", "books_instruction")] == ["I1", "I2"]


def test_a_column_that_the_books_do_not_know_is_a_fault_not_a_loss(books: Books) -> None:
    with pytest.raises(ContractBroken, match="surprise"):
        books.commit(run_of(1), {"posting": [pa.table({"surprise": [1]})]}, fingerprint="f", models={})


@pytest.mark.parametrize("name", [c.table for c in contracts().values() if c.records])
def test_every_recorded_table_has_a_place_in_the_books(sqlite_books: Books, name: str) -> None:
    contract = contracts()[name]
    with sqlite_books.reading() as book:
        assert set(contract.names) <= sqlite_books.dialect.columns(book.con, str(contract.records))


@pytest.mark.parametrize("attack", [
    "update posting set amount_fen = 1", "delete from posting", "update audit set actor = 'me'", "delete from audit",
    "update run set as_of = '2020-01-01'",
])  # fmt: skip
def test_nothing_in_the_books_can_be_changed_or_removed(books: Books, attack: str) -> None:
    publish(books, new_posting=[POSTING])
    with pytest.raises(sa.exc.DBAPIError, match="only grow"), books.writing() as book:
        book.con.exec_driver_sql(attack)


def test_a_replace_is_no_way_round(sqlite_books: Books) -> None:
    publish(sqlite_books, new_posting=[POSTING])
    for pragma in ("on", "off"):
        with pytest.raises(sa.exc.DBAPIError, match="only grow"), sqlite_books.engine.connect() as con:
            con.exec_driver_sql(f"pragma recursive_triggers = {pragma}")
            con.exec_driver_sql("insert or replace into posting select * from posting")


@pytest.mark.postgres
def test_a_table_cannot_be_emptied_on_postgresql(books: Books) -> None:
    if books.engine.dialect.name != "postgresql":
        return
    with pytest.raises(sa.exc.DBAPIError, match="only grow"), books.writing() as book:
        book.con.exec_driver_sql("truncate verdict")


def test_every_row_needs_the_audit_entry_that_wrote_it(books: Books) -> None:
    publish(books, new_finding=[FINDING])
    with pytest.raises(sa.exc.IntegrityError), books.writing() as book:
        book.con.exec_driver_sql(
            "insert into verdict (seq, finding_id, verdict, by_whom, reason, at) values (77, 'F1', 'unclear', 'li', 'x', 0)"
        )


def test_the_last_human_entry_moves_with_people_and_not_with_runs(books: Books) -> None:
    publish(books)
    assert books.human_seq() == 0
    decision = propose(books)
    first = books.human_seq()
    publish(books, 2)
    assert books.human_seq() == first > 0
    decide(books, decision, "approve")
    assert books.human_seq() > first


def test_writers_queue_and_the_chain_has_one_end(books: Books) -> None:
    publish(books)
    threads = [threading.Thread(target=propose, args=(books,), kwargs={"subject_id": f"P{n}"}) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with books.reading() as book:
        rows = book.rows("select seq, prev, hash from audit order by seq")
    assert [r["seq"] for r in rows] == list(range(1, 8))
    assert all(later["prev"] == earlier["hash"] for earlier, later in itertools.pairwise(rows))


def test_books_open_again_with_what_they_hold(sqlite_books: Books, tmp_path: Path) -> None:
    publish(sqlite_books)
    again = open_books(f"sqlite:///{tmp_path / 'books.db'}")
    assert again.run_ids() == {run_of(1).run_id}
    again.close()


def test_a_server_that_does_not_answer_is_named_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(NotFound) as fault:
        open_books(f"postgresql://tongren:s3cret@/books?host={tmp_path}")
    assert "s3cret" not in str(fault.value) and "cannot be reached" in str(fault.value)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        open_books(tmp_path / "nowhere" / "books.db")


def test_new_books_that_several_open_at_once_are_made_once(tmp_path: Path) -> None:
    def come(_: int) -> str:
        books = open_books(tmp_path / "books.db")
        try:
            return books.schema_version()
        finally:
            books.close()

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(come, range(4))) == {newest()}


FRAME = 24 + 4096  # a page in SQLite's write-ahead log, behind 32 bytes


def test_a_log_torn_at_any_byte_leaves_whole_entries(
    sqlite_books: Books, tmp_path: Path, soak_count: SoakCount
) -> None:
    """What a power cut leaves of the pages on their way: the books open with the entries up to some commit, and they verify."""
    publish(sqlite_books)
    propose(sqlite_books)
    log = (tmp_path / "books.db-wal").read_bytes()
    ends = [end + by for end in range(32, len(log) + 1, FRAME) for by in (-1, 0, 1)]
    cuts = sorted({*ends, *range(0, len(log), 200)}) if SOAK else ends[:: max(1, len(ends) // 16)]
    seen = []
    for number, cut in enumerate([*cuts, len(log)]):
        soak_count("torn_logs", 1)
        torn = tmp_path / f"torn{number}"
        torn.mkdir()
        shutil.copyfile(tmp_path / "books.db", torn / "books.db")
        (torn / "books.db-wal").write_bytes(log[:cut])
        with closing(open_books(torn / "books.db")) as books:
            assert books.audit_faults() == []
            end = books.anchor()
        seen.append(end["seq"] if end else 0)
    assert seen == sorted(seen) and {1, 2} <= set(seen) <= {0, 1, 2}

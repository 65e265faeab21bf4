"""A backup is taken under way, verified, and never brings back books that lack an acknowledged decision."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from casebook import backup
from casebook.books import Books, open_books
from casebook.checkpoint import Seal
from data_contracts.errors import NotAllowed, NotFound
from data_contracts.vault import Key
from tests.casebook.conftest import database, propose, publish


def test_a_copy_taken_while_the_books_are_open_restores_to_the_same_chain(sqlite_books: Books, tmp_path: Path) -> None:
    publish(sqlite_books)
    propose(sqlite_books)
    copy = backup.take(tmp_path / "books.db", tmp_path / "copy.db")
    head = sqlite_books.anchor()
    sqlite_books.close()
    backup.restore(copy, tmp_path / "books.db")
    again = open_books(tmp_path / "books.db")
    assert again.anchor() == head and again.audit_faults() == []
    again.close()
    assert (tmp_path / "books.db.before-restore").exists()


def test_nobody_else_may_read_a_copy_and_no_restore_overwrites_what_the_one_before_kept(
    sqlite_books: Books, tmp_path: Path
) -> None:
    books, copies = tmp_path / "books.db", []
    for n in range(3):
        publish(sqlite_books) if n == 0 else propose(sqlite_books, subject_id=f"P{n}")
        copies.append(backup.take(books, tmp_path / f"copy{n}.db"))
    sqlite_books.close()
    for copy in copies:
        copy.chmod(0o644)  # wherever it was kept
        backup.restore(copy, books)
    kept = [tmp_path / f"books.db.before-restore{n}" for n in ("", "-2", "-3")]
    ends = [len(told(again)) for path in kept for again in [open_books(path)]]
    assert ends == [3, 1, 2]
    assert {path.stat().st_mode & 0o777 for path in (books, *kept)} == {0o600}
    assert backup.take(books, tmp_path / "copy.db").stat().st_mode & 0o777 == 0o600


def test_a_backup_and_what_is_restored_are_on_the_disk_before_they_have_their_names(
    sqlite_books: Books, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(sqlite_books)
    sqlite_books.close()
    synced: list[tuple[str, bool]] = []
    (tmp_path / "elsewhere").mkdir()
    books, copy = tmp_path / "books.db", tmp_path / "elsewhere" / "copy.db"
    final = copy
    monkeypatch.setattr(backup.disk, "sync", lambda path: synced.append((path.name, final.exists())))
    backup.take(books, copy)
    assert synced == [("copy.db.part", False), ("elsewhere", True)]
    synced.clear()
    final = books
    backup.restore(copy, books)
    assert synced == [("books.db.part", False), (tmp_path.name, True)]


def test_an_older_copy_than_the_newest_checkpoint_is_refused(sqlite_books: Books, tmp_path: Path) -> None:
    publish(sqlite_books)
    copy = backup.take(tmp_path / "books.db", tmp_path / "copy.db")
    propose(sqlite_books)
    seal = Seal(tmp_path / "checkpoints", Key(bytes(range(32))))
    seal.stamp(sqlite_books)
    sqlite_books.close()
    with pytest.raises(backup.BackupBroken, match="gone"):
        backup.restore(copy, tmp_path / "books.db", tmp_path / "checkpoints", seal.public_key)
    still = open_books(tmp_path / "books.db")
    assert still.audit_faults(tmp_path / "checkpoints", seal.public_key) == []
    still.close()


def test_books_that_do_not_verify_make_no_backup(sqlite_books: Books, tmp_path: Path) -> None:
    publish(sqlite_books)
    sqlite_books.close()
    with closing(sqlite3.connect(tmp_path / "books.db")) as con, con:
        con.execute("drop trigger run_no_update")
        con.execute("update run set as_of = '2020-01-01'")
    with pytest.raises(backup.BackupBroken, match="rows of run"):
        backup.take(tmp_path / "books.db", tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()


def test_a_backup_overwrites_nothing_and_names_what_is_missing(sqlite_books: Books, tmp_path: Path) -> None:
    (tmp_path / "copy.db").write_bytes(b"")
    with pytest.raises(NotAllowed, match="never overwrites"):
        backup.take(tmp_path / "books.db", tmp_path / "copy.db")
    with pytest.raises(NotFound):
        backup.restore(tmp_path / "none.db", tmp_path / "books.db")


@pytest.fixture
def server(postgres: str) -> Iterator[Callable[[], str]]:
    """`server()`: the URL of an empty database with the schema of the books, on PostgreSQL."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(database(postgres))


def told(books: Books) -> list[dict[str, Any]]:
    """The audit chain."""
    with books.reading() as book:
        return book.rows("select * from audit order by seq")


@pytest.mark.postgres
def test_books_on_a_server_come_back_in_another_database_and_in_a_file(
    server: Callable[[], str], tmp_path: Path
) -> None:
    first, seal = server(), Seal(tmp_path / "checkpoints", Key(bytes(range(32))))
    with closing(open_books(first)) as books:
        publish(books)
        propose(books)
        seal.stamp(books)
        told_before = told(books)
        copy = backup.take_from_server(first, tmp_path / "copy.db")
    second = server()
    backup.restore_to_server(copy, second, tmp_path / "checkpoints", seal.public_key)
    backup.restore(copy, tmp_path / "books.db")
    for where in (second, tmp_path / "books.db"):
        with closing(open_books(where)) as again:
            assert told(again) == told_before
            assert again.audit_faults() == []
            propose(again, subject_id="P2")  # and life goes on
            assert again.audit_faults() == []


@pytest.mark.postgres
def test_nothing_is_restored_over_books_on_a_server_nor_a_copy_that_lacks_entries(
    server: Callable[[], str], tmp_path: Path
) -> None:
    first, second, seal = server(), server(), Seal(tmp_path / "checkpoints", Key(bytes(range(32))))
    with closing(open_books(first)) as books:
        publish(books)
        copy = backup.take_from_server(first, tmp_path / "copy.db")
        propose(books)
        seal.stamp(books)
    with pytest.raises(NotAllowed, match="empty database"):
        backup.restore_to_server(copy, first)
    with pytest.raises(backup.BackupBroken, match="gone"):
        backup.restore_to_server(copy, second, tmp_path / "checkpoints", seal.public_key)
    with closing(open_books(second)) as still:
        assert still.anchor() is None
    with pytest.raises(NotAllowed, match="never overwrites"):
        backup.take_from_server(first, copy)


@pytest.mark.postgres
def test_books_move_from_a_file_to_a_server(sqlite_books: Books, server: Callable[[], str], tmp_path: Path) -> None:
    publish(sqlite_books)
    propose(sqlite_books)
    copy = backup.take(tmp_path / "books.db", tmp_path / "copy.db")
    backup.restore_to_server(copy, url := server())
    with closing(open_books(url)) as there, sqlite_books.reading() as here:
        assert there.audit_faults() == []
        with there.reading() as book:
            for table in ("audit", "run", "decision", "decision_event"):
                listed = f"select * from {table} order by seq"
                assert book.rows(listed) == here.rows(listed)

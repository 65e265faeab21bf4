"""A backup is taken under way, verified, and never brings back books that lack an acknowledged decision."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from casebook import backup
from casebook.books import Books, open_books
from casebook.checkpoint import Seal
from data_contracts.errors import NotAllowed, NotFound
from data_contracts.vault import Key
from tests.casebook.conftest import propose, publish


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

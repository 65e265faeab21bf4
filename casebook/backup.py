"""A copy of the books that can stand in for them: taken while they are in use, checked before it counts.

A backup is one SQLite file, from whichever database: books on a server are read in one consistent view, and a backup goes back
to a file or into an empty database of a server.
"""

from __future__ import annotations

import itertools
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from casebook import audit_verify
from casebook.books import Books, Ledgerbook, open_books
from casebook.store import BATCH
from data_contracts import disk
from data_contracts.errors import NotAllowed, NotFound, TongrenError


class BackupBroken(TongrenError):
    """A copy does not verify; the message lists what is wrong with it."""


def take(books: Path, copy: Path) -> Path:
    """Copy SQLite books to a new file while others read and write, and verify the copy.

    Raises NotAllowed when `copy` exists, BackupBroken when the copy does not verify (it is removed then).
    """
    if not books.is_file():
        raise NotFound(f"there are no books at {books}")
    if copy.exists():
        raise NotAllowed(f"{copy} exists: a backup never overwrites another")
    part = _private(copy)
    with (
        closing(sqlite3.connect(f"file:{books}?mode=ro", uri=True)) as source,
        closing(sqlite3.connect(part)) as target,
    ):
        source.backup(target)
    _verified(part, None, None)
    return _placed(part, copy)


def take_from_server(url: str, copy: Path) -> Path:
    """Copy books on a server to a new SQLite file while others read and write, and verify the copy.

    Raises NotAllowed when `copy` exists, BackupBroken when the copy does not verify (it is removed then).
    """
    if copy.exists():
        raise NotAllowed(f"{copy} exists: a backup never overwrites another")
    part = _private(copy)
    with closing(open_books(url)) as books:
        as_file(books, part, stands_in=True)
    _verified(part, None, None)
    return _placed(part, copy)


def as_file(books: Books, copy: Path, *, stands_in: bool = False) -> Path:
    """Books on a server as a SQLite file, for somebody who cannot reach the server: `audit_verify.py` reads it.

    Unless it `stands_in` for the books it is for reading: its schema version says that it is a copy. Raises BackupBroken
    when the copy does not verify (it is removed then).
    """
    open_books(copy).close()
    with books.reading() as book, closing(sqlite3.connect(copy)) as target:
        raw: Any = book.con.connection.driver_connection
        for (table,) in raw.execute(books.dialect.audited[0]).fetchall():
            if table != "alembic_version":
                found = raw.execute(f'select * from "{table}"')
                names = ", ".join(f'"{d[0]}"' for d in found.description)
                marks = ", ".join("?" * len(found.description))
                target.executemany(f'insert into "{table}" ({names}) values ({marks})', found)
        if not stands_in:
            version = book.value("select version_num from alembic_version")
            target.execute("update alembic_version set version_num = ?", (f"copy of {version}",))
        target.commit()
        faults = audit_verify.faults(target.execute, audit_verify.SQLITE)
    if faults:
        copy.unlink()
        raise BackupBroken(f"the copy does not verify: {'; '.join(faults[:5])}", faults=tuple(faults))
    return copy


def restore(copy: Path, books: Path, checkpoints: Path | None = None, public_key: str | None = None) -> Path:
    """Put a backup where the books were; what was there is kept beside it as `.before-restore`, of the next restore `-2` and so on.

    With `checkpoints` the copy must reach the newest of them: an older one would lose acknowledged decisions, and is refused.
    """
    if not copy.is_file():
        raise NotFound(f"there is no backup at {copy}")
    part = _private(books)
    shutil.copyfile(copy, part)
    _verified(part, checkpoints, public_key)
    kept = _free(books.with_name(books.name + ".before-restore"))
    for suffix in ("", "-wal", "-shm"):
        old = books.with_name(books.name + suffix)
        if old.exists():
            old.replace(kept.with_name(kept.name + suffix))
    return _placed(part, books)


def _private(final: Path) -> Path:
    """An empty file for a copy that nobody else may read, beside the place that it will have."""
    part = final.with_name(final.name + ".part")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600, exist_ok=False)
    return part


def _free(path: Path) -> Path:
    """The first of `path`, `path-2`, `path-3` and so on that is not taken: no copy of the books is ever overwritten."""
    names = (path if n == 1 else path.with_name(f"{path.name}-{n}") for n in itertools.count(1))
    return next(name for name in names if not name.exists())


def _placed(part: Path, final: Path) -> Path:
    """Give a copy its name once its bytes are on the disk, and put the name there too."""
    disk.sync(part)
    part.replace(final)
    disk.sync(final.parent)
    return final


def restore_to_server(copy: Path, url: str, checkpoints: Path | None = None, public_key: str | None = None) -> str:
    """Load a backup into an empty database of a server, all of it or nothing; the URL without its password.

    Raises NotAllowed when there are books in the database already, BackupBroken when what was loaded does not verify, or does
    not reach the newest of the `checkpoints`.
    """
    if not copy.is_file():
        raise NotFound(f"there is no backup at {copy}")
    with tempfile.TemporaryDirectory() as scratch, closing(open_books(url)) as books:
        part = Path(shutil.copyfile(copy, Path(scratch) / "books.db"))
        _verified(part, None, None)
        with books.writing() as book, closing(sqlite3.connect(part)) as source:
            shown = str(book.con.engine.url.render_as_string(hide_password=True))
            if book.value("select count(*) from audit"):
                raise NotAllowed(
                    f"there are books at {shown}: restore into an empty database, then point --books at that"
                )
            _load(book, source)
            raw: Any = book.con.connection.driver_connection
            folder = checkpoints if checkpoints is not None and checkpoints.is_dir() else None
            if faults := audit_verify.faults(raw.execute, books.dialect.audited, folder, public_key):
                raise BackupBroken(f"the copy does not verify: {'; '.join(faults[:5])}", faults=tuple(faults))
    return shown


def _load(book: Ledgerbook, source: sqlite3.Connection) -> None:
    """Every table of a file into the same of a database, those first that others refer to."""
    for table, _ in sa.inspect(book.con).get_sorted_table_and_fkc_names():
        if table is None or table == "alembic_version":
            continue
        found = source.execute(f'select * from "{table}"')
        columns = [d[0] for d in found.description]
        while rows := found.fetchmany(BATCH):
            book.dialect.insert(book.con, table, columns, rows)


def _verified(path: Path, checkpoints: Path | None, public_key: str | None) -> None:
    books = open_books(path)
    try:
        faults = books.audit_faults(checkpoints, public_key)
    finally:
        books.close()
    if faults:
        path.unlink()
        raise BackupBroken(f"the copy does not verify: {'; '.join(faults[:5])}", faults=tuple(faults))
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)

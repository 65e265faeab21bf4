"""One writer with group commit: effects of many threads in one SQLite transaction, each answered once it is on disk.

A commit costs a wait for the disk, an effect does not. So whoever finds others waiting leaves the commit to them: effects
run one after the other, each in its own savepoint, and the last of a batch commits for all. An effect that fails is
rolled back alone; when the commit itself fails, all of the batch are told.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

MOST = 64
"""Effects in one transaction: other processes get their turn after so many."""


class Batch:
    """One transaction that several effects share."""

    def __init__(self, engine: sa.Engine) -> None:
        self.effects = 0
        self.done = threading.Event()
        self.fault: BaseException | None = None
        self.con = engine.connect()
        try:
            self.transaction = self.con.begin()
        except BaseException:
            self.con.close()
            raise

    def undo(self) -> None:
        """Roll the effect that failed back, and nothing else; a batch that SQLite gave up itself is lost whole."""
        try:
            self.con.exec_driver_sql("rollback to effect")
            self.con.exec_driver_sql("release effect")
        except sa.exc.DBAPIError as fault:
            self.fault = fault

    def finish(self) -> None:
        """Commit, or roll back when there is nothing to keep; then answer everybody."""
        try:
            if self.effects and self.fault is None:
                self.transaction.commit()
            else:
                self.transaction.rollback()
        except BaseException as fault:
            self.fault = fault
            # Nobody knows what the connection holds: it is not used again, and SQLite rolls back what it held.
            self.con.invalidate()
            raise
        finally:
            self.con.close()
            self.done.set()


class GroupCommit:
    """Lets threads write one at a time into shared transactions."""

    def __init__(self, engine: sa.Engine, most: int = MOST) -> None:
        self.engine, self.most = engine, most
        self.waiting = 0
        self._count, self._turn = threading.Lock(), threading.Lock()
        self._batch: Batch | None = None

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """The connection, in turn; the block ends when what it wrote is on disk. Raises what the commit raised."""
        with self._count:
            self.waiting += 1
        self._turn.acquire()
        with self._count:
            self.waiting -= 1
        try:
            batch = self._batch = self._batch or Batch(self.engine)
        except BaseException:
            self._turn.release()
            raise
        try:
            batch.con.exec_driver_sql("savepoint effect")
            yield batch.con
            batch.con.exec_driver_sql("release effect")
            batch.effects += 1
        except BaseException:
            batch.undo()
            self._leave(batch)
            raise
        self._leave(batch)
        batch.done.wait()
        if batch.fault is not None:
            raise batch.fault

    def _leave(self, batch: Batch) -> None:
        """Commit when nobody waits to write or enough have; else the next one will."""
        try:
            if self.waiting == 0 or batch.effects >= self.most or batch.fault is not None:
                self._batch = None
                batch.finish()
        finally:
            self._turn.release()


@contextmanager
def one_each(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction of its own for each effect: for a server that groups commits itself."""
    with engine.connect() as con, con.begin():
        yield con

"""The errors a user can meet. Facts are attributes; the message is one sentence with the facts and the next step."""

from __future__ import annotations

from pathlib import Path


class TongrenError(Exception):
    """Root of all errors that carry a message for the user. `exit_code` is what the command leaves with."""

    exit_code = 1

    def __init__(self, message: str, **facts: object) -> None:
        super().__init__(message)
        self.facts = facts


class UsageError(TongrenError):
    """The command was called in a way that cannot work."""

    exit_code = 2


class InputRefused(TongrenError):
    """A feed or a configuration file cannot be taken; nothing was published. `code` is the row of docs/feeds.md."""

    exit_code = 3

    def __init__(self, code: str, message: str, *, where: Path | str | None = None, **facts: object) -> None:
        place = f" ({Path(where).name})" if where else ""
        super().__init__(f"{code}{place}: {message}", code=code, where=str(where) if where else None, **facts)
        self.code = code


class Busy(TongrenError):
    """Another run holds the state folder."""

    exit_code = 4


class OutOfRoom(TongrenError):
    """The disk is full; what was published stands."""


class DiskFault(TongrenError):
    """A disk fails, or a database file is out of reach though its disk has room; what was published stands."""


class OutOfMemory(TongrenError):
    """The run needs more memory than it may have; what was published stands."""


class ContractBroken(TongrenError):
    """One of our own stages made a table that breaks its contract: a fault of the system, never of the data."""


class TableTooOld(TongrenError):
    """A published table lacks a column that may not be empty: an older version of the code made it."""


class NotAllowed(TongrenError):
    """A decision, measure or move that the agreement, the policy or the two-person rule forbids."""

    exit_code = 2


class NotFound(TongrenError):
    """An id that the state does not know."""

    exit_code = 2

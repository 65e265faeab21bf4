"""How long a slow client is waited for: a request that is not all there in time, or an answer that is not taken, is dropped."""

from __future__ import annotations

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

SLOW_SECONDS = 10.0
"""For a whole request to come in, and for a client to take what was written."""


class Patience(H11Protocol):
    """uvicorn's HTTP with an end to waiting; it has one for idle connections alone."""

    seconds = SLOW_SECONDS
    _waits: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """A connection that says nothing ends too."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """The wait starts with the first byte of a request and ends with its last."""
        super().data_received(data)
        if self.conn.their_state in (h11.IDLE, h11.SEND_BODY):
            self._wait()
        else:
            self._enough()

    def pause_writing(self) -> None:
        """The client does not take what was written."""
        super().pause_writing()
        self._wait()

    def resume_writing(self) -> None:
        """It took it."""
        super().resume_writing()
        self._enough()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is there to be waited for."""
        self._enough()
        super().connection_lost(exc)

    def _wait(self) -> None:
        if self._waits is None:
            self._waits = self.loop.call_later(self.seconds, self._over)

    def _enough(self) -> None:
        if self._waits is not None:
            self._waits.cancel()
            self._waits = None

    def _over(self) -> None:
        self._waits = None
        self.transport.abort()

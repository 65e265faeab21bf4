"""How long a slow client is waited for: a request that is not all there in time, or an answer that is not taken, is dropped."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

SLOW_SECONDS = 10.0
"""For a whole request to come in, and for a client to take what was written."""
MOST_HEAD = 64 * 1024
"""Bytes of a request's first line and headers."""


class Patience(HttpToolsProtocol):
    """uvicorn's HTTP with an end to waiting, where it has one for idle connections alone, and to headers."""

    seconds = SLOW_SECONDS
    _waits: asyncio.TimerHandle | None = None
    _whole = False
    _head: int | None = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """A connection that says nothing ends too."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """The wait starts with the first byte of a request and ends with its last."""
        self._whole = False
        if self._head is not None:
            self._head += len(data)
        super().data_received(data)
        if self._head is not None and self._head > MOST_HEAD:
            self.send_400_response("The request's headers are too long.")
        elif self._whole:
            self._enough()
        else:
            self._wait()

    def on_message_begin(self) -> None:
        """Called by the parser at the first byte."""
        super().on_message_begin()
        self._whole = False

    def on_headers_complete(self) -> None:
        """Called by the parser: what follows is a body, which the console itself limits."""
        super().on_headers_complete()
        self._head = None

    def on_message_complete(self) -> None:
        """Called by the parser at the last byte."""
        super().on_message_complete()
        self._whole, self._head = True, 0

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

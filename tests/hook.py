"""A system on loopback that takes webhooks: what it took, and what it answers."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any


class Hook:
    """Where it listens and what came in. `status` is what it answers from now on."""

    def __init__(self) -> None:
        self.address, self.status = "", 204
        self.bodies: list[bytes] = []
        self.came: queue.Queue[dict[str, Any]] = queue.Queue()


@contextmanager
def listening() -> Iterator[Hook]:
    """A real target on a free port of loopback."""
    hook = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            self.send_response(hook.status)
            self.end_headers()
            hook.bodies.append(body)
            hook.came.put(json.loads(body))

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        hook.address = f"http://127.0.0.1:{server.server_port}/in?key=s3cret"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield hook
        finally:
            server.shutdown()
            thread.join()

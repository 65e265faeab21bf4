"""What parent and reader say to each other besides Arrow streams: frames of JSON, their length in front."""

from __future__ import annotations

import json
import struct
from typing import IO, Any

_LENGTH = struct.Struct(">I")


def send(out: IO[bytes], frame: dict[str, Any]) -> None:
    """One frame of JSON, its length in front."""
    body = json.dumps(frame).encode()
    out.write(_LENGTH.pack(len(body)) + body)
    out.flush()


def receive(source: IO[bytes]) -> dict[str, Any] | None:
    """The next frame; None when the other side has gone."""
    head = source.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    size = _LENGTH.unpack(head)[0]
    body = source.read(size)
    return dict(json.loads(body)) if len(body) == size else None

"""Signed checkpoints of the audit chain, kept in a folder outside the store.

Whoever can write the books can write a whole new chain; a checkpoint says what the chain was. Copy the folder to where
the books' keeper cannot write, and tail deletion, a rewritten chain and a restored old copy show.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from casebook import chain
from casebook.audit_verify import dumps, sha
from casebook.books import Books
from data_contracts import disk
from data_contracts.vault import Key

PURPOSE = "audit/checkpoint"


class Seal:
    """Signs checkpoints into `folder` with a key derived from the installation's: no further secret to keep."""

    def __init__(self, folder: Path, key: Key) -> None:
        self.folder = folder
        self._key = Ed25519PrivateKey.from_private_bytes(key.subkey(PURPOSE))

    @property
    def public_key(self) -> str:
        """What a verifier needs, in hex. Note it down elsewhere: it is the root of trust."""
        return self._key.public_key().public_bytes_raw().hex()

    def stamp(self, books: Books) -> Path | None:
        """Write a checkpoint of the chain's end, unless it has one. None while the books are empty."""
        body = books.anchor()
        if body is None:
            return None
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{body['seq']:012d}.json"
        if path.exists():
            return path
        earlier = sorted(p for p in self.folder.glob("*.json") if p.name < path.name)
        before = json.loads(earlier[-1].read_text(encoding="utf-8"))["body"] if earlier else None
        body["prev"] = sha(dumps(before)) if before else ""
        # The full trees so far stand in the checkpoint, so that the next one reads only what came after it.
        grown = int(before["seq"]) if before and "peaks" in before else 0
        peaks = [(int(size), str(node)) for size, node in before["peaks"]] if before and grown else []
        body["merkle"] = chain.merkle(peaks, books.hashes(grown, body["seq"]))
        body["peaks"] = [list(p) for p in peaks]
        point = {"body": body, "public_key": self.public_key, "signature": self._key.sign(dumps(body).encode()).hex()}
        _write(path, point)
        return path


def reach(folder: Path) -> int:
    """The last entry that the checkpoints of a folder hold, 0 without any: what came after it could be cut off unseen."""
    return max((int(p.stem) for p in folder.glob("*.json") if p.stem.isdigit()), default=0)


def _write(path: Path, point: dict[str, Any]) -> None:
    """Whole on disk, or not there."""
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8") as file:
        json.dump(point, file, sort_keys=True, indent=1)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    disk.sync(path.parent)

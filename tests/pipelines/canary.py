"""Looks for raw identifiers in every byte of a folder: in plain, encoded, reversed and hashed; in files that are packed too."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pyarrow.parquet as pq
from pypdf import PdfReader

PACKED = (".zip", ".skops", ".xlsx", ".npz")


def shapes(value: str) -> list[bytes]:
    """How a value might hide: text, other encodings, reversed, and plain hashes of it."""
    raw = value.encode()
    hashes = [h(raw) for h in (hashlib.md5, hashlib.sha1, hashlib.sha256)]
    return [
        raw, value.encode("utf-16-le"), value[::-1].encode(), base64.b64encode(raw).rstrip(b"="), raw.hex().encode(),
        quote(value).encode(), *(h.hexdigest().encode() for h in hashes), *(h.digest() for h in hashes),
    ]  # fmt: skip


def leaked(blob: bytes, values: Iterable[str]) -> list[str]:
    """The values that a heap of bytes shows in any shape: one pass over its words of eight bytes, then a look at each hit."""
    of = {shape: v for v in values for shape in shapes(v)}
    starts: dict[int, list[bytes]] = {}
    for shape in of:
        starts.setdefault(int.from_bytes(shape[:8], "little"), []).append(shape)
    wanted = np.array(sorted(starts), dtype="<u8")
    found: set[str] = set()
    for offset in range(8):
        words = np.frombuffer(blob, dtype="<u8", offset=offset, count=max(0, len(blob) - offset) // 8)
        for at in np.flatnonzero(np.isin(words, wanted)):
            place = offset + 8 * int(at)
            found |= {of[s] for s in starts[int(words[at])] if blob.startswith(s, place)}
    return sorted(found)


def everything_below(folder: Path) -> bytes:
    """Every byte of every file; Parquet, PDF and packed files also as who opens them sees them."""
    heap = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        heap.append(path.read_bytes())
        if path.suffix == ".parquet":
            heap.append(str(pq.read_table(path).to_pydict()).encode())
        elif path.suffix == ".pdf":
            heap += [page.extract_text().encode() for page in PdfReader(path).pages]
        elif path.suffix in PACKED and zipfile.is_zipfile(path):
            with zipfile.ZipFile(io.BytesIO(heap[-1])) as packed:
                heap += [packed.read(name) for name in packed.namelist()]
    return b"\0".join(heap)

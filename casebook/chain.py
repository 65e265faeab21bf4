"""The audit chain: canonical entries, each hashed over the one before, and digests of the rows that an entry wrote.

Pure functions over plain values; `casebook/books.py` stores what they make, `casebook/audit_verify.py` checks it alone.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from casebook.audit_verify import sha

VERSION = "tongren/audit/v1\n"
GENESIS = "0" * 64
_ROW = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


@dataclass(frozen=True)
class Entry:
    """What one audit entry says: who did what to which object, and why. Values are text, whole numbers, null or nests of them."""

    actor: str
    action: str
    object: str
    reason: str = ""
    before: Any = None
    after: Any = None
    about: Mapping[str, Any] = field(default_factory=dict)


def canonical(value: Any) -> str:
    """The one text of a value: sorted keys, no spaces, NFC, whole numbers. Raises TypeError for a float."""
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, Mapping):
        return {_plain(str(k)): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    raise TypeError(f"{type(value).__name__} has no place in an audit entry")


def link(prev: str, payload: str) -> str:
    """The hash of an entry: SHA-256 over the version, the hash before and the payload, in hex."""
    return hashlib.sha256((VERSION + prev + payload).encode()).hexdigest()


def digest(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> dict[str, Any]:
    """What an entry keeps of the rows that it wrote to one table: columns, count and a hash that no row order changes."""
    lines = sorted(map(_ROW.encode, rows))
    total = hashlib.sha256()
    for line in lines:
        total.update(line.encode())
        total.update(b"\n")
    return {"columns": list(columns), "rows": len(lines), "sha256": total.hexdigest()}


def payload(entry: Entry, *, seq: int, ts: int, prev: str, effects: Mapping[str, Any]) -> str:
    """The canonical text of an entry at its place in the chain. `ts` is in microseconds UTC."""
    return canonical(
        {
            "seq": seq,
            "ts": ts,
            "actor": entry.actor,
            "action": entry.action,
            "object": entry.object,
            "before": entry.before,
            "after": entry.after,
            "reason": entry.reason,
            "about": dict(entry.about),
            "effects": dict(effects),
            "prev": prev,
        }
    )


def merkle(peaks: list[tuple[int, str]], hashes: Iterable[str]) -> str:
    """The root over all entries' hashes, once `hashes` have joined `peaks` (sizes and roots of full trees, the largest first)."""
    for entry in hashes:
        node, size = sha("leaf" + entry), 1
        while peaks and peaks[-1][0] == size:
            node, size = sha("node" + peaks.pop()[1] + node), size * 2
        peaks.append((size, node))
    root = ""
    for _, node in reversed(peaks):
        root = sha("node" + node + root) if root else node
    return root

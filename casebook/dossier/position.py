"""Where a run stands in the audit chain, and the signed checkpoint over it: what a report tells so that it can be checked later."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from casebook.books import Books

Position = dict[str, Any]


def of(books: Books, run_id: str, checkpoints: Path, *, checkpoint: int | None = None) -> Position | None:
    """The entry that published a run, and the checkpoint over it: of that number, else the first that there is.

    None when the books know no such run. Without a checkpoint its fields are None.
    """
    entry = books.publication(run_id)
    if entry is None:
        return None
    sealed = _sealed(checkpoints, int(entry["seq"]), checkpoint)
    recorded = datetime.fromtimestamp(entry["at"] / 1_000_000, UTC)
    return {
        "entry": entry["seq"], "entry_hash": entry["hash"], "recorded_at": recorded.isoformat(sep=" ", timespec="seconds"),
        "checkpoint": sealed and sealed["body"]["seq"], "merkle_root": sealed and sealed["body"].get("merkle"),
        "public_key": sealed and sealed["public_key"], "signature": sealed and sealed["signature"],
    }  # fmt: skip


def named(position: Position | None) -> str:
    """`57/60`: entry 57, checkpoint 60; `57/` without a checkpoint, nothing without a position."""
    return f"{position['entry']}/{position['checkpoint'] or ''}" if position else ""


def manifest_faults(books: Books, folder: Path) -> Iterator[str]:
    """What the entry that published a run says otherwise than the manifest that is there."""
    entry = books.publication(folder.name)
    if entry is None:
        yield f"the books know no run {folder.name}"
        return
    recorded = json.loads(entry["payload"])["about"].get("manifest")
    if recorded not in (None, hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()):
        yield f"manifest.json of run {folder.name} was altered: its SHA-256 is not the one in the books"


def _sealed(folder: Path, entry: int, wanted: int | None) -> dict[str, Any] | None:
    over = (p for p in sorted(folder.glob("*.json")) if p.stem.isdigit() and int(p.stem) >= entry)
    path = next(over, None) if wanted is None else folder / f"{wanted:012d}.json"
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path is not None and path.exists() else None

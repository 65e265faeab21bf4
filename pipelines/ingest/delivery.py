"""`MANIFEST.json`: what the sender says it sent. Optional, unless a setting requires it."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from data_contracts.errors import InputRefused
from data_contracts.warehouse import Warehouse
from pipelines.ingest.sources import ROWS_PER_FILE, SourceFile, sha256

NAME, KEPT = "MANIFEST.json", "delivery.json"
MOST_BYTES = 1 << 20
_SHA256 = re.compile(r"[0-9a-f]{64}")
log = logging.getLogger("tongren")


@dataclass(frozen=True)
class Alarm:
    """One reason not to issue a month: `feed.gap`, `feed.gone` or `feed.volume`, a sentence, and the feed that it is about."""

    code: str
    sentence: str
    feed: str = "MANIFEST.json"


@dataclass(frozen=True)
class Promise:
    """What the manifest says of one file."""

    sha256: str
    rows: int | None
    money: Mapping[str, Decimal]


@dataclass(frozen=True)
class Delivery:
    """A manifest that has been read."""

    created_at: datetime | None
    version: int
    supersedes: int | None
    sequence: int | None
    files: Mapping[str, Promise] = field(default_factory=dict)


def check_manifest(sources: Path, required: bool) -> None:
    """Refuse (`file.manifest`) a source folder without a manifest where a setting requires one."""
    path = sources / NAME
    if path.is_symlink() or (required and not path.is_file()):
        raise InputRefused("file.manifest", "a manifest is required and missing", where=path)


def read(sources: Path, *, required: bool, cutoff_at: datetime) -> Delivery | None:
    """The manifest, or None. Raises InputRefused file.manifest or feed.future."""
    path = sources / NAME
    check_manifest(sources, required)
    if not path.is_file():
        return None
    if path.stat().st_size > MOST_BYTES:
        raise InputRefused("file.manifest", "the manifest is longer than 1 MB", where=path)
    try:
        made = _parsed(path)
    except (ValueError, TypeError, KeyError, InvalidOperation, AttributeError):
        raise InputRefused(
            "file.manifest", "the manifest is not in the form that docs/feeds.md describes", where=path
        ) from None
    if made.created_at and made.created_at >= cutoff_at:
        raise InputRefused("feed.future", "the manifest was made after the end of the as_of day", where=path)
    return made


def _parsed(path: Path) -> Delivery:
    return _delivery(dict(json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_pairs)))


def keep(folder: Path, made: Delivery | None) -> None:
    """Leave what the manifest says, if there is one, in `<folder>/feeds/delivery.json`, for the next run to compare with."""
    if made is None:
        return
    files = {
        name: {"sha256": f.sha256, "rows": f.rows, "money": {n: str(v) for n, v in f.money.items()}}
        for name, f in made.files.items()
    }
    said = {"created_at": made.created_at and made.created_at.isoformat(), "version": made.version,
            "supersedes": made.supersedes, "sequence": made.sequence, "files": files}  # fmt: skip
    (folder / "feeds").mkdir(exist_ok=True)
    (folder / "feeds" / KEPT).write_text(json.dumps(said, sort_keys=True, indent=1) + "\n", encoding="utf-8")


def kept(folder: Path) -> Delivery | None:
    """The manifest that an earlier run left in its folder of tables."""
    path = folder / "feeds" / KEPT
    return _parsed(path) if path.is_file() else None


def _pairs(pairs: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """The members of a JSON object in order, repeated names included."""
    return pairs


def _delivery(raw: Mapping[str, Any]) -> Delivery:
    files: dict[str, Promise] = {}
    for name, said in raw["files"]:
        said = dict(said)
        promise = Promise(str(said["sha256"]), _whole(said.get("rows")), _amounts(said.get("money", ())))
        if not _SHA256.fullmatch(promise.sha256):
            raise ValueError(name)
        if name in files and files[name] != promise:
            raise InputRefused("file.conflict", "the manifest gives one file two contents", where=NAME)
        if name in files:
            log.warning("stage=feeds code=file.dup file=%s: listed twice, read once", name)
        files[name] = promise
    created = raw.get("created_at")
    at = datetime.fromisoformat(created) if created else None
    return Delivery(
        at if at is None or at.tzinfo else at.replace(tzinfo=UTC), int(raw.get("version", 1)),
        _whole(raw.get("supersedes")), _whole(raw.get("sequence")), files,
    )  # fmt: skip


def _whole(value: Any) -> int | None:
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
        raise ValueError("not a whole number")
    return value


def _amounts(pairs: Sequence[tuple[str, Any]]) -> dict[str, Decimal]:
    return {str(n): Decimal(str(v)) for n, v in pairs}


def check_files(made: Delivery, files: Sequence[SourceFile]) -> None:
    """Hold the files against their SHA-256 before they are read. Raises InputRefused file.manifest or file.hash."""
    found = {f.name: f for f in files}
    if missing := sorted(made.files.keys() - found.keys()):
        raise InputRefused("file.manifest", f"{len(missing)} files of the manifest are not there", where=missing[0])
    if extra := sorted(found.keys() - made.files.keys()):
        raise InputRefused("file.manifest", f"{len(extra)} files are not in the manifest", where=extra[0])
    for name, promise in made.files.items():
        if sha256(found[name].path) != promise.sha256:
            raise InputRefused("file.hash", "its SHA-256 is not the one of the manifest", where=name)


def check_contents(wh: Warehouse, made: Delivery, files: Sequence[SourceFile], numbers: Mapping[str, int]) -> None:
    """Hold rows and sums of money of some files against the manifest. Raises InputRefused file.manifest."""
    for file in files:
        name, table, promise = file.name, file.table, made.files[file.name]
        first = numbers[name] * ROWS_PER_FILE
        within = f"from judged_{table} where rid >= {first} and rid < {first + ROWS_PER_FILE}"
        if promise.rows is not None and wh.execute(f"select count(*) {within}")[0][0] != promise.rows:
            raise InputRefused("file.manifest", "it has not the number of rows that the manifest says", where=name)
        known = {r[0] for r in wh.execute(f"describe judged_{table}")}
        for column, total in promise.money.items():
            fen = column.removesuffix("_amount") + "_fen"
            if fen not in known:
                raise InputRefused(
                    "file.manifest", "the manifest sums a column that is no amount of this feed", where=name
                )
            if wh.execute(f"select coalesce(sum({fen}), 0) {within}")[0][0] != total.scaleb(2):
                raise InputRefused("file.manifest", "its sum of money is not the one of the manifest", where=name)

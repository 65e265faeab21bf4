"""Finds what a source folder delivers, before anything in it is opened for reading."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data_contracts.contract import Contract, of_stage
from data_contracts.errors import InputRefused
from pipelines.ingest.strays import refuse_slips, strays

ROW_BITS = 40  # a row's id is its file's number and, in the lower bits, its row number
ROWS_PER_FILE = 1 << ROW_BITS
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._=+-]{0,199}")
_ARCHIVES = (".gz", ".zip", ".bz2", ".xz", ".zst", ".7z", ".tar", ".tgz")
_MAGIC = {b"PAR1": "parquet", b"\x1f\x8b": "gzip", b"PK\x03\x04": "zip", b"BZh": "bzip2", b"\xfd7zXZ": "xz",
          b"\x28\xb5\x2f\xfd": "zstd"}  # fmt: skip
_HIGHEST_RATIO = 100
_CHUNK = 1 << 20


@dataclass(frozen=True)
class SourceFile:
    """One file of one feed. `name` is relative to the source folder; `form` is parquet, csv or sql."""

    table: str
    name: str
    path: Path
    form: str
    size: int
    changed_ns: int

    def same_as_before(self) -> bool:
        """Whether size and time of change are those that were seen when the file was found."""
        facts = os.lstat(self.path)
        return (facts.st_size, facts.st_mtime_ns) == (self.size, self.changed_ns)


def feeds() -> tuple[Contract, ...]:
    """The feeds that a source folder may deliver (the ingestion's own facts left out)."""
    return tuple(c for c in of_stage("feeds") if "required" in c.extra)


def find(sources: Path) -> tuple[SourceFile, ...]:
    """Every file of every feed, by table and name. Raises InputRefused for names, types and doubles that cannot be."""
    if not sources.is_dir():
        raise InputRefused("file.type", "the source folder does not exist", where=sources)
    by_table = {c.table: _of_table(sources, c.table) for c in feeds()}
    found = [file for files in by_table.values() for file in files]
    refuse_slips(_strays(sources, found), {t for t, files in by_table.items() if files})
    for contract in feeds():
        if not by_table[contract.table] and contract.extra["required"]:
            raise InputRefused(
                "file.missing", f"no {contract.table}.parquet, .csv, .sql or folder in the source folder", where=sources
            )
    return tuple(found)


def unread(sources: Path) -> list[str]:
    """Data in the source folder that belongs to no feed, by name. None where a feed is a query, which may read it."""
    return list(_strays(sources, find(sources)))


def _strays(sources: Path, found: Sequence[SourceFile]) -> dict[str, str | None]:
    if any(f.form == "sql" for f in found):
        return {}
    return strays(sources, [c.table for c in feeds()], {Path(f.name).parts[0] for f in found})


def _of_table(sources: Path, table: str) -> list[SourceFile]:
    for entry in sorted(p.name for p in sources.iterdir()):
        if entry.startswith(f"{table}.") and entry.lower().endswith(_ARCHIVES):
            _refuse_archive(sources / entry)
        elif entry.lower().endswith((".csv", ".parquet")) and _strange(entry, table):
            raise InputRefused("file.name", f"a file beside {table} has a name with signs that are not allowed")
    ways = [p for p in (sources / f"{table}{s}" for s in (".parquet", ".csv", ".sql", "")) if os.path.lexists(p)]
    if len(ways) > 1:
        raise InputRefused("file.conflict", f"{table} is delivered twice: {' and '.join(p.name for p in ways)}")
    if not ways:
        return []
    way = ways[0]
    if way.suffix:
        return [_file(sources, table, way, way.suffix[1:])]
    if way.is_symlink() or not way.is_dir():
        raise InputRefused("file.type", f"{table} is neither a folder nor a file with a known ending", where=way)
    return [_part(sources, table, p) for p in sorted(way.iterdir())]


def _strange(entry: str, table: str) -> bool:
    return (entry.startswith(table) and entry[len(table) : len(table) + 1] in set("*?[{'\"`;$ \\%")) or "\0" in entry


def _part(sources: Path, table: str, path: Path) -> SourceFile:
    if not _NAME.fullmatch(path.name) or len(os.fsencode(path.name)) > 200:
        raise InputRefused("file.name", f"a file in the folder {table} has a name with signs that are not allowed")
    if path.name.lower().endswith(_ARCHIVES):
        _refuse_archive(path)
    if path.suffix not in (".parquet", ".csv"):
        raise InputRefused("file.type", f"the folder {table} may hold .parquet and .csv files only", where=path)
    return _file(sources, table, path, path.suffix[1:])


def _file(sources: Path, table: str, path: Path, form: str) -> SourceFile:
    facts = os.lstat(path)
    if not stat.S_ISREG(facts.st_mode):
        raise InputRefused("file.type", "not a regular file (links and devices are not read)", where=path)
    if facts.st_size == 0:
        raise InputRefused("file.empty", "0 bytes; an empty feed has a header", where=path)
    with path.open("rb") as file:
        head = file.read(8)
    content = next((name for magic, name in _MAGIC.items() if head.startswith(magic)), "text")
    if (form == "parquet") != (content == "parquet") or content not in ("parquet", "text"):
        raise InputRefused("file.type", f"called .{form}, but its content is {content}", where=path)
    return SourceFile(table, str(path.relative_to(sources)), path, form, facts.st_size, facts.st_mtime_ns)


def _refuse_archive(path: Path) -> None:
    if path.suffix in (".gz", ".tgz") and _gzip_ratio(path) > _HIGHEST_RATIO:
        raise InputRefused("zip.bomb", f"unpacks to more than {_HIGHEST_RATIO} times its size", where=path)
    raise InputRefused("zip.path", "archives are not read; unpack it into the source folder", where=path)


def _gzip_ratio(path: Path) -> float:
    unpack, out, size = zlib.decompressobj(31), 0, max(1, path.stat().st_size)
    try:
        with path.open("rb") as file:
            while (chunk := file.read(_CHUNK)) and out <= _HIGHEST_RATIO * size:
                out += len(unpack.decompress(chunk, 64 * _CHUNK))
                while unpack.unconsumed_tail and out <= _HIGHEST_RATIO * size:
                    out += len(unpack.decompress(unpack.unconsumed_tail, 64 * _CHUNK))
    except zlib.error:
        return 0.0
    return out / size


def fingerprint(sources: Path, allow_read: Sequence[Path] = ()) -> dict[str, Any]:
    """What the run's identity rests on: path, size and sha256 of every file that ingestion may read, sorted.

    `{"files": [{"path", "size", "sha256"}, ...], "sha256": over all of them}`. Source queries may read any file of the
    source folder and of `allow_read`, so with one of those all of them count.
    """
    paths = _covered(sources, allow_read)
    files = [{"path": n, "size": p.stat().st_size, "sha256": sha256(p)} for n, p in sorted(paths.items())]
    whole = hashlib.sha256("".join(f"{f['path']}\0{f['sha256']}\n" for f in files).encode()).hexdigest()
    return {"files": files, "sha256": whole}


def stamps(sources: Path, allow_read: Sequence[Path] = ()) -> dict[str, tuple[int, int, int]]:
    """Inode, size and time of change of every file that `fingerprint` covers: the same before and after, and what was read is
    what was hashed."""
    facts = {name: path.stat() for name, path in sorted(_covered(sources, allow_read).items())}
    return {name: (f.st_ino, f.st_size, f.st_mtime_ns) for name, f in facts.items()}


def check_unchanged(seen: Mapping[str, tuple[int, int, int]], sources: Path, allow_read: Sequence[Path] = ()) -> None:
    """Raise InputRefused `file.race` unless `stamps` are still those that were `seen`."""
    now = stamps(sources, allow_read)
    if changed := sorted(name for name in seen.keys() | now.keys() if seen.get(name) != now.get(name)):
        raise InputRefused(
            "file.race",
            "came, went or changed while the run read its feeds; deliver first, then run again",
            where=changed[0],
        )


def query_folders(sources: Path, allow_read: Sequence[Path] = ()) -> list[Path]:
    """The folders that source queries may read: none where no feed is a query."""
    return [sources, *map(Path, allow_read)] if any(f.form == "sql" for f in find(sources)) else []


def _covered(sources: Path, allow_read: Sequence[Path]) -> dict[str, Path]:
    paths = {f.name: f.path for f in find(sources)}
    manifest = sources / "MANIFEST.json"
    if manifest.is_file():
        paths[manifest.name] = manifest
    roots = query_folders(sources, allow_read)
    names = [root.name for root in roots[1:]]
    for i, root in enumerate(roots):
        label = f"{root.name}/" if names.count(root.name) == 1 else f"{root.name}-{i}/"
        paths |= {(label if i else "") + str(p.relative_to(root)): p for p in _regular(root)}
    return paths


def _regular(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        folders.sort()
        yield from (p for p in (Path(folder) / n for n in sorted(names)) if p.is_file() and not p.is_symlink())


def sha256(path: Path) -> str:
    """Hex SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

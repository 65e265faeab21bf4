"""Files of identifiers that were tokenised once, kept so that a later run neither reads nor tokenises them again.

An entry is what `tokenise` leaves of one delivered file: tokens and masks, of bad rows their hidden form; no raw value and no plain
hash of one. Its name is keyed. It says of which bytes, read by which code, in which zone it is, and what it has in it: an
entry that is cut off, altered or of another key is not found, and the delivered file is read anew.
"""

from __future__ import annotations

import hashlib
import hmac
import importlib.metadata
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow.dataset as ds

from data_contracts.vault import Key
from data_contracts.warehouse import Warehouse
from pipelines.ingest.sources import ROWS_PER_FILE, SourceFile, sha256

ROOT = Path(__file__).parents[2]
READERS = ("data_contracts", "features/kinds", "pipelines/ingest", "pipelines/reading")
LIBRARIES = ("duckdb", "phonenumbers", "pyarrow")
_ENTRY = re.compile(r"[0-9a-f]{64}\.[0-9a-f]{64}\.parquet")  # anything else in the folder is not ours to remove


class Shelf:
    """What is kept of the files of one delivery. `held`: the entry of each file that need not be read, by the file's name."""

    def __init__(self, folder: Path, key: Key, zone: str, files: Sequence[SourceFile]) -> None:
        self.folder, self._secret = folder, key.subkey("shelf")
        reader = f"{reader_version()} {zone}"
        self.entries = {
            f.name: self._keyed(f"{reader} {f.form} {sha256(f.path)}")
            for f in files
            if f.table == "identifiers" and f.form != "sql"  # a query may read other files as well
        }
        self.held = {name: path for name, entry in self.entries.items() if (path := self._whole(entry))}

    def _keyed(self, text: str) -> str:
        return hmac.digest(self._secret, text.encode(), "sha256").hex()

    def _name(self, entry: str, content: Path) -> str:
        return f"{entry}.{self._keyed(f'{entry} {sha256(content)}')}.parquet"

    def _whole(self, entry: str) -> Path | None:
        try:
            return next((p for p in self.folder.glob(f"{entry}.*") if p.name == self._name(entry, p)), None)
        except OSError:  # an entry that cannot be read is as good as none
            return None

    def load(self, wh: Warehouse, numbers: Mapping[str, int]) -> None:
        """Add the rows of the files that are held to `judged_identifiers` and `also_identifiers`, as `tokenise` made them."""
        for name, path in self.held.items():
            wh.con.register("held", ds.dataset(path))
            for statement in (_LOAD_SIGHTINGS, _LOAD_COARSER):
                wh.execute(statement, first=numbers[name] * ROWS_PER_FILE)
            wh.con.unregister("held")

    def keep(self, wh: Warehouse, numbers: Mapping[str, int]) -> None:
        """Keep what was tokenised in this run; what this delivery has no file for goes."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        stay = {path.name for path in self.held.values()}
        for name in self.entries.keys() - self.held.keys():
            draft = wh.folder / "shelf.parquet"
            first = numbers[name] * ROWS_PER_FILE
            wh.con.sql(_ROWS, params={"first": first, "last": first + ROWS_PER_FILE}).write_parquet(str(draft))
            draft.chmod(0o600)
            kept = self.folder / self._name(self.entries[name], draft)
            shutil.move(draft, kept)
            stay.add(kept.name)
        for old in self.folder.iterdir():
            if old.name not in stay and _ENTRY.fullmatch(old.name):
                old.unlink()


def reader_version() -> str:
    """One hash over the code and the libraries that make rows and tokens of bytes."""
    files = (p for folder in READERS for p in (ROOT / folder).rglob("*") if p.suffix in (".py", ".yaml"))
    parts = [f"{p.relative_to(ROOT).as_posix()} {sha256(p)}" for p in sorted(files)]
    parts += [f"{name} {importlib.metadata.version(name)}" for name in LIBRARIES] + [sys.version]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


_ROWS = """
select rid - $first as row_number, * exclude (rid), false as coarser
from judged_identifiers where rid >= $first and rid < $last
union all by name
select rid - $first as row_number, token, mask, cls as class, links, true as coarser
from also_identifiers where rid >= $first and rid < $last"""
_LOAD_SIGHTINGS = """
insert into judged_identifiers by name
select row_number + $first as rid, * exclude (row_number, coarser) from held where not coarser"""
_LOAD_COARSER = """
insert into also_identifiers by name
select row_number + $first as rid, token, mask, class as cls, links from held where coarser"""

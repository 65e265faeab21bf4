"""A file whose bytes were changed at random is read or refused with a code; it never ends in a fault of ours."""

from __future__ import annotations

import random
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from data_contracts.errors import InputRefused
from tests.counts import SOAK, SoakCount

FILES = 1000 if SOAK else 10


def mutated(data: bytes, dice: random.Random) -> bytes:
    """Some bytes flipped, a stretch cut out, doubled or made noise, or the end cut off."""
    spoilt = bytearray(data)
    at, length = dice.randrange(len(spoilt)), dice.randrange(1, 40)
    what = dice.randrange(5)
    if what == 0:
        for _ in range(length):
            spoilt[dice.randrange(len(spoilt))] ^= 1 << dice.randrange(8)
    elif what == 1:
        del spoilt[at : at + length]
    elif what == 2:
        spoilt[at:at] = spoilt[at : at + length]
    elif what == 3:
        spoilt[at : at + length] = dice.randbytes(length)
    else:
        del spoilt[max(1, at) :]
    return bytes(spoilt)


def test_a_mutated_file_is_read_or_refused_with_a_code(
    feeds: Any, deliver: Any, ingest: Any, tmp_path: Path, soak_count: SoakCount
) -> None:
    soak_count("mutated_files", FILES)
    good, dice, codes = deliver(feeds), random.Random(11), set[str]()
    for number in range(FILES):
        folder = tmp_path / "mutated"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(good, folder)
        path = folder / f"{dice.choice(sorted(feeds))}.csv"
        if number % 2:
            path.unlink()
            path = path.with_suffix(".parquet")
            pq.write_table(pa.Table.from_pylist(feeds[path.stem]), path)
        path.write_bytes(mutated(path.read_bytes(), dice))
        try:
            done = ingest(folder)
        except InputRefused as refusal:
            codes.add(refusal.code)
        else:
            assert set(done.summary.kept) >= {"orders", "accounts"}
    assert codes

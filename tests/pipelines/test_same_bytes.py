"""The same feeds, code, rules, models and day give the same bytes, whatever the machine is like: threads, hash seed, time
zone, locale, and the order in which folders list their files."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines import manifest
from tests.counts import SOAK, SoakCount
from tests.pipelines.dying import SECOND, Published

THREADS = (1, 2, 4)
ZONES = ("Asia/Shanghai", "America/St_Johns", "Pacific/Kiritimati")
# The second is plain ASCII: Python would otherwise make UTF-8 of it on its own.
LOCALES = ({"LC_ALL": "C.UTF-8"}, {"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"})
HASH_SEEDS = 10
ALL = [(n, *setting) for n, setting in enumerate(itertools.product(THREADS, ZONES, LOCALES))]
SETTINGS = ALL if SOAK else [ALL[3]]

RUN = """
import datetime, os, pathlib, random, sys
sources, state, day, threads, seed = sys.argv[1:]
draw, listed, scanned = random.Random(seed), os.listdir, os.scandir

def shuffled(found):
    found = list(found)
    draw.shuffle(found)
    return found

class Scan(list):
    def __enter__(self): return self
    def __exit__(self, *said): return None
    def close(self): return None

os.listdir = lambda *where: shuffled(listed(*where))
os.scandir = lambda *where: Scan(shuffled(scanned(*where)))
from pipelines.run import Order, run
from pipelines.state import State
run(Order(pathlib.Path(sources), State(pathlib.Path(state)), datetime.date.fromisoformat(day), threads=int(threads)))
"""


@pytest.mark.parametrize(
    ("number", "threads", "zone", "locale"), SETTINGS, ids=lambda v: str(v) if isinstance(v, int) else ""
)
def test_another_machine_gives_the_same_bytes(
    number: int, threads: int, zone: str, locale: dict[str, str], published: Published, tmp_path: Path,
    soak_count: SoakCount,
) -> None:  # fmt: skip
    soak_count("same_bytes", 1)
    order = published.copy(tmp_path / "state")
    plain = {k: v for k, v in os.environ.items() if k not in ("TZ", "LANG", "LANGUAGE") and not k.startswith("LC_")}
    setting = {**plain, **locale, "TZ": zone, "PYTHONHASHSEED": str(1 + number % HASH_SEEDS)}
    said = subprocess.run(
        [sys.executable, "-c", RUN, str(order.sources), str(order.state.folder), SECOND.isoformat(), str(threads), str(number)],
        env=setting, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert said.returncode == 0, said.stderr
    assert manifest.read(order.state.current())["outputs"] == published.clean

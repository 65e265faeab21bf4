"""Writes the reports of every promoter concerned, by several processes if asked; the bytes are the same however many.

Each process opens the run's tables for itself and takes every n-th batch of promoters: nothing is handed over but names.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from urllib.parse import quote

from casebook.dossier import page, press
from casebook.dossier.facts import Facts, gather
from casebook.dossier.source import ALL_LINES, LINES_ON_PAPER, Source
from data_contracts.errors import TongrenError

_END_WITH_PARENT = 1  # PR_SET_PDEATHSIG
BATCH = 200
"""Promoters held in memory at a time, at most; of several processes each takes eight batches or so, to end together."""


@dataclass(frozen=True)
class Order:
    """What is to be written. `lang` None means both languages (HTML) or Chinese (PDF)."""

    tables: Path
    out: Path
    run_facts: Mapping[str, Any]
    formats: tuple[str, ...] = ("html",)
    edition: str = "internal"
    lang: str | None = None
    line_limit: int = ALL_LINES


def write_all(tables: Path, out: Path, run_facts: Mapping[str, Any], processes: int = 1) -> list[Path]:
    """What a run writes: HTML reports (internal, both languages) and `index.html`; the paths written.

    `tables` holds `<stage>/<table>.parquet`; `run_facts` needs run_id, run_seq, as_of and zone, and may hold the other
    entries of the manifest and `reasons`, the path of the reason codes.
    """
    return write(Order(tables, out, run_facts, line_limit=LINES_ON_PAPER), processes)


def write(order: Order, processes: int = 1) -> list[Path]:
    """Reports of every promoter with a decision or an open finding, in every format of the order, and `index.html`.

    The paths written, the index last. Raises UsageError for an unknown format, edition or language, TongrenError when a
    process was ended from outside.
    """
    for form in order.formats:
        press.check(form, order.edition, order.lang)
    order.out.mkdir(parents=True, exist_ok=True)
    entries = _share(order, 0, 1) if processes == 1 else _shared(order, processes)
    entries.sort(key=lambda e: (-e["at_stake_fen"], e["promoter_id"]))
    written = [order.out / name for e in sorted(entries, key=lambda e: e["promoter_id"]) for name in e["names"]]
    about = {k: str(order.run_facts[k]) for k in ("run_id", "as_of", "zone")}
    listing = order.out / "index.html"
    listing.write_text(page.index(entries, about), encoding="utf-8", newline="\n")
    return [*written, listing]


def _shared(order: Order, processes: int) -> list[dict[str, Any]]:
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=_begin) as pool:
        shares = [pool.submit(_share, order, n, processes) for n in range(processes)]
        try:
            return [entry for share in shares for entry in share.result()]
        except BrokenProcessPool as ended:
            raise TongrenError(
                f"one of {processes} processes that wrote reports to {order.out.name} was ended from outside, perhaps for"
                " want of memory: try again with --processes 1"
            ) from ended


def _begin() -> None:
    """Typst sets pages in threads of its own: where processes share the cores one is enough. A process whose parent was
    killed ends with it (Linux), so that it writes nothing into the folder of the run that comes next."""
    os.environ.setdefault("RAYON_NUM_THREADS", "1")
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_END_WITH_PARENT, signal.SIGKILL)


def _share(order: Order, share: int, of: int) -> list[dict[str, Any]]:
    reasons = press.reasons_of(order.run_facts)
    entries = []
    with Source(order.tables, order.run_facts, line_limit=order.line_limit) as source:
        size = BATCH if of == 1 else min(BATCH, 1 + len(source.promoters) // (8 * of))
        for ids in source.batches(size)[share::of]:
            for bundle in source.bundles(ids):
                facts = gather(bundle, order.run_facts)
                paths = [
                    press.press(facts, press.path_of(order.out, bundle.promoter_id, form), form, order.edition, order.lang, reasons)
                    for form in order.formats
                ]  # fmt: skip
                entries.append(_entry(facts, dict(zip(order.formats, (p.name for p in paths), strict=True))))
    return entries


def _entry(facts: Facts, names: Mapping[str, str]) -> dict[str, Any]:
    totals = facts["money"]["totals"]
    return {
        "promoter_id": facts["report"]["promoter_id"],
        "names": list(names.values()),
        "links": {form: quote(name) for form, name in names.items()},
        "clauses": sorted({f["clause"] for f in facts["findings"]} | {d["clause"] for d in facts["decisions"]}),
        "findings": len(facts["findings"]),
        "decisions": len(facts["decisions"]),
        "at_stake_fen": totals["at_stake_fen"],
        "now_fen": totals["now_fen"],
        "open_fen": totals["open_fen"],
    }

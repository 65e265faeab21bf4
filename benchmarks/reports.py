"""How long evidence reports take: `python -m benchmarks.reports --state state [--reports N]`.

The reports of the newest published run, each format by itself, repeated until N are written. A yardstick in the same
process: N times a page of plain text of the same size, escaped and written.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
import time
from pathlib import Path

from markupsafe import escape

from benchmarks.record import as_table, record
from casebook.dossier import press
from casebook.dossier.facts import gather
from casebook.dossier.source import ALL_LINES, Source
from pipelines import manifest
from pipelines.state import State

FORMATS = ("html", "pdf", "json", "csv")
PROMISED_SECONDS = 120  # a thousand promoters in every format that is made on demand


def main() -> None:
    """Measure and record."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--state", type=Path, default=Path("state"))
    asked.add_argument("--reports", type=int, default=1000)
    given = asked.parse_args()
    run = State(given.state).current()
    facts = manifest.read(run)
    reasons = press.reasons_of(facts)
    started = time.perf_counter()
    with Source(run / "tables", facts, line_limit=ALL_LINES) as source:
        told = [gather(bundle, facts) for bundle in source.bundles()]
    reading = time.perf_counter() - started
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch)
        for form in FORMATS:
            wall, cpu = time.perf_counter(), time.process_time()
            size = 0
            for n, one in enumerate(itertools.islice(itertools.cycle(told), given.reports)):
                size += press.press(one, out / f"{n % 50}.{form}", form, "internal", None, reasons).stat().st_size
            rows.append(_row(form, given.reports, time.perf_counter() - wall, time.process_time() - cpu, size))
        wall, cpu = time.perf_counter(), time.process_time()
        page = "x <y> & z " * 20_000
        for n in range(given.reports):
            (out / f"{n % 50}.txt").write_text(str(escape(page)), encoding="utf-8")
        rows.append(_row("yardstick", given.reports, time.perf_counter() - wall, time.process_time() - cpu, 0))
    seconds = sum(float(str(r["CPU s per 1,000"])) for r in rows if r["format"] != "yardstick")
    verdict = "reached" if seconds <= PROMISED_SECONDS else "*missed*"
    body = (
        f"{len(told)} promoters read in {reading:.1f} s. All four formats: {seconds:.0f} CPU s per 1,000; "
        f"asked {PROMISED_SECONDS} s: {verdict}.\n\n"
    )
    record("Evidence reports", f"python -m benchmarks.reports --reports {given.reports}", body + as_table(rows))


def _row(form: str, reports: int, wall: float, cpu: float, size: int) -> dict[str, object]:
    per = 1000 / reports
    return {
        "format": form, "reports": reports, "wall s per 1,000": f"{wall * per:.1f}", "CPU s per 1,000": f"{cpu * per:.1f}",
        "mean kB": f"{size / reports / 1000:.0f}" if size else "",
    }  # fmt: skip


if __name__ == "__main__":
    main()

"""How long evidence reports take: `python -m benchmarks.reports --state state [--processes N]`.

`tongren report --all` as it is called, in every format, over the newest published run; then each format by itself on a
sample in this process, and a yardstick: as many pages of plain text, escaped and written.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from markupsafe import escape

from benchmarks.record import as_table, record
from casebook.dossier import press
from casebook.dossier.facts import Facts, gather
from casebook.dossier.reasons import Reasons
from casebook.dossier.source import Source
from pipelines import manifest, show
from pipelines.state import State

PROMISED_SECONDS = 120  # a thousand promoters in every format that is made on demand
SAMPLE = 100


def main() -> None:
    """Measure and record."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--state", type=Path, default=Path("state"))
    asked.add_argument("--processes", type=int, default=2)
    given = asked.parse_args()
    run = State(given.state).current()
    facts = manifest.read(run)
    with tempfile.TemporaryDirectory() as scratch:
        wall, cpu, promoters = batch(given.state, Path(scratch) / "all", given.processes)
        with Source(run / "tables", facts) as source:
            told = [gather(bundle, facts) for bundle in source.bundles(source.promoters[:SAMPLE])]
        reasons = press.reasons_of(facts)
        rows = [by_itself(form, told, Path(scratch), reasons) for form in press.FORMATS]
        rows.append(yardstick(len(told), Path(scratch)))
    per_thousand = wall * 1000 / promoters
    verdict = "reached" if per_thousand <= PROMISED_SECONDS else "*missed*"
    body = (
        f"`tongren report --all` in all four formats with {given.processes} processes: {promoters} promoters in {wall:.0f} s"
        f" wall, {cpu:.0f} CPU s ({cpu / wall:.1f} cores were to be had). Per 1,000: {per_thousand:.0f} s wall,"
        f" {cpu * 1000 / promoters:.0f} CPU s; asked {PROMISED_SECONDS} s wall: {verdict}.\n\n"
        f"Each format by itself, {len(told)} reports in one process:\n\n"
    )
    record("Evidence reports", "python -m benchmarks.reports", body + as_table(rows))


def batch(state: Path, out: Path, processes: int) -> tuple[float, float, int]:
    """Wall seconds, CPU seconds of all processes, and promoters."""
    wall, cpu = time.perf_counter(), cpu_seconds()
    show.report(state, None, None, out, forms=press.FORMATS, edition="internal", lang="zh", processes=processes)
    return time.perf_counter() - wall, cpu_seconds() - cpu, len(list(out.glob("*.json")))


def cpu_seconds() -> float:
    """Of this process and of those that it has ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def by_itself(form: str, told: Sequence[Facts], out: Path, reasons: Reasons) -> dict[str, object]:
    """One format of a sample of reports."""
    wall, cpu = time.perf_counter(), time.process_time()
    paths = [press.press(one, out / f"{n}.{form}", form, "internal", "zh", reasons) for n, one in enumerate(told)]
    spent = time.perf_counter() - wall, time.process_time() - cpu
    return _row(form, len(told), *spent, sum(p.stat().st_size for p in paths))


def yardstick(pages: int, out: Path) -> dict[str, object]:
    """Pages of plain text, escaped and written."""
    wall, cpu = time.perf_counter(), time.process_time()
    page = "x <y> & z " * 20_000
    for n in range(pages):
        (out / f"{n}.txt").write_text(str(escape(page)), encoding="utf-8")
    return _row("yardstick", pages, time.perf_counter() - wall, time.process_time() - cpu, 0)


def _row(form: str, reports: int, wall: float, cpu: float, size: int) -> dict[str, object]:
    per = 1000 / reports
    return {
        "format": form, "wall s per 1,000": f"{wall * per:.1f}", "CPU s per 1,000": f"{cpu * per:.1f}",
        "mean kB": f"{size / reports / 1000:.0f}" if size else "",
    }  # fmt: skip


if __name__ == "__main__":
    main()

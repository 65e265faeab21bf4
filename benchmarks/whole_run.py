"""Times the whole job on a simulated world: simulate once, then run each statement day in a fresh state, in processes of
their own so that wall seconds, CPU seconds and peak memory are the operating system's."""

from __future__ import annotations

import argparse
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.record import as_table, record


def measured(command: list[str]) -> dict[str, object]:
    """Run a command; its wall and CPU seconds and the peak memory of its largest process so far."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wall s": round(time.perf_counter() - started, 1), "CPU s": round(cpu, 1),
            "peak GiB (so far)": round(after.ru_maxrss / 2**20, 2)}  # fmt: skip


def main() -> None:
    """Simulate, run, record."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--accounts", type=int, default=20_000)
    asked.add_argument("--promoters", type=int, default=300)
    asked.add_argument("--months", type=int, default=6)
    asked.add_argument("--seed", type=int, default=11)
    asked.add_argument("--days", nargs="+", required=True, help="as-of days")
    asked.add_argument("--folder", type=Path, default=Path("build/whole_run"))
    given = asked.parse_args()
    tongren = [str(Path(sys.executable).parent / "tongren")]
    world, state = given.folder / f"world{given.accounts}-{given.seed}", given.folder / "state"
    rows = []
    if not world.exists():
        simulate = [*tongren, "simulate", "--out", str(world), "--accounts", str(given.accounts),
                    "--promoters", str(given.promoters), "--months", str(given.months), "--seed", str(given.seed)]  # fmt: skip
        rows.append({"step": "simulate", **measured(simulate)})
    shutil.rmtree(state, ignore_errors=True)
    for day in given.days:
        run = [*tongren, "run", "--sources", str(world), "--state", str(state), "--as-of", day]
        rows.append({"step": f"run {day}", **measured(run)})
    name = f"Whole run, {given.accounts:,} accounts, {given.promoters:,} promoters, {given.months} months"
    command = f"python -m benchmarks.whole_run {' '.join(sys.argv[1:])}"
    record(name, command, as_table(rows) + f"\n\nseed {given.seed}")
    sys.stdout.write(as_table(rows) + "\n")


if __name__ == "__main__":
    main()

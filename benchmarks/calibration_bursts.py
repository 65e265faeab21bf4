"""Are the p-values of honest promoters flat? Simulated worlds without cheats, with and without an outage day.

python -m benchmarks.calibration_bursts --seeds 201,202,203 --out /some/folder
"""

from __future__ import annotations

import argparse
import json
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import worlds
from benchmarks.record import as_table, record
from models.detectors.refund_burst.judge import judge


def p_values(source: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Per tested promoter p, q and expected refunds."""
    as_of = date.fromisoformat(str(worlds.events(source)["period"]["to"]))
    with tempfile.TemporaryDirectory() as work:
        wh = worlds.warehouse(source, Path(work), as_of)
        tables = [
            wh.con.sql(f"select * from {t} order by all").to_arrow_table()
            for t in ("refund_day", "refund_order", "group_member")
        ]
        verdict = judge(*tables, as_of)
    mine = verdict.tested
    return verdict.p[mine], verdict.q[mine], verdict.standard.expected[mine]


def main() -> None:
    """Print, pooled over worlds, how often p falls below each level, a histogram, and how many were flagged."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="201,202,203")
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--promoters", type=int, default=300)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--record", action="store_true")
    asked = parser.parse_args()
    import simulator

    found = []
    for seed in (int(s) for s in asked.seeds.split(",")):
        source = asked.out / f"honest-{asked.accounts}-{asked.promoters}-{seed}"
        if not (source / "truth").exists():
            simulator.simulate(source, asked.accounts, asked.promoters, 6, seed, honest=True)
        found.append(p_values(source))
    p, q, expected = (np.concatenate(part) for part in zip(*found, strict=True))
    busy = expected >= 5
    report: dict[str, Any] = {
        "promoters": len(p), "flagged": int((q <= 0.05).sum()), "worlds": len(found),
        "worlds_with_a_flag": sum(bool((w[1] <= 0.05).any()) for w in found),
        "below": {str(level): round(float((p <= level).mean()), 4) for level in (0.001, 0.01, 0.05, 0.1, 0.2, 0.5)},
        "below_busy": {str(level): round(float((p[busy] <= level).mean()), 4) for level in (0.001, 0.01, 0.05, 0.1, 0.2, 0.5)},
        "histogram_busy": np.histogram(p[busy], bins=10, range=(0, 1))[0].tolist(),
    }  # fmt: skip
    print(json.dumps(report, indent=1))
    if asked.record:
        levels = [
            {"p at most": k, "all": report["below"][k], "expecting 5 or more": report["below_busy"][k]}
            for k in report["below"]
        ]
        body = (
            f"{report['worlds']} worlds without cheats, {report['promoters']} promoters tested; flagged: {report['flagged']}."
            f" Histogram of p in tenths, promoters expecting 5 returns or more: {report['histogram_busy']}.\n\n{as_table(levels)}"
        )
        command = f"python -m benchmarks.calibration_bursts --seeds {asked.seeds} --out DIR --record"
        record("Refund bursts: calibration on honest worlds", command, body)


if __name__ == "__main__":
    main()

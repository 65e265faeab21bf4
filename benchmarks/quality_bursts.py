"""Quality of the burst flags on simulated worlds: false-discovery share, recall and average precision, against naive rules.

    python -m benchmarks.quality_bursts --seeds 101,102,103,104,105 --out /some/folder

Positives are the promoters whose refunds were planned (`truth/bursts`: rings, collusion, slow refunds); a promoter of
another scheme counts as honest here only if none of its refunds was planned.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from benchmarks import naive, worlds
from benchmarks.quality_same_user import found_groups
from benchmarks.record import as_table, record
from models import detectors
from models.detectors.feedback import interval


@dataclass
class World:
    """What one world showed: per promoter truth and each method's score and flag; burst windows found."""

    seed: int
    planned: dict[str, str]
    honest: set[str]
    methods: dict[str, dict[str, tuple[float, bool]]] = field(default_factory=dict)
    windows: dict[str, list[tuple[date, date]]] = field(default_factory=dict)
    truth_windows: list[tuple[str, str, date, date]] = field(default_factory=list)
    outage_flags: int = 0
    p_values: list[float] = field(default_factory=list)


def groups_of(source: Path, as_of: date, whose: str) -> pa.Table:
    """Same-user groups: the truth's, or those that the product finds in the feeds."""
    return found_groups(source, as_of) if whose == "product" else worlds.true_groups(source)


def measure(source: Path, seed: int, groups: str = "truth") -> World:
    """Run features and detectors on one world and set them beside its truth."""
    events = worlds.events(source)
    as_of = date.fromisoformat(str(events["period"]["to"]))
    truth = duckdb.connect()
    path = source / "truth"
    bursts = truth.execute(
        "select promoter_id, scheme, window_start, window_end from read_parquet($p)",
        {"p": str(path / "bursts.parquet")},
    ).fetchall()
    planned = {p: scheme for p, scheme, _, _ in bursts}
    touched = {
        r[0]
        for r in truth.execute(
            "select distinct promoter_id from read_parquet($o) join read_parquet($f) using (order_id)"
            " join read_parquet($r) on invitee_id = account_id where refund_cause = 'cheat'",
            {
                "o": str(path / "orders.parquet"),
                "f": str(source / "orders.parquet"),
                "r": str(source / "referrals.parquet"),
            },
        ).fetchall()
    }
    with tempfile.TemporaryDirectory() as work:
        wh = worlds.warehouse(source, Path(work), as_of, groups_of(source, as_of, groups))
        detectors.build(wh)
        everyone = {r[0] for r in wh.execute("select promoter_id from promoter_conduct where orders > 0")}
        world = World(seed, planned, everyone - set(planned) - touched)
        found = wh.execute(
            "select promoter_id, window_start, window_end, p_value, flagged from burst order by promoter_id, window_start"
        )
        world.methods["ours"] = dict.fromkeys(everyone, (0.0, False))
        outage = events.get("outage") or {}
        day = date.fromisoformat(str(outage["day"])) if outage else None
        for promoter, start, end, p, flagged in found:
            score, before = world.methods["ours"].get(promoter, (0.0, False))
            world.methods["ours"][promoter] = (max(score, -math.log10(max(p, 1e-300))), before or flagged)
            if flagged:
                world.windows.setdefault(promoter, []).append((start, end))
                short = end - start <= timedelta(days=14)
                world.outage_flags += int(
                    promoter in world.honest and day is not None and short and start <= day <= end
                )
        world.truth_windows = [(p, s, a, b) for p, s, a, b in bursts]
        world.methods |= naive.rules(wh)
        return world


def average_precision(world_scores: Sequence[tuple[float, bool]]) -> float:
    """Area under precision and recall, ties by pessimism (honest first)."""
    ranked = sorted(world_scores, key=lambda s: (-s[0], s[1]))
    hits, total = 0, 0.0
    for place, (_, good) in enumerate(ranked, start=1):
        hits += good
        total += hits / place if good else 0.0
    return total / max(sum(g for _, g in world_scores), 1)


def summary(found: Sequence[World]) -> dict[str, Any]:
    """Pooled figures per method, per scheme and per window."""
    table: dict[str, Any] = {"methods": {}, "schemes": {}, "windows": {}}
    for method in found[0].methods:
        false = sum(int(flag) for w in found for p, (_, flag) in w.methods[method].items() if p in w.honest)
        true = sum(int(flag) for w in found for p, (_, flag) in w.methods[method].items() if p in w.planned)
        positives = sum(len(set(w.planned) & set(w.methods[method])) for w in found)
        ranked = [
            (s, p in w.planned)
            for w in found
            for p, (s, _) in w.methods[method].items()
            if p in w.honest or p in w.planned
        ]
        low, high = interval(false, max(false + true, 1))
        table["methods"][method] = {
            "flagged": false + true, "false": false, "false_share": round(false / max(false + true, 1), 4),
            "interval": [round(low, 4), round(high, 4)], "recall": round(true / max(positives, 1), 4),
            "average_precision": round(average_precision(ranked), 4),
        }  # fmt: skip
    for world in found:
        for promoter, scheme in world.planned.items():
            entry = table["schemes"].setdefault(scheme, [0, 0])
            entry[1] += 1
            entry[0] += int(world.methods["ours"].get(promoter, (0.0, False))[1])
        for promoter, scheme, start, end in world.truth_windows:
            entry = table["windows"].setdefault(scheme, [0, 0])
            entry[1] += 1
            entry[0] += int(any(a <= end and b >= start for a, b in world.windows.get(promoter, [])))
    flags = [
        (w, p, a, b)
        for w in found
        for p, spans in w.windows.items()
        for a, b in spans
        if p in w.honest or p in w.planned
    ]
    false = sum(not any(p == q and a <= e and b >= s for q, _, s, e in w.truth_windows) for w, p, a, b in flags)
    table["false_windows"] = [false, len(flags), *(round(v, 4) for v in interval(false, len(flags)))]
    table["outage_flags"] = sum(w.outage_flags for w in found)
    return table


def main() -> None:
    """Simulate the worlds that are not there yet, measure each, print the pooled figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="101,102,103,104,105")
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--promoters", type=int, default=300)
    parser.add_argument("--months", type=int, default=6)
    parser.add_argument("--honest", action="store_true")
    parser.add_argument("--groups", choices=["truth", "product"], default="truth", help="whose same-user groups")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--record", action="store_true")
    asked = parser.parse_args()
    import simulator

    found = []
    for seed in (int(s) for s in asked.seeds.split(",")):
        source = asked.out / f"{'honest' if asked.honest else 'world'}-{asked.accounts}-{asked.promoters}-{seed}"
        if not (source / "truth").exists():
            simulator.simulate(source, asked.accounts, asked.promoters, asked.months, seed, honest=asked.honest)
        found.append(measure(source, seed, asked.groups))
        print(seed, json.dumps(summary([found[-1]])["methods"]["ours"]), flush=True)
    table = summary(found)
    print(json.dumps(table, indent=1))
    if asked.record:
        record(
            "Refund bursts: quality on simulated worlds"
            + (", the product's own groups" if asked.groups == "product" else ""),
            COMMAND.format(**vars(asked)),
            told(table, len(found), asked.accounts, asked.groups),
        )


COMMAND = (
    "python -m benchmarks.quality_bursts --seeds {seeds} --accounts {accounts} --promoters {promoters}"
    " --groups {groups} --out DIR --record"
)


def told(table: dict[str, Any], worlds_seen: int, accounts: int, groups: str) -> str:
    """The figures as Markdown."""
    rows = [
        {"method": name, "flagged": m["flagged"], "of them honest": m["false"], "false share": m["false_share"],
         "95 % interval": f"{m['interval'][0]} to {m['interval'][1]}", "recall": m["recall"], "average precision": m["average_precision"]}
        for name, m in table["methods"].items()
    ]  # fmt: skip
    schemes = [
        {
            "scheme": s,
            "promoters found": f"{a} of {b}",
            "windows found": "{} of {}".format(*table["windows"].get(s, [0, 0])),
        }
        for s, (a, b) in sorted(table["schemes"].items())
    ]
    return (
        f"{worlds_seen} worlds of {accounts:,} accounts, six months, seeds on which nothing was tuned; groups as the {groups} has"
        f" them. Positives: promoters with planned refunds. Honest promoters flagged with a window on the outage day:"
        f" {table['outage_flags']}.\n\n{as_table(rows)}\n\n{as_table(schemes)}"
        "\n\nOf {1} flagged windows {0} meet no planned window of their promoter (95 % interval {2} to {3} of them).".format(
            *table["false_windows"]
        )
    )


if __name__ == "__main__":
    main()

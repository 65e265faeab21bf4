"""Referrals found without people: how many are wrong, over worlds of several shapes in turn, until there are enough.

    python -m benchmarks.quality_referrals --referrals 5000 --record

A referral counts when policy may act on it by itself: both in one linked group, and not merely possibly the same. The seeds are ones
on which nothing was chosen.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from scipy.stats import beta

from benchmarks.quality_same_user import link_world, make_world, measure
from benchmarks.record import as_table, record

SHAPES: dict[str, dict[str, float]] = {
    "usual": {},
    "many cheats": {"cheating_promoters": 0.6},
    "careful cheats": {"cheating_promoters": 0.6, "careful": 0.9, "late_traces": 0.25},
    "close families": {
        "cheating_promoters": 0.4, "family_devices": 0.02, "family_hand_downs": 0.03, "family_cards": 0.005,
        "second_hand_devices": 0.05, "recycled_phones": 0.05,
    },
}  # fmt: skip


def many_referrals(wanted: int, seed: int, accounts: int) -> list[dict[str, object]]:
    """Worlds of each shape in turn until `wanted` referrals were found without people; a row per shape, then all."""
    found = {shape: [0, 0, 0] for shape in SHAPES}  # worlds, referrals, right
    while sum(n for _, n, _ in found.values()) < wanted:
        for shape, values in SHAPES.items():
            with tempfile.TemporaryDirectory() as folder:
                world = make_world(Path(folder), accounts, seed, **values)
                link_world(world)
                row = measure(world)
            raised = int(str(row["referrals auto"]))
            right = round(float(str(row["their precision"])) * raised)
            found[shape] = [x + y for x, y in zip(found[shape], (1, raised, right), strict=True)]
            print(shape, seed, row, flush=True)
            seed += 1
    rows = [(shape, *counts) for shape, counts in found.items()]
    rows.append(("all", *(sum(r[i] for r in found.values()) for i in range(3))))
    return [
        {
            "shape": shape, "worlds": worlds, "referrals found without people": raised, "of them wrong": raised - right,
            "precision": round(right / max(raised, 1), 5), "95 % interval": "{:.5f} to {:.5f}".format(*interval(right, raised)),
        }
        for shape, worlds, raised, right in rows
    ]  # fmt: skip


def interval(right: int, of: int) -> tuple[float, float]:
    """Clopper and Pearson's interval of a share, 95 %."""
    low = float(beta.ppf(0.025, right, of - right + 1)) if right else 0.0
    high = float(beta.ppf(0.975, right + 1, of - right)) if right < of else 1.0
    return low, high


def main() -> None:
    """Count, print, and keep the figures with --record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--referrals", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=401, help="of the first world; the next ones count on")
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--record", action="store_true")
    given = parser.parse_args()
    body = as_table(many_referrals(given.referrals, given.seed, given.accounts))
    print(body)
    if given.record:
        command = f"python -m benchmarks.quality_referrals --referrals {given.referrals} --seed {given.seed}"
        record("Referrals found without people", command, body)


if __name__ == "__main__":
    main()

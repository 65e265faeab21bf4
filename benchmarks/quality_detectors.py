"""Quality of the flags of the detectors beside the burst test on simulated worlds: false share, and recall per scheme.

    python -m benchmarks.quality_detectors --seeds 101,102,103,104,105,106,107,108 --out /some/folder

A flag counts for the promoter that it names. Honest are the promoters that the truth has no scheme for, unless the flagged
account or group belongs to a cheat (`truth/accounts`).
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from benchmarks import worlds
from benchmarks.quality_bursts import groups_of
from benchmarks.record import as_table, record
from data_contracts.warehouse import Warehouse
from models import detectors
from models.detectors.feedback import interval

TARGETS = {
    "forced_click": ("forced_click",),
    "coupon_resale": ("coupon_resale",),
    "exploitation": ("tier_hugging", "recharge_padding", "slow_refund", "ring"),
    "collusion_ring": ("collusion", "ring"),
}
FARMS = (4, 6, 8)
FLAGGED = """
select distinct
    d.detector,
    d.promoter_id,
    unnest(d.reasons) as code,
    d.subject_id in (select subject_id from cheating) as of_cheat
from detection as d
where d.flagged and d.detector <> 'audit_sample' and d.promoter_id is not null
order by all
"""


@dataclass
class World:
    """What one world showed: the scheme of each promoter with orders, (detector, promoter, code, of a cheat) flagged, planted
    farms found and looked at by size, and the best published score by detector and promoter."""

    seed: int
    schemes: dict[str, str]
    flagged: list[tuple[str, str, str, bool]]
    farmed: dict[int, tuple[int, int]]
    scores: dict[tuple[str, str], float]


def measure(source: Path, seed: int, whose: str = "truth") -> World:
    """Run features and detectors on one world, with same-user groups as the truth has them or as the product finds them."""
    as_of = date.fromisoformat(str(worlds.events(source)["period"]["to"]))
    groups = groups_of(source, as_of, whose)
    con = duckdb.connect()
    con.register("grouped", groups)
    cheating = con.execute(
        "with bad as (select account_id from read_parquet($a) where scheme <> 'honest')"
        " select account_id as subject_id from bad"
        " union select group_id from grouped where account_id in (select account_id from bad)",
        {"a": str(source / "truth" / "accounts.parquet")},
    ).to_arrow_table()
    schemes = con.execute(
        "select promoter_id, scheme from read_parquet($p)", {"p": str(source / "truth" / "promoters.parquet")}
    ).fetchall()
    with tempfile.TemporaryDirectory() as work:
        wh = worlds.warehouse(source, Path(work), as_of, groups)
        detectors.build(wh)
        active = {r[0] for r in wh.execute("select promoter_id from promoter_conduct where invitees > 0")}
        wh.con.register("cheating", cheating)
        flagged = [tuple(r) for r in wh.con.execute(FLAGGED).fetchall()]
        scores = {
            (d, p): s
            for d, p, s in wh.execute(
                "select detector, promoter_id, max(score) from detection where promoter_id is not null group by all"
            )
        }
        farmed = {size: _farmed(wh, groups, {p for p, s in schemes if s == "honest"}, size) for size in FARMS}
    return World(seed, {p: s for p, s in schemes if p in active}, flagged, farmed, scores)


def _farmed(wh: Warehouse, groups: pa.Table, honest: set[str], size: int) -> tuple[int, int]:
    """Bought accounts planted: `size` invitees of each of ten honest promoters become one user's, not the promoter's. How
    many of these promoters are flagged for it (CR02), and of how many."""
    rows = wh.execute(
        "select promoter_id, list(invitee_id order by invitee_id) from referrals where invitee_id not in"
        " (select account_id from group_member) group by promoter_id having count(*) >= 12 order by sha256(promoter_id)"
    )
    picked = [(p, invitees[:size]) for p, invitees in rows if p in honest][:10]
    planted = [
        {"account_id": a, "group_id": f"FARM-{p}", "group_size": size, "cohesion": 20.0, "status": "linked"}
        for p, invitees in picked for a in invitees
    ]  # fmt: skip
    wh.admit("group_member", pa.concat_tables([groups, pa.Table.from_pylist(planted, groups.schema)]))
    card = next(c for c in detectors.cards() if c.name == "collusion_ring")
    found = detectors.detect(wh, card)["detection"].to_pylist()
    told = {r["promoter_id"] for r in found if r["flagged"] and "CR02" in r["reasons"]}
    return len(told & {p for p, _ in picked}), len(picked)


def summary(found: Sequence[World]) -> list[dict[str, Any]]:
    """One row per detector, over all worlds."""
    return [_row(found, name) for name in TARGETS]


def _row(found: Sequence[World], name: str) -> dict[str, Any]:
    flagged: Counter[str] = Counter()
    total: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    honest = 0
    for world in found:
        total.update(world.schemes.values())
        mine = [(p, code, bad) for detector, p, code, bad in world.flagged if detector == name]
        of_cheat = {p for p, _, bad in mine if bad}
        promoters = {p for p, _, _ in mine}
        codes.update(code for _, code in {(p, code) for p, code, _ in mine})
        flagged.update(world.schemes.get(p, "honest") for p in promoters)
        honest += sum(world.schemes.get(p, "honest") == "honest" and p not in of_cheat for p in promoters)
    count = flagged.total()
    low, high = interval(honest, count)
    return {
        "detector": name, "flagged": count, "of them honest": honest,
        "false share": round(honest / count, 4) if count else "–", "95 % interval": f"{low:.4f} to {high:.4f}",
        "recall by scheme": "; ".join(f"{s} {flagged[s]} of {total[s]}" for s in TARGETS[name]),
        "others flagged": "; ".join(f"{s} {n}" for s, n in sorted(flagged.items()) if s not in TARGETS[name]) or "–",
        "reasons": " ".join(f"{c} {n}" for c, n in sorted(codes.items())),
    }  # fmt: skip


def main() -> None:
    """Simulate the worlds that are not there yet, measure each, print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="101,102,103,104,105,106,107,108")
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--promoters", type=int, default=300)
    parser.add_argument("--months", type=int, default=6)
    parser.add_argument("--groups", choices=["truth", "product"], default="truth", help="whose same-user groups")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--record", action="store_true")
    asked = parser.parse_args()
    import simulator

    found = []
    for seed in (int(s) for s in asked.seeds.split(",")):
        source = asked.out / f"world-{asked.accounts}-{asked.promoters}-{seed}"
        if not (source / "truth").exists():
            simulator.simulate(source, asked.accounts, asked.promoters, asked.months, seed, honest=False)
        found.append(measure(source, seed, asked.groups))
    rows, farms = summary(found), farm_rows(found)
    print(json.dumps([rows, farms], indent=1, ensure_ascii=False))
    if asked.record:
        title = "Other detectors: quality on simulated worlds" + (
            ", the product's own groups" if asked.groups == "product" else ""
        )
        record(title, COMMAND.format(**vars(asked)), told(rows, farms, asked))


def farm_rows(found: Sequence[World]) -> list[dict[str, Any]]:
    """Bought accounts planted on honest promoters, found by size."""
    counts = {size: [sum(w.farmed[size][k] for w in found) for k in (0, 1)] for size in FARMS}
    return [{"invitees of one other user": size, "found (CR02)": f"{a} of {b}"} for size, (a, b) in counts.items()]


COMMAND = (
    "python -m benchmarks.quality_detectors --seeds {seeds} --accounts {accounts} --promoters {promoters}"
    " --groups {groups} --out DIR --record"
)


def told(rows: Sequence[dict[str, Any]], farms: Sequence[dict[str, Any]], asked: argparse.Namespace) -> str:
    """The figures as Markdown."""
    return (
        f"Worlds of {asked.accounts:,} accounts, {asked.months} months, seeds on which nothing was tuned; groups as the {asked.groups} has"
        " them. Promoters are counted. The schemes of `exploitation` are those that could show one of its traits; a ring"
        f" is the burst test's first of all.\n\n{as_table(rows)}"
        f"\n\nNo simulated scheme buys accounts of one hand that is not the promoter's, so CR02 is measured on planted"
        f" ones:\n\n{as_table(farms)}"
    )


if __name__ == "__main__":
    main()

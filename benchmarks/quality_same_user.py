"""Same-user quality on simulated worlds: pairs, groups and referrals against the truth that the simulator wrote.

python -m benchmarks.quality_same_user --seeds 101 102 103 --accounts 20000
"""

from __future__ import annotations

import argparse
import math
import shutil
import tempfile
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.record import as_table, record
from data_contracts.contract import of_stage
from data_contracts.run import Run
from data_contracts.vault import Key
from data_contracts.warehouse import Warehouse
from features import sharing
from models import same_user
from pipelines import ingest
from simulator import simulate

ZONE = "Asia/Shanghai"
KEY = Key(sha256(b"made-up worlds have nothing to hide").digest())


@dataclass(frozen=True)
class World:
    """One simulated world and where it lies."""

    folder: Path
    accounts: int
    seed: int
    as_of: date = date(2025, 12, 31)

    @property
    def run(self) -> Run:
        return Run("quality", 1, self.as_of, ZONE)

    @property
    def tables(self) -> Path:
        return self.folder / "tables"


def make_world(folder: Path, accounts: int, seed: int, months: int = 6, **shape: object) -> World:
    """Simulate, read and tokenise one world; `<folder>/tables` then holds its feeds."""
    promoters = max(20, accounts // 66)
    simulate(folder / "feeds", accounts, promoters, months, seed, **shape)
    world = World(folder, accounts, seed)
    read_world(world, folder / "feeds")
    return world


def read_world(world: World, feeds: Path) -> None:
    """Read and tokenise the feeds of one world; `<folder>/tables` then holds them."""
    with Warehouse(world.tables, "books", world.run) as wh:
        for contract in of_stage("books"):
            wh.empty(contract.table)
        wh.publish()
    with Warehouse(world.tables, "feeds", world.run) as wh:
        ingest.build(wh, sources=feeds, key=KEY, zone=ZONE, max_quarantine_share="0.05")
        wh.publish()


def found_groups(source: Path, as_of: date) -> pa.Table:
    """Same-user groups of a simulated source folder as the product itself finds them."""
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), 0, 0, as_of)
        read_world(world, source)
        link_world(world)
        return pq.read_table(world.tables / "models" / "group_member.parquet")


def link_world(world: World, model: same_user.Model | None = None) -> None:
    """Features and same-user models of a world; `<folder>/tables` then holds their tables."""
    shutil.rmtree(world.tables / "features", ignore_errors=True)
    with Warehouse(world.tables, "features", world.run) as wh:
        for contract in of_stage("features"):
            wh.empty(contract.table)
        sharing.build(wh)
        wh.publish()
    with Warehouse(world.tables, "models", world.run) as wh:
        for contract in of_stage("models"):
            wh.empty(contract.table)
        same_user.build(wh, model=model)
        wh.publish()


def truth(world: World) -> duckdb.DuckDBPyConnection:
    """A connection with the world's truth, links, groups and referrals as views."""
    con = duckdb.connect()
    con.execute("set TimeZone = 'UTC'")
    views = {
        "truth": world.folder / "feeds/truth/accounts.parquet",
        "link": world.tables / "models/link.parquet",
        "member": world.tables / "models/group_member.parquet",
        "referral_same": world.tables / "models/referral_same.parquet",
        "referrals": world.tables / "feeds/referrals.parquet",
        "use": world.tables / "features/identifier_use.parquet",
    }
    for name, path in views.items():
        con.execute(f"create view {name} as select * from read_parquet('{path}')")
    con.execute("""
        create table true_pair as select a.account_id as account_a, b.account_id as account_b,
            a.careful or b.careful as careful, greatest(a.scheme, b.scheme) as scheme, a.person = b.person as one_person,
            coalesce(a.trace, b.trace) as trace
        from truth a join truth b on a.controller = b.controller and a.account_id < b.account_id""")
    con.execute("""
        create table found_pair as select a.account_id as account_a, b.account_id as account_b
        from member a join member b on a.group_id = b.group_id and a.account_id < b.account_id
        where a.status = 'linked'""")
    return con


def measure(world: World) -> dict[str, object]:
    """One row of figures. Pairs are those that linked groups imply, against pairs of one controller."""
    con = truth(world)

    def one(query: str) -> float:
        value = con.execute(query).fetchall()[0][0]
        return float(value or 0)

    found, true = one("select count(*) from found_pair"), one("select count(*) from true_pair")
    hit = one("select count(*) from found_pair join true_pair using (account_a, account_b)")
    referred = """(select r.*, p.controller = i.controller as same, i.careful, p.scheme from referrals r
        join truth p on p.account_id = r.promoter_id join truth i on i.account_id = r.invitee_id)"""
    auto = "(select * from referral_same where group_status = 'linked' and outcome <> 'possibly')"
    raised = one(f"select count(*) from {auto}")
    right = one(f"select count(*) from {auto} a join {referred} r using (invitee_id) where r.same")
    careless = one(f"select count(*) from {referred} where same and not careful")
    careless_hit = one(
        f"select count(*) from {auto} a join {referred} r using (invitee_id) where r.same and not careful"
    )
    all_same = one(f"select count(*) from {referred} where same")
    return {
        "accounts": world.accounts, "seed": world.seed, "true pairs": int(true), "found": int(found),
        "precision": round(hit / max(found, 1), 5), "recall": round(hit / max(true, 1), 4),
        "referrals auto": int(raised), "their precision": round(right / max(raised, 1), 5),
        "recall careless": round(careless_hit / max(careless, 1), 4),
        "recall all": round(right / max(all_same, 1), 4),
        "largest group": int(one("select max(group_size) from member")),
        "strangers in one group, most": int(one(
            "select max(n) from (select group_id, count(distinct controller) n from member join truth using (account_id)"
            " where status = 'linked' group by all)")),
        "needs_review": int(one("select count(distinct group_id) from member where status = 'needs_review'")),
    }  # fmt: skip


def by_fraud_type(world: World) -> list[dict[str, object]]:
    """Recall of pairs per scheme, careful hands apart."""
    rows = (
        truth(world)
        .execute("""
        select scheme, careful, count(*), count(f.account_a) from true_pair t
        left join found_pair f using (account_a, account_b) group by all order by scheme, careful""")
        .fetchall()
    )
    return [
        {"scheme": scheme, "careful": careful, "pairs": pairs, "recall": round(found / pairs, 3)}
        for scheme, careful, pairs, found in rows
    ]


def by_signature(world: World) -> list[dict[str, object]]:
    """Precision of same links per set of shared kinds, most frequent first."""
    rows = (
        truth(world)
        .execute("""
        select array_to_string(kinds, '+'), referral, count(*), count(*) filter (where a.controller = b.controller)
        from link join truth a on a.account_id = account_a join truth b on b.account_id = account_b
        where outcome like 'same%' group by all order by 3 desc, 1, 2 limit 16""")
        .fetchall()
    )
    return [
        {"shared": kinds, "referral": referral, "links": links, "precision": round(right / links, 4)}
        for kinds, referral, links, right in rows
    ]


def links_with_truth(world: World) -> list[tuple[bool, float, float, bool]]:
    """Every link of a world: referral pair or not, bits, probability said, and whether one hand is behind it."""
    return [tuple(row) for row in truth(world).execute("""
        select referral, match_weight, match_probability, a.controller = b.controller
        from link join truth a on a.account_id = account_a join truth b on b.account_id = account_b
        order by referral, match_weight, account_a, account_b""").fetchall()]  # fmt: skip


def calibrate(rows: list[tuple[bool, float, float, bool]], least: int = 40) -> dict[str, list[list[float]]]:
    """Rising steps (pool adjacent violators) from bits to the share of one hand's pairs, at least `least` pairs each. Pairs of
    equal bits are never in two steps."""
    steps = {}
    for name, referral in (("stranger", False), ("referral", True)):
        counts: dict[float, list[int]] = {}
        for r, bits, _, same in rows:
            if r == referral:
                held = counts.setdefault(math.floor(bits * 100) / 100, [0, 0])
                held[0] += 1
                held[1] += same
        pools: list[list[float]] = []  # from bits, pairs, same
        for bits, (pairs, same) in sorted(counts.items()):
            if pools and pools[-1][1] < least:
                pools[-1] = [pools[-1][0], pools[-1][1] + pairs, pools[-1][2] + same]
            else:
                pools.append([bits, pairs, same])
            while len(pools) > 1 and pools[-1][1] >= least and _share(pools[-2]) >= _share(pools[-1]):
                _merge(pools)
        if len(pools) > 1 and pools[-1][1] < least:
            _merge(pools)
        # one pair's worth of doubt in each step: no share is 0 or 1
        steps[name] = [[b, round((s + 0.5) / (n + 1), 4)] for b, n, s in pools]
        steps[name][0][0] = -1000.0
    return steps


def _share(pool: list[float]) -> float:
    return pool[2] / pool[1]


def _merge(pools: list[list[float]]) -> None:
    last = pools.pop()
    pools[-1] = [pools[-1][0], pools[-1][1] + last[1], pools[-1][2] + last[2]]


def calibration_error(rows: list[tuple[bool, float, float, bool]], bins: int = 10) -> tuple[float, float]:
    """Expected calibration error over equal bins of the probability, and the Brier score."""
    held: dict[int, list[tuple[float, bool]]] = {}
    for _, _, probability, same in rows:
        held.setdefault(min(bins - 1, int(probability * bins)), []).append((probability, same))
    total = max(1, len(rows))
    gap = sum(abs(sum(p for p, _ in b) - sum(s for _, s in b)) for b in held.values()) / total
    return gap, sum((p - s) ** 2 for _, _, p, s in rows) / total


def draw(rows: list[tuple[bool, float, float, bool]], path: Path) -> None:
    """The calibration curve of links as a picture: what was said against what was so, areas by the number of links."""
    import matplotlib.pyplot as plt

    error, brier = calibration_error(rows)
    figure, axes = plt.subplots(figsize=(4.2, 4.2))
    axes.plot([0, 1], [0, 1], color="lightgray")
    for name, referral, colour in (("strangers", False, "tab:blue"), ("referral pairs", True, "tab:orange")):
        bins: dict[int, list[tuple[float, bool]]] = {}
        for r, _, probability, same in rows:
            if r == referral:
                bins.setdefault(min(9, int(probability * 10)), []).append((probability, same))
        said = [sum(p for p, _ in b) / len(b) for b in bins.values()]
        seen = [sum(s for _, s in b) / len(b) for b in bins.values()]
        axes.scatter(said, seen, s=[12 + len(b) / 12 for b in bins.values()], alpha=0.6, color=colour, label=name)
    axes.set(xlabel="probability said", ylabel="share of one hand", title=f"error {error:.3f}, Brier {brier:.3f}")
    axes.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=110, metadata={"Software": None})


def main() -> None:
    """Simulate, link, measure, and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[101, 102, 103])
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--calibrate", action="store_true", help="print the steps to put into the model file")
    parser.add_argument(
        "--referrals", type=int, help="count so many referrals found without people, from the first seed on"
    )
    parser.add_argument("--picture", type=Path, help="where to draw the calibration curve (PNG)")
    given = parser.parse_args()
    rows, links, detail = [], [], ""
    for seed in given.seeds:
        with tempfile.TemporaryDirectory() as folder:
            world = make_world(Path(folder), given.accounts, seed)
            link_world(world)
            said = links_with_truth(world)
            error, brier = calibration_error(said)
            rows.append({**measure(world), "calibration error": round(error, 4), "Brier": round(brier, 4)})
            links += said
            detail = f"{as_table(by_fraud_type(world))}\n\n{as_table(by_signature(world))}"
            print(rows[-1], flush=True)
    if given.picture:
        draw(links, given.picture)
    if given.calibrate:
        print(calibrate(links))
    if given.record:
        body = f"{as_table(rows)}\n\nOf seed {given.seeds[-1]} alone, the last one, by fraud type and by what is shared:\n\n{detail}"
        command = f"python -m benchmarks.quality_same_user --seeds {' '.join(map(str, given.seeds))}"
        record("Same users on simulated worlds", command, body)


if __name__ == "__main__":
    main()

"""Easy ways of finding cheats fail on a simulated world, and a careful way works.

The careful way here is a second, independent one: perfect normal forms, pairwise evidence with a time overlap,
two kinds of evidence of which one is hard or a device, and connected components.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from simulator import World
from simulator.calendar import DAY, ZONE_OFFSET
from simulator.cheats import CODE
from simulator.programme import Story, tell
from simulator.sightings import KINDS

Labels = npt.NDArray[np.int64]
HARD = ("id_doc", "phone", "payment")


@dataclass(frozen=True)
class Shared:
    """A story and a connection with ``use``: account, kind, code, first and last; placeholders left out."""

    story: Story
    con: duckdb.DuckDBPyConnection

    @property
    def hands(self) -> Labels:
        return self.story.people.controller


@pytest.fixture(scope="module", params=[11, 12])
def world(request: pytest.FixtureRequest) -> Shared:
    story = tell(World(accounts=20_000, promoters=300, months=6, seed=request.param))
    con = duckdb.connect()
    con.execute("create table sighting (account bigint, kind varchar, code bigint, happened bigint)")
    for kind in KINDS:
        columns = story.sightings.columns(kind)
        con.register("part", pa.table({name: columns[name] for name in ("account", "code", "happened")}))
        placeholder = kind in ("device", "ip")
        con.execute(
            "insert into sighting select account, ?, code, happened from part where not ? or code % 4 <> 2",
            [kind, placeholder],
        )
    con.execute("""
        create table use as
        select account, kind, code, min(happened) as first, max(happened) as last,
            list(distinct (happened + $zone) // $day) as days
        from sighting group by all
    """, {"zone": ZONE_OFFSET, "day": DAY})  # fmt: skip
    return Shared(story, con)


def components(count: int, pairs: list[tuple[int, int]]) -> Labels:
    edges = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    graph = coo_matrix((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def pairs_within(labels: Labels) -> int:
    sizes = np.unique(labels, return_counts=True)[1]
    return int((sizes * (sizes - 1) // 2).sum())


def precision_recall(groups: Labels, hands: Labels) -> tuple[float, float, float]:
    both = pairs_within(groups * (int(hands.max()) + 1) + hands)
    precision, recall = both / max(pairs_within(groups), 1), both / pairs_within(hands)
    return precision, recall, 2 * precision * recall / max(precision + recall, 1e-12)


def joined_by(world: Shared, kinds: tuple[str, ...]) -> Labels:
    """Components over accounts that share any value of these kinds."""
    pairs = world.con.execute(
        "select account, min(account) over (partition by kind, code) from use where list_contains($kinds, kind)",
        {"kinds": list(kinds)},
    ).fetchall()
    return components(len(world.hands), pairs)


def joined_with_care(world: Shared) -> Labels:
    pairs = world.con.execute("""
        with held as (
            select kind, code from use group by all having count(*) between 2 and case kind when 'ip' then 60 else 40 end
        ),
        shared as (
            select a.account as a, b.account as b, kind
            from use a join use b using (kind, code) semi join held using (kind, code)
            where a.account < b.account and case kind
                when 'id_doc' then true
                when 'ip' then list_has_any(a.days, b.days)
                when 'phone' then greatest(a.first, b.first) <= least(a.last, b.last) + 30 * $day
                when 'device' then greatest(a.first, b.first) <= least(a.last, b.last) + 20 * $day
                else greatest(a.first, b.first) <= least(a.last, b.last) + 180 * $day end
            group by all
        )
        select a, b from shared group by all
        having bool_or(kind = 'id_doc')
            or count(*) >= 2 and bool_or(kind in ('phone', 'payment', 'device'))
    """, {"day": DAY}).fetchall()  # fmt: skip
    return components(len(world.hands), pairs)


def test_any_shared_identifier_joins_strangers(world: Shared) -> None:
    assert precision_recall(joined_by(world, KINDS), world.hands)[2] < 0.05


def test_hard_identifiers_alone_miss_the_careful(world: Shared) -> None:
    assert precision_recall(joined_by(world, HARD), world.hands)[2] < 0.85


def test_rare_traces_together_find_nearly_all(world: Shared) -> None:
    precision, recall, _ = precision_recall(joined_with_care(world), world.hands)
    assert precision >= 0.995
    assert recall >= 0.90


def test_careless_self_referrals_can_all_be_found(world: Shared) -> None:
    people, groups = world.story.people, joined_with_care(world)
    careless = np.flatnonzero((people.scheme == CODE["self_careless"]) & (people.main >= 0))
    found = groups[careless] == groups[people.main[careless]]
    assert len(careless) >= 40
    assert found.mean() >= 0.95


def test_careful_cheats_are_at_least_half(world: Shared) -> None:
    cheats = world.story.people.cheats
    with_accounts = np.unique(cheats.owner)
    assert cheats.careful[with_accounts].mean() >= 0.5
    assert cheats.careful[cheats.owner].mean() >= 0.5


def test_more_than_three_refunds_a_day_flags_the_honest(world: Shared) -> None:
    story = world.story
    refunds, programme = story.refunds, story.programme
    promoter = programme.promoter[story.orders.account[refunds.order]]
    day = (refunds.at + ZONE_OFFSET) // DAY
    busy, count = np.unique(np.stack([promoter, day])[:, promoter >= 0], axis=1, return_counts=True)
    flagged = np.unique(busy[0][count > 3])
    schemes = story.people.scheme[flagged]
    cheats = np.isin(schemes, [CODE["ring"], CODE["collusion"], CODE["slow_refund"]])
    assert len(flagged) >= 15
    assert cheats.mean() < 0.8


def test_campuses_and_carriers_put_hundreds_behind_one_address(world: Shared) -> None:
    rows = world.con.execute(
        "select count(*) from use where kind = 'ip' group by code order by 1 desc limit 20"
    ).fetchall()
    assert rows[0][0] > 800
    assert rows[-1][0] > 100

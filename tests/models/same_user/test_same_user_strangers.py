"""Strangers who come to a line, a door or a device raise nobody: not in bits, not in what the pair is called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from linked_accounts import T0, Build, build_stages, sighting, uses
from test_same_user_invariance import answer, town

from data_contracts.warehouse import Warehouse
from features import sharing
from models import same_user
from tests.counts import SOAK, SoakCount

Rows = list[dict[str, Any]]
RANK = ("unrelated", "related", "possibly", "same_controller", "same_person")
ARRIVALS = 1200 if SOAK else 12


def scored(wh: Warehouse) -> dict[tuple[str, str], tuple[float, int]]:
    """Every scored pair, linked or not: its bits, and the rank of what it is called."""
    return {(a, b): (bits, RANK.index(outcome)) for a, b, bits, outcome in wh.execute(
        "select one.account_id, other.account_id, match_ubits / 1e6, outcome from same_user_score as s"
        " inner join same_user_account as one on s.a = one.account_no"
        " inner join same_user_account as other on s.b = other.account_no"
    )}  # fmt: skip


def raised(before: Warehouse, after: Warehouse) -> list[tuple[str, str]]:
    """Pairs that weigh more, or are called more, than before; those of the strangers themselves left out."""
    then, strange = scored(before), ("S", "Z")
    now = {pair: said for pair, said in scored(after).items() if not any(n.startswith(strange) for n in pair)}
    return [p for p, (bits, rank) in now.items() if p not in then or bits > then[p][0] or rank > then[p][1]]


def crowd(kind: str, token: str, count: int, day: float = 0, cls: str = "") -> Rows:
    return [sighting(f"S{n:05d}", kind, token, day, cls) for n in range(count)]


def test_the_stranger_who_makes_a_line_a_hub_does_not_take_a_household_away(link: Build) -> None:
    home = [row for a in "AB" for row in (*uses(a, ip="i"), sighting(a, "address", "home", 0, "door"))]
    full, more = crowd("ip", "ip-i", 198), crowd("ip", "ip-i", 199)
    before, after = (link([*home, *some], referrals=[("A", "B")]) for some in (full, more))
    hub = "select suppressed from identifier_value where kind = 'ip'"
    assert (before.execute(hub), after.execute(hub)) == ([(False,)], [(True,)])
    assert raised(before, after) == []


def test_the_stranger_who_makes_a_door_a_hub_does_not_take_a_household_away(link: Build) -> None:
    home = [row for a in "AB" for row in (*uses(a, ip="i", device="d"), sighting(a, "address", "home", 0, "door"))]
    before, after = (link([*home, *crowd("address", "home", n, cls="door")]) for n in (498, 499))
    assert after.execute("select suppressed from identifier_value where kind = 'address'") == [(True,)]
    assert raised(before, after) == []


def test_strangers_on_the_line_of_a_device_that_went_round_raise_nobody(link: Build) -> None:
    """What speaks against the pair shrinks with its line, but never by more than the line's own bits: the cap included."""
    block = [sighting(a, "address", "block", 0, "building") for a in "AB"]
    rows = [*uses("A", device="d", ip="i"), *uses("B", 3, device="d", ip="i"), *block]
    arrivals = [link([*rows, *crowd("ip", "ip-i", n, 1)]) for n in (0, 30, 90, 150, 198, 199)]
    (against,) = arrivals[0].execute("select household_ubits from same_user_score")[0]
    assert against < 0
    assert [raised(before, after) for before, after in pairwise(arrivals)] == [[]] * 5


def test_strangers_on_the_best_line_do_not_make_a_rare_one_the_best(link: Build) -> None:
    """Two common lines: the wide one on one day, a rarer one in one week. The wide one stops being the best one."""
    pair = [
        *uses("A", device="d", ip="wide"),
        *uses("B", device="d", ip="wide"),
        *uses("A", 40, ip="narrow"),
        *uses("B", 45, ip="narrow"),
    ]
    narrow = [{**r, "account_id": "N" + r["account_id"]} for r in crowd("ip", "ip-narrow", 12, 41)]
    before, after = (link([*pair, *narrow, *crowd("ip", "ip-wide", n)]) for n in (23, 26))
    best = "select distinct mask from same_user_counted inner join same_user_token using (token_no) where token like 'ip-%'"
    assert raised(before, after) == []
    assert before.execute("select outcome from link where account_a = 'A' and account_b = 'B'") == [
        ("same_controller",)
    ]
    assert before.execute(best) == after.execute(best) == [("ip-****",)]


def small_world(rng: np.random.Generator) -> Rows:
    """Forty accounts over few tokens, so that with caps of three and hubs of six a stranger often crosses one."""
    rows: Rows = []
    for n in range(40):
        name = f"A{n:02d}"
        for kind, pool in (("device", 14), ("ip", 8), ("ip", 8), ("address", 8), ("phone", 30), ("payment", 30)):
            cls = str(rng.choice(["door", "building"])) if kind == "address" else ""
            rows.append(sighting(name, kind, f"{kind}{rng.integers(pool)}{cls}", float(rng.integers(0, 45)), cls))
    return rows


def arrival(rows: Rows, rng: np.random.Generator) -> Rows:
    """An account that shares lines, doors and devices with others, and no paper, number or card."""
    soft = [r for r in rows if r["kind"] in ("device", "ip", "address")]
    return [{**soft[int(i)], "account_id": "Z"} for i in rng.integers(len(soft), size=int(rng.integers(1, 6)))]


def test_an_unrelated_account_raises_nobody(tmp_path: Path, given: Callable[..., None], soak_count: SoakCount) -> None:
    soak_count("strangers", ARRIVALS)
    limits = tmp_path / "sharing.yaml"
    limits.write_text(
        "default: {hub_entities: 6, resolves_accounts: 0}\n"
        + "".join(f"{kind}: {{hub_entities: 6, resolves_accounts: 3}}\n" for kind in ("id_doc", "phone", "payment"))
    )
    model = same_user.load()
    kinds = tuple(replace(k, candidate_cap=3) for k in model.kinds)
    model = replace(model, kinds=kinds, entities=300, prior_bits=-8.0)
    crossed = 0
    for seed in range(ARRIVALS // 3):
        rng = np.random.default_rng(seed)
        rows = small_world(rng)
        promoted = [(f"A{n // 4 * 4:02d}", f"A{n:02d}") for n in range(40) if n % 4]

        def build(more: Rows, rows: Rows = rows, promoted: list[tuple[str, str]] = promoted) -> Warehouse:
            return build_stages(
                tmp_path / "work", [*rows, *more], given, referrals=promoted, model=model, limits=limits, threads=1
            )

        before = build([])
        hubs = before.execute("select count(*) from identifier_value where suppressed")
        for _ in range(3):
            with build(arrival(rows, rng)) as after:
                assert raised(before, after) == [], seed
                crossed += after.execute("select count(*) from identifier_value where suppressed") != hubs
        before.con.close()
    assert crossed, "no stranger made a hub: the worlds are too thin"


def test_twenty_thousand_strangers_behind_one_line_change_no_group_and_are_nobodys(
    link: Build,
) -> None:
    rows, referrals = town()
    base = answer(link(rows, referrals=referrals))
    behind = [sighting(r["account_id"], "ip", "nat", 1) for r in rows if r["kind"] == "phone"]
    wh = link([*rows, *behind], referrals=referrals)
    wh.execute(
        "insert into identifiers (account_id, kind, token, observed_at, source, mask, class, links)"
        " select 'S' || i, kind, case when kind = 'ip' then 'nat' else 's' || i end, $t0, 'login', 'nat****', '', true"
        " from range(20000) as r (i), (values ('ip'), ('phone')) as k (kind)", t0=T0
    )  # fmt: skip
    sharing.build(wh)
    same_user.build(wh)
    assert wh.execute("select accounts, suppressed, reason from identifier_value where token = 'nat'") == [
        (20_000 + len(behind), True, "hub")
    ]
    found = answer(wh)
    for table in ("group_member", "group_event", "membership_change", "referral_same"):
        assert found[table] == base[table], table


@pytest.mark.parametrize("kind", ["device", "ip", "address"])
def test_bits_never_grow_with_the_holders(kind: str) -> None:
    model = same_user.load()
    for level in next(k for k in model.kinds if k.name == kind).levels:
        bits = [
            model.weight(kind, level.name, entities, referral=r) for r in (False, True) for entities in range(2, 600)
        ]
        assert bits == sorted(bits[:598], reverse=True) + sorted(bits[598:], reverse=True)

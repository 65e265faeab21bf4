"""What must not matter: the order of rows, names, threads, and strangers behind a shared line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from linked_accounts import T0, Build, build_stages, sighting

from data_contracts.warehouse import Warehouse

Rows = list[dict[str, Any]]


def town(seed: int = 1, accounts: int = 240) -> tuple[Rows, list[tuple[str, str]]]:
    """Households, a carrier, hands of two to five accounts, promoters; and who referred whom."""
    rng = np.random.default_rng(seed)
    rows: Rows = []
    for n in range(accounts):
        name, hand, home = f"A{n:04d}", n // 5 if n % 5 < 2 + (n // 5) % 4 and (n // 5) % 3 == 0 else None, n // 3
        day = float(rng.integers(0, 60)) if hand is None else float(hand % 50)
        rows.append(sighting(name, "phone", f"p{n}" if hand is None or n % 2 else f"h{hand}", day))
        rows.append(sighting(name, "id_doc", f"d{n}" if n % 10 else f"dh{hand}", day))
        rows.append(sighting(name, "device", f"v{n if n % 17 else home}" if hand is None else f"vh{hand}", day))
        rows.append(sighting(name, "ip", f"i{home}" if hand is None else f"ih{hand}", day))
        rows.append(sighting(name, "ip", f"carrier{n % 2}", day + 1))
        if n % 3:
            rows.append(sighting(name, "payment", f"c{n}" if hand is None or n % 4 == 0 else f"ch{hand}", day))
        rows.append(sighting(name, "address", f"home{home}", day, "door"))
    return rows, [(f"A{n // 5 * 5:04d}", f"A{n:04d}") for n in range(accounts) if n % 5]


def answer(wh: Warehouse) -> dict[str, list[tuple[Any, ...]]]:
    tables = ("link", "group_member", "group_event", "membership_change", "referral_same")
    return {t: wh.execute(f"select * from {t} order by all") for t in tables}


def partition(wh: Warehouse) -> set[frozenset[str]]:
    groups: dict[str, set[str]] = defaultdict(set)
    for account, group in wh.execute("select account_id, group_id from group_member"):
        groups[group].add(account)
    return {frozenset(g) for g in groups.values()}


@pytest.fixture(name="base")
def base_answer(link: Build) -> dict[str, list[tuple[Any, ...]]]:
    rows, referrals = town()
    found = answer(link(rows, referrals=referrals))
    assert len(found["group_member"]) > 20
    assert found["referral_same"]
    return found


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_order_and_threads_change_nothing(
    base: dict[str, Any], tmp_path: Path, given: Callable[..., None], threads: int
) -> None:
    rows, referrals = town()
    rng = np.random.default_rng(threads)
    mixed = [rows[i] for i in rng.permutation(len(rows))]
    wh = build_stages(tmp_path / "again", mixed, given, referrals=referrals[::-1], threads=threads)
    assert answer(wh) == base


def test_repeated_sightings_change_nothing(base: dict[str, Any], link: Build) -> None:
    rows, referrals = town()
    assert answer(link([*rows, *rows[::3]], referrals=referrals)) == base


def test_renamed_accounts_and_tokens_make_the_same_groups(base: dict[str, Any], link: Build) -> None:
    rows, referrals = town()
    name = {r["account_id"]: f"Z{len(rows) - n:06d}" for n, r in enumerate(rows)}
    renamed = [{**r, "account_id": name[r["account_id"]], "token": r["token"][::-1] + "!"} for r in rows]
    wh = link(renamed, referrals=[(name[p], name[i]) for p, i in referrals])
    plain = defaultdict(set)
    for row in base["group_member"]:
        plain[row[1]].add(name[row[0]])
    assert partition(wh) == {frozenset(g) for g in plain.values()}
    weights = {frozenset((name[r[0]], name[r[1]])): r[2] for r in base["link"]}
    found = wh.execute("select account_a, account_b, match_weight from link")
    assert {frozenset((a, b)): w for a, b, w in found} == weights


def strangers(count: int) -> Rows:
    """Accounts with nothing in common but one line, on the same day as everybody else's."""
    return [
        sighting(f"S{n:05d}", kind, token, 1)
        for n in range(count)
        for kind, token in (("ip", "nat"), ("phone", f"s{n}"))
    ]


def test_a_nat_of_strangers_changes_no_group(base: dict[str, Any], link: Build) -> None:
    rows, referrals = town()
    behind = [sighting(r["account_id"], "ip", "nat", 1) for r in rows if r["kind"] == "phone"]
    with_nat = answer(link([*rows, *behind, *strangers(2000)], referrals=referrals))
    assert with_nat["group_member"] == base["group_member"]
    assert with_nat["referral_same"] == base["referral_same"]


def test_an_unrelated_account_on_a_line_raises_nobody(link: Build) -> None:
    rows, referrals = town()
    before = {r[:2]: r[2] for r in answer(link(rows, referrals=referrals))["link"]}
    more = [sighting("S1", "ip", "ih0", 0), sighting("S1", "device", "vh0", 0), sighting("S1", "phone", "s1", 0)]
    after = {r[:2]: r[2] for r in answer(link([*rows, *more], referrals=referrals))["link"]}
    assert all(after.get(pair, 0.0) <= weight for pair, weight in before.items())


def test_twenty_thousand_strangers_behind_one_line_are_nobodys_group(
    warehouse: Callable[..., Warehouse], given: Callable[..., None]
) -> None:
    from features import sharing
    from models import same_user

    wh = warehouse("models")
    given(wh, "identifiers", [])
    wh.execute(
        "insert into identifiers select 'S' || i, kind, case when kind = 'ip' then 'nat' else 'p' || i end,"
        " $t0, 'login', '', '', true from range(20000) as r (i), (values ('ip'), ('phone')) as k (kind)", t0=T0
    )  # fmt: skip
    names = [r[0] for r in wh.execute("describe identifiers")]
    assert names[:3] == ["account_id", "kind", "token"]
    sharing.build(wh)
    same_user.build(wh)
    assert wh.execute("select accounts, suppressed, reason from identifier_value") == [(20000, True, "hub")]
    assert wh.execute("select count(*) from group_member") == [(0,)]

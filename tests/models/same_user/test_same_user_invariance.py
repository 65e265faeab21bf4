"""What must not matter: the order of rows, names, repeats, threads and hash seeds."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from linked_accounts import Build, build_stages, sighting

from data_contracts.warehouse import Warehouse
from tests.counts import SOAK, SoakCount

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


@pytest.mark.parametrize("seed", ["0", "1", "4294967295"])
def test_hash_seeds_change_nothing(base: dict[str, Any], seed: str) -> None:
    script = "from test_same_user_invariance import digest_of_town; print(digest_of_town())"
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split()[-1] == digest(base)


def digest(found: dict[str, Any]) -> str:
    """Of an answer, independent of how Python hashes."""
    return sha256(repr(sorted(found.items())).encode()).hexdigest()


def digest_of_town() -> str:
    """The same town built in a process of its own."""
    from tests.conftest import given

    rows, referrals = town()
    with tempfile.TemporaryDirectory() as folder:
        return digest(answer(build_stages(Path(folder), rows, given, referrals=referrals)))


def test_repeats_order_names_and_threads_change_no_town(
    link: Build, tmp_path: Path, given: Callable[..., None], soak_count: SoakCount
) -> None:
    towns = 100 if SOAK else 2
    soak_count("linkage_towns", towns)
    for seed in range(2, towns + 2):
        rows, referrals = town(seed)
        rng = np.random.default_rng(seed)
        with link(rows, referrals=referrals) as wh:
            base = answer(wh)
        mixed = [rows[i] for i in [*rng.permutation(len(rows)), *rng.integers(len(rows), size=100)]]
        with build_stages(tmp_path / "mixed", mixed, given, referrals=referrals[::-1], threads=1 + seed % 4) as wh:
            assert answer(wh) == base, seed
        order = rng.permutation(len(rows))
        new = {r["account_id"]: f"Z{order[n]:06d}" for n, r in enumerate(rows)}
        renamed = [{**r, "account_id": new[r["account_id"]], "token": r["token"][::-1] + "!"} for r in rows]
        with link(renamed, referrals=[(new[p], new[i]) for p, i in referrals]) as wh:
            plain = defaultdict(set)
            for row in base["group_member"]:
                plain[row[1]].add(new[row[0]])
            assert partition(wh) == {frozenset(g) for g in plain.values()}, seed
            found = wh.execute("select account_a, account_b, match_weight, outcome from link")
            said = {frozenset((new[r[0]], new[r[1]])): (r[2], r[4]) for r in base["link"]}
            assert {frozenset((a, b)): (w, o) for a, b, w, o in found} == said, seed

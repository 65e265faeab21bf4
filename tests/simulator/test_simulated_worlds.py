"""The shape of a world is what was asked for, and the same seed gives the same bytes."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from data_contracts.errors import UsageError
from simulator import Summary, World, simulate

Look = Callable[[Path], duckdb.DuckDBPyConnection]


def fingerprints(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_same_seed_gives_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    simulate(tmp_path / "a", 1_000, 30, 4, seed=9)
    command = [
        sys.executable,
        "-m",
        "simulator",
        "--out",
        str(tmp_path / "b"),
        "--accounts",
        "1000",
        "--promoters",
        "30",
    ]
    other = {**os.environ, "PYTHONHASHSEED": "77", "TZ": "America/New_York"}
    subprocess.run([*command, "--months", "4", "--seed", "9"], check=True, env=other, stdout=subprocess.DEVNULL)
    assert fingerprints(tmp_path / "a") == fingerprints(tmp_path / "b")


def test_another_seed_gives_another_world(tmp_path: Path) -> None:
    simulate(tmp_path / "a", 400, 10, 2, seed=1)
    simulate(tmp_path / "b", 400, 10, 2, seed=2)
    a, b = fingerprints(tmp_path / "a"), fingerprints(tmp_path / "b")
    same = {name for name in a if a[name] == b[name]}
    assert not same & {
        "accounts.parquet",
        "identifiers.parquet",
        "orders.parquet",
        "refunds.parquet",
        "referrals.parquet",
    }


def test_an_honest_world_has_no_cheats(tmp_path: Path, look_into: Look) -> None:
    summary = simulate(tmp_path, 1_500, 40, 6, seed=4, honest=True)
    con = look_into(tmp_path)
    assert (summary.cheating_promoters, summary.cheating_accounts, summary.bursts) == (0, 0, 0)
    assert con.execute("select distinct scheme from truth_accounts").fetchall() == [("honest",)]
    assert con.execute("select count(*) from truth_orders where refund_cause = 'cheat'").fetchall() == [(0,)]


def refunds_on_outage_day(con: duckdb.DuckDBPyConnection, day: str) -> float:
    """Refunds of that day over the mean of the fourteen days before it."""
    rows = con.execute(
        "select count(*) filter (where refunded_at::date = $day::date), count(*) filter (where refunded_at::date between "
        "$day::date - 14 and $day::date - 1) / 14.0 from refunds join truth_orders using (order_id) "
        "where refund_cause <> 'cheat'",
        {"day": day},
    ).fetchall()
    return float(rows[0][0] / rows[0][1])


def test_everybody_refunds_more_on_the_outage_day(tmp_path: Path, look_into: Look) -> None:
    simulate(tmp_path / "with", 3_000, 40, 6, seed=4, honest=True)
    simulate(tmp_path / "without", 3_000, 40, 6, seed=4, honest=True, outage=False)
    events = json.loads((tmp_path / "with/truth/events.json").read_text())
    day = events["outage"]["day"]
    assert json.loads((tmp_path / "without/truth/events.json").read_text())["outage"] is None
    with_outage, without = look_into(tmp_path / "with"), look_into(tmp_path / "without")
    assert refunds_on_outage_day(with_outage, day) > 5
    assert refunds_on_outage_day(without, day) < 3
    hit = with_outage.execute(
        "select count(distinct promoter_id) from refunds join orders using (order_id) join referrals on invitee_id = account_id "
        "where refunded_at::date = $day::date",
        {"day": day},
    ).fetchall()
    assert hit[0][0] > 10


def test_every_scheme_is_there_and_labelled(feeds: duckdb.DuckDBPyConnection) -> None:
    schemes = {row[0] for row in feeds.execute("select distinct scheme from truth_promoters").fetchall()}
    assert schemes >= {
        "honest", "self_careless", "self_careful", "ring", "slow_refund", "coupon_resale", "recharge_padding",
        "prior_payer", "tier_hugging", "staff_tie",
    }  # fmt: skip
    own = feeds.execute(
        "select count(*) from truth_accounts where scheme = 'self_careful' and person <> controller"
    ).fetchall()
    assert own[0][0] > 5


def test_rings_refund_in_the_days_after_a_statement(feeds: duckdb.DuckDBPyConnection) -> None:
    days = feeds.execute(
        "select dayofmonth(refunded_at), refunded_at > paid_at + interval 20 day from refunds join orders using (order_id) "
        "join truth_orders t using (order_id) where t.scheme = 'ring' and t.refund_cause = 'cheat'"
    ).fetchall()
    assert len(days) > 20
    assert sum(21 <= day <= 28 and late for day, late in days) / len(days) > 0.8


def test_life_goes_on_around_the_cheats(feeds: duckdb.DuckDBPyConnection) -> None:
    counts = dict(
        feeds.execute(
            "select 'left', count(*) from promoters where left_at is not null union all "
            "select 'no click', count(*) from referrals where clicked_at is null union all "
            "select 'enterprise', count(*) from accounts where account_type = 'enterprise' union all "
            "select 'changed', count(*) from account_changes union all "
            "select 'no cash', count(*) from orders where cash_amount = 0 union all "
            "select 'unredeemed', count(*) from coupons where redeemed_order_id is null union all "
            "select 'resold', count(*) from coupons join orders on order_id = redeemed_order_id where issued_to <> account_id"
        ).fetchall()
    )
    assert [name for name, count in counts.items() if count == 0] == []


def test_a_summary_names_the_days_to_run(folder: Summary) -> None:
    days = [day.isoformat() for day in folder.as_of_days]
    assert days == ["2025-08-20", "2025-09-20", "2025-10-20", "2025-11-20", "2025-12-20", "2025-12-31"]
    assert f"feed=orders rows={folder.rows['orders']}" in folder.lines()


@pytest.mark.parametrize("size", [(3, 1, 1, 0), (100, 0, 1, 0), (100, 2, 0, 0), (100, 2, 1, -1)])
def test_a_world_that_cannot_be_is_refused(size: tuple[int, int, int, int]) -> None:
    with pytest.raises(UsageError):
        World(*size)

"""Planted faults are where the truth says, and everything else is as in the clean world."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from simulator import simulate

# code, feed, a condition on the text columns that the spoilt row fulfils
FAULTS = [
    ("amt.scale", "orders", "regexp_full_match(cash_amount, '\\d+\\.\\d{3}')"),
    ("amt.direction", "orders", "cash_amount like '-%'"),
    ("ts.format", "orders", "paid_at = '30/02/2025 10:00'"),
    ("enum", "refunds", "kind = 'chargeback'"),
    ("ref.orphan", "refunds", "order_id like 'O-nothing-%'"),
    ("phone.length", "identifiers", "kind = 'phone' and length(value) < 8"),
    ("ip.syntax", "identifiers", "kind = 'ip' and value like '300.%'"),
]


@pytest.fixture(scope="module")
def dirty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dirty")
    simulate(folder / "clean", 1_500, 40, 6, seed=6)
    simulate(folder / "dirty", 1_500, 40, 6, seed=6, dirt=0.05)
    return folder


@pytest.mark.parametrize(("code", "feed", "condition"), FAULTS)
def test_a_fault_stands_in_the_row_that_the_truth_names(dirty: Path, code: str, feed: str, condition: str) -> None:
    con = duckdb.connect()
    planted = con.execute(
        f"select row_number from '{dirty}/dirty/truth/dirt.parquet' where code = ? and \"table\" = ? order by 1",
        [code, feed],
    ).fetchall()
    found = con.execute(
        f"with numbered as (select *, row_number() over () as row_number from '{dirty}/dirty/{feed}.parquet') "
        f"select row_number from numbered where {condition} order by 1"
    ).fetchall()
    assert planted
    assert found == planted


def test_the_other_rows_are_those_of_the_clean_world(dirty: Path) -> None:
    con = duckdb.connect()
    changed = con.execute(
        f"with clean as (select *, row_number() over () as row_number from '{dirty}/clean/orders.parquet'), "
        f"dirty as (select *, row_number() over () as row_number from '{dirty}/dirty/orders.parquet') "
        "select row_number from clean join dirty using (row_number) where clean.cash_amount::varchar <> dirty.cash_amount "
        "or clean.paid_at <> try_cast(dirty.paid_at as timestamptz) or clean.account_id <> dirty.account_id "
        f"except select row_number from '{dirty}/dirty/truth/dirt.parquet' where \"table\" = 'orders'"
    ).fetchall()
    assert changed == []

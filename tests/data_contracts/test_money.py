"""The one function that makes fen, against exact fractions."""

from __future__ import annotations

from fractions import Fraction

import duckdb
from hypothesis import given
from hypothesis import strategies as st

from data_contracts.money import ROUND_PPM_SQL

CON = duckdb.connect()
CON.execute(ROUND_PPM_SQL)


@given(st.lists(st.tuples(st.integers(0, 10**15), st.integers(0, 1_000_000)), min_size=1, max_size=200))
def test_a_rate_of_an_amount_is_rounded_half_up_as_exact_fractions_are(rows: list[tuple[int, int]]) -> None:
    amounts, rates = ([r[i] for r in rows] for i in (0, 1))
    told = CON.execute(
        "select round_ppm(a, r) from (select unnest($a::bigint[]) as a, unnest($r::bigint[]) as r)",
        {"a": amounts, "r": rates},
    ).fetchall()
    assert [t[0] for t in told] == [int(Fraction(a * r, 1_000_000) + Fraction(1, 2)) for a, r in rows]

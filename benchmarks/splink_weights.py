"""Match weights beside splink's own, pair by pair, on scalar columns: needs the extra `bench`.

    python -m benchmarks.splink_weights --record

One column per kind, each with one level (exact match), the same m, the same prior, and for a value that n accounts hold
the same frequency, (n - 1) / (population - 1), given to splink as its term-frequency table. What is compared is the sum of prior
and agreeing columns of every pair that agrees on some column; ours before it is rounded to millionths of a bit.
"""

from __future__ import annotations

import argparse

import duckdb
import numpy as np
import pyarrow as pa

from benchmarks.record import record
from models import same_user

KINDS = {"phone": "near", "payment": "near", "device": "near", "email": "near"}
ACCOUNTS = 4000


def accounts(seed: int) -> pa.Table:
    """Accounts with one value per kind, held by 1 to about 40."""
    rng = np.random.default_rng(seed)
    values = {k: (ACCOUNTS * rng.random(ACCOUNTS) ** 3 / 4).astype(int).astype(str) for k in KINDS}
    return pa.table({"unique_id": np.arange(ACCOUNTS), **values})


def splinks(con: duckdb.DuckDBPyConnection, model: same_user.Model) -> list[tuple[int, int, float]]:
    """(a, b, match weight) of splink for every pair that agrees on a kind."""
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on
    from splink import comparison_library as compare

    columns = []
    for kind, level in KINDS.items():
        m = next(v.m for k in model.kinds if k.name == kind for v in k.levels if v.name == level)
        # disagreement is to weigh nothing here, as with us for kinds whose absence says nothing: m and u of it are equal
        columns.append(
            compare.ExactMatch(kind).configure(
                term_frequency_adjustments=True, m_probabilities=[m, 1 - m], u_probabilities=[0.01, 1 - m]
            )
        )
    odds = 2.0**model.prior_bits
    settings = SettingsCreator(
        link_type="dedupe_only", comparisons=columns, probability_two_random_records_match=odds / (1 + odds),
        blocking_rules_to_generate_predictions=[block_on(k) for k in KINDS],
    )  # fmt: skip
    api = DuckDBAPI(con)
    linker = Linker(api.register("account"), settings, log_level=None)
    for kind in KINDS:
        table = con.sql(
            f"select {kind}, (count(*) - 1) / {model.entities - 1}.0 as tf_{kind} from account group by {kind}"
        ).to_arrow_table()
        linker.table_management.register_term_frequency_lookup(api.register(table), kind)
    said = linker.inference.predict()
    return con.execute(
        f"select unique_id_l, unique_id_r, match_weight from {said.physical_name} order by all"
    ).fetchall()


def ours(con: duckdb.DuckDBPyConnection, model: same_user.Model, pairs: list[tuple[int, int, float]]) -> list[float]:
    """Prior and weights of the kinds on which each pair agrees."""
    rows = con.execute("select * from account order by unique_id").fetchall()
    held = {kind: dict(con.execute(f"select {kind}, count(*) from account group by all").fetchall()) for kind in KINDS}
    found = []
    for a, b, _ in pairs:
        bits = model.prior_bits
        for at, (kind, level) in enumerate(KINDS.items(), start=1):
            if rows[a][at] == rows[b][at]:
                bits += model.weight(kind, level, held[kind][rows[a][at]])
        found.append(bits)
    return found


def main() -> None:
    """Compare, print, and keep the figure with --record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true")
    given = parser.parse_args()
    model = same_user.load()
    con = duckdb.connect()
    con.register("rows", accounts(1))
    con.execute("create table account as from rows")
    pairs = splinks(con, model)
    apart = np.abs(np.array([p[2] for p in pairs]) - np.array(ours(con, model, pairs)))
    body = (
        f"{len(pairs):,} pairs; largest difference {apart.max():.2e} bits; more than 1e-9: {int((apart > 1e-9).sum())}."
    )
    print(body)
    if given.record:
        record("Weights beside splink's", "python -m benchmarks.splink_weights", body)


if __name__ == "__main__":
    main()

"""What a shared token weighs, against splink's own arithmetic written out here.

splink 5 multiplies, for an exact match with a term-frequency adjustment, the Bayes factor of the column, m / u_exact, by
u_exact / tf, where tf is the term's share; a pair's match weight is the sum of log2 of these factors and of its prior
odds. So one value weighs log2(m / u_exact) + log2(u_exact / tf). Ours is log2(m / u) with u = (entities - 1) / (population - 1): the
share of the others that hold the token, which is what stands for tf. `benchmarks/splink_weights.py` asks splink itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from linked_accounts import Build, sighting

from data_contracts.warehouse import Warehouse
from models import same_user
from models.same_user.model import Model, micro

SQL = Path(same_user.__file__).parent / "sql"
T0 = datetime(2025, 3, 1, tzinfo=UTC)


def splink_bits(m: float, u_exact: float, tf: float) -> float:
    """Match weight of an exact match on one column: its Bayes factor, then the term-frequency adjustment."""
    return math.log2(m / u_exact) + math.log2(u_exact / tf)


def random_model(rng: np.random.Generator) -> Model:
    """The shipped kinds with an m of their own at every level, another population, and no floor under u."""
    model = same_user.load()
    kinds = tuple(
        replace(
            k, u_floor=1e-12, referral_u=0.0, identifies=False,
            levels=tuple(replace(v, m=float(rng.uniform(0.01, 0.99)), not_classes=()) for v in k.levels),
        )
        for k in model.kinds
    )  # fmt: skip
    return replace(model, kinds=kinds, entities=int(rng.integers(10_000, 10_000_000)))


@pytest.mark.parametrize("seed", range(20))
def test_weights_equal_splinks_on_scalar_columns(seed: int) -> None:
    rng = np.random.default_rng(seed)
    model = random_model(rng)
    for kind in model.kinds:
        for level in kind.levels:
            entities = int(rng.integers(2, 60))
            tf, u_exact = (entities - 1) / (model.entities - 1), float(rng.uniform(1e-6, 0.2))
            assert model.weight(kind.name, level.name, entities) == pytest.approx(
                max(0.0, splink_bits(level.m, u_exact, tf)), abs=1e-9
            )


@pytest.mark.parametrize("seed", range(3))
def test_the_sql_gives_the_same_weights_as_whole_millionths(warehouse: Callable[..., Warehouse], seed: int) -> None:
    """Every level at every degree from 2 to 500, in one query, against the formula: not one millionth of a bit apart."""
    wh, model = warehouse("models"), random_model(np.random.default_rng(seed))
    model.admit(wh)
    wh.execute(
        "create table same_user_shared as select row_number() over () as a, 0 as b, false as referral, kind,"
        " entities as token_no, entities, '' as class, 0 as gap_days from same_user_kind, range(2, 501) as r (entities)"
    )
    wh.execute(
        "create table same_user_ip_meeting (a bigint, b bigint, token_no bigint, gap_days bigint, entities bigint)"
    )
    wh.make(SQL / "same_user_option.sql", **model.parameters)
    found = wh.execute(
        "select kind, level, entities, weight_ubits from same_user_option inner join same_user_level using (kind, level_no)"
    )
    assert len(found) == 499 * sum(len(k.levels) for k in model.kinds)
    m = {(k.name, v.name): v.m for k in model.kinds for v in k.levels}
    for kind, level, entities, ubits in found:
        bits = splink_bits(m[kind, level], 0.01, (entities - 1) / (model.entities - 1))
        assert abs(ubits - bits * 1e6) <= 0.5 + 1e-3, (kind, level, entities)


@pytest.mark.parametrize("entities", [2, 3, 9])
def test_a_pair_weighs_its_prior_and_its_token(link: Build, entities: int) -> None:
    rows = [sighting(f"A{n}", "payment", "card") for n in range(entities)]
    model = replace(same_user.load(), entities=1001)
    prior, total = link(rows, model=model).execute("select prior_bits, match_weight from link limit 1")[0]
    token: dict[str, Any] = {"m": 0.6, "u_exact": 0.02, "tf": (entities - 1) / 1000}
    assert micro(total) == micro(prior) + micro(splink_bits(**token))

"""Drift against the training data, and what a candidate would change before it is made live."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from data_contracts.contract import contracts
from data_contracts.errors import NotFound
from data_contracts.warehouse import Warehouse
from models import detectors
from models.detectors import drift
from models.detectors.refund_shape.rule import FEATURES
from models.detectors.training import compare
from models.tracking import Tracking

Given = Callable[..., None]


def test_the_training_data_itself_has_not_moved() -> None:
    values = np.random.default_rng(1).gamma(2.0, 1.0, size=2_000)
    assert drift.psi(drift.quantiles(values), values) < 0.01


def test_a_shifted_distribution_has_moved_and_ties_at_zero_do_not_hide_it() -> None:
    rng = np.random.default_rng(2)
    then = np.where(rng.random(2_000) < 0.7, 0.0, rng.random(2_000))
    assert drift.psi(drift.quantiles(then), then) < 0.02
    assert drift.psi(drift.quantiles(then), np.where(rng.random(2_000) < 0.3, 0.0, rng.random(2_000))) > drift.MOVED


def test_too_few_promoters_say_nothing_about_drift() -> None:
    found = drift.table("m", {"x": drift.quantiles(np.arange(100.0))}, {"x": np.full(10, 99.0)}).to_pylist()
    assert found == [{"model": "m", "feature": "x", "psi": found[0]["psi"], "rows": 10, "moved": False}]


def test_a_comparison_names_who_enters_and_leaves_the_head_of_the_queue() -> None:
    told = compare("m", "1", "2", ["a", "b", "c"], np.array([3.0, 2.0, 1.0]), np.array([1.0, 2.0, 3.0]))
    assert "enter: c" in told and "leave: a" in told and "rank correlation -1.000" in told


@pytest.fixture
def world(warehouse: Callable[..., Warehouse], given: Given) -> Warehouse:
    wh = warehouse("models")
    rows = [
        {
            "promoter_id": f"P{n:03d}",
            "invitees": 20,
            "paying_invitees": 10,
            "orders": 30,
            "refund_orders": n % 7,
            "paid_fen": 90,
        }
        for n in range(60)
    ]
    given(wh, "promoter_conduct", rows)
    return wh


def test_the_first_run_registers_a_live_model_and_the_next_one_scores_with_it(world: Warehouse, tmp_path: Path) -> None:
    tracking = Tracking(tmp_path / "mlflow")
    first = detectors.build(world, tracking)
    scores = world.execute("select subject_id, score from detection where detector = 'refund_shape' order by 1")
    assert first == tracking.live_hashes() and len(scores) == 2
    assert detectors.build(world, tracking) == first
    assert world.execute("select subject_id, score from detection where detector = 'refund_shape' order by 1") == scores
    drifted = "select count(*), count(*) filter (where moved) from model_drift where model = 'refund_shape'"
    assert world.execute(drifted) == [(len(FEATURES) + 1, 0)]
    world.execute("update promoter_conduct set unclicked = 9")
    detectors.build(world, tracking)
    watched = "select model, feature from model_drift where moved and model <> 'refund_shape'"
    assert world.execute(watched) == [("forced_click", "unclicked")]
    assert world.execute("select distinct model from model_drift order by 1") == [
        ("collusion_ring",), ("exploitation",), ("forced_click",), ("refund_burst",), ("refund_shape",),
    ]  # fmt: skip
    folder = tmp_path / "tables"
    for table in ("promoter_conduct", "group_member", "referrals", "coupon_holder"):
        stage = contracts()[table].stage
        (folder / stage).mkdir(parents=True, exist_ok=True)
        pq.write_table(world.con.sql(f"select * from {table}").to_arrow_table(), folder / stage / f"{table}.parquet")
    assert detectors.train(folder, tracking) == ["refund_shape"]
    assert tracking.live_hashes() == first
    assert "no change (a score alone flags nobody)" in detectors.shadow(folder, tracking, "refund_shape")
    with pytest.raises(NotFound):
        detectors.shadow(folder, tracking, "refund_burst")

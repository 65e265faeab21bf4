"""Verdicts as precision per detector, and what cut-off they propose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from data_contracts.warehouse import Warehouse
from models.detectors import feedback


def test_the_latest_verdict_of_each_finding_counts_and_unclear_ones_judge_nothing(
    warehouse: Callable[..., Warehouse], given: Callable[..., None]
) -> None:
    wh = warehouse("models")
    given(wh, "books_finding", [{"finding_id": f"F{n}", "detector": "ring", "subject_id": f"s{n}"} for n in range(4)])
    verdicts = [
        ("F0", 1, "false_alarm"),
        ("F0", 2, "confirmed"),
        ("F1", 1, "confirmed"),
        ("F2", 1, "false_alarm"),
        ("F3", 1, "unclear"),
    ]
    given(wh, "books_verdict", [{"finding_id": f, "entry_no": n, "verdict": v} for f, n, v in verdicts])
    feedback.build(wh)
    rows = wh.execute("select confirmed, false_alarm, unclear, precision, proposed_q from detector_feedback")
    assert rows == [(2, 1, 1, pytest.approx(2 / 3, abs=1e-6), None)]


def test_the_interval_of_a_share_is_that_of_clopper_and_pearson() -> None:
    assert feedback.interval(19, 20) == pytest.approx((0.7513, 0.9987), abs=1e-4)
    assert feedback.interval(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("verdicts", "proposed"),
    [
        ([("confirmed", 0.001 * n) for n in range(1, 21)] + [("false_alarm", 0.04)] * 5, 0.02),
        ([("confirmed", 0.01)] * 19 + [("false_alarm", 0.01)], 0.01),
        ([("false_alarm", 0.001)] * 20, None),
        ([("confirmed", 0.01)] * 19, None),
    ],
)
def test_the_largest_q_that_keeps_the_wanted_precision_is_proposed(
    verdicts: list[tuple[str, Any]], proposed: float | None
) -> None:
    assert feedback.summary("d", verdicts)["proposed_q"] == (None if proposed is None else pytest.approx(proposed))

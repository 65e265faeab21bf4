"""Verdicts as precision per detector, and what cut-off they propose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from data_contracts.warehouse import Warehouse
from models import detectors
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


def test_recall_is_caught_over_caught_and_missed_and_its_interval_holds_it() -> None:
    """100 flagged at precision 30/40 are 75 caught; 2 of 50 sampled of 1,000 unflagged are 40 missed."""
    told = feedback.recall((2, 50), (30, 40), 100, 1_000)
    assert told.share == pytest.approx(75 / 115)
    (low, high), (missed_low, missed_high) = feedback.interval(30, 40, 0.975), feedback.interval(2, 50, 0.975)
    assert told.low == pytest.approx(100 * low / (100 * low + 1_000 * missed_high))
    assert told.high == pytest.approx(100 * high / (100 * high + 1_000 * missed_low))
    assert feedback.recall((0, 50), (40, 40), 100, 1_000).high == 1.0


@pytest.mark.parametrize(("sample", "found"), [((1, 19), (30, 40)), ((1, 40), (19, 19)), ((0, 0), (0, 0))])
def test_too_few_verdicts_estimate_no_recall(sample: tuple[int, int], found: tuple[int, int]) -> None:
    told = feedback.recall(sample, found, 100, 1_000)
    assert told.share is None and (told.low, told.high) == (0.0, 1.0) and told.judged == sample[1]


def test_the_audit_sample_tells_what_it_was_drawn_from(
    warehouse: Callable[..., Warehouse], given: Callable[..., None]
) -> None:
    wh = warehouse("models")
    given(wh, "promoter_conduct", [{"promoter_id": f"P{n}", "orders": int(n < 4)} for n in range(5)])
    given(wh, "referral_same", [{"promoter_id": "P0", "invitee_id": "a"}, {"promoter_id": "P4", "invitee_id": "b"}])
    card = next(c for c in detectors.cards() if c.name == "audit_sample")
    assert detectors.detect(wh, card)["audit_frame"].to_pylist() == [
        {"month": "2026-01", "flagged": 1, "unflagged": 3, "drawn": 1}
    ]

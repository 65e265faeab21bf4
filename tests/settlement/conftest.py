"""A small programme for most tests of settlement."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.settlement.play import Play

BASE: Mapping[str, Any] = {
    "id": "base", "level": "base", "effective_from": "2026-01-01", "payer": "vendor-a", "window_days": 30,
    "statement_day": 20,
}  # fmt: skip
DETAIL: Mapping[str, Any] = {
    "id": "detail", "level": "detail", "effective_from": "2026-01-01",
    "rebate": {"tier_by": "new_paying_users", "tiers": [{"from": 0, "rate": "0.10"}]},
}  # fmt: skip


@pytest.fixture
def play(tmp_path: Path) -> Callable[..., Play]:
    """`play(*documents)`: a programme with those documents more, and one promoter P who joined on its first day."""

    def make(*more: Mapping[str, Any], base: Mapping[str, Any] = BASE, detail: Mapping[str, Any] = DETAIL) -> Play:
        stage = Play(tmp_path, [base, detail, *more])
        stage.promoter()
        return stage

    return make

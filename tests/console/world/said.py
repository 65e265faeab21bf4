"""What all rows of the world agree on: the run, its day, an instant before it, and a token."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from data_contracts.run import Run

DAY = date(2026, 4, 20)
RUN = Run("2026-04-20-test", 1, DAY, "Asia/Shanghai")
AT = datetime(2026, 3, 5, 4, tzinfo=UTC)
TOKEN = "v1:kid:aaaaaaaaaaaaaaaaaaaaaaaaaa"
Rows = Sequence[Mapping[str, Any]]

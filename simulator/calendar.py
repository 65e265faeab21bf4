"""The simulated time: instants are microseconds since the epoch, days are natural days in the programme's zone.

The period ends with 2025, so that a programme of at least two months lives through a double 11.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
ZONE_OFFSET = 8 * HOUR  # Asia/Shanghai has had no summer time since 1991
ZONE = "Asia/Shanghai"
END = date(2026, 1, 1)
HISTORY_DAYS = 184  # life before the programme begins
STATEMENT_DAY = 20
_HOURS = np.array(
    [4, 2, 1, 1, 1, 1, 2, 5, 14, 24, 28, 24, 16, 20, 26, 26, 24, 20, 15, 18, 24, 26, 20, 10], dtype=np.float64
)


def instant(day: date) -> int:
    """00:00 of a natural day, in microseconds."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * SECOND - ZONE_OFFSET


def month_start(index: int, months: int) -> date:
    """The first day of month ``index`` (0 is the programme's first) of a period of ``months``."""
    count = END.year * 12 + END.month - 1 - months + index
    return date(count // 12, count % 12 + 1, 1)


class Calendar:
    """The period of a world, and instants drawn from it as people's habits have them."""

    def __init__(self, months: int) -> None:
        self.months = months
        self.first_day = month_start(0, months)
        self.start, self.end = instant(self.first_day), instant(END)
        self.origin = self.start - HISTORY_DAYS * DAY
        self.starts = np.array([instant(month_start(m, months)) for m in range(months + 1)], dtype=np.int64)
        hours = (self.end - self.origin) // HOUR
        self._edges = self.origin + HOUR * np.arange(hours + 1, dtype=np.int64)
        weight = np.repeat(self._day_weights(), 24)[:hours] * np.tile(_HOURS, hours // 24 + 1)[:hours]
        self._mass = np.concatenate([[0.0], np.cumsum(weight)])

    def _day_weights(self) -> Floats:
        first = self.first_day - timedelta(days=HISTORY_DAYS)
        days = [first + timedelta(days=d) for d in range((END - first).days)]
        return np.array([_festival(d) * (0.8 if d.weekday() >= 5 else 1.0) for d in days])

    def draw(self, rng: np.random.Generator, low: Ints, high: Ints) -> Ints:
        """One instant in [low, high) for each pair of bounds; weekdays, hours, month ends and festivals weigh."""
        a = np.interp(low.astype(np.float64), self._edges, self._mass)
        b = np.interp(high.astype(np.float64), self._edges, self._mass)
        found = np.interp(a + rng.random(len(low)) * (b - a), self._mass, self._edges).astype(np.int64)
        return np.asarray(np.clip(found, low, np.maximum(low, high - 1)), dtype=np.int64)

    def day(self, at: Ints) -> Ints:
        """Natural days since the origin."""
        return (at - self.origin) // DAY

    def month_of(self, at: Ints) -> Ints:
        """Index of the month that holds each instant; -1 before the programme."""
        return np.searchsorted(self.starts, at, side="right").astype(np.int64) - 1

    def cutoff(self, month: int) -> int:
        """The end of the statement day on which ``month`` is issued, as an instant."""
        return instant(month_start(month + 1, self.months)) + STATEMENT_DAY * DAY

    def statement_days(self) -> list[date]:
        """The statement days within the period, in order, and the period's last day."""
        days = [month_start(m + 1, self.months).replace(day=STATEMENT_DAY) for m in range(self.months)]
        return [*(d for d in days if d < END), END - timedelta(days=1)]


def _festival(day: date) -> float:
    month_day = (day.month, day.day)
    if month_day == (11, 11):
        return 3.5
    if month_day in {(6, 18), (12, 12)}:
        return 2.2
    if day.month == 11 and day.day <= 15:
        return 1.5
    if day.month == 10 and day.day <= 7:
        return 0.6
    return 1.25 if (day + timedelta(days=3)).month != day.month else 1.0


def same_day(at: Ints, day_of: Ints) -> Ints:
    """Instants moved into the natural day of other instants."""
    opens = (day_of + ZONE_OFFSET) // DAY * DAY - ZONE_OFFSET
    return np.asarray(np.clip(at, opens, opens + DAY - 1), dtype=np.int64)

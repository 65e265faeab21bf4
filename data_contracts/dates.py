"""Natural days and months in the programme's zone, and the instants at which they begin.

Instants are UTC microseconds; a natural day comes from `natural_day` alone (Python and SQL macro of the same name).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

NATURAL_DAY_SQL = "create or replace macro natural_day(instant, zone) as cast(timezone(zone, instant) as date)"
DAY_START_SQL = "create or replace macro day_start(day, zone) as timezone(zone, cast(day as timestamp))"
MONTH_SQL = "create or replace macro natural_month(instant, zone) as strftime(timezone(zone, instant), '%Y-%m')"


def natural_day(instant: datetime, zone: str) -> date:
    """The calendar day on which an instant falls in `zone`. The instant must carry an offset."""
    if instant.tzinfo is None:
        raise ValueError("an instant needs an offset")
    return instant.astimezone(ZoneInfo(zone)).date()


def day_start(day: date, zone: str) -> datetime:
    """The instant (UTC) at which `day` begins in `zone`."""
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def cutoff(as_of: date, zone: str) -> datetime:
    """The end of the `as_of` day: what happened before this instant is known."""
    return day_start(as_of + timedelta(days=1), zone)


def month_of(day: date) -> str:
    """`YYYY-MM` of a day."""
    return f"{day:%Y-%m}"


def add_months(month: str, count: int) -> str:
    """`month` moved by `count` calendar months."""
    year, number = divmod(int(month[:4]) * 12 + int(month[5:]) - 1 + count, 12)
    return f"{year:04d}-{number + 1:02d}"


def last_day(month: str) -> date:
    """The last natural day of a month."""
    return date.fromisoformat(f"{add_months(month, 1)}-01") - timedelta(days=1)

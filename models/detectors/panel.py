"""The refund panel: who paid and refunded on which day, as arrays over promoters and natural days.

Rows of promoter '' (accounts that nobody referred) are the background: they show what a day did to everybody and are
never tested themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Texts = npt.NDArray[Any]

EPOCH = date(1970, 1, 1)
LOOKBACK_DAYS = 400  # refunds further back than this are history that no run judges again
# Ages of an order, in natural days since payment, within which its refund hazard is taken as constant.
BANDS = ((0, 0), (1, 1), (2, 2), (3, 4), (5, 7), (8, 14), (15, 30), (31, 60), (61, 120), (121, 365))
LATE_BAND = 6  # from this band on (15 days) an order is refunded late: honest refunds cluster in the first days
_BAND_ENDS = np.array([last for _, last in BANDS], dtype=np.int64)


@dataclass(frozen=True)
class Paid:
    """One entry per promoter and day with payments, in that order; `orders` and `fen` are weighed by product risk."""

    promoter: Ints
    day: Ints
    orders: Floats
    fen: Floats


@dataclass(frozen=True)
class Refunded:
    """One entry per refunded order, by promoter and day; `row` is its place in the refund_order table.

    What one account gives back on one day is one decision, a *return*, however many orders it takes back: `returns` is
    the order's share of it, `return_fen` the fen of the whole return.
    """

    promoter: Ints
    day: Ints
    band: Ints
    fen: Floats
    returns: Floats
    return_fen: Floats
    row: Ints

    def late(self, promoter: int, first_day: int, last_day: int) -> Ints:
        """Places of a promoter's orders refunded late (`LATE_BAND`) on these days."""
        low, high = np.searchsorted(self.promoter, [promoter, promoter + 1])
        day, band = self.day[low:high], self.band[low:high]
        return np.asarray(
            low + np.flatnonzero((day >= first_day) & (day <= last_day) & (band >= LATE_BAND)), dtype=np.int64
        )


@dataclass(frozen=True)
class Panel:
    """`promoters` is sorted; positions everywhere else point into it. Day 0 is `first_on`."""

    promoters: Texts
    first_on: date
    days: int
    paid: Paid
    refunded: Refunded
    background: Bools

    @property
    def count(self) -> int:
        """How many promoters, the background included."""
        return len(self.promoters)

    def on(self, day: int) -> date:
        """The natural day of a day number."""
        return self.first_on + timedelta(days=int(day))


def panel(refund_day: pa.Table, refund_order: pa.Table, as_of: date) -> Panel:
    """The panel of the days up to `as_of`, at most `LOOKBACK_DAYS` of them plus the longest order age before."""
    last = (as_of - EPOCH).days
    paid_day, refund_on = days_of(refund_day["day"]), days_of(refund_order["refunded_on"])
    first = last - LOOKBACK_DAYS - int(_BAND_ENDS[-1])
    if len(paid_day):
        first = max(first, int(paid_day.min()))
    promoters, (by_day, by_order) = codes([refund_day["promoter_id"], refund_order["promoter_id"]])
    orders = ints_of(refund_day["orders"])
    kept = np.flatnonzero((orders > 0) & (paid_day >= first) & (paid_day <= last))
    kept = kept[np.lexsort((paid_day[kept], by_day[kept]))]
    paid = Paid(
        by_day[kept], paid_day[kept] - first,
        ints_of(refund_day["risk_orders_ppm"])[kept] / 1e6, ints_of(refund_day["risk_fen"])[kept].astype(np.float64),
    )  # fmt: skip
    age = ints_of(refund_order["age_days"])
    band = np.searchsorted(_BAND_ENDS, np.maximum(age, 0))
    recent = (refund_on > last - LOOKBACK_DAYS) & (refund_on >= first) & (refund_on <= last) & (band < len(BANDS))
    row = np.flatnonzero(recent)
    row = row[np.lexsort((row, refund_on[row], by_order[row]))]  # row order is order id's
    fen = ints_of(refund_order["refund_fen"])[row].astype(np.float64)
    account = codes([refund_order["account_id"]])[1][0][row]
    _, place, orders_of = np.unique(account * 100_000 + refund_on[row], return_inverse=True, return_counts=True)
    refunded = Refunded(
        by_order[row], refund_on[row] - first, band[row].astype(np.int64), fen,
        1.0 / orders_of[place], sums(place, fen, len(orders_of))[place], row,
    )  # fmt: skip
    background = np.asarray(promoters == "", dtype=np.bool_)
    return Panel(promoters, EPOCH + timedelta(days=first), max(last - first + 1, 1), paid, refunded, background)


def codes(columns: list[pa.ChunkedArray]) -> tuple[Texts, list[Ints]]:
    """The distinct texts of several columns, sorted, and each column as positions in them."""
    distinct = pc.unique(pa.chunked_array([chunk for column in columns for chunk in column.chunks], pa.string()))
    texts = np.sort(np.asarray(distinct.to_pylist(), dtype=object))
    found = [pc.index_in(column, pa.array(texts, pa.string())) for column in columns]
    return texts, [ints_of(column) for column in found]


def ints_of(column: pa.ChunkedArray) -> Ints:
    """A column of whole numbers as int64."""
    return np.asarray(column.cast(pa.int64()).to_numpy(), dtype=np.int64)


def days_of(column: pa.ChunkedArray) -> Ints:
    """A date column as days since 1970-01-01."""
    return ints_of(column.cast(pa.date32()).cast(pa.int32()))


def sums(place: Ints, values: Floats, size: int) -> Floats:
    """The sum of the values at each of `size` places."""
    return np.asarray(np.bincount(place, values, minlength=size), dtype=np.float64)

"""Why a window is unusual: reason codes with observed, expected, ratio, q and the orders behind them.

RB01 and RB02 come first, of the two what makes the window unusual; of a slow drip RB06 does. The traits RB03 to RB07 are
named where they are far more frequent among the window's refunds than among everybody's.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
from scipy.special import betainc

from models.detectors.panel import Bools, Floats, Ints, ints_of
from models.detectors.refund_burst.choice import Found
from models.detectors.refund_burst.judge import Verdict

MOST_IDS = 50
_SURE = 0.001  # tail below which a trait of the window is named as a reason
_AGE_DAYS, _SOON_DAYS = 3, 7


class Teller:
    """Tells reasons of windows; holds the traits of all refunded orders of the panel."""

    def __init__(self, verdict: Verdict, refund_order: pa.Table, group_member: pa.Table) -> None:
        self.verdict = verdict
        self.refunded = verdict.exposure.panel.refunded
        orders = refund_order.take(self.refunded.row)
        self.ids: list[str] = orders["order_id"].to_pylist()
        self.accounts: list[str] = orders["account_id"].to_pylist()
        self.fen: Ints = ints_of(orders["refund_fen"])
        self.age: Ints = ints_of(orders["age_days"])
        full, first = (np.asarray(orders[c].to_numpy(), dtype=bool) for c in ("full_refund", "first_purchase"))
        issue, payout = (ints_of(orders[c].fill_null(-1)) for c in ("days_after_issue", "days_after_payout"))
        soon = ((issue >= 0) & (issue <= _SOON_DAYS)) | ((payout >= 0) & (payout <= _SOON_DAYS))
        self.traits: dict[str, Bools] = {"RB03": full & first, "RB04": soon}
        self.group = dict(zip(*(group_member[c].to_pylist() for c in ("account_id", "group_id")), strict=True))

    def reasons(self, found: Found) -> list[dict[str, Any]]:
        """The reasons of one window."""
        refunded = self.refunded
        low, high = np.searchsorted(refunded.promoter, [found.position, found.position + 1])
        days = refunded.day[low:high]
        inside = low + np.flatnonzero((days >= found.first_day) & (days <= found.last_day))
        told = self._late(found) if found.late else self._counts(found, inside)
        for code, trait in self.traits.items():
            told += self._trait(code, found, inside, trait[inside], _share(trait))
        told += self._linked(found, inside) + self._same_amount(found, inside)
        if not found.late:
            told += self._same_age(found, inside)
        if found.months > 1:
            told.append(self._reason("RB08", found.months, 1.0, found.q, inside))
        return told + self._own_history(found, inside)

    def _reason(self, code: str, observed: float, expected: float, q: float, orders: Ints) -> dict[str, Any]:
        return {
            "code": code, "observed": round(float(observed), 2), "expected": round(float(expected), 2),
            "ratio": round(float(observed) / max(float(expected), 0.01), 2), "q": q,
            "ids": [self.ids[n] for n in orders[:MOST_IDS]],
        }  # fmt: skip

    def _counts(self, found: Found, inside: Ints) -> list[dict[str, Any]]:
        by_orders = self._reason("RB01", found.refunds, found.expected, found.q, inside)
        by_fen = self._reason("RB02", found.fen / 100, found.expected_fen / 100, found.q, inside)
        least = min(found.by_orders, found.by_fen)
        sure = max(_SURE, least)
        return [r for r, tail in ((by_orders, found.by_orders), (by_fen, found.by_fen)) if tail <= sure]

    def _late(self, found: Found) -> list[dict[str, Any]]:
        """RB06 of a slow drip: late orders given back in its weeks, against those that peers would have."""
        slow, here = self.verdict.drips, found.position
        late = self.refunded.late(here, int(slow.first_day[here]), int(slow.last_day[here]))
        due = float(slow.expected[here]) * self.verdict.orders_per_return
        return [self._reason("RB06", len(late), due, found.q, late)]

    def _trait(self, code: str, found: Found, inside: Ints, hits: Bools, share: float) -> list[dict[str, Any]]:
        """A reason when the trait is more frequent among the window's refunds than among all refunds."""
        count = int(hits.sum())
        if _at_least(count, len(inside), share) > _SURE:
            return []
        return [self._reason(code, count, share * len(inside), found.q, inside[hits])]

    def _linked(self, found: Found, inside: Ints) -> list[dict[str, Any]]:
        """RB05: refunding invitees in one group with another of them, or with the promoter."""
        accounts = sorted({self.accounts[n] for n in inside})
        groups = Counter(self.group[a] for a in accounts if a in self.group)
        own = self.group.get(str(self.verdict.promoters[found.position]))
        linked = {a for a in accounts if a in self.group and (groups[self.group[a]] > 1 or self.group[a] == own)}
        hits = np.array([self.accounts[n] in linked for n in inside], dtype=np.bool_)
        everyone = len(self.group) / max(len(set(self.accounts)) + len(self.group), 1)
        return self._trait("RB05", found, inside, hits, min(0.05, everyone)) if len(linked) > 1 else []

    def _same_age(self, found: Found, inside: Ints) -> list[dict[str, Any]]:
        """RB06: the busiest three days of order age hold far more than for everybody."""
        ages = self.age[inside]
        begins = np.arange(0, int(ages.max(initial=0)) + 1)
        within = (ages[None, :] >= begins[:, None]) & (ages[None, :] < begins[:, None] + _AGE_DAYS)
        best = int(np.argmax(within.sum(axis=1)))
        share = _share((self.age >= best) & (self.age < best + _AGE_DAYS))
        # one of many three-day spans was picked: their number stands against the chance
        return self._trait("RB06", found, inside, within[best], share) if share * len(begins) < 1 else []

    def _same_amount(self, found: Found, inside: Ints) -> list[dict[str, Any]]:
        """RB07: one amount far more often than everybody's refunds have it."""
        amounts, counts = np.unique(self.fen[inside], return_counts=True)
        if not len(counts) or counts.max() < 3:
            return []
        amount = amounts[int(np.argmax(counts))]
        return self._trait("RB07", found, inside, self.fen[inside] == amount, _share(self.fen == amount))

    def _own_history(self, found: Found, inside: Ints) -> list[dict[str, Any]]:
        """RB09: the window against the promoter's own refunds outside of it."""
        standard, here = self.verdict.standard, found.position
        mean, shape = float(standard.peers.mean[here]), float(standard.peers.shape[here])
        per_return = self.verdict.orders_per_return
        inner = found.expected / mean / per_return
        outside = float(standard.expected[here]) - inner
        if outside < 1.0:
            return []
        rest = float(standard.refunds[here]) - found.returns
        due = inner * per_return * (shape + rest) / (shape / mean + outside)
        return [self._reason("RB09", found.refunds, due, found.q, inside)] if found.refunds > 3 * due else []


def _share(trait: Bools | Floats) -> float:
    return float((trait.sum() + 1) / (len(trait) + 2))


def _at_least(hits: int, trials: int, share: float) -> float:
    return float(betainc(hits, trials - hits + 1, share)) if hits else 1.0

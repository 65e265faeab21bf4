"""When promoters ask to be paid, and when the operator pays or stops paying."""

from __future__ import annotations

import numpy as np

from simulator.calendar import DAY, Calendar, Ints
from simulator.orders import Orders
from simulator.people import People
from simulator.promoters import Programme
from simulator.refunds import PLANNED, Refunds
from simulator.traces import NEVER

MINIMUM_FEN = 1_000  # minimum_payout of the programme


def held_from(promoters: int, programme: Programme, orders: Orders, refunds: Refunds, calendar: Calendar) -> Ints:
    """The first cut-off after a promoter's first planned refund: from then on a careful operator pays nothing."""
    first = np.full(promoters, NEVER)
    planned = refunds.cause == PLANNED
    who = programme.promoter[orders.account[refunds.order[planned]]]
    np.minimum.at(first, who[who >= 0], refunds.at[planned][who >= 0])
    cutoffs = np.array([*(calendar.cutoff(m) for m in range(calendar.months)), NEVER], dtype=np.int64)
    return cutoffs[np.minimum(np.searchsorted(cutoffs, first), calendar.months)]


def payable(total: Ints) -> Ints:
    """What becomes payable at each issue (promoters x months, in fen) from all that a promoter had earned by then.

    Less than the minimum waits for the next month, and what was paid too much is made up for first.
    """
    due = np.zeros_like(total)
    reached = np.zeros(len(total), dtype=np.int64)
    for issue in range(total.shape[1]):
        more = total[:, issue] - reached
        due[:, issue] = np.where(more >= MINIMUM_FEN, more, 0)
        reached += due[:, issue]
    return due


def requests(people: People, held: Ints, calendar: Calendar, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """One row per promoter and month that is asked for; a failed payment is asked for again."""
    promoters = people.blocks.promoters
    promoter = np.repeat(np.arange(promoters, dtype=np.int64), calendar.months)
    issue = np.tile(np.arange(calendar.months, dtype=np.int64), promoters)
    asked = rng.random(len(promoter)) < 0.85
    promoter, issue = promoter[asked], issue[asked]
    cutoff = np.array([calendar.cutoff(m) for m in range(calendar.months)], dtype=np.int64)[issue]
    requested = cutoff + (rng.exponential(2.5 * DAY, size=len(promoter))).astype(np.int64)
    paid = requested + rng.integers(DAY, 4 * DAY, size=len(promoter))
    failed = rng.random(len(promoter)) < 0.02
    again = np.flatnonzero(failed)
    promoter, issue = np.concatenate([promoter, promoter[again]]), np.concatenate([issue, issue[again]])
    requested = np.concatenate([requested, paid[again] + DAY])
    paid = np.concatenate([paid, paid[again] + 3 * DAY])
    failed = np.concatenate([failed, np.zeros(len(again), dtype=np.bool_)])
    order = np.lexsort((requested, promoter, issue))
    names = np.array([_month_name(calendar, m) for m in range(calendar.months)])
    return {
        "number": np.arange(len(order), dtype=np.int64), "promoter": promoter[order], "issue": issue[order],
        "month_name": names[issue[order]], "requested": requested[order], "paid": paid[order], "failed": failed[order],
        "person": people.person[promoter[order]], "held_from": held[promoter[order]],
    }  # fmt: skip


def _month_name(calendar: Calendar, month: int) -> str:
    count = calendar.first_day.year * 12 + calendar.first_day.month - 1 + month
    return f"{count // 12:04d}-{count % 12 + 1:02d}"

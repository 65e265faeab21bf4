"""Refunds: honest ones, those of an outage day, and those that were the plan from the start."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.calendar import DAY, HOUR, Bools, Calendar, Floats, Ints
from simulator.cheats import CODE
from simulator.orders import Orders
from simulator.people import People
from simulator.products import REFUNDS
from simulator.promoters import Programme
from simulator.world import World

REFUND, UNSUBSCRIBE, DOWNGRADE = range(3)
REFUND_KINDS = ("refund", "unsubscribe", "downgrade")
HONEST, OUTAGE, PLANNED = range(3)
CAUSES = ("honest", "outage", "cheat")


@dataclass(frozen=True)
class Refunds:
    """Columns over refunds, sorted by order and time; ``order`` is a position in the orders."""

    order: Ints
    at: Ints
    kind: Ints
    amount: Ints
    cause: Ints


def refund_orders(
    world: World, people: People, programme: Programme, orders: Orders, calendar: Calendar, rng: np.random.Generator
) -> tuple[Refunds, int]:
    """All refunds before the end of the period, and the day of the outage as days since the origin (-1: none)."""
    count = len(orders.account)
    delay = np.where(
        rng.random(count) < 0.72, rng.exponential(2.5 * DAY, size=count), rng.uniform(6 * DAY, 55 * DAY, count)
    )
    at = orders.paid + 10 * 60_000_000 + delay.astype(np.int64)
    hit = rng.random(count) < _rates(world, people, programme, rng)[orders.account] * REFUNDS[orders.product]
    cause = np.where(hit, HONEST, -1)
    outage = -1
    if world.outage:
        outage, out, when = _outage(world, orders, calendar, rng)
        fresh = out & (~hit | (at > when))
        at, cause = np.where(fresh, when, at), np.where(fresh, OUTAGE, cause)
    at, cause = _planned(orders, programme, calendar, at, cause, rng)
    return _rows(orders, calendar, at, cause, rng), outage


def _rates(world: World, people: People, programme: Programme, rng: np.random.Generator) -> Floats:
    """Each account's honest refund rate: promoters differ more than chance, a few people return half."""
    shape = world.refund_spread
    by_promoter = rng.gamma(shape, world.refund_rate / shape, size=world.promoters)
    rate = np.where(programme.promoter >= 0, by_promoter[np.maximum(programme.promoter, 0)], world.refund_rate * 0.9)
    return np.where(rng.random(world.accounts) < world.heavy_refunders, 0.5, np.minimum(rate, 0.5))


def _outage(world: World, orders: Orders, calendar: Calendar, rng: np.random.Generator) -> tuple[int, Bools, Ints]:
    """One day in the second half of the period; who bought within 30 days may ask for the money back."""
    length = (calendar.end - calendar.start) // DAY
    day = int((calendar.start - calendar.origin) // DAY + length * rng.uniform(0.55, 0.75))
    opens = calendar.origin + day * DAY
    when = opens + 8 * HOUR + (rng.random(len(orders.paid)) * 15 * HOUR).astype(np.int64)
    recent = (orders.paid < opens + 8 * HOUR) & (orders.paid > opens - 30 * DAY)
    return day, recent & (rng.random(len(orders.paid)) < world.outage_share), when


def _planned(
    orders: Orders, programme: Programme, calendar: Calendar, at: Ints, cause: Ints, rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """Rings refund in the days after the statement of the month; slow refunders one by one over two months."""
    plan, luck = orders.plan, rng.random(len(at))
    gathers = np.isin(plan, (CODE["ring"], CODE["collusion"]))
    month = np.clip(calendar.month_of(orders.paid), 0, calendar.months - 1)
    cutoffs = np.array([calendar.cutoff(m) for m in range(calendar.months)], dtype=np.int64)
    hour = (9 + 12 * rng.random(len(at))) * HOUR
    # a ring's refunds come within three days of each other
    lag = (programme.promoter[orders.account] % 3 + 1 + (luck * 3).astype(np.int64)) * DAY
    ring_at = cutoffs[month] + lag + hour.astype(np.int64)
    ring_hit = gathers & (rng.random(len(at)) < 0.85)
    at, cause = np.where(ring_hit, ring_at, at), np.where(ring_hit, PLANNED, cause)
    slow = (plan == CODE["slow_refund"]) & (rng.random(len(at)) < 0.75)
    slow_at = orders.paid + 20 * DAY + (rng.random(len(at)) * 45 * DAY).astype(np.int64)
    at, cause = np.where(slow, slow_at, at), np.where(slow, PLANNED, cause)
    own = np.isin(plan, (CODE["self_careful"], CODE["self_careless"])) & (rng.random(len(at)) < 0.15)
    own_at = np.maximum(cutoffs[month], orders.paid) + (rng.random(len(at)) * 12 * DAY).astype(np.int64)
    return np.where(own, own_at, at), np.where(own, PLANNED, cause)


def _rows(orders: Orders, calendar: Calendar, at: Ints, cause: Ints, rng: np.random.Generator) -> Refunds:
    hit = np.flatnonzero((cause >= 0) & (at < calendar.end) & (orders.cash > 0))
    cash, when, why = orders.cash[hit], at[hit], cause[hit]
    luck = rng.random(len(hit))
    kind = np.where(
        why == PLANNED, REFUND, np.where(luck < 0.62, REFUND, np.where(luck < 0.84, UNSUBSCRIBE, DOWNGRADE))
    )
    part = np.where(kind == DOWNGRADE, 0.15 + 0.5 * rng.random(len(hit)), 0.3 + 0.6 * rng.random(len(hit)))
    whole = (rng.random(len(hit)) < np.where(why == PLANNED, 0.92, 0.72)) & (kind != DOWNGRADE)
    amount = np.where(whole, cash, np.maximum((cash * part).astype(np.int64), 1))
    # a few partial refunds are followed by the rest
    rest = (amount < cash) & (rng.random(len(hit)) < 0.15) & (when + 9 * DAY < calendar.end)
    order = np.concatenate([hit, hit[rest]])
    when = np.concatenate([when, when[rest] + (rng.random(int(rest.sum())) * 8 * DAY).astype(np.int64) + HOUR])
    amount = np.concatenate([amount, (cash - amount)[rest]])
    kind = np.concatenate([kind, np.full(int(rest.sum()), REFUND)])
    why = np.concatenate([why, why[rest]])
    position = np.lexsort((when, order))
    return Refunds(order[position], when[position], kind[position], amount[position], why[position])

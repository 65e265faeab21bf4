"""Orders: what honest people buy, and what cheats buy for their purpose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.calendar import DAY, HOUR, Calendar, Ints
from simulator.cheats import CODE
from simulator.people import NONE, People
from simulator.products import INDEX, draw_products, list_prices
from simulator.promoters import Programme
from simulator.world import World

PURCHASE, RENEWAL, UPGRADE = range(3)
ORDER_KINDS = ("purchase", "renewal", "upgrade")
FLASH, DOUBLE_11 = 0, 1
ACTIVITIES = ("flash", "double-11")


@dataclass
class Orders:
    """Columns over orders, sorted by account and time; amounts in fen. ``plan`` is the scheme the order serves."""

    account: Ints
    paid: Ints
    product: Ints
    kind: Ints
    activity: Ints
    listed: Ints
    coupon: Ints
    voucher: Ints
    plan: Ints

    @property
    def cash(self) -> Ints:
        return self.listed - self.coupon - self.voucher


@dataclass(frozen=True)
class Seasons:
    """The two activities of the period, as pairs of instants."""

    flash: tuple[int, int]
    double_11: tuple[int, int]


def place_orders(
    world: World, people: People, programme: Programme, seasons: Seasons, calendar: Calendar, rng: np.random.Generator
) -> Orders:
    """All orders of the world."""
    honest = _honest(world, people, programme, calendar, rng)
    cheats = _cheating(people, programme, calendar, rng)
    account, paid, product, listed, plan = (np.concatenate(pair) for pair in zip(honest, cheats, strict=True))
    order = np.lexsort((listed, product, paid, account))
    account, paid, product, listed, plan = account[order], paid[order], product[order], listed[order], plan[order]
    kind = _kinds(account, product, plan, rng)
    activity = _activities(paid, product, plan, seasons, rng)
    coupon, voucher = _discounts(listed, product, plan, rng)
    return Orders(account, paid, product, kind, activity, listed, coupon, voucher, plan)


def _honest(
    world: World, people: People, programme: Programme, calendar: Calendar, rng: np.random.Generator
) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    count = world.accounts
    registered, last = programme.registered, programme.last_seen
    lives = np.arange(count) < people.blocks.seconds
    lives |= people.scheme == CODE["collusion"]
    buys = lives & (rng.random(count) < 0.74)
    first = registered + 300_000_000 + rng.exponential(5 * DAY, size=count).astype(np.int64)
    buys &= first < last
    zeal = rng.gamma(1.3, 1.0 / 1.3, size=count)
    more = rng.poisson(np.where(buys, zeal * 1.5 * (last - first) / (30 * DAY), 0.0))
    buyer = np.flatnonzero(buys)
    again = np.repeat(np.arange(count, dtype=np.int64), more)
    later = calendar.draw(rng, first[again], np.maximum(last[again], first[again] + 1))
    account, paid = np.concatenate([buyer, again]), np.concatenate([first[buyer], later])
    # a customer who comes back under a new account had paid under the old one
    returning = np.flatnonzero((people.scheme == CODE["prior_payer"]) & (people.main >= 0))
    before = people.main[returning]
    account = np.concatenate([account, before])
    paid = np.concatenate([paid, registered[before] + (registered[returning] - registered[before]) // 2])
    product = draw_products(len(account), rng)
    return account, paid, product, list_prices(product, rng), np.zeros(len(account), dtype=np.int64)


def _cheating(
    people: People, programme: Programme, calendar: Calendar, rng: np.random.Generator
) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """One to three orders of each controlled account within its 30 days."""
    alts = np.arange(people.blocks.seconds, people.blocks.accounts, dtype=np.int64)
    scheme = people.scheme[alts]
    times = rng.integers(1, 4, size=len(alts))
    times = np.where(scheme == CODE["slow_refund"], rng.integers(3, 7, size=len(alts)), times)
    times[scheme == CODE["tier_hugging"]] = 1
    account = np.repeat(alts, times)
    scheme = people.scheme[account]
    registered = programme.registered[account]
    gathers = np.isin(scheme, (CODE["ring"], CODE["collusion"]))
    window = np.where(gathers, 40 * HOUR, 22 * DAY)
    paid = registered + HOUR + (rng.random(len(account)) * window).astype(np.int64)
    paid = np.minimum(paid, np.maximum(calendar.end - HOUR, registered + HOUR))
    product = rng.choice([INDEX["ecs"], INDEX["rds"], INDEX["ssl"]], size=len(account), p=[0.6, 0.25, 0.15])
    listed = list_prices(product, rng)
    dear = np.isin(scheme, (CODE["ring"], CODE["collusion"], CODE["self_careful"], CODE["self_careless"]))
    listed = np.where(dear, np.maximum(listed, 19900 + rng.integers(0, 40, size=len(account)) * 1000), listed)
    # slow refunders stay under the amount at which somebody looks
    listed = np.where(scheme == CODE["slow_refund"], 9900 - rng.integers(0, 600, size=len(account)), listed)
    hugging = scheme == CODE["tier_hugging"]
    capped = hugging & (people.cheats.number[account - people.blocks.seconds] == 0)
    listed = np.where(hugging, rng.integers(100, 990, size=len(account)), listed)
    listed = np.where(capped, 3_330_000 + rng.integers(-20_000, 20_000, size=len(account)), listed)
    product = np.where(hugging, INDEX["ecs"], product)
    padding = (scheme == CODE["recharge_padding"]) & (rng.random(len(account)) < 0.85)
    product = np.where(padding, INDEX["card"], product)
    listed = np.where(padding, rng.choice([10000, 50000, 100000], size=len(account)), listed)
    return account, paid, product.astype(np.int64), listed.astype(np.int64), scheme


def _kinds(account: Ints, product: Ints, plan: Ints, rng: np.random.Generator) -> Ints:
    again = np.zeros(len(account), dtype=np.bool_)
    again[1:] = (np.diff(account) == 0) & (product[1:] == product[:-1])
    luck = rng.random(len(account))
    kind = np.where(again & (luck < 0.6), RENEWAL, np.where(again & (luck < 0.75), UPGRADE, PURCHASE))
    return np.where(plan > 0, PURCHASE, kind).astype(np.int64)


def _activities(paid: Ints, product: Ints, plan: Ints, seasons: Seasons, rng: np.random.Generator) -> Ints:
    luck = rng.random(len(paid))
    within = (paid >= seasons.flash[0]) & (paid < seasons.flash[1])
    flash = within & (luck < np.where(plan > 0, 0.02, 0.25)) & (product != INDEX["card"])
    sale = (paid >= seasons.double_11[0]) & (paid < seasons.double_11[1]) & (luck > 0.5)
    return np.where(flash, FLASH, np.where(sale, DOUBLE_11, NONE)).astype(np.int64)


def _discounts(listed: Ints, product: Ints, plan: Ints, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Coupons of 20, 50 or 100 yuan and vouchers; a few orders cost nothing in cash."""
    count = len(listed)
    face = rng.choice([2000, 5000, 10000], size=count, p=[0.5, 0.35, 0.15])
    luck = rng.random(count)
    coupon = np.where((luck < 0.16) & (plan == 0) & (product != INDEX["card"]) & (face < listed), face, 0)
    paper = rng.random(count)
    voucher = np.where((paper < 0.05) & (plan == 0), (listed - coupon) // 10 * rng.integers(1, 6, size=count), 0)
    voucher = np.where((paper < 0.008) & (plan == 0), listed - coupon, voucher)
    return coupon.astype(np.int64), voucher.astype(np.int64)

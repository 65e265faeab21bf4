"""Coupons: most are used by whom they were given to; some are sold on to strangers."""

from __future__ import annotations

import numpy as np

from simulator.calendar import DAY, Calendar, Ints
from simulator.cheats import CODE
from simulator.orders import Orders
from simulator.people import NONE, People
from simulator.promoters import Programme


def issue_coupons(
    people: People, programme: Programme, orders: Orders, calendar: Calendar, rng: np.random.Generator
) -> tuple[dict[str, Ints], int]:
    """Columns over coupons (``order`` is -1 for an unredeemed one), and how many were sold on."""
    used = np.flatnonzero(orders.coupon > 0)
    owner = orders.account[used].copy()
    farm = np.flatnonzero((people.scheme == CODE["coupon_resale"]) & (people.main >= 0))
    sold = 0
    if len(farm):
        # each farmed coupon is redeemed by a stranger after the farm account had registered
        want = min(len(used) // 4, 9 * len(farm))
        seller = farm[rng.integers(0, len(farm), size=want)]
        target = rng.permutation(len(used))[:want]
        stranger = (people.scheme[owner[target]] == 0) & (
            orders.paid[used[target]] > programme.registered[seller] + DAY
        )
        owner[target[stranger]] = seller[stranger]
        sold = int(stranger.sum())
    given = programme.registered[owner]
    paid = orders.paid[used]
    issued = paid - (rng.random(len(used)) * np.maximum(np.minimum(paid - given, 25 * DAY), 1)).astype(np.int64)
    idle = rng.integers(0, len(programme.registered), size=len(used) // 2)
    idle_at = calendar.draw(rng, programme.registered[idle], np.full(len(idle), calendar.end))
    account = np.concatenate([owner, idle])
    at = np.concatenate([np.maximum(issued, given), np.maximum(idle_at, programme.registered[idle])])
    face = np.concatenate([orders.coupon[used], rng.choice([2000, 5000, 10000], size=len(idle))])
    order = np.concatenate([used, np.full(len(idle), NONE)])
    position = np.lexsort((order, account, at))
    return {
        "number": np.arange(len(at), dtype=np.int64), "account": account[position], "happened": at[position],
        "face": face[position], "order": order[position],
    }, sold  # fmt: skip

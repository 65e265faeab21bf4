"""Who cheats, how, and with how many accounts of its own.

A controller is the hand behind accounts. A careless one uses its own papers, cards and numbers again; a careful
one buys papers and numbers and leaves only weak but rare traces.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.calendar import DAY, HOUR, Bools, Calendar, Ints
from simulator.world import World

HONEST = "honest"
SCHEMES = (
    HONEST, "self_careless", "self_careful", "ring", "slow_refund", "coupon_resale", "recharge_padding",
    "prior_payer", "tier_hugging", "collusion", "forced_click", "staff_tie",
)  # fmt: skip
CODE = {name: code for code, name in enumerate(SCHEMES)}
# share of the cheating promoters, least and most accounts of its own
_MIX = {
    "self_careless": (0.38, 3, 9),
    "ring": (0.15, 8, 24),
    "slow_refund": (0.08, 6, 14),
    "coupon_resale": (0.06, 6, 14),
    "recharge_padding": (0.06, 4, 10),
    "prior_payer": (0.06, 5, 14),
    "tier_hugging": (0.07, 3, 11),
    "collusion": (0.05, 10, 22),
    "forced_click": (0.04, 0, 0),
    "staff_tie": (0.05, 0, 0),
}


@dataclass(frozen=True)
class Cheats:
    """The plan: arrays over cheating promoters, then arrays over the accounts that they control.

    ``owner`` is the position of an account's cheat in the first arrays, ``number`` counts within it.
    """

    promoter: Ints
    scheme: Ints
    careful: Bools
    owner: Ints
    number: Ints

    @property
    def accounts(self) -> int:
        return len(self.owner)


def plan_cheats(world: World, rng: np.random.Generator) -> Cheats:
    """Decide who cheats. The quotas hold to the nearest whole, so that small worlds have every scheme they can."""
    count = 0 if world.honest else round(world.promoters * world.cheating_promoters)
    promoter = np.sort(rng.choice(world.promoters, size=count, replace=False)).astype(np.int64)
    names = list(_MIX)
    shares = np.cumsum([share for share, _, _ in _MIX.values()])
    slots = (np.arange(count) + 0.5) / max(count, 1) * shares[-1]
    kind = rng.permutation(np.searchsorted(shares, slots)).astype(np.int64)
    low = np.array([least for _, least, _ in _MIX.values()])[kind]
    high = np.array([most for _, _, most in _MIX.values()])[kind]
    size = rng.integers(low, high + 1) if count else np.zeros(0, dtype=np.int64)
    careful = _quota(rng, kind, world.careful)
    scheme = np.array([CODE[name] for name in names], dtype=np.int64)[kind]
    scheme = np.where((scheme == CODE["self_careless"]) & careful, CODE["self_careful"], scheme)
    careful &= size > 0
    room = max(world.accounts // 5, 0)  # cheats never fill more than a fifth of the world
    size = np.where(np.cumsum(size) <= room, size, 0).astype(np.int64)
    owner = np.repeat(np.arange(count, dtype=np.int64), size)
    number = np.arange(len(owner), dtype=np.int64) - np.repeat(np.cumsum(size) - size, size)
    return Cheats(promoter, scheme.astype(np.int64), careful, owner, number)


def _quota(rng: np.random.Generator, kind: Ints, share: float) -> Bools:
    """True for ``share`` of each kind, not merely on average."""
    tie = rng.random(len(kind))
    order = np.lexsort((tie, kind))
    rank = np.empty(len(kind), dtype=np.int64)
    rank[order] = np.arange(len(kind))
    first = np.searchsorted(kind[order], kind)
    size = np.searchsorted(kind[order], kind, side="right") - first
    return np.asarray((rank - first + 0.5) < size * share)


def registration_times(cheats: Cheats, joined: Ints, calendar: Calendar, rng: np.random.Generator) -> Ints:
    """When each controlled account registers: in batches of four, rings just before a month ends."""
    batch_size = np.where(np.isin(cheats.scheme, [CODE["ring"], CODE["collusion"]]), 14, 4)[cheats.owner]
    batch = cheats.number // batch_size
    key = cheats.owner * 64 + batch
    _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    lead = cheats.owner[first]
    begins = np.maximum(joined[cheats.promoter[lead]] + 2 * HOUR, calendar.start)
    latest = np.maximum(begins + DAY, np.int64(calendar.end - 36 * DAY))
    at = calendar.draw(rng, begins, np.minimum(latest, calendar.end - 3 * DAY))
    # a ring needs a statement day after its month: it gathers in the last ten days of a month
    gathers = np.isin(cheats.scheme[lead], [CODE["ring"], CODE["collusion"]])
    month = np.clip(calendar.month_of(at), 0, max(calendar.months - 2, 0))
    late = calendar.starts[month + 1] - rng.integers(6 * DAY, 10 * DAY, size=len(at))
    at = np.where(gathers, np.maximum(late, begins), at)
    spread = np.where(cheats.careful[cheats.owner], 30 * HOUR, 3 * HOUR)
    times = at[inverse] + (rng.random(cheats.accounts) * spread).astype(np.int64)
    return np.minimum(times, calendar.end - DAY)

"""People, where they live and work, and the accounts that they hold.

Accounts are numbered in blocks: promoters, members nobody referred, honest invitees (each the first account of its
person), honest second accounts, and accounts that a cheat controls.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.calendar import Bools, Ints
from simulator.cheats import CODE, Cheats
from simulator.world import World

_HOUSEHOLD_SIZES = np.array([0.45, 0.27, 0.17, 0.08, 0.03])
NONE = np.int64(-1)


@dataclass(frozen=True)
class Blocks:
    """Where each block of accounts begins; ``base`` is where first accounts of people end."""

    promoters: int
    organic: int
    base: int
    seconds: int
    accounts: int


@dataclass(frozen=True)
class People:
    """Arrays over accounts. ``main`` is the account of the same hand that this one can be traced to, or -1.

    ``campus`` and ``office`` are -1 for people without one. ``person`` numbers papers, ``controller`` hands; both
    share one numbering, in which the first account of person p is account p.
    """

    blocks: Blocks
    person: Ints
    controller: Ints
    scheme: Ints
    careful: Bools
    main: Ints
    household: Ints
    campus: Ints
    office: Ints
    cheats: Cheats

    @property
    def alt(self) -> slice:
        """The accounts that a cheat controls."""
        return slice(self.blocks.seconds, self.blocks.accounts)


def settle_people(world: World, cheats: Cheats, rng: np.random.Generator) -> People:
    """Give every account a person, a controller and a home."""
    blocks = _blocks(world, cheats)
    count, base = blocks.accounts, blocks.base
    person = np.arange(count, dtype=np.int64)
    controller = person.copy()
    main = np.full(count, NONE)
    scheme = np.zeros(count, dtype=np.int64)
    careful = np.zeros(count, dtype=np.bool_)

    seconds = np.arange(base, blocks.seconds)
    twin = rng.choice(np.arange(blocks.promoters, base), size=len(seconds), replace=False)
    main[seconds] = person[seconds] = controller[seconds] = twin

    alt = np.arange(blocks.seconds, count)
    scheme[cheats.promoter] = cheats.scheme
    careful[cheats.promoter] = cheats.careful
    scheme[alt], careful[alt] = cheats.scheme[cheats.owner], cheats.careful[cheats.owner]
    main[alt] = cheats.promoter[cheats.owner]
    returning = alt[scheme[alt] == CODE["prior_payer"]]
    free = np.setdiff1d(np.arange(blocks.promoters, blocks.organic), twin)
    main[returning] = rng.choice(free, size=len(returning), replace=len(returning) > len(free))
    main[alt[scheme[alt] == CODE["collusion"]]] = NONE
    hand = np.where(main[alt] >= 0, main[alt], alt)
    controller[alt] = hand
    few = cheats.number < 4  # a platform lets one document open only so many accounts
    same_papers = ~careful[alt] & few & (rng.random(len(alt)) < 0.8) | (scheme[alt] == CODE["prior_payer"])
    person[alt] = np.where(same_papers, hand, alt)

    household, campus, office = _homes(world, base, rng)
    near = np.where(main >= 0, main, 0)
    own = np.arange(count) < base
    fresh = np.where(own, NONE, np.where(main >= 0, household[np.minimum(near, base - 1)], base + np.arange(count)))
    return People(
        blocks, person, controller, scheme, careful, main,
        _extend(household, fresh), _extend(campus, np.where(main >= 0, campus[near], NONE)),
        _extend(office, np.where(main >= 0, office[near], NONE)), cheats,
    )  # fmt: skip


def _blocks(world: World, cheats: Cheats) -> Blocks:
    second = round(world.accounts * world.second_accounts)
    base = world.accounts - second - cheats.accounts
    organic = world.promoters + round((base - world.promoters) * world.organic)
    return Blocks(world.promoters, organic, base, base + second, world.accounts)


def _extend(first: Ints, rest: Ints) -> Ints:
    return np.concatenate([first, rest[len(first) :]])


def _homes(world: World, base: int, rng: np.random.Generator) -> tuple[Ints, Ints, Ints]:
    """Household, campus and office of each first account. Students share rooms of four."""
    on_campus = rng.random(base) < world.campus
    household = np.zeros(base, dtype=np.int64)
    students, others = rng.permutation(np.flatnonzero(on_campus)), rng.permutation(np.flatnonzero(~on_campus))
    size = rng.choice(len(_HOUSEHOLD_SIZES), size=len(others), p=_HOUSEHOLD_SIZES) + 1
    household[others] = np.repeat(np.arange(len(size)), size)[: len(others)]

    campuses = max(2, base // 12_000)
    share = 1.0 / (1.0 + np.arange(campuses))
    which = np.sort(rng.choice(campuses, size=len(students), p=share / share.sum())).astype(np.int64)
    household[students] = len(others) + np.arange(len(students)) // 4
    campus = np.full(base, NONE)
    campus[students] = which

    offices = max(3, base // 150)
    weight = 1.0 / (5.0 + np.arange(offices))
    works = rng.random(base) < world.office
    office = np.where(works & ~on_campus, rng.choice(offices, size=base, p=weight / weight.sum()), NONE)
    return household, campus, office.astype(np.int64)

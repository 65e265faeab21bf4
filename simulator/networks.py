"""The networks behind which people are seen: homes, campuses, offices, mobile carriers.

An address is a code: ``index * 4 + form``, where the form is IPv4, IPv6 or a private address (a placeholder).
Home lines change hands: a carrier deals its pool out anew every 30 days, region by region, so that one address
has one household at a time and others at other times. Campuses and carriers put thousands behind one address.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.calendar import Bools, Calendar, Ints
from simulator.people import People
from simulator.world import World

V4, V6, PRIVATE = 0, 1, 2
_REGIONS = 8
_LEASE_DAYS = 30


@dataclass(frozen=True)
class Networks:
    """Where each kind of network lies in the numbering of addresses."""

    calendar: Calendar
    pool: int  # lines of one region
    steps: Ints  # how each deal walks through the pool
    campuses: int
    offices: int
    carriers: int

    def home(self, household: Ints, at: Ints) -> Ints:
        """The line of a household at an instant."""
        region, place = household % _REGIONS, household // _REGIONS
        deal = (self.calendar.day(at) + region * 4) // _LEASE_DAYS
        step = self.steps[deal * 2 % len(self.steps)] % (self.pool - 1) + 1
        shift = self.steps[(deal * 2 + 1) % len(self.steps)]
        index: Ints = region * self.pool + (place * step + shift) % self.pool
        return np.where(household % 5 == 0, index * 4 + V6, index * 4 + V4)

    def campus(self, campus: Ints, dice: Ints) -> Ints:
        return (self._after_homes + campus * 2 + dice % 2) * 4 + V4

    def office(self, office: Ints) -> Ints:
        return (self._after_homes + self.campuses * 2 + office) * 4 + V4

    def carrier(self, dice: Ints) -> Ints:
        """A carrier's shared address; a few carry most."""
        square = (dice % 4096) * (dice % 4096) // 4096
        index = square * self.carriers // 4096
        return (self._after_homes + self.campuses * 2 + self.offices + index) * 4 + V4

    def line(self, number: Ints) -> Ints:
        """A line that a cheat rents for its accounts, or the exit of a proxy: one holder each."""
        return (self._after_homes + self.campuses * 2 + self.offices + self.carriers + number) * 4 + V4

    def everyday(self, people: People, account: Ints, at: Ints, rng: np.random.Generator) -> Ints:
        """Where an account is seen on an ordinary occasion."""
        dice = rng.integers(0, 1 << 20, size=len(account))
        luck = rng.random(len(account))
        campus, office = people.campus[account], people.office[account]
        code = self.home(people.household[account], at)
        code = np.where((campus >= 0) & (luck < 0.8), self.campus(np.maximum(campus, 0), dice), code)
        code = np.where((office >= 0) & (luck < 0.3), self.office(np.maximum(office, 0)), code)
        return np.where(luck >= np.where(campus >= 0, 0.8, 0.72), self.carrier(dice), code)

    @property
    def _after_homes(self) -> int:
        return _REGIONS * self.pool


def build_networks(world: World, people: People, calendar: Calendar, rng: np.random.Generator) -> Networks:
    """Size the networks to the world."""
    homes = int(people.household.max()) // _REGIONS + 1
    return Networks(
        calendar=calendar,
        pool=_next_prime(homes * 5 // 4 + 11),
        steps=rng.integers(1, 1 << 20, size=256),
        campuses=int(people.campus.max(initial=0)) + 1,
        offices=int(people.office.max(initial=0)) + 1,
        carriers=max(6, world.accounts // 400),
    )


def _next_prime(number: int) -> int:
    while not _is_prime(number):
        number += 1
    return number


def _is_prime(number: int) -> bool:
    return number > 1 and all(number % d for d in range(2, int(number**0.5) + 1))


def private_addresses(codes: Ints, hit: Bools) -> Ints:
    """Replace the hit addresses by private ones, as a faulty proxy does."""
    return np.where(hit, codes // 4 * 4 + PRIVATE, codes)

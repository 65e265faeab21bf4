"""What people own: papers, numbers, cards, devices, addresses, mailboxes; and what passes from hand to hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.calendar import DAY, Bools, Ints
from simulator.cheats import CODE
from simulator.people import People
from simulator.promoters import Programme
from simulator.world import World

VENDOR, FINGERPRINT, PLACEHOLDER = 0, 1, 2
DOOR, DORM, LOCKER, DESK = 0, 1, 2, 3


@dataclass(frozen=True)
class Holdings:
    """Codes over accounts. ``second_device`` is -1 for accounts with one device, ``address`` for those without one."""

    verified: Bools
    phone: Ints  # number * 2 + 1 for virtual operators
    payment: Ints  # number * 2 + 1 for a payment provider's token
    device: Ints  # number * 4 + VENDOR or FINGERPRINT
    second_device: Ints
    address: Ints  # number * 4 + DOOR, DORM, LOCKER or DESK
    email: Ints


def own_things(world: World, people: People, programme: Programme, rng: np.random.Generator) -> Holdings:
    """Give each account its things; family, second-hand and recycled ones included."""
    count = world.accounts
    number = np.arange(count, dtype=np.int64)
    verified = rng.random(count) < world.verified
    verified[: world.promoters] = True
    papers_shown = (people.main >= 0) & (people.person == people.person[np.maximum(people.main, 0)])
    papers_shown &= (people.scheme != CODE["honest"]) | (rng.random(count) < 0.7)
    papers_shown &= ~people.careful
    verified[people.main >= 0] &= people.person[people.main >= 0] == number[people.main >= 0]
    verified[papers_shown] = True
    verified[people.main[papers_shown]] = True

    bought = people.careful & (people.main >= 0)
    virtual = rng.random(count) < np.where(bought, 0.5, world.virtual_numbers)
    phone = number * 2 + virtual
    payment = number * 2 + (rng.random(count) < 0.35)
    device = number * 8 + VENDOR
    second_device = np.where(rng.random(count) < 0.4, number * 8 + 4 + VENDOR, -1)
    common = rng.random(count) < world.common_fingerprints
    prints = max(4, count // 600)
    second_device = np.where(common, (2 * count + rng.integers(0, prints, size=count)) * 4 + FINGERPRINT, second_device)

    second_device = _lab_machines(world, people, second_device, rng)

    phone = _hand_on(phone, world.recycled_phones, 100 * DAY, people, programme, rng)
    device = _hand_on(device, world.second_hand_devices, 40 * DAY, people, programme, rng)
    mate = _housemate(people)
    device = _hand_down(device, mate, world.family_hand_downs, programme, rng)
    payment = np.where((mate >= 0) & (rng.random(count) < world.family_cards), payment[mate], payment)
    shared = (mate >= 0) & (rng.random(count) < world.family_devices)
    device = np.where(shared, device[mate], device)
    return Holdings(verified, phone, payment, device, second_device, _addresses(people, rng), number)


def _lab_machines(world: World, people: People, second_device: Ints, rng: np.random.Generator) -> Ints:
    """Eight students share each machine of a campus, behind the campus's address."""
    student = (people.campus >= 0) & ~people.careful & (rng.random(world.accounts) < world.lab_devices)
    campuses = int(people.campus.max(initial=0)) + 1
    machines = max(1, round(int(student.sum()) / (8 * campuses)))
    machine = 4 * world.accounts + people.campus * machines + rng.integers(0, machines, size=world.accounts)
    return np.where(student, machine * 4 + VENDOR, second_device)


def _hand_on(
    codes: Ints, share: float, rest: int, people: People, programme: Programme, rng: np.random.Generator
) -> Ints:
    """Give a share of the people who came late a thing whose holder has been away for at least ``rest``."""
    base = people.blocks.base
    honest = np.flatnonzero((people.main[:base] < 0) & (people.scheme[:base] == 0))
    takers = honest[rng.random(len(honest)) < share * 2.5]
    givers = np.setdiff1d(honest, takers)
    order = givers[np.argsort(programme.last_seen[givers], kind="stable")]
    ready = np.searchsorted(programme.last_seen[order], programme.registered[takers] - rest)
    keep = rng.permutation(np.flatnonzero(ready > 0))[: round(base * share)]
    takers, ready = takers[keep], ready[keep]
    given = order[(rng.random(len(takers)) * ready).astype(np.int64)]
    given, once = np.unique(given, return_index=True)
    result = codes.copy()
    result[takers[once]] = codes[given]
    return result


def _hand_down(device: Ints, mate: Ints, share: float, programme: Programme, rng: np.random.Generator) -> Ints:
    """A housemate who has stopped using a device gives it to one who registers later."""
    rested = programme.registered > programme.last_seen[np.maximum(mate, 0)] + 40 * DAY
    given = (mate >= 0) & rested & (rng.random(len(device)) < share * 4)
    return np.where(given, device[mate], device)


def _housemate(people: People) -> Ints:
    """For each honest first account another honest one of its household, or -1."""
    count, base = people.blocks.accounts, people.blocks.base
    order = np.argsort(people.household[:base], kind="stable")
    same = np.flatnonzero(np.diff(people.household[order]) == 0)
    mate = np.full(count, -1, dtype=np.int64)
    mate[order[same + 1]] = order[same]
    honest = (people.scheme == 0) & (people.scheme[np.maximum(mate, 0)] == 0)
    return np.where(honest & (people.campus < 0), mate, -1)


def _addresses(people: People, rng: np.random.Generator) -> Ints:
    """Delivery addresses: doors of homes and dormitories, desks, and parcel lockers that many share."""
    count = people.blocks.accounts
    luck = rng.random(count)
    household, campus, office = people.household, people.campus, people.office
    homes = int(household.max()) + 1
    locker = (homes + np.where(campus >= 0, campus, 64 + household // 90)) * 4 + LOCKER
    code = household * 4 + np.where(campus >= 0, DORM, DOOR)
    code = np.where((office >= 0) & (luck < 0.3), (homes + office) * 4 + DESK, code)
    code = np.where(luck < 0.12, locker, code)
    return np.where(luck < 0.5, code, -1)

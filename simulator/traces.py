"""What ties a controlled account to its hand.

Careless accounts use their owner's things. Careful ones leave two weak but rare traces, in one of four ways:
the owner's device and line for an hour; a device and a line shared with their siblings; the owner's card and
line; the owner's card and door. A few leave one trace only, and nobody can find those.
"""

from __future__ import annotations

import numpy as np

from simulator.calendar import DAY, HOUR, SECOND, Ints
from simulator.cheats import CODE
from simulator.holdings import DOOR, VENDOR, Holdings
from simulator.logins import is_hidden
from simulator.networks import Networks
from simulator.people import People
from simulator.promoters import Programme
from simulator.sightings import DELIVERY, LOGIN, PAYMENT, USAGE, Sightings
from simulator.world import World

OWN_DEVICE, SIBLINGS_DEVICE, CARD_AND_LINE, CARD_AND_DOOR, ONE_TRACE = range(5)
WAYS = ("device+ip", "sibling device+ip", "payment+ip", "payment+address", "ip")
NEVER = np.int64(1) << 61


def leave_traces(
    world: World, people: People, programme: Programme, things: Holdings, networks: Networks, seen: Sightings
) -> tuple[Ints, Ints]:
    """Record the traces. Returns, over accounts, the way (-1: none) and the instant when the evidence is whole."""
    hidden = is_hidden(people)
    open_handed = np.flatnonzero((people.main >= 0) & ~hidden)
    careful = np.flatnonzero(hidden)
    way = np.full(world.accounts, -1, dtype=np.int64)
    found = np.full(world.accounts, NEVER)
    found[open_handed] = programme.registered[open_handed] + DAY
    _careless(people, programme, things, networks, seen, open_handed)
    if len(careful):
        way[careful], found[careful] = _careful(world, people, programme, things, networks, seen, careful)
    return way, found


def _careless(
    people: People, programme: Programme, things: Holdings, networks: Networks, seen: Sightings, account: Ints
) -> None:
    rng = seen.rng
    main = people.main[account]
    at = programme.registered[account] + rng.integers(0, 5 * SECOND, size=len(account))
    without_papers = people.person[account] != people.person[main]
    honest = people.scheme[account] == CODE["honest"]
    unshown = without_papers | ~things.verified[account]
    device = unshown | (rng.random(len(account)) < np.where(honest, 0.6, 0.85))
    _meet(seen, programme, account[device], at[device], things.device[main[device]], main[device])
    _same_line(networks, people, programme, seen, account, main, at, rng.random(len(account)) < 0.9)
    card = unshown | (rng.random(len(account)) < 0.6)
    _pay(seen, programme, account[card], main[card], things, at[card] + 2 * HOUR)
    number = (without_papers & (rng.random(len(account)) < 0.7)) | (rng.random(len(account)) < 0.2)
    seen.add("phone", account[number], things.phone[main[number]], at[number], USAGE)


def _careful(
    world: World,
    people: People,
    programme: Programme,
    things: Holdings,
    networks: Networks,
    seen: Sightings,
    account: Ints,
) -> tuple[Ints, Ints]:
    rng = seen.rng
    main = people.main[account]
    share = np.array([0.38, 0.25, 0.20, 0.17]) * (1.0 - world.traceless)
    way = rng.choice(5, size=len(account), p=[*share, world.traceless]).astype(np.int64)
    owned = account >= people.blocks.seconds
    cell, first, siblings, latest = _cells(people, programme, account)
    way = np.where((way == SIBLINGS_DEVICE) & (first | (siblings < 2) | ~owned), OWN_DEVICE, way)
    registered, last = programme.registered[account], programme.last_seen[account]
    at = registered + rng.integers(0, HOUR, size=len(account))
    at = np.where(way == SIBLINGS_DEVICE, latest + rng.integers(0, 3 * HOUR, size=len(account)), at)
    late = (rng.random(len(account)) < world.late_traces) & (way != SIBLINGS_DEVICE)
    at = np.where(late, registered + rng.integers(15 * DAY, 60 * DAY, size=len(account)), at)
    at = np.minimum(at, np.maximum(last - 1, registered))

    # a hand with many accounts uses its devices and rented lines in turn
    turn = np.where(people.cheats.owner[np.maximum(account - people.blocks.seconds, 0)] >= 0, cell % 4, 0)
    own = np.where(turn % 2 == 1, main * 8 + 4 + VENDOR, things.device[main])
    rented = networks.line(cell)
    home = networks.home(people.household[main], at)
    line = np.where((turn >= 2) & owned, rented, home)

    on_device = way == OWN_DEVICE
    _meet(seen, programme, account[on_device], at[on_device], own[on_device], main[on_device])
    farm = (2 * world.accounts + max(4, world.accounts // 600) + cell) * 4 + VENDOR
    together = (way == SIBLINGS_DEVICE) | (first & (siblings > 1) & owned)
    when = np.where(way == SIBLINGS_DEVICE, at, np.minimum(latest + HOUR, np.maximum(last - 1, registered)))
    seen.add("device", account[together], farm[together], when[together], LOGIN)
    seen.add("ip", account[together], networks.line(cell[together]), when[together], LOGIN)
    on_line = np.isin(way, (OWN_DEVICE, CARD_AND_LINE, ONE_TRACE))
    seen.add("ip", account[on_line], line[on_line], at[on_line], LOGIN)
    with_main = on_line & (way != ONE_TRACE)
    _visit(seen, programme, main[with_main], line[with_main], at[with_main], "ip")
    by_card = np.isin(way, (CARD_AND_LINE, CARD_AND_DOOR))
    _pay(seen, programme, account[by_card], main[by_card], things, at[by_card])
    door = way == CARD_AND_DOOR
    home_door = people.household[main] * 4 + DOOR
    seen.add("address", account[door], home_door[door], at[door], DELIVERY)
    _visit(seen, programme, main[door], home_door[door], at[door] - 6 * DAY, "address")
    found = np.where(way == ONE_TRACE, NEVER, np.maximum(at, when))
    return way, found


def _cells(people: People, programme: Programme, account: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """Groups of four accounts of one hand: number, whether first of it, size, and when the last has registered."""
    position = account - people.blocks.seconds
    owner = people.cheats.owner[np.maximum(position, 0)]
    key = np.where(position >= 0, owner * 8 + people.cheats.number[np.maximum(position, 0)] // 4, 0)
    _, first, inverse, size = np.unique(key, return_index=True, return_inverse=True, return_counts=True)
    latest = np.zeros(len(first), dtype=np.int64)
    np.maximum.at(latest, inverse, programme.registered[account])
    leads = np.zeros(len(account), dtype=np.bool_)
    leads[first] = True
    return key, leads.astype(np.bool_), size[inverse], latest[inverse]


def _meet(seen: Sightings, programme: Programme, account: Ints, at: Ints, device: Ints, main: Ints) -> None:
    """An account and its owner on one device, hours apart."""
    seen.add("device", account, device, at, LOGIN)
    _visit(seen, programme, main, device, at, "device")


def _visit(seen: Sightings, programme: Programme, main: Ints, code: Ints, at: Ints, kind: str) -> None:
    """The owner's own sighting within two hours, after it registered."""
    shift = seen.rng.integers(-2 * HOUR, 2 * HOUR, size=len(main))
    when = np.maximum(at + shift, programme.registered[main])
    seen.add(
        kind,
        main,
        code,
        np.minimum(when, np.int64(programme.last_seen.max())),
        LOGIN if kind != "address" else DELIVERY,
    )


def _same_line(
    networks: Networks,
    people: People,
    programme: Programme,
    seen: Sightings,
    account: Ints,
    main: Ints,
    at: Ints,
    which: Ints,
) -> None:
    line = networks.home(people.household[main], at)[which]
    seen.add("ip", account[which], line, at[which], LOGIN)
    _visit(seen, programme, main[which], line, at[which], "ip")


def _pay(seen: Sightings, programme: Programme, account: Ints, main: Ints, things: Holdings, at: Ints) -> None:
    """The account pays with its owner's card, which the owner uses too."""
    when = np.minimum(at, np.maximum(programme.last_seen[account] - 1, programme.registered[account]))
    seen.add("payment", account, things.payment[main], when, PAYMENT)
    owner_at = np.maximum(when - 20 * DAY, programme.registered[main])
    seen.add("payment", main, things.payment[main], owner_at, PAYMENT)

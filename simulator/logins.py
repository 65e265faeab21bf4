"""Ordinary sightings: registering, logging in, paying, having things delivered."""

from __future__ import annotations

import numpy as np

from simulator.calendar import DAY, HOUR, Bools, Calendar, Ints
from simulator.cheats import CODE
from simulator.holdings import PLACEHOLDER, Holdings
from simulator.networks import Networks, private_addresses
from simulator.people import People
from simulator.promoters import Programme
from simulator.sightings import DELIVERY, LOGIN, PAYMENT, REGISTRATION, USAGE, Sightings
from simulator.world import World


def is_hidden(people: People) -> Bools:
    """Careful controlled accounts: they keep off their owner's devices and lines but for their traces."""
    return people.careful & (people.main >= 0)


def sight_everyone(
    world: World, people: People, programme: Programme, things: Holdings, networks: Networks, seen: Sightings
) -> None:
    """Record the ordinary life of all accounts."""
    rng, calendar = seen.rng, networks.calendar
    account = np.arange(world.accounts, dtype=np.int64)
    registered = programme.registered
    _papers(world, people, programme, things, seen)
    visits = rng.poisson(0.5, size=world.accounts)
    visits[: world.promoters] = 3 * world.months + rng.poisson(2.0, size=world.promoters)
    visitor = np.repeat(account, visits)
    at = _within(calendar, programme, visitor, rng)
    who, when = np.concatenate([account, visitor]), np.concatenate([registered, at])
    source = np.where(
        np.arange(len(who)) < len(account), REGISTRATION, np.where(rng.random(len(who)) < 0.6, LOGIN, USAGE)
    )

    device = np.where(
        (things.second_device[who] >= 0) & (rng.random(len(who)) < 0.3), things.second_device[who], things.device[who]
    )
    device = np.where(
        rng.random(len(who)) < world.placeholders, rng.integers(0, 3, size=len(who)) * 4 + PLACEHOLDER, device
    )
    seen.add("device", who, device, when, source)

    ip = networks.everyday(people, who, when, rng)
    hidden = is_hidden(people)[who]
    proxy = networks.line(8 * len(people.cheats.promoter) + world.accounts + who)
    away = np.where(rng.random(len(who)) < 0.7, networks.carrier(rng.integers(0, 1 << 20, size=len(who))), proxy)
    ip = np.where(hidden, away, ip)
    ip = private_addresses(ip, rng.random(len(who)) < world.placeholders)
    seen.add("ip", who, ip, when, source)


def _papers(world: World, people: People, programme: Programme, things: Holdings, seen: Sightings) -> None:
    """Number, mailbox, papers, card and delivery address, each at its own time of an account's life."""
    rng = seen.rng
    account = np.arange(world.accounts, dtype=np.int64)
    registered, last = programme.registered, programme.last_seen
    seen.add("phone", account, things.phone, registered, REGISTRATION)
    again = account[(rng.random(world.accounts) < 0.35) & (last > registered + 2 * HOUR)]
    seen.add("phone", again, things.phone[again], last[again], LOGIN)

    shown = account[things.verified]
    delay = (rng.exponential(0.5 * DAY, size=len(shown))).astype(np.int64)
    delay[shown < world.promoters] = 0  # promoters are verified before they join
    seen.add("id_doc", shown, people.person[shown], np.minimum(registered[shown] + delay, last[shown]), REGISTRATION)

    mail = account[rng.random(world.accounts) < 0.3]
    seen.add("email", mail, things.email[mail], registered[mail], REGISTRATION)

    payer = account[rng.random(world.accounts) < np.where(people.scheme == CODE["honest"], 0.75, 0.9)]
    paid = np.minimum(registered[payer] + (rng.exponential(6 * DAY, size=len(payer))).astype(np.int64), last[payer])
    seen.add("payment", payer, things.payment[payer], paid, PAYMENT)

    hidden = is_hidden(people)
    receives = account[(things.address >= 0) & ~hidden]
    when = np.minimum(
        registered[receives] + (rng.exponential(10 * DAY, size=len(receives))).astype(np.int64), last[receives]
    )
    seen.add("address", receives, things.address[receives], when, DELIVERY)


def _within(calendar: Calendar, programme: Programme, who: Ints, rng: np.random.Generator) -> Ints:
    return calendar.draw(rng, programme.registered[who], programme.last_seen[who])

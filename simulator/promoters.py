"""Promoters' memberships, and who was invited by whom."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.calendar import DAY, HOUR, SECOND, Calendar, Ints
from simulator.cheats import CODE, registration_times
from simulator.people import NONE, People
from simulator.world import World


@dataclass(frozen=True)
class Programme:
    """Arrays over memberships (``member_*``) and over accounts.

    ``promoter`` is the account that invited, or -1; ``clicked`` is -1 without a click; ``last_seen`` ends the
    account's life; ``left`` is -1 while a membership is open.
    """

    member: Ints
    member_joined: Ints
    member_left: Ints
    joined: Ints  # first joining, over promoters
    registered: Ints
    last_seen: Ints
    promoter: Ints
    clicked: Ints


def enrol(world: World, people: People, calendar: Calendar, rng: np.random.Generator) -> Programme:
    """Let promoters join and leave, and everybody register."""
    blocks = people.blocks
    joined = _joining(world, people, calendar, rng)
    member, member_joined, member_left = _memberships(joined, people, calendar, rng)

    inviter = np.full(blocks.accounts, NONE)
    invitees = np.arange(blocks.organic, blocks.base)
    inviter[invitees] = _inviters(people, invitees, rng)
    seconds = np.arange(blocks.base, blocks.seconds)
    again = seconds[rng.random(len(seconds)) < 0.4]
    inviter[again] = _inviters(people, again, rng)
    inviter[people.alt] = people.cheats.promoter[people.cheats.owner]

    registered = _registration(people, calendar, joined, inviter, rng)
    registered[people.alt] = registration_times(people.cheats, joined, calendar, rng)
    returning = np.flatnonzero((people.scheme == CODE["prior_payer"]) & (people.main >= 0))
    before = people.main[returning]
    np.minimum.at(registered, before, registered[returning] - rng.integers(30 * DAY, 120 * DAY, size=len(returning)))
    dormant = rng.random(blocks.accounts) < 0.3
    dormant[: blocks.promoters] = False
    dormant[people.alt] = False
    away = registered + (rng.exponential(45 * DAY, size=blocks.accounts)).astype(np.int64) + HOUR
    last_seen = np.where(dormant, np.minimum(away, calendar.end - 1), calendar.end - 1)
    last_seen = np.minimum(np.maximum(last_seen, registered + HOUR), calendar.end - 1)
    clicked = _clicks(people, inviter, registered, rng)
    return Programme(member, member_joined, member_left, joined, registered, last_seen, inviter, clicked)


def _joining(world: World, people: People, calendar: Calendar, rng: np.random.Generator) -> Ints:
    """Most join in the first week; cheats early enough to act."""
    count = world.promoters
    low = np.full(count, calendar.start)
    length = calendar.end - calendar.start
    early = rng.random(count) < 0.6
    cheats = people.scheme[:count] != CODE["honest"]
    until = np.where(early, 7 * DAY, np.where(cheats, length * 2 // 5, length * 7 // 10))
    return calendar.draw(rng, low, low + until)


def _memberships(joined: Ints, people: People, calendar: Calendar, rng: np.random.Generator) -> tuple[Ints, Ints, Ints]:
    """A few leave; some of those come back, some of them too soon."""
    count = len(joined)
    honest = people.scheme[:count] == CODE["honest"]
    room = calendar.end - joined
    leaves = honest & (rng.random(count) < 0.05) & (room > 20 * DAY)
    left = np.where(leaves, joined + (room * (0.2 + 0.5 * rng.random(count))).astype(np.int64), NONE)
    back = np.where(leaves, left + ((5 + 110 * rng.random(count)) * DAY).astype(np.int64), NONE)
    returns = leaves & (rng.random(count) < 0.5) & (back < calendar.end - DAY)
    member = np.concatenate([np.arange(count), np.flatnonzero(returns)])
    return member, np.concatenate([joined, back[returns]]), np.concatenate([left, np.full(int(returns.sum()), NONE)])


def _inviters(people: People, invitees: Ints, rng: np.random.Generator) -> Ints:
    """Who invited each: strangers by the promoter's reach; a quarter by somebody of the same campus or office."""
    count = people.blocks.promoters
    reach = rng.lognormal(0.0, 1.1, size=count)
    reach[people.scheme[:count] == CODE["forced_click"]] *= 3.0
    chosen = rng.choice(count, size=len(invitees), p=reach / reach.sum()).astype(np.int64)
    for place, share in ((people.campus, 0.5), (people.office, 0.3), (people.household, 0.25)):
        near = _same_place(place[:count], place[invitees], rng)
        social = (near >= 0) & (rng.random(len(invitees)) < share)
        chosen = np.where(social, near, chosen)
    return chosen


def _same_place(promoters_at: Ints, invitees_at: Ints, rng: np.random.Generator) -> Ints:
    """A promoter at each invitee's place, or -1."""
    order = np.argsort(promoters_at, kind="stable")
    places = promoters_at[order]
    first = np.searchsorted(places, invitees_at, side="left")
    size = np.searchsorted(places, invitees_at, side="right") - first
    pick = first + (rng.random(len(invitees_at)) * size).astype(np.int64)
    found = (size > 0) & (invitees_at >= 0)
    return np.where(found, order[np.minimum(pick, len(order) - 1)], NONE)


def _registration(people: People, calendar: Calendar, joined: Ints, inviter: Ints, rng: np.random.Generator) -> Ints:
    """Members from before the programme, promoters before they join, invitees after their inviter joined."""
    count = people.blocks.accounts
    low = np.full(count, calendar.origin + HOUR)
    high = np.full(count, calendar.end - HOUR)
    old = (inviter < 0) & (rng.random(count) < 0.75)
    high[old] = calendar.start
    high[: people.blocks.promoters] = joined - HOUR
    referred = inviter >= 0
    low[referred] = joined[inviter[referred]] + HOUR
    registered = calendar.draw(rng, low, np.maximum(high, low + 1))
    # a second account and a returning customer come after the first account
    first = registered[np.maximum(people.main, 0)]
    seconds = slice(people.blocks.base, people.blocks.seconds)
    late = np.maximum(registered[seconds], np.minimum(first[seconds] + 20 * DAY, calendar.end - HOUR))
    registered[seconds] = late
    return registered


def _clicks(people: People, inviter: Ints, registered: Ints, rng: np.random.Generator) -> Ints:
    """Most registrations follow a click by minutes; forced ones by a second, or none at all."""
    count = len(inviter)
    delay = 20 * SECOND + rng.exponential(9 * 60 * SECOND, size=count).astype(np.int64)
    forced = (inviter >= 0) & (people.scheme[np.maximum(inviter, 0)] == CODE["forced_click"])
    instantly = rng.integers(SECOND // 5, 3 * SECOND, size=count)
    delay = np.where(forced & (rng.random(count) < 0.75), instantly, delay)
    missing = rng.random(count) < np.where(forced, 0.45, 0.03)
    return np.where((inviter < 0) | missing, NONE, registered - delay)

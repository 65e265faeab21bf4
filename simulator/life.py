"""The slow facts around a programme: kinds of accounts and their changes, ties to sales and staff, calls, reports."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.calendar import DAY, HOUR, Bools, Calendar, Ints
from simulator.cheats import CODE
from simulator.holdings import Holdings
from simulator.people import NONE, People
from simulator.promoters import Programme
from simulator.world import World

ACCOUNT_TYPES = ("individual", "enterprise", "channel", "channel_sub", "na")
VERIFICATIONS = ("none", "individual", "enterprise")
FIELDS = ("account_type", "verified_as")
AFFILIATIONS = ("sales", "partner", "authorised_centre")
STAFF_KINDS = ("employee", "outsourced", "relative", "partner_staff", "centre_staff")
CHANNELS = ("phone", "email", "wechat", "qq")
Table = dict[str, Ints]


@dataclass(frozen=True)
class Life:
    """Account kinds now, and small tables of codes. ``fit`` tells which promoters may be paid at all."""

    account_type: Ints
    verified_as: Ints
    changes: Table
    affiliations: Table
    staff: Table
    declared: Ints  # over memberships: -1 not asked, 0 no, 1 yes
    contacts: Table
    reports: Table
    fit: Bools
    changed_at: Ints  # when a promoter became an enterprise


def live(
    world: World, people: People, programme: Programme, things: Holdings, calendar: Calendar, rng: np.random.Generator
) -> Life:
    """Draw the slow facts."""
    count, promoters = world.accounts, world.promoters
    kind = rng.choice(5, size=count, p=[0.915, 0.07, 0.008, 0.004, 0.003]).astype(np.int64)
    kind[people.scheme != CODE["honest"]] = 0
    kind[:promoters] = np.where(rng.random(promoters) < 0.012, rng.choice([1, 2], size=promoters), 0)
    kind[:promoters][people.scheme[:promoters] != 0] = 0
    verified = np.where(kind == 1, 2, np.where(things.verified, 1, 0))
    unverified = np.flatnonzero((people.scheme[:promoters] == 0) & (rng.random(promoters) < 0.01))
    verified[unverified] = 0
    fit = (kind[:promoters] == 0) & (verified[:promoters] == 1)
    changed_at, changes = _changes(people, programme, kind, verified, fit, calendar, rng)
    staff, ties = _staff(world, people, programme, things, calendar, rng)
    fit = fit & ~ties
    declared = rng.choice([-1, 0, 1], size=len(programme.member), p=[0.55, 0.43, 0.02])
    return Life(
        kind, verified, changes, _affiliations(people, programme, calendar, rng), staff, declared.astype(np.int64),
        _contacts(people, programme, calendar, rng), _reports(people, programme, calendar, rng), fit, changed_at,
    )  # fmt: skip


def _changes(
    people: People,
    programme: Programme,
    kind: Ints,
    verified: Ints,
    fit: Bools,
    calendar: Calendar,
    rng: np.random.Generator,
) -> tuple[Ints, Table]:
    """Some are verified after registering; a few promoters become enterprises."""
    promoters = people.blocks.promoters
    late = np.arange(promoters, len(kind))[(verified[promoters:] == 1) & (rng.random(len(kind) - promoters) < 0.03)]
    at = programme.registered[late] + (rng.exponential(5 * DAY, size=len(late))).astype(np.int64) + HOUR
    late, at = late[at < calendar.end], at[at < calendar.end]
    honest = people.scheme[:promoters] == 0
    turns = np.flatnonzero(honest & fit & (rng.random(promoters) < 0.02) & (programme.joined < calendar.end - 40 * DAY))
    turned = calendar.draw(rng, programme.joined[turns] + 10 * DAY, np.full(len(turns), calendar.end))
    kind[turns], verified[turns] = 1, 2
    changed_at = np.full(promoters, np.int64(1) << 61)
    changed_at[turns] = turned
    table = {
        "account": np.concatenate([late, turns, turns]),
        "happened": np.concatenate([at, turned, turned]),
        "field": np.concatenate([np.ones(len(late)), np.zeros(len(turns)), np.ones(len(turns))]).astype(np.int64),
        "old": np.concatenate([np.zeros(len(late)), np.zeros(len(turns)), np.ones(len(turns))]).astype(np.int64),
        "new": np.concatenate([np.ones(len(late)), np.ones(len(turns)), np.full(len(turns), 2)]).astype(np.int64),
    }
    return changed_at, table


def _affiliations(people: People, programme: Programme, calendar: Calendar, rng: np.random.Generator) -> Table:
    """Customers of sales people and partners; some ties ended before, some began after, the registration."""
    base = np.arange(people.blocks.promoters, people.blocks.base)
    account = base[rng.random(len(base)) < 0.012]
    begins = programme.registered[account] + ((rng.random(len(account)) - 0.7) * 60 * DAY).astype(np.int64)
    ends = np.where(rng.random(len(account)) < 0.3, begins + rng.integers(5 * DAY, 200 * DAY, size=len(account)), NONE)
    return {"account": account, "kind": rng.integers(0, 3, size=len(account)), "from": begins, "to": ends}


def _staff(
    world: World, people: People, programme: Programme, things: Holdings, calendar: Calendar, rng: np.random.Generator
) -> tuple[Table, Bools]:
    """Staff nobody has seen, and staff who promote: known by their papers, or careful and known by a number only."""
    tied = np.flatnonzero(people.scheme[: world.promoters] == CODE["staff_tie"])
    by_phone = np.arange(len(tied)) % 2 == 1
    others = max(3, world.accounts // 250)
    count = others + len(tied)
    unseen = world.accounts + np.arange(others, dtype=np.int64)
    person = np.concatenate([unseen, np.where(by_phone, world.accounts + others + np.arange(len(tied)), tied)])
    phone = np.concatenate([unseen * 2, np.where(by_phone, things.phone[tied], (world.accounts + others + tied) * 2)])
    begins = np.full(count, calendar.origin) - rng.integers(30 * DAY, 900 * DAY, size=count)
    over = rng.random(count) < 0.15
    over[others:] = False
    ends = np.where(over, calendar.origin + rng.integers(0, 300 * DAY, size=count), NONE)
    kind = rng.choice(5, size=count, p=[0.55, 0.2, 0.1, 0.1, 0.05])
    shown = rng.random(count) < 0.9
    shown[others:] = True
    ties = np.zeros(world.promoters, dtype=np.bool_)
    ties[tied] = True
    table = {
        "number": np.arange(count, dtype=np.int64), "kind": kind.astype(np.int64), "person": person,
        "phone": np.where(shown, phone, NONE), "from": begins, "to": ends,
    }  # fmt: skip
    return table, ties


def _contacts(people: People, programme: Programme, calendar: Calendar, rng: np.random.Generator) -> Table:
    """Calls to promoters; one in eight of those called is never reached, on at least four days in a row."""
    promoters = people.blocks.promoters
    room = programme.joined < calendar.end - 15 * DAY
    room[np.argmin(programme.joined)] = True  # somebody is always called
    chosen = rng.random(promoters) < 0.06
    chosen[np.argmin(programme.joined)] = True
    called = np.flatnonzero(room & chosen)
    first = calendar.draw(rng, programme.joined[called] + DAY, np.full(len(called), calendar.end - 10 * DAY))
    silent = (np.arange(len(called)) % 8 == 5) & (people.scheme[called] == 0)
    times = np.where(silent, 6, rng.integers(1, 4, size=len(called)))
    who = np.repeat(np.arange(len(called)), times)
    turn = np.arange(len(who)) - np.repeat(np.cumsum(times) - times, times)
    at = first[who] + turn * DAY
    reached = ~silent[who] & (turn == times[who] - 1)
    return {
        "promoter": called[who], "happened": at, "channel": rng.integers(0, 4, size=len(who)),
        "reached": reached.astype(np.int64),
    }  # fmt: skip


def _reports(people: People, programme: Programme, calendar: Calendar, rng: np.random.Generator) -> Table:
    """A few filed reports, half of them about cheats."""
    promoters = people.blocks.promoters
    cheats = people.scheme[:promoters] != CODE["honest"]
    filed = rng.random(promoters) < np.where(cheats, 0.04, 0.006)
    filed[rng.integers(promoters)] = True
    subject = np.flatnonzero(filed)
    at = calendar.draw(rng, programme.joined[subject] + DAY, np.full(len(subject), calendar.end))
    return {
        "number": np.arange(len(subject), dtype=np.int64), "subject": subject, "happened": at,
        "topic": rng.integers(0, 4, size=len(subject)),
    }  # fmt: skip

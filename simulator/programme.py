"""The whole simulation: people, their deeds, and the source folder that a platform would deliver."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from simulator.calendar import Calendar, Ints
from simulator.cheats import plan_cheats
from simulator.coupons import issue_coupons
from simulator.documents import seasons, write_documents
from simulator.feeds import write_feeds
from simulator.holdings import Holdings, own_things
from simulator.life import Life, live
from simulator.logins import sight_everyone
from simulator.networks import build_networks
from simulator.orders import Orders, Seasons, place_orders
from simulator.people import People, settle_people
from simulator.promoters import Programme, enrol
from simulator.refunds import Refunds, refund_orders
from simulator.sightings import Sightings
from simulator.summary import Summary
from simulator.traces import leave_traces
from simulator.world import World


@dataclass(frozen=True)
class Story:
    """Everything that happened in a world, as arrays of codes."""

    world: World
    calendar: Calendar
    seasons: Seasons
    people: People
    programme: Programme
    things: Holdings
    life: Life
    orders: Orders
    refunds: Refunds
    outage_day: int
    coupons: dict[str, Ints]
    sightings: Sightings
    way: Ints
    found: Ints


def simulate(out: Path, accounts: int, promoters: int, months: int, seed: int, **shape: Any) -> Summary:
    """Write a simulated source folder with programme, policy and truth. ``shape`` names further fields of World."""
    return simulate_world(out, World(accounts, promoters, months, seed, **shape))


def simulate_world(out: Path, world: World) -> Summary:
    """Write the source folder of a world. The same world gives the same bytes."""
    out.mkdir(parents=True, exist_ok=True)
    story = tell(world)
    write_documents(out, story.calendar)
    return write_feeds(out, story)


def tell(world: World) -> Story:
    """Let a world happen. Each part has its own stream of chance, so that changing one leaves the others alone."""
    streams = [np.random.default_rng(s) for s in np.random.SeedSequence(world.seed).spawn(12)]
    calendar = Calendar(world.months)
    season = seasons(calendar)
    people = settle_people(world, plan_cheats(world, streams[0]), streams[1])
    programme = enrol(world, people, calendar, streams[2])
    things = own_things(world, people, programme, streams[3])
    networks = build_networks(world, people, calendar, streams[4])
    seen = Sightings(streams[5])
    sight_everyone(world, people, programme, things, networks, seen)
    way, found = leave_traces(world, people, programme, things, networks, seen)
    life = live(world, people, programme, things, calendar, streams[6])
    orders = place_orders(world, people, programme, season, calendar, streams[7])
    refunds, outage_day = refund_orders(world, people, programme, orders, calendar, streams[8])
    coupons, _ = issue_coupons(people, programme, orders, calendar, streams[9])
    return Story(
        world, calendar, season, people, programme, things, life, orders, refunds, outage_day, coupons, seen, way, found
    )

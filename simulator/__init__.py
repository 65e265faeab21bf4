"""A seeded referral programme with known cheats, for tests, notebooks, benchmarks and the first run."""

from simulator.programme import simulate, simulate_world
from simulator.summary import Summary
from simulator.world import World

__all__ = ["Summary", "World", "simulate", "simulate_world"]

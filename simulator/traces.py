"""What ties a controlled account to its hand.

Careless accounts use their owner's things. Careful ones leave two weak but rare traces, in one of four ways:
the owner's device and line for an hour; a device and a line shared with their siblings; the owner's card and
line; the owner's card and door. A few leave one trace only, and nobody can find those.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.calendar import DAY, HOUR, SECOND, Bools, Ints, same_day
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
_SHARES = np.array([0.38, 0.25, 0.20, 0.17])
NEVER = np.int64(1) << 61


@dataclass(frozen=True)
class Cell:
    """Over accounts of hands: groups of up to four accounts that a hand runs together from one device and line."""

    number: Ints
    leads: Bools  # the first of its cell
    size: Ints
    latest: Ints  # when the last of the cell registered
    turn: Ints  # which of its owner's devices, lines and cards the cell uses


class Tracer:
    """Adds the traces of controlled accounts, and of honest second accounts, to the sightings."""

    def __init__(
        self, world: World, people: People, programme: Programme, things: Holdings, networks: Networks, seen: Sightings
    ) -> None:
        self.world, self.people, self.programme = world, people, programme
        self.things, self.networks, self.seen = things, networks, seen

    def leave(self) -> tuple[Ints, Ints]:
        """Record the traces. Returns, over accounts, the way (-1: none) and the instant when the evidence is whole."""
        hidden = is_hidden(self.people)
        open_handed = np.flatnonzero((self.people.main >= 0) & ~hidden)
        careful = np.flatnonzero(hidden)
        way = np.full(self.world.accounts, -1, dtype=np.int64)
        found = np.full(self.world.accounts, NEVER)
        found[open_handed] = self.programme.registered[open_handed] + DAY
        self._careless(open_handed)
        if len(careful):
            way[careful], found[careful] = self._careful(careful)
        return way, found

    def _careless(self, account: Ints) -> None:
        people, things, rng = self.people, self.things, self.seen.rng
        main, cell = people.main[account], self._cells(account)
        at = self.programme.registered[account] + rng.integers(0, 5 * SECOND, size=len(account))
        without_papers = people.person[account] != people.person[main]
        honest = people.scheme[account] == CODE["honest"]
        unshown = without_papers | ~things.verified[account]
        shares = unshown | (rng.random(len(account)) < np.where(honest, 0.6, 0.85))
        device = self._device(main, cell.turn)
        self._meet(account[shares], at[shares], device[shares], main[shares])
        at_home = rng.random(len(account)) < 0.9
        line = self._line(account, main, cell, at)
        self._share_line(account[at_home], main[at_home], line[at_home], at[at_home])
        pays = unshown | (rng.random(len(account)) < 0.6)
        self._pay(account[pays], main[pays], cell.turn[pays], at[pays] + 2 * HOUR)
        few = (
            people.cheats.number[np.maximum(account - people.blocks.seconds, 0)] < 5 if people.cheats.accounts else True
        )
        number = few & ((without_papers & (rng.random(len(account)) < 0.7)) | (rng.random(len(account)) < 0.2))
        self.seen.add("phone", account[number], things.phone[main[number]], at[number], USAGE)

    def _careful(self, account: Ints) -> tuple[Ints, Ints]:
        people, rng = self.people, self.seen.rng
        main, cell = people.main[account], self._cells(account)
        way = rng.choice(5, size=len(account), p=[*(_SHARES * (1.0 - self.world.traceless)), self.world.traceless])
        way = np.where((way == SIBLINGS_DEVICE) & (cell.leads | (cell.size < 2)), OWN_DEVICE, way)
        way = np.where((way == ONE_TRACE) & cell.leads & (cell.size > 1), OWN_DEVICE, way).astype(np.int64)
        at, together_at = self._moments(account, way, cell)

        on_device = way == OWN_DEVICE
        device = self._device(main, cell.turn)
        self._meet(account[on_device], at[on_device], device[on_device], main[on_device])
        on_line = np.isin(way, (OWN_DEVICE, CARD_AND_LINE))
        line = self._line(account, main, cell, at)
        self._share_line(account[on_line], main[on_line], line[on_line], at[on_line])
        alone = way == ONE_TRACE
        self.seen.add("ip", account[alone], line[alone], at[alone], LOGIN)
        self._together(account, way, cell, together_at)
        by_card = np.isin(way, (CARD_AND_LINE, CARD_AND_DOOR))
        self._pay(account[by_card], main[by_card], cell.turn[by_card], at[by_card])
        door = way == CARD_AND_DOOR
        home_door = people.household[main] * 4 + DOOR
        self.seen.add("address", account[door], home_door[door], at[door], DELIVERY)
        self._visit("address", main[door], home_door[door], at[door], DELIVERY)
        found = np.where(way == SIBLINGS_DEVICE, together_at, at)
        return way, np.where(way == ONE_TRACE, NEVER, found + HOUR * 24)

    def _moments(self, account: Ints, way: Ints, cell: Cell) -> tuple[Ints, Ints]:
        """When each account meets its owner, some only weeks after it registered; and when it meets its siblings."""
        rng = self.seen.rng
        registered = self.programme.registered[account]
        last = np.maximum(self.programme.last_seen[account] - 1, registered)
        late = (rng.random(len(account)) < self.world.late_traces) & ~cell.leads
        wait = np.where(
            late, rng.integers(15 * DAY, 60 * DAY, size=len(account)), rng.integers(0, HOUR, size=len(account))
        )
        meets = cell.latest + rng.integers(0, 3 * HOUR, size=len(account))
        return np.minimum(registered + wait, last), np.minimum(same_day(meets, cell.latest), last)

    def _together(self, account: Ints, way: Ints, cell: Cell, at: Ints) -> None:
        """A cell's device and line, which its first account uses with the others."""
        shares = (way == SIBLINGS_DEVICE) | (cell.leads & (cell.size > 1) & (account >= self.people.blocks.seconds))
        who, when, number = account[shares], at[shares], cell.number[shares]
        farm = (3 * self.world.accounts + number) * 4 + VENDOR
        self.seen.add("device", who, farm, when, LOGIN)
        self.seen.add("ip", who, self.networks.line(number), when, LOGIN)

    def _cells(self, account: Ints) -> Cell:
        people = self.people
        position = np.maximum(account - people.blocks.seconds, 0)
        owned = (account >= people.blocks.seconds) & (people.scheme[account] != CODE["prior_payer"])
        serial = people.cheats.number[position] // 4 if people.cheats.accounts else position
        owner = people.cheats.owner[position] if people.cheats.accounts else position
        # an account without a cell of its own is a cell of one
        key = np.where(owned, owner * 8 + serial, 8 * len(people.cheats.promoter) + account)
        _, first, inverse, size = np.unique(key, return_index=True, return_inverse=True, return_counts=True)
        latest = np.zeros(len(first), dtype=np.int64)
        np.maximum.at(latest, inverse, self.programme.registered[account])
        leads = np.zeros(len(account), dtype=np.bool_)
        leads[first] = True
        return Cell(key, leads, size[inverse], latest[inverse], np.where(owned, serial % 4, 0))

    def _device(self, main: Ints, turn: Ints) -> Ints:
        """The owner's device: its usual one, or another that only its other accounts see."""
        return np.where(turn % 2 == 1, main * 8 + 4 + VENDOR, self.things.device[main])

    def _line(self, account: Ints, main: Ints, cell: Cell, at: Ints) -> Ints:
        """The owner's home line, or one that it rents for the later cells."""
        return np.where(
            cell.turn >= 2, self.networks.line(cell.number), self.networks.home(self.people.household[main], at)
        )

    def _meet(self, account: Ints, at: Ints, device: Ints, main: Ints) -> None:
        self.seen.add("device", account, device, at, LOGIN)
        self._visit("device", main, device, at, LOGIN)

    def _share_line(self, account: Ints, main: Ints, line: Ints, at: Ints) -> None:
        self.seen.add("ip", account, line, at, LOGIN)
        self._visit("ip", main, line, at, LOGIN)

    def _visit(self, kind: str, main: Ints, code: Ints, at: Ints, source: int) -> None:
        """The owner's own sighting within two hours on the same day, after it registered."""
        shift = self.seen.rng.integers(-2 * HOUR, 2 * HOUR, size=len(main))
        when = np.maximum(same_day(at + shift, at), self.programme.registered[main])
        self.seen.add(kind, main, code, when, source)

    def _pay(self, account: Ints, main: Ints, turn: Ints, at: Ints) -> None:
        """The account pays with one of its owner's cards, which the owner uses too."""
        card = np.where(turn > 0, (self.world.accounts + main * 4 + turn) * 2, self.things.payment[main])
        registered = self.programme.registered
        when = np.minimum(at, np.maximum(self.programme.last_seen[account] - 1, registered[account]))
        self.seen.add("payment", account, card, when, PAYMENT)
        self.seen.add("payment", main, card, np.maximum(when - 20 * DAY, registered[main]), PAYMENT)


def leave_traces(
    world: World, people: People, programme: Programme, things: Holdings, networks: Networks, seen: Sightings
) -> tuple[Ints, Ints]:
    """Record the traces of all controlled and second accounts: see ``Tracer.leave``."""
    return Tracer(world, people, programme, things, networks, seen).leave()

"""Sightings of identifiers: which account showed which value, when, and how it was typed.

Values are codes here; ``simulator/sql/value_KIND.sql`` spells them out. ``variant`` is a dice for the spelling.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from simulator.calendar import Ints

KINDS = ("id_doc", "phone", "payment", "device", "ip", "address", "email")
REGISTRATION, LOGIN, USAGE, PAYMENT, DELIVERY = range(5)
SOURCES = ("registration", "login", "usage", "payment", "delivery")


@dataclass
class Sightings:
    """Columns of sightings per kind, gathered in parts."""

    rng: np.random.Generator
    _parts: dict[str, list[tuple[Ints, Ints, Ints, Ints]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, kind: str, account: Ints, code: Ints, at: Ints, source: int | Ints) -> None:
        """Record one sighting per row. Arrays have one length."""
        where = np.broadcast_to(np.asarray(source, dtype=np.int64), account.shape)
        self._parts[kind].append((account, code, at, where))

    def columns(self, kind: str) -> dict[str, Ints]:
        """All sightings of a kind, in order of account, instant and code; one per account, code, instant and source."""
        parts = self._parts[kind]
        if not parts:
            return {name: np.zeros(0, dtype=np.int64) for name in ("account", "code", "happened", "source", "variant")}
        account, code, at, source = (np.concatenate([part[i] for part in parts]) for i in range(4))
        order = np.lexsort((source, code, at, account))
        account, code, at, source = account[order], code[order], at[order], source[order]
        fresh = np.ones(len(order), dtype=np.bool_)
        fresh[1:] = (np.diff(account) != 0) | (np.diff(at) != 0) | (np.diff(code) != 0) | (np.diff(source) != 0)
        account, code, at, source = account[fresh], code[fresh], at[fresh], source[fresh]
        variant = self.rng.integers(0, 1000, size=len(account))
        return {"account": account, "code": code, "happened": at, "source": source, "variant": variant}

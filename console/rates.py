"""How much one person may do in a time: changes, exports, sights of identifiers; and one address without a session."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from console.counter import Counter


@dataclass(frozen=True)
class Rate:
    """At most `burst` at once, and that many again over `seconds`."""

    burst: int
    seconds: float


RATES: Mapping[str, Rate] = {
    "change": Rate(300, 60),
    "export": Rate(60, 60),
    "replay": Rate(60, 600),
    "reveal": Rate(10, 3600),
    "public": Rate(120, 60),
}
"""By kind. A person who works fast comes nowhere near; a script that was let loose does."""


class Rates:
    """Token buckets by kind and person, over all processes of a console. `clock` tells monotonic seconds."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, counter: Counter | None = None, rates: Mapping[str, Rate] = RATES
    ) -> None:  # fmt: skip
        self.clock, self.rates = clock, rates
        self.counter = counter or Counter()

    def wait(self, kind: str, who: str) -> float:
        """Takes one of what `who` may still do and gives 0; or the seconds to wait, when there is none left."""
        rate, now, key = self.rates[kind], self.clock(), f"{kind}:{who[:200]}"
        refill = rate.burst / rate.seconds
        with self.counter.changing() as con:
            have, at = con.execute("select tokens, at from rate where key = ?", (key,)).fetchone() or (rate.burst, now)
            have = min(float(rate.burst), have + (now - at) * refill)
            if have < 1:
                return float(1 - have) / refill
            con.execute("insert or replace into rate values (?, ?, ?)", (key, have - 1, now))
        return 0.0

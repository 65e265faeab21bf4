"""What a run is: the facts that every stage may read besides its tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from data_contracts.dates import cutoff


@dataclass(frozen=True)
class Run:
    """One run. `as_of` is a natural day in `zone`; known is what happened before `cutoff_at`, its end (UTC)."""

    run_id: str
    run_seq: int
    as_of: date
    zone: str
    threads: int = 2
    memory_limit: str = "2GB"

    @property
    def cutoff_at(self) -> datetime:
        """The instant before which things are known."""
        return cutoff(self.as_of, self.zone)

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The named parameters that any `.sql` file may use."""
        return {
            "run_id": self.run_id,
            "run_seq": self.run_seq,
            "as_of": self.as_of,
            "cutoff_at": self.cutoff_at,
            "zone": self.zone,
        }

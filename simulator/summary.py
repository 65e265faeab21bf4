"""What a simulation left behind, for whoever asked for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path


@dataclass(frozen=True)
class Summary:
    """Rows per feed, and the days on which a run sees something new: each statement day and the period's last."""

    folder: Path
    rows: Mapping[str, int]
    as_of_days: tuple[date, ...]
    cheating_promoters: int
    cheating_accounts: int
    bursts: int

    def lines(self) -> list[str]:
        """The same as key=value lines."""
        feeds = [f"feed={name} rows={count}" for name, count in self.rows.items()]
        days = ",".join(day.isoformat() for day in self.as_of_days)
        return [
            *feeds,
            f"cheating_promoters={self.cheating_promoters} cheating_accounts={self.cheating_accounts}",
            f"bursts={self.bursts}",
            f"as_of={days}",
            f"folder={self.folder}",
        ]

    def __str__(self) -> str:
        return "\n".join(self.lines())

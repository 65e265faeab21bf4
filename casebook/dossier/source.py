"""Reads what reports need from the work tables of one run: a few set-based queries for all promoters, never one per promoter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any

from data_contracts.contract import contracts
from data_contracts.errors import NotFound
from data_contracts.run import Run
from data_contracts.warehouse import Warehouse

SQL = Path(__file__).parent / "sql"
SECTIONS = (
    "promoter", "finding", "decision", "step", "subject", "line", "posting", "month", "exclusion", "payable", "payout",
    "relation", "day", "burst", "pair", "member", "share", "notice", "appeal",
    "case", "policy", "feed", "gap", "document", "clause",
)  # fmt: skip
OF_THE_RUN = ("feed", "document", "clause")
NOT_SHOWN = ("subject",)
LINES_ON_PAPER = 40
ALL_LINES = 1_000_000

Row = dict[str, Any]
Sections = Mapping[str, Sequence[Row]]


def run_of(facts: Mapping[str, Any]) -> Run:
    """The run that `facts` (the manifest's entries) describe."""
    as_of = facts["as_of"]
    day = as_of if isinstance(as_of, date) else date.fromisoformat(str(as_of))
    return Run(str(facts["run_id"]), int(facts.get("run_seq", 0)), day, str(facts["zone"]))


@dataclass(frozen=True)
class Bundle:
    """All rows about one promoter, by section, and the rows about the run as a whole."""

    promoter_id: str
    rows: Sections
    run: Sections


class Source(AbstractContextManager["Source"]):
    """The report tables of one run. `only` restricts them to one promoter, whether or not anything is open about it."""

    def __init__(
        self, tables: Path, facts: Mapping[str, Any], *, only: str | None = None, line_limit: int = ALL_LINES
    ) -> None:
        self._wh = Warehouse(tables, "results", run_of(facts))
        self._admit_missing()
        for section in SECTIONS:
            self._wh.make(SQL / f"report_{section}.sql", only=only, line_limit=line_limit)
        self._columns = {s: [r[0] for r in self._wh.execute(f"describe report_{s}")] for s in SECTIONS}
        self.run = {s: self._rows(s) for s in OF_THE_RUN}
        self.promoters: list[str] = [
            r[0] for r in self._wh.execute("select promoter_id from report_promoter order by all")
        ]
        if only is not None and not self.promoters:
            self._wh.close()
            raise NotFound(f"no account {only} is known to this run: see `tongren promoter` for those that are")

    def _admit_missing(self) -> None:
        have = {r[0] for r in self._wh.execute("select view_name from duckdb_views() where not internal")}
        for table, contract in contracts().items():
            if table not in have and contract.stage != "results":
                self._wh.empty(table)

    def _rows(self, section: str, first: str | None = None, last: str | None = None) -> list[Row]:
        where = "" if first is None else "where promoter_id between $first and $last"
        found = self._wh.execute(f"select * from report_{section} {where} order by rowid", first=first, last=last)
        names = self._columns[section]
        return [dict(zip(names, row, strict=True)) for row in found]

    def batches(self, size: int) -> list[list[str]]:
        """The promoters' ids in order, `size` at a time."""
        return [self.promoters[at : at + size] for at in range(0, len(self.promoters), size)]

    def bundles(self, ids: Sequence[str]) -> Iterator[Bundle]:
        """One bundle per promoter of a batch, which is held in memory as a whole."""
        held: dict[str, dict[str, list[Row]]] = {p: {} for p in ids}
        for section in SECTIONS:
            if section in OF_THE_RUN or section in NOT_SHOWN:
                continue
            for row in self._rows(section, ids[0], ids[-1]):
                held[row.pop("promoter_id")].setdefault(section, []).append(row)
        for promoter_id in ids:
            yield Bundle(promoter_id, held.pop(promoter_id), self.run)

    def close(self) -> None:
        """Give the connection back."""
        self._wh.close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

"""How well the work goes, read from the books: precision by detector, time to a decision, what appeals turned over."""

from __future__ import annotations

import statistics
from dataclasses import dataclass

from casebook.books import Books, Ledgerbook


@dataclass(frozen=True)
class Precision:
    """What analysts said of a detector's findings. `share` is confirmed over confirmed and false alarms, None without any."""

    detector: str
    clause: str
    findings: int
    confirmed: int
    false_alarms: int
    unclear: int

    @property
    def share(self) -> float | None:
        """Precision among the findings that were judged one way or the other."""
        judged = self.confirmed + self.false_alarms
        return self.confirmed / judged if judged else None


@dataclass(frozen=True)
class Appeals:
    """Appeals filed, and how they were answered. `reversal` is granted over answered, None while none is."""

    filed: int
    granted: int
    upheld: int

    @property
    def reversal(self) -> float | None:
        """Share of answered appeals that overturned the decision."""
        answered = self.granted + self.upheld
        return self.granted / answered if answered else None


@dataclass(frozen=True)
class Metrics:
    """`hours_to_decision` is the median from proposal to the last approval or the rejection; `decisions` counts by status."""

    precision: tuple[Precision, ...]
    appeals: Appeals
    hours_to_decision: float | None
    decisions: dict[str, int]
    holds: int
    holds_ended_by_people: int


def measure(books: Books) -> Metrics:
    """All figures from one consistent view of the books."""
    with books.reading() as book:
        statuses = book.rows("select status, count(*) as n from decision_state group by status order by status")
        holds = "select count(*) from decision_state where measure in ('hold_payout', 'suspend_functions') and applied_seq is not null"
        return Metrics(
            _precision(book), _appeals(book), _hours(book), {r["status"]: r["n"] for r in statuses},
            book.value(holds),
            book.value(f"{holds} and exists (select 1 from decision_event as e where e.decision_id = decision_state.decision_id"
                       " and e.action in ('release', 'overturn'))"),
        )  # fmt: skip


def _precision(book: Ledgerbook) -> tuple[Precision, ...]:
    rows = book.rows(
        "select f.detector, f.clause, count(*) as findings,"
        " coalesce(sum(case when v.verdict = 'confirmed' then 1 end), 0) as confirmed,"
        " coalesce(sum(case when v.verdict = 'false_alarm' then 1 end), 0) as false_alarms,"
        " coalesce(sum(case when v.verdict = 'unclear' then 1 end), 0) as unclear"
        " from finding as f left join (select finding_id, max(entry_no) as last from verdict_entry group by finding_id) as l"
        " on l.finding_id = f.finding_id left join verdict_entry as v on v.finding_id = f.finding_id and v.entry_no = l.last"
        " group by f.detector, f.clause order by f.detector, f.clause"
    )
    counts = ("findings", "confirmed", "false_alarms", "unclear")
    return tuple(Precision(r["detector"], r["clause"], *(int(r[c]) for c in counts)) for r in rows)


def _appeals(book: Ledgerbook) -> Appeals:
    row = book.rows(
        "select count(*) as filed, coalesce(sum(case when o.outcome = 'granted' then 1 end), 0) as granted,"
        " coalesce(sum(case when o.outcome = 'upheld' then 1 end), 0) as upheld"
        " from appeal as a left join appeal_outcome as o on o.appeal_id = a.appeal_id"
    )[0]
    return Appeals(int(row["filed"]), int(row["granted"]), int(row["upheld"]))


def _hours(book: Ledgerbook) -> float | None:
    rows = book.rows(
        "select max(e.at) - min(p.at) as waited from decision_state as s"
        " inner join decision_entry as p on p.decision_id = s.decision_id and p.action = 'propose'"
        " inner join decision_event as e on e.decision_id = s.decision_id and e.action in ('approve', 'reject')"
        " where s.status <> 'proposed' group by s.decision_id"
    )
    return statistics.median(int(r["waited"]) for r in rows) / 3_600_000_000 if rows else None

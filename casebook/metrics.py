"""How well the work goes, read from the books: money kept and won back, holds on honest people, appeals, time, precision.

One set of figures for the command line and the console. An amount is whole fen; only issued months are counted.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from casebook.books import Books, Ledgerbook
from data_contracts.money import yuan

Interval = Callable[[int, int], tuple[float, float]]
"""Limits of a share from hits and trials; who calls hands it over (`models.detectors.feedback.interval`)."""
TAKING = "('void_relation', 'void_order', 'reverse_transaction', 'cancel_rebate')"
HOLDING = "('hold_payout', 'suspend_functions')"
BY_PEOPLE = (
    "exists (select 1 from decision_event as e where e.decision_id = {}.decision_id"
    " and e.action in ('release', 'overturn') and e.run_seq is null)"
)
MONEY = f"""
with posted as (
    select
        cause as decision_id,
        sum(case when credit_account = 'programme_expense' then amount_fen else -amount_fen end) as back_fen,
        sum(case when debit_account = 'clawback_receivable' then amount_fen else 0 end) as claimed_fen
    from posting
    where credit_account = 'programme_expense' or debit_account = 'programme_expense'
    group by cause
),
standing as (
    select
        coalesce(p.claimed_fen, 0) as claimed_fen,
        case when coalesce(d.amount_fen, 0) > coalesce(p.back_fen, 0) then d.amount_fen else coalesce(p.back_fen, 0) end as taken_fen
    from decision_state as d
    left join posted as p on p.decision_id = d.decision_id
    where d.status = 'applied' and d.measure in {TAKING}
),
balance as (
    select
        sum(case when debit_account = 'clawback_receivable' then amount_fen end) as claimed_fen,
        sum(case when credit_account = 'clawback_receivable' then amount_fen end) as recovered_fen,
        sum(case when credit_account = 'promoter_held' then amount_fen end) as held_fen
    from posting
),
freed as (
    select sum(p.amount_fen) as wrongly_held_fen
    from posting as p
    inner join decision as d on d.decision_id = p.cause
    where p.debit_account = 'promoter_held' and p.credit_account = 'promoter_payable' and d.measure in {HOLDING}
        and {BY_PEOPLE.format("d")}
)
select
    (select coalesce(sum(case when taken_fen > claimed_fen then taken_fen - claimed_fen else 0 end), 0) from standing) as prevented_fen,
    coalesce(b.claimed_fen, 0) as claimed_fen, coalesce(b.recovered_fen, 0) as recovered_fen, coalesce(b.held_fen, 0) as held_fen,
    coalesce(f.wrongly_held_fen, 0) as wrongly_held_fen
from balance as b cross join freed as f
"""


@dataclass(frozen=True)
class Precision:
    """What analysts said of a detector's findings. `share` is confirmed over confirmed and false alarms, None without any.

    `low` and `high` are the limits of its 95 % interval; 0 and 1 without any verdict.
    """

    detector: str
    clause: str
    findings: int
    confirmed: int
    false_alarms: int
    unclear: int
    low: float
    high: float

    @property
    def share(self) -> float | None:
        """Precision among the findings that were judged one way or the other."""
        judged = self.confirmed + self.false_alarms
        return self.confirmed / judged if judged else None


@dataclass(frozen=True)
class Judged:
    """Promoters by their findings' latest verdicts: (confirmed, judged) of those flagged, and of the random audit sample."""

    flagged: tuple[int, int]
    sampled: tuple[int, int]


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
class Amounts:
    """Money that the work moved, in whole fen.

    `prevented`: what standing, applied decisions took before it was paid: what hung on each when it was proposed, or what was
    posted back for it if that is more, less what had been paid already. `claimed`: paid already and demanded back, whatever the
    cause; `recovered`: of that, what later statements and instalments bore. `held`: ever put on hold; `wrongly_held`: what came
    free of a hold that people ended or overturned.
    """

    prevented_fen: int
    claimed_fen: int
    recovered_fen: int
    held_fen: int
    wrongly_held_fen: int


@dataclass(frozen=True)
class Metrics:
    """`hours_to_decision` is the median from proposal to the last approval or the rejection; `decisions` counts by status."""

    amounts: Amounts
    precision: tuple[Precision, ...]
    judged: Judged
    appeals: Appeals
    hours_to_decision: float | None
    decisions: dict[str, int]
    holds: int
    holds_ended_by_people: int

    def figures(self) -> list[dict[str, Any]]:
        """One row per figure: its name, its value and its unit (money in CNY, count, share, hours); precision apart."""
        told = self.amounts
        hours = None if self.hours_to_decision is None else round(self.hours_to_decision, 1)
        money = {"prevented": told.prevented_fen, "recovered": told.recovered_fen, "claimed": told.claimed_fen,
                 "held": told.held_fen, "wrongly_held": told.wrongly_held_fen}  # fmt: skip
        counts = {"holds": self.holds, "holds_ended_by_people": self.holds_ended_by_people,
                  **{s: self.decisions.get(s, 0) for s in ("proposed", "approved", "applied", "overturned")},
                  "appeals": self.appeals.filed}  # fmt: skip
        return [
            *({"figure": k, "value": yuan(v), "unit": "money"} for k, v in money.items()),
            {"figure": "reversal_rate", "value": self.appeals.reversal, "unit": "share"},
            {"figure": "hours_to_decision", "value": hours, "unit": "hours"},
            *({"figure": k, "value": v, "unit": "count"} for k, v in counts.items()),
        ]


def measure(books: Books, interval: Interval) -> Metrics:
    """All figures from one consistent view of the books."""
    with books.reading() as book:
        statuses = book.rows("select status, count(*) as n from decision_state group by status order by status")
        holds = f"select count(*) from decision_state as d where d.measure in {HOLDING} and d.applied_seq is not null"
        return Metrics(
            Amounts(**{k: int(v) for k, v in book.rows(MONEY)[0].items()}), _precision(book, interval), _judged(book), _appeals(book),
            _hours(book), {r["status"]: r["n"] for r in statuses}, book.value(holds),
            book.value(f"{holds} and {BY_PEOPLE.format('d')}"),
        )  # fmt: skip


def _precision(book: Ledgerbook, interval: Interval) -> tuple[Precision, ...]:
    rows = book.rows(
        "select f.detector, f.clause, count(*) as findings,"
        " coalesce(sum(case when v.verdict = 'confirmed' then 1 end), 0) as confirmed,"
        " coalesce(sum(case when v.verdict = 'false_alarm' then 1 end), 0) as false_alarms,"
        " coalesce(sum(case when v.verdict = 'unclear' then 1 end), 0) as unclear"
        " from finding as f left join (select finding_id, max(entry_no) as last from verdict_entry group by finding_id) as l"
        " on l.finding_id = f.finding_id left join verdict_entry as v on v.finding_id = f.finding_id and v.entry_no = l.last"
        " group by f.detector, f.clause order by f.detector, f.clause"
    )
    found = []
    for r in rows:
        findings, right, wrong, unclear = (int(r[c]) for c in ("findings", "confirmed", "false_alarms", "unclear"))
        limits = interval(right, right + wrong)
        found.append(Precision(r["detector"], r["clause"], findings, right, wrong, unclear, *limits))
    return tuple(found)


def _judged(book: Ledgerbook) -> Judged:
    rows = book.rows(
        "with said as (select case when f.detector = 'audit_sample' then 1 else 0 end as sampled, f.promoter_id,"
        " max(case when v.verdict = 'confirmed' then 1 else 0 end) as confirmed"
        " from finding as f inner join verdict_entry as v on v.finding_id = f.finding_id"
        " where v.entry_no = (select max(l.entry_no) from verdict_entry as l where l.finding_id = f.finding_id)"
        " and v.verdict <> 'unclear' and f.promoter_id is not null group by 1, 2)"
        " select sampled, sum(confirmed) as confirmed, count(*) as judged from said group by sampled"
    )
    told = {int(r["sampled"]): (int(r["confirmed"]), int(r["judged"])) for r in rows}
    return Judged(told.get(0, (0, 0)), told.get(1, (0, 0)))


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
        " and e.run_seq is null"
        " where s.status <> 'proposed' group by s.decision_id"
    )
    return statistics.median(int(r["waited"]) for r in rows) / 3_600_000_000 if rows else None

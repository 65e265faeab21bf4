"""What the work came to, out of the run's ledger and the books: money, reversals, time to decision, precision."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from casebook.books import Books
from console.reading import Reading
from models import detectors
from models.tracking import Tracking

MONEY = """
select
    (select coalesce(sum(amount_at_stake), 0) from findings) as at_stake,
    (select coalesce(sum(held), 0) from statements where status <> 'provisional') as held,
    (select coalesce(sum(released), 0) from statements) as released,
    (select coalesce(-sum(amount), 0) from ledger where ledger_account = 'programme_expense' and amount < 0) as prevented,
    (select coalesce(sum("offset"), 0) from statements) as recovered,
    (select coalesce(sum(clawback_added), 0) from statements) as claimed
"""
BY_MONTH = """
select month, sum(rebate) as rebate, sum(adjustments) as adjustments, sum(held) as held, sum(released) as released,
    sum(clawback_added) as clawback_added, sum("offset") as "offset", sum(payable) as payable
from statements group by month order by month
"""
DETECTORS = """
with seen as (
    select detector, max(detector_version) as version, clause, count(*) as findings,
        count(distinct promoter_id) as promoters, max(amount_at_stake) as most_at_stake, quantile_disc(confidence, 0.5) as confidence
    from findings group by detector, clause
)
select * from seen order by detector, clause
"""


def totals(reading: Reading, books: Books) -> list[dict[str, Any]]:
    """One row per figure: its key, its value, and its unit (money, count, share, hours)."""
    money = reading.one(MONEY) or {}
    with books.reading() as book:
        counts = book.rows(
            "select (select count(*) from appeal) as appeals,"
            " (select count(*) from appeal_outcome where outcome = 'granted') as granted,"
            " (select count(*) from appeal_outcome) as answered,"
            " (select count(distinct decision_id) from decision_event where action = 'approve') as approved,"
            " (select count(*) from decision_state where status = 'overturned') as overturned"
        )[0]
        hours = book.value(
            "select avg(e.at - a.at) / 3600000000.0 from decision_event as e"
            " inner join decision as d on d.decision_id = e.decision_id inner join audit as a on a.seq = d.seq"
            " where e.action in ('approve', 'reject') and e.run_seq is null"
        )
    rows = [{"figure": k, "value": v, "unit": "money"} for k, v in money.items()]
    rows += [{"figure": k, "value": counts[k], "unit": "count"} for k in ("approved", "overturned", "appeals")]
    share = counts["granted"] / counts["answered"] if counts["answered"] else None
    rows.append({"figure": "reversal_rate", "value": share, "unit": "share"})
    rows.append(
        {"figure": "hours_to_decision", "value": None if hours is None else round(float(hours), 1), "unit": "hours"}
    )
    return rows


def by_month(reading: Reading) -> list[dict[str, Any]]:
    """The programme's statements, month by month."""
    return reading.rows(BY_MONTH)


def by_detector(reading: Reading, books: Books) -> list[dict[str, Any]]:
    """Findings per detector and clause, with the latest verdicts of analysts and the precision that follows from them."""
    with books.reading() as book:
        said = book.rows(
            "select f.detector, f.clause, v.verdict, count(*) as n from verdict_entry as v"
            " inner join finding as f on f.finding_id = v.finding_id where v.entry_no ="
            " (select max(w.entry_no) from verdict_entry as w where w.finding_id = v.finding_id)"
            " group by f.detector, f.clause, v.verdict"
        )
    told = {(r["detector"], r["clause"], r["verdict"]): int(r["n"]) for r in said}
    rows = []
    for row in reading.rows(DETECTORS):
        right, wrong = (told.get((row["detector"], row["clause"], v), 0) for v in ("confirmed", "false_alarm"))
        precision = right / (right + wrong) if right + wrong else None
        low, high = interval(right, right + wrong)
        rows.append({**row, "confirmed": right, "false_alarm": wrong, "precision": precision, "low": low, "high": high})
    return rows


def drift(reading: Reading) -> list[dict[str, Any]]:
    """How far each model's inputs have moved since it was fitted (population stability index)."""
    return reading.rows("select * from model_drift order by model, feature") if reading.has("model_drift") else []


def interval(right: int, judged: int) -> tuple[float | None, float | None]:
    """Wilson's 95 % interval of a share, None without anything judged."""
    if not judged:
        return None, None
    share, z = right / judged, 1.96
    middle = share + z * z / (2 * judged)
    half = z * math.sqrt(share * (1 - share) / judged + z * z / (4 * judged * judged))
    whole = 1 + z * z / judged
    return round(max(0.0, (middle - half) / whole), 6), round(min(1.0, (middle + half) / whole), 6)


def candidates(state: Path) -> list[dict[str, Any]]:
    """Each model with a candidate that is not live: name, live version, candidate version."""
    tracking = Tracking(state / "mlflow")
    found = []
    for card in detectors.cards():
        candidate = tracking.candidate(card.name) if card.about.get("model") else None
        if candidate is not None:
            live = tracking.live(card.name)
            found.append({"model": card.name, "live": live.version if live else None, "candidate": candidate.version})
    return found


def shadow(state: Path, reading: Reading, name: str) -> str:
    """What making the candidate of a model live would change, over the run that is shown; nothing is written."""
    return detectors.shadow(reading.folder / "tables", Tracking(state / "mlflow"), name)

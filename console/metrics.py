"""What the work came to: the books' figures, and beside them the run's months, detectors and candidates."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from casebook.books import Books
from casebook.metrics import Metrics, measure
from console.reading import Reading
from models import detectors
from models.detectors import feedback
from models.detectors.feedback import interval
from models.tracking import Tracking

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


UNJUDGED = {"confirmed": 0, "false_alarm": 0, "unclear": 0, "precision": None, "low": 0.0, "high": 1.0}


def figures(books: Books) -> Metrics:
    """The work's figures, with the interval that the models use."""
    return measure(books, interval)


def by_month(reading: Reading) -> list[dict[str, Any]]:
    """The programme's statements, month by month."""
    return reading.rows(BY_MONTH)


def by_detector(reading: Reading, books: Books) -> list[dict[str, Any]]:
    """Findings of the run per detector and clause, with the latest verdicts of analysts and the precision that they give."""
    told = {(said["detector"], said["clause"]): said for said in precision(figures(books))}
    return [{**told.get((row["detector"], row["clause"]), UNJUDGED), **row} for row in reading.rows(DETECTORS)]


def precision(found: Metrics) -> list[dict[str, Any]]:
    """Per detector and clause: findings ever made, the last verdict on each, precision with its 95 % interval."""
    return [
        {"detector": p.detector, "clause": p.clause, "findings": p.findings, "confirmed": p.confirmed,
         "false_alarm": p.false_alarms, "unclear": p.unclear, "precision": p.share, "low": p.low, "high": p.high}
        for p in found.precision
    ]  # fmt: skip


def recall(found: Metrics, reading: Reading) -> list[dict[str, Any]]:
    """One row: what share of the cheating promoters is flagged, from the verdicts on the random audit sample."""
    frame = reading.one("select flagged, unflagged from audit_frame") if reading.has("audit_frame") else None
    flagged, unflagged = (frame["flagged"], frame["unflagged"]) if frame else (0, 0)
    told = asdict(feedback.recall(found.judged.sampled, found.judged.flagged, flagged, unflagged))
    return [{"recall": told.pop("share"), **told}]


def drift(reading: Reading) -> list[dict[str, Any]]:
    """How far each model's inputs have moved since it was fitted (population stability index)."""
    return reading.rows("select * from model_drift order by model, feature") if reading.has("model_drift") else []


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

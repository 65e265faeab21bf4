"""Candidates are fitted on a published run; a shadow run says what making one live would change."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import models.detectors as detectors
from data_contracts.cards import Card
from data_contracts.contract import contracts
from data_contracts.errors import NotFound
from models.detectors import drift
from models.detectors.given import NO_WINDOW, Given
from models.detectors.panel import Floats
from models.tracking import Tracking

HEAD_SHARE = 0.05  # the part of the queue that an analyst sees first


def train(tables: Path, tracking: Tracking) -> list[str]:
    """Fit every detector's model on a run's published stage tables and register it as candidate; the names."""
    names, watched = [], drift.watched(detectors.cards(), partial(_table, tables))
    for card in detectors.cards():
        if card.about.get("model"):
            tracking.register(detectors.fitted(card, published(tables, card), watched), "candidate")
            names.append(card.name)
    return names


def shadow(tables: Path, tracking: Tracking, name: str) -> str:
    """Score a published run with the live and the candidate model: what would change, in words. Nothing is written.

    Raises NotFound when the model has no card or no candidate.
    """
    card = next((c for c in detectors.cards() if c.name == name and c.about.get("model")), None)
    candidate, live = tracking.candidate(name), tracking.live(name)
    if card is None or candidate is None:
        raise NotFound(f"{name} has no candidate: run tongren train, then tongren models --shadow {name}.")
    data = published(tables, card)
    ids, features = detectors.module(card).matrix(data)
    if live is None or not len(features):
        return f"{name}: version {candidate.version} would be the first live one; it changes no flag"
    before, after = (-tracking.load(m).score_samples(features) for m in (live, candidate))
    return compare(name, live.version, candidate.version, [str(i) for i in ids], before, after)


def compare(name: str, old: str, new: str, ids: list[str], before: Floats, after: Floats) -> str:
    """What two models say of the same promoters: agreement of the order, and who enters or leaves its head."""
    ranks = [np.argsort(np.argsort(-np.round(s, 6), kind="stable"), kind="stable") for s in (before, after)]
    head = max(int(np.ceil(HEAD_SHARE * len(ids))), 1)
    firsts = [{ids[n] for n in np.flatnonzero(rank < head)} for rank in ranks]
    spread = float(np.std(ranks[0])) or 1.0
    agreement = float(np.mean((ranks[0] - ranks[0].mean()) * (ranks[1] - ranks[1].mean()))) / spread**2
    enters, leaves = sorted(firsts[1] - firsts[0]), sorted(firsts[0] - firsts[1])
    return "\n".join(
        [
            f"{name}: version {new} in the shadow of version {old}, {len(ids)} promoters",
            f"  order of the queue: rank correlation {agreement:.3f}; its first {head}: {len(enters)} enter, {len(leaves)} leave",
            f"  enter: {', '.join(enters[:10]) or 'nobody'}",
            f"  leave: {', '.join(leaves[:10]) or 'nobody'}",
            "  flags, findings and money: no change (a score alone flags nobody)",
        ]
    )


def published(tables: Path, card: Card) -> Given:
    """What a card reads, from the tables of a published run: `<tables>/<stage>/<table>.parquet`."""
    found: dict[str, Any] = {}
    for table in card.reads:
        found[table] = _table(tables, table).sort_by([(key, "ascending") for key in contracts()[table].key])
    return Given(found, NO_WINDOW)


def _table(tables: Path, table: str) -> pa.Table:
    path = Path(tables) / contracts()[table].stage / f"{table}.parquet"
    if not path.exists():
        raise NotFound(f"The newest run has no table {table}: publish a run with tongren run first.")
    return pq.read_table(path)

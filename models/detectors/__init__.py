"""Detectors: every folder here raises or scores what is unusual, as rows of `detection`.

Adding one is a folder with `card.yaml`, `rule.sql` or `rule.py` and `cases.yaml`; nothing else changes. A `rule.sql` is
a SELECT of the columns of `given.DETECTION`; a `rule.py` has `rule(given)` returning tables by name, `detection` among
them and those that its card's `writes` names. A card with `model: true` has `fit(given)` as well and is given its live
model. `shadow: true` keeps a detector's rows from being flagged.
"""

from __future__ import annotations

import hashlib
import importlib
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from data_contracts.cards import Card, load_all
from data_contracts.contract import contracts
from data_contracts.warehouse import Warehouse
from models.detectors import drift, feedback
from models.detectors.given import DETECTION, Given
from models.detectors.panel import Floats

if TYPE_CHECKING:
    from models.tracking import Fitted, Live, Tracking

log = logging.getLogger("tongren")
FOLDER = Path(__file__).parent


def cards() -> tuple[Card, ...]:
    """Every detector's card, in an order in which each finds the tables that it reads."""
    waiting, done = list(load_all(FOLDER, "detectors")), list[Card]()
    while waiting:
        unmade = {table for card in waiting for table in card.about.get("writes", ())}
        if any("detection" not in card.reads for card in waiting):
            unmade.add("detection")  # what reads the others' detections comes after all of them
        ready = [c for c in waiting if not unmade & set(c.reads) - set(c.about.get("writes", ()))]
        if not ready:
            raise ValueError(f"detectors wait for each other's tables: {', '.join(c.name for c in waiting)}")
        done += ready
        waiting = [c for c in waiting if c not in ready]
    return tuple(done)


def build(wh: Warehouse, tracking: Tracking | None = None) -> dict[str, str]:
    """Run every detector; make `detection` and what the cards' `writes` name. Returns live model name -> sha256.

    Without `tracking` models are fitted in place and recorded nowhere.
    """
    wh.empty("detection")
    wh.empty("model_drift")
    hashes: dict[str, str] = {}
    for card in cards():
        estimator = None
        if card.about.get("model") and tracking is not None:
            live = _live(card, wh, tracking)
            estimator, hashes[card.name] = tracking.stored(live), live.sha256
            _compare(wh, card, live, estimator)
        admit(wh, card, detect(wh, card, estimator))
    feedback.build(wh)
    return hashes


def prepare(wh: Warehouse) -> None:
    """Make the tables without a contract that detectors read from one another, empty: what a single one needs to run."""
    wh.execute("create or replace table promoter_score (promoter_id varchar, score double)")


def detect(wh: Warehouse, card: Card, estimator: Any = None) -> Mapping[str, pa.Table]:
    """The tables that one detector makes: `detection` (without the card's own columns) and what its card writes."""
    if card.rule.suffix == ".sql":
        return {
            "detection": wh.con.sql(card.rule.read_text(encoding="utf-8"), params=_named(wh, card)).to_arrow_table()
        }
    if card.about.get("model") and estimator is None:
        estimator = module(card).fit(given(wh, card))[0]
    return dict(module(card).rule(given(wh, card, estimator)))


def given(wh: Warehouse, card: Card, estimator: Any = None) -> Given:
    """The tables that the card reads, ordered by their keys so that nothing hangs on the order of rows."""
    tables = {}
    for table in card.reads:
        known = contracts().get(table)
        order = ", ".join(known.key) if known else "all"
        tables[table] = wh.con.sql(f"select * from {table} order by {order}").to_arrow_table()
    return Given(tables, wh.run.as_of, estimator)


def admit(wh: Warehouse, card: Card, made: Mapping[str, pa.Table]) -> None:
    """Add one detector's rows to `detection` and make the other tables that it wrote."""
    rows = made["detection"].select(DETECTION.names).cast(DETECTION)
    if card.about.get("shadow"):
        rows = rows.set_column(rows.schema.get_field_index("flagged"), "flagged", pa.array([False] * len(rows)))
    wh.con.register("detected", rows)
    wh.con.execute(
        "insert into detection by name select *, $name as detector, $version as detector_version, $clause as clause"
        " from detected",
        {"name": card.name, "version": card.version, "clause": str(card.about["clause"])},
    )
    wh.con.unregister("detected")
    for table in card.about.get("writes", ()):
        if table in contracts():
            wh.admit(table, made[table])
        else:
            wh.con.register("written", made[table])
            wh.con.execute(f"create or replace table {table} as select * from written")
            wh.con.unregister("written")


def _live(card: Card, wh: Warehouse, tracking: Tracking) -> Live:
    live = tracking.live(card.name)
    if live is None:
        live = tracking.register(fitted(card, given(wh, card), _watched(wh)), "live")
        log.info("model=%s version=%s registered=live reason=first-run", live.name, live.version)
    return live


def _compare(wh: Warehouse, card: Card, live: Live, estimator: Any) -> None:
    """Say where features and score, and the shares that detectors watch, have moved since the model was trained."""
    _, features = module(card).matrix(given(wh, card))
    now = _watched(wh) | {name: features[:, n] for n, name in enumerate(module(card).FEATURES)}
    scored = len(features) >= module(card).FEWEST
    now[drift.SCORE] = -estimator.score_samples(features) if scored else np.zeros(0)
    found = drift.table(card.name, live.reference, now)
    moved = [f"{r['model']}.{r['feature']}" for r in found.to_pylist() if r["moved"]]
    if moved:
        log.warning("model=%s version=%s drift=%s next=tongren-train", card.name, live.version, ",".join(moved))
    wh.con.register("drifted", found)
    wh.con.execute("insert into model_drift by name select * from drifted")
    wh.con.unregister("drifted")


def _watched(wh: Warehouse) -> dict[str, Floats]:
    return drift.watched(cards(), lambda table: wh.con.sql(f"select * from {table}").to_arrow_table())


def fitted(card: Card, data: Given, watched: Mapping[str, Floats]) -> Fitted:
    """A freshly fitted model of a card, with what is to be recorded of it; `watched` as `drift.watched` gives it."""
    from models.tracking import Fitted

    estimator, parameters, metrics, features = module(card).fit(data)
    reference = {name: drift.quantiles(shares) for name, shares in watched.items() if len(shares)}
    reference |= {name: drift.quantiles(features[:, n]) for n, name in enumerate(module(card).FEATURES)}
    reference[drift.SCORE] = drift.quantiles(-estimator.score_samples(features))
    return Fitted(card.name, estimator, parameters, metrics, {t: _sha(v) for t, v in data.tables.items()}, reference)


def _sha(table: pa.Table) -> str:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    return hashlib.sha256(sink.getvalue()).hexdigest()


def module(card: Card) -> Any:
    """The `rule.py` of a card, as a module."""
    return importlib.import_module(f"models.detectors.{card.name}.rule")


def train(tables: Path, tracking: Tracking) -> list[str]:
    """Fit and register candidates on a published run; see `training.train`."""
    return list(_training().train(tables, tracking))


def shadow(tables: Path, tracking: Tracking, name: str) -> str:
    """What making the candidate live would change; see `training.shadow`."""
    return str(_training().shadow(tables, tracking, name))


def _training() -> Any:
    return importlib.import_module("models.detectors.training")


def _named(wh: Warehouse, card: Card) -> dict[str, Any]:
    from data_contracts.contract import named_parameters

    wanted = named_parameters(card.rule.read_text(encoding="utf-8"))
    return {name: value for name, value in wh.run.parameters.items() if name in wanted}


__all__ = ["admit", "build", "cards", "detect", "fitted", "given", "module", "prepare", "shadow", "train"]

"""`tongren train` and `tongren models`: candidates are fitted on a published run and go live after a shadow run."""

from __future__ import annotations

from pathlib import Path

from models import detectors
from models.same_user import training
from models.tracking import Tracking
from pipelines.show import table
from pipelines.state import State


def train(state: Path, *, shipped: bool = False) -> str:
    """Fit and register candidates on the newest published run, or the same-user model that ships; what was registered."""
    place = State(state)
    tracking = Tracking(place.mlflow)
    tables = place.current() / "tables"
    names = [training.offer_shipped(tracking)] if shipped else [
        training.train(tables, tracking), *detectors.train(tables, tracking)
    ]  # fmt: skip
    return f"registered as candidate: {', '.join(names)}\n{listing(state)}"


def listing(state: Path) -> str:
    """Models with version, stage and metrics."""
    return table(Tracking(State(state).mlflow).listing())


def shadow(state: Path, name: str) -> str:
    """What making the candidate live would change on the newest run; nothing is written."""
    place = State(state)
    tracking = Tracking(place.mlflow)
    tables = place.current() / "tables"
    return training.shadow(tables, tracking) if name == training.NAME else detectors.shadow(tables, tracking, name)


def promote(state: Path, name: str) -> str:
    """Shadow-run the candidate on the newest run, print what would change, make it live."""
    told = shadow(state, name)
    Tracking(State(state).mlflow).promote(name)
    return f"{told}\n{name}: candidate is live now"

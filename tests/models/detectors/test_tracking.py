"""Models on record: registered, verified before they are opened, promoted, and refused when changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import IsolationForest

from models.model_file import dumped, opened
from models.tracking import Fitted, ModelRefused, Tracking

NAME = "shape"


def fitted(seed: int) -> Fitted:
    rows = np.random.default_rng(seed).random((40, 3))
    forest = IsolationForest(n_estimators=5, random_state=seed).fit(rows)
    return Fitted(NAME, forest, {"n_estimators": 5}, {"promoters": 40.0}, {"conduct": "ab"}, {"x": [0.0, 1.0]})


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Tracking:
    tracking = Tracking(tmp_path_factory.mktemp("state") / "mlflow")
    tracking.register(fitted(1), "live")
    return tracking


def test_the_live_model_scores_as_the_fitted_one_did(store: Tracking) -> None:
    live = store.live(NAME)
    assert live is not None and store.live_hashes() == {NAME: live.sha256}
    rows = np.random.default_rng(9).random((5, 3))
    assert np.array_equal(store.load(live).score_samples(rows), fitted(1).estimator.score_samples(rows))


def test_the_same_model_has_the_same_file_wherever_it_lies_in_memory() -> None:
    """Reports quote the file's sha256: two states that train on the same data must agree on it."""
    assert dumped(fitted(1).estimator) == dumped(fitted(1).estimator) == dumped(opened(dumped(fitted(1).estimator)))
    assert dumped(fitted(1).estimator) != dumped(fitted(2).estimator)


def test_a_candidate_becomes_live_only_by_promotion(store: Tracking) -> None:
    before = store.live_hashes()
    candidate = store.register(fitted(2), "candidate")
    assert store.live_hashes() == before
    assert {(r["version"], r["stage"]) for r in store.listing()} == {("1", "live"), ("2", "candidate")}
    store.promote(NAME)
    assert store.live_hashes() == {NAME: candidate.sha256} and store.candidate(NAME) is None


@pytest.mark.parametrize("attack", ["flip", "missing", "link"])
def test_a_file_that_is_not_the_registered_one_is_refused_unopened(
    store: Tracking, attack: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = store.live(NAME)
    assert live is not None
    path = store.folder / live.file
    content = path.read_bytes()
    opened: list[bytes] = []
    monkeypatch.setattr("skops.io.loads", lambda content, trusted: opened.append(content))
    damage: dict[str, Callable[[], object]] = {
        "flip": lambda: path.write_bytes(content[:-1] + bytes([content[-1] ^ 1])),
        "missing": path.unlink,
        "link": lambda: (path.rename(tmp_path / "m.skops"), path.symlink_to(tmp_path / "m.skops")),
    }
    damage[attack]()
    with pytest.raises(ModelRefused):
        store.load(live)
    assert opened == []
    path.unlink(missing_ok=True)
    path.write_bytes(content)

"""Models under record: MLflow keeps parameters, metrics, files and stages; a run loads only what it has verified.

MLflow (a SQLite store below the state folder) takes seconds to import, so a run that merely scores never touches it: the
live models stand in `live.json` with the sha256 of their file, which is compared before the file is opened. Files are
skops, opened with the constant list `TRUSTED` (`model_file.py`); nothing is ever unpickled.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from data_contracts import disk
from data_contracts.errors import NotFound, TongrenError
from models.model_file import TRUSTED, dumped, opened

log = logging.getLogger("tongren")

FILE = "model.skops"
CARDS = Path(__file__).parents[1] / "docs" / "models"
MOST_BYTES = 200_000_000


class ModelRefused(TongrenError):
    """A model file is missing, too large or not the one that was registered."""


@dataclass(frozen=True)
class Live:
    """A registered version of a model. `file` is relative to the tracking folder; `reference` holds the training data's
    quantiles per feature, for drift."""

    name: str
    version: str
    sha256: str
    file: str
    reference: Mapping[str, Sequence[float]]


@dataclass(frozen=True)
class Fitted:
    """A model to be registered: the estimator (or the bytes of a readable model file) and what is to be known of it."""

    name: str
    estimator: Any
    parameters: Mapping[str, Any]
    metrics: Mapping[str, float]
    data: Mapping[str, str]
    reference: Mapping[str, Sequence[float]]


class Stored:
    """A registered estimator whose file is verified already and opened, which takes seconds, when it first scores."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._estimator: Any = None

    def score_samples(self, features: Any) -> Any:
        """The estimator's own `score_samples`."""
        if self._estimator is None:
            self._estimator = opened(self._content)
        return self._estimator.score_samples(features)


class Tracking:
    """The models of one state folder. Creating it is cheap; MLflow is opened by the methods that need it."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)

    def live(self, name: str) -> Live | None:
        """The live version of a model, or None when none was ever made live."""
        entry = self._record("live").get(name)
        return Live(**entry) if entry else None

    def candidate(self, name: str) -> Live | None:
        """The newest version that is not live, or None."""
        entry = self._record("candidate").get(name)
        return Live(**entry) if entry else None

    def live_hashes(self) -> dict[str, str]:
        """Model name to the sha256 of its live file: what a manifest names. Does not open MLflow."""
        return {name: str(entry["sha256"]) for name, entry in sorted(self._record("live").items())}

    def live_versions(self) -> dict[str, str]:
        """Model name to its live version."""
        return {name: str(entry["version"]) for name, entry in sorted(self._record("live").items())}

    def load(self, model: Live) -> Any:
        """The estimator of a registered version. Raises ModelRefused unless its file has the registered sha256."""
        return opened(self.content(model))

    def stored(self, model: Live) -> Stored:
        """The same, verified now and opened when it first scores."""
        return Stored(self.content(model))

    def content(self, model: Live) -> bytes:
        """The file of a registered version. Raises ModelRefused unless it has the registered sha256."""
        path = self.folder / model.file
        if path.is_symlink() or not path.is_file() or self.folder.resolve() not in path.resolve().parents:
            raise ModelRefused(
                f"The file of {model.name} version {model.version} is missing below {self.folder.name}/: "
                "restore it or make another version live with tongren models."
            )
        content = path.read_bytes() if path.stat().st_size <= MOST_BYTES else b""
        found = hashlib.sha256(content).hexdigest()
        if found != model.sha256:
            raise ModelRefused(
                f"The file of {model.name} version {model.version} has sha256 {found[:12]}, registered was "
                f"{model.sha256[:12]}: it was changed; restore it or train anew.",
                name=model.name, version=model.version,
            )  # fmt: skip
        return content

    def register(self, fitted: Fitted, stage: str) -> Live:
        """Log a fitted model in MLflow and give its new version the alias `stage` (candidate or live)."""
        from mlflow.entities import Metric, Param, RunTag

        client, name = self._client(), fitted.name
        artifacts = (self.folder / "artifacts").resolve()
        run = client.create_run(self._experiment(client, name), run_name=name).info
        client.log_batch(
            run.run_id,
            params=[Param(k, str(v)) for k, v in fitted.parameters.items()],
            metrics=[Metric(k, v, 0, 0) for k, v in fitted.metrics.items()],
            tags=[RunTag(f"data.{table}", sha) for table, sha in fitted.data.items()],
        )
        client.log_dict(run.run_id, dict(fitted.reference), "reference.json")
        card = _log_card(client, run.run_id, name)
        plain = isinstance(fitted.estimator, bytes)  # a model that is a readable file is kept as it is
        path = artifacts / run.run_id / "artifacts" / "model" / ("model.yaml" if plain else FILE)
        path.parent.mkdir(parents=True, exist_ok=True)
        content = fitted.estimator if plain else dumped(fitted.estimator)
        path.write_bytes(content)
        for made in (path, *path.parents[: len(path.relative_to(self.folder.resolve()).parts)]):
            disk.sync(made)  # what `live.json` names outlives a power cut
        client.set_terminated(run.run_id)
        sha = hashlib.sha256(content).hexdigest()
        if not any(m.name == name for m in client.search_registered_models(f"name='{name}'")):
            client.create_registered_model(name)
        source = f"{run.artifact_uri}/model"
        version = str(
            client.create_model_version(name, source, run.run_id, tags={"sha256": sha}, description=card).version
        )
        client.set_registered_model_alias(name, stage, version)
        found = Live(name, version, sha, path.relative_to(self.folder.resolve()).as_posix(), fitted.reference)
        self._write(stage, found)
        return found

    def evaluate(self, name: str, parameters: Mapping[str, Any], metrics: Mapping[str, float]) -> None:
        """Log one evaluation of a detector, with a model file or without, as a run of the experiment `name`."""
        from mlflow.entities import Metric, Param

        client = self._client()
        run = client.create_run(
            self._experiment(client, name), run_name=f"{name}-evaluation", tags={"what": "evaluation"}
        ).info
        client.log_batch(
            run.run_id,
            params=[Param(k, str(v)) for k, v in parameters.items()],
            metrics=[Metric(k, v, 0, 0) for k, v in metrics.items()],
        )
        client.set_terminated(run.run_id)

    def facts(self, name: str) -> dict[str, dict[str, Any]]:
        """What MLflow knows of a detector: parameters, metrics and tags of its runs, the newest of equal names winning."""
        client = self._client()
        runs = client.search_runs([self._experiment(client, name)], order_by=["attributes.start_time ASC"])
        found: dict[str, dict[str, Any]] = {"parameters": {}, "metrics": {}, "data": {}}
        for run in runs:
            found["parameters"].update(run.data.params)
            found["metrics"].update(run.data.metrics)
            tags = run.data.tags.items()
            found["data"].update({k.removeprefix("data."): v for k, v in tags if k.startswith("data.")})
        return found

    def _experiment(self, client: Any, name: str) -> str:
        experiment = client.get_experiment_by_name(name)
        place = (self.folder / "artifacts").resolve().as_uri()
        return str(experiment.experiment_id if experiment else client.create_experiment(name, place))

    def promote(self, name: str) -> Live:
        """Make the candidate live. Raises NotFound when there is none, ModelRefused when its file was changed."""
        candidate = self.candidate(name)
        if candidate is None:
            raise NotFound(f"{name} has no candidate: run tongren train first.")
        self.content(candidate)
        client = self._client()
        registered = client.get_model_version(name, candidate.version).tags.get("sha256")
        if registered != candidate.sha256:
            raise ModelRefused(
                f"MLflow's record of {name} version {candidate.version} names another sha256: train anew."
            )
        client.set_registered_model_alias(name, "live", candidate.version)
        client.delete_registered_model_alias(name, "candidate")
        self._write("live", candidate)
        self._write("candidate", None, name)
        return candidate

    def listing(self) -> list[dict[str, Any]]:
        """One entry per registered version: name, version, stage, sha256 and metrics; newest first within a name."""
        if not (self.folder / "mlflow.db").exists():
            return []
        client = self._client()
        rows = []
        for model in sorted(client.search_registered_models(), key=lambda m: m.name):
            stages = {str(version): alias for alias, version in model.aliases.items()}
            for found in sorted(client.search_model_versions(f"name='{model.name}'"), key=lambda v: -int(v.version)):
                metrics = client.get_run(found.run_id).data.metrics
                rows.append(
                    {"model": model.name, "version": str(found.version), "stage": stages.get(str(found.version), ""),
                     "sha256": found.tags.get("sha256", "")[:12], **{k: round(v, 6) for k, v in sorted(metrics.items())}}
                )  # fmt: skip
        return rows

    def _client(self) -> Any:
        os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
        os.environ["MLFLOW_ALLOW_MODEL_CODE_EXECUTION"] = "false"
        from mlflow import MlflowClient

        for name in ("mlflow", "alembic"):
            logging.getLogger(name).setLevel(logging.ERROR)
        self.folder.mkdir(parents=True, exist_ok=True)
        store = f"sqlite:///{(self.folder / 'mlflow.db').resolve()}"
        return MlflowClient(tracking_uri=store, registry_uri=store)

    def _record(self, stage: str) -> dict[str, dict[str, Any]]:
        path = self.folder / f"{stage}.json"
        return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}

    def _write(self, stage: str, model: Live | None, name: str = "") -> None:
        record = self._record(stage)
        if model is None:
            record.pop(name, None)
        else:
            record[model.name] = asdict(model)
        path = self.folder / f"{stage}.json"
        fresh = path.with_suffix(".json.new")
        fresh.write_text(json.dumps(record, indent=1, sort_keys=True), encoding="utf-8")
        disk.sync(fresh)
        fresh.replace(path)
        disk.sync(self.folder)


def _log_card(client: Any, run_id: str, name: str) -> str | None:
    """Keep the model's card and its pictures beside the model, so that they are there without this repository. Gives its text.

    An installation without the documentation has no card to keep.
    """
    path = CARDS / f"{name}.md"
    if not path.is_file():
        return None
    card = path.read_text(encoding="utf-8")
    pictures = re.findall(r"\(\.\./(assets/[\w.]+)\)", card)
    client.log_text(run_id, card.replace("(../assets/", "(assets/"), "card.md")
    for picture in pictures:
        client.log_artifact(run_id, str(CARDS.parent / picture), "assets")
    return card


__all__ = ["FILE", "MOST_BYTES", "TRUSTED", "Fitted", "Live", "ModelRefused", "Stored", "Tracking"]

"""`dvc repro` walks the same stages in the same order as `tongren run`, and gives the same results."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
import yaml

from pipelines import manifest
from pipelines.run import Order, run
from pipelines.stages import STAGES
from pipelines.state import State
from tests.counts import SOAK
from tests.pipelines.test_whole_run import written

ROOT = Path(__file__).parents[2]


def test_the_stages_of_dvc_are_those_of_the_run_in_order() -> None:
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    assert list(stages) == [*STAGES, "publish"]
    for name, stage in stages.items():
        assert stage["cmd"] == f"python -m pipelines {name}"


def test_every_dependency_of_a_stage_is_there() -> None:
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    named = {d for s in stages.values() for d in s["deps"] if "$" not in d}
    assert [d for d in sorted(named) if not (ROOT / d).exists()] == []


def repro(folder: Path, sources: Path, day: date, key: Path) -> State:
    """`dvc repro` in a working copy of its own under `folder`; the state that it leaves, and all that DVC keeps, are there."""
    for name in (
        "dvc.yaml",
        ".dvc",
        "pipelines",
        "data_contracts",
        "features",
        "models",
        "rulebook",
        "casebook",
        "settlement",
    ):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / name)
    said = {"sources": str(sources), "state": "state", "as_of": day.isoformat(), "work": "build"}
    (folder / "params.yaml").write_text(yaml.safe_dump(said), encoding="utf-8")
    (folder / "state").mkdir()
    shutil.copy(key, folder / "state" / "token.key")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(folder)}
    subprocess.run(["dvc", "repro"], cwd=folder, env=environment, check=True, capture_output=True)
    return State(folder / "state")


@pytest.mark.skipif(not SOAK, reason="a minute of processes: part of `make soak`")
def test_dvc_repro_gives_the_results_of_a_run(tmp_path: Path) -> None:
    sources, day = written(tmp_path / "world"), date(2026, 4, 20)
    plain = run(Order(sources, State(tmp_path / "plain"), day))
    made = repro(tmp_path, Path("world"), day, tmp_path / "plain" / "token.key")
    assert manifest.read(made.current())["outputs"] == manifest.read(plain.folder)["outputs"]

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


@pytest.mark.skipif(not SOAK, reason="a minute of processes: part of `make soak`")
def test_dvc_repro_gives_the_results_of_a_run(tmp_path: Path) -> None:
    sources = written(tmp_path / "world")
    plain = run(Order(sources, State(tmp_path / "plain"), date(2026, 4, 20)))
    for name in ("dvc.yaml", ".dvc", *sorted({d.split("/")[0] for d in ("pipelines", "data_contracts", "features", "models",
                                                                     "rulebook", "casebook", "settlement")})):  # fmt: skip
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    (tmp_path / "params.yaml").write_text('sources: world\nstate: state\nas_of: "2026-04-20"\nwork: build\n')
    (tmp_path / "state").mkdir()
    shutil.copy(tmp_path / "plain" / "token.key", tmp_path / "state" / "token.key")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(tmp_path)}
    subprocess.run(["dvc", "repro"], cwd=tmp_path, env=environment, check=True, capture_output=True)
    made = State(tmp_path / "state").current()
    assert manifest.read(made)["outputs"] == manifest.read(plain.folder)["outputs"]

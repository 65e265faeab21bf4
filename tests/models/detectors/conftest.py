"""An empty MLflow store to copy: the first migration of a new database takes seconds."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from models.tracking import Tracking


@pytest.fixture(scope="session")
def template_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated MLflow database with nothing in it."""
    folder = tmp_path_factory.mktemp("mlflow-template")
    Tracking(folder)._client().search_registered_models()
    return folder


@pytest.fixture
def empty_store(template_store: Path, tmp_path: Path) -> Path:
    """A copy of the template."""
    shutil.copytree(template_store, tmp_path / "mlflow")
    return tmp_path / "mlflow"

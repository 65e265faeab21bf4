"""The house rules that no single module can keep: names of ours, and which library may be imported where."""

from __future__ import annotations

import ast
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = (
    "data_contracts", "features", "models", "rulebook", "casebook", "settlement", "pipelines", "console", "simulator",
)  # fmt: skip
HOMES = {
    "networkx": ("models/",),
    "sklearn": ("models/",),
    "mlflow": ("models/tracking.py",),
    "great_expectations": ("data_contracts/expectations.py",),
    "sqlalchemy": ("casebook/",),
    "fastapi": ("console/",),
    "pickle": (),
    "joblib": (),
}


def sources() -> list[Path]:
    return sorted(p for package in PACKAGES for p in (ROOT / package).rglob("*.py"))


def imports(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    names |= {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module and n.level == 0}
    return {n.split(".")[0] for n in names}


@pytest.mark.parametrize("package", PACKAGES)
def test_no_other_distribution_claims_one_of_our_names(package: str) -> None:
    assert set(packages_distributions().get(package, ["tongren"])) == {"tongren"}


@pytest.mark.parametrize("library", sorted(HOMES))
def test_heavy_libraries_are_imported_in_their_one_home(library: str) -> None:
    strangers = [
        p.relative_to(ROOT).as_posix()
        for p in sources()
        if library in imports(p) and not p.relative_to(ROOT).as_posix().startswith(HOMES[library] or ("-",))
    ]
    assert strangers == []


def test_nothing_outside_the_books_and_the_command_reads_the_clock() -> None:
    allowed = {"pipelines/commands/job.py", "pipelines/progress.py"}
    clock = {"now", "utcnow", "today"}
    readers = []
    for path in sources():
        name = path.relative_to(ROOT).as_posix()
        if name in allowed or name.startswith(("casebook/", "console/")):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in clock:
                readers.append(f"{name}:{node.lineno}")
    assert readers == []


def test_the_lock_names_no_index_host() -> None:
    assert "://" not in (ROOT / "requirements-dev.lock").read_text(encoding="utf-8")


def test_no_two_test_files_share_a_name() -> None:
    """Pytest imports test files by their names alone here: of two with one name it would run one."""
    names = [p.name for p in (ROOT / "tests").rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))

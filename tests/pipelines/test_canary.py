"""No raw identifier of the feeds, nor its plain hash, is left by a whole run and what follows it: results, logs, models under
record, reports on screen and paper, exports, DVC; nor by a run that is killed or ends in a fault."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from pipelines.cli import cli
from pipelines.state import State
from settlement import statements
from tests.counts import SOAK, SoakCount
from tests.pipelines import canary, dying
from tests.pipelines.conftest import publish
from tests.pipelines.dying import Published
from tests.pipelines.test_dvc import repro

SHORTEST = 11  # what is shorter may stand somewhere by chance
ACCOUNTS = 2_000
KILLS = 10 if SOAK else 1


@pytest.fixture(scope="module")
def world(published: Published, tmp_path_factory: pytest.TempPathFactory) -> Published:
    """A programme with one run published, and the next one in `done`."""
    return publish(tmp_path_factory.mktemp("canaries"), ACCOUNTS, 30) if SOAK else published


def _values(sources: Path) -> Iterator[str]:
    for file in (sources / "identifiers").iterdir():
        yield from pq.read_table(file, columns=["value"])["value"].to_pylist()
    for row in pq.read_table(sources / "staff.parquet").to_pylist():
        yield from (v for v in (row["id_doc"], row["phone"]) if v)


@pytest.fixture(scope="module")
def values(world: Published) -> frozenset[str]:
    """Every raw identifier of the feeds; a phone with country code also without it."""
    raw = set(_values(world.sources))
    raw |= {v.removeprefix("+86").strip() for v in raw if v.startswith("+86")}
    found = frozenset(
        v for v in raw if len(v) >= SHORTEST and len(set(v)) > 3
    )  # 0000-0000 is nobody's: our own source names it
    assert len(canary.leaked(canary.everything_below(world.sources), found)) > len(found) // 2  # the search does find
    return found


def test_a_run_its_models_and_its_reports_show_no_identifier(
    world: Published, values: frozenset[str], tmp_path: Path, soak_count: SoakCount
) -> None:
    soak_count("canaries_of_runs", len(values))
    folder = State(world.done).current()
    found = pq.read_table(folder / "findings.parquet", columns=["promoter_id"])["promoter_id"].to_pylist()
    forms = [("report", min(found), "--format", form) for form in ("html", "pdf", "json", "csv")]
    whole = [("export",), ("report", "--all")] if SOAK else []
    for number, verb in enumerate([*forms, ("finance",), *whole]):
        out = str(tmp_path / f"out-{number}")
        said = CliRunner().invoke(cli, [*verb, "--out", out, "--state", str(world.done)])
        assert said.exit_code == 0, said.output
        (tmp_path / f"said-{number}.txt").write_text(said.output, encoding="utf-8")
    for row in pq.read_table(folder / "statements.parquet").to_pylist()[:10]:
        for form in statements.FORMATS:
            made = statements.render(folder, row["promoter_id"], row["month"], form)
            (tmp_path / f"{row['promoter_id']}-{row['month']}.{form}").write_bytes(made)
    left = {p.suffix for where in (world.done, tmp_path) for p in where.rglob("*")}
    assert {".pdf", ".html", ".parquet", ".db", ".skops", ".xlsx"} <= left
    for where in (world.state, world.done, tmp_path):
        assert canary.leaked(canary.everything_below(where), values) == []


@pytest.mark.parametrize("trial", range(KILLS))
def test_a_killed_run_leaves_no_identifier(
    trial: int, world: Published, values: frozenset[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    soak_count: SoakCount,
) -> None:  # fmt: skip
    soak_count("canaries_of_runs", len(values))
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    assert dying.killed(world.copy(tmp_path / "state"), random.Random(trial).uniform(1, 3))
    assert list((tmp_path / "state" / "runs").glob(".*.partial"))  # it was in the middle of its work
    assert canary.leaked(canary.everything_below(tmp_path), values) == []


FAULTY = """
import sys
import features
from pipelines import cli
value = sys.argv.pop(1)

def build(wh):
    wh.execute("select cast(identifiers.mask || $value as integer) from identifiers", value=value)

features.build = build
cli.main()
"""


@pytest.mark.parametrize("form", ["text", "json"] if SOAK else ["json"])
def test_a_fault_of_ours_tells_no_identifier_and_leaves_none(
    form: str, world: Published, values: frozenset[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    soak_count: SoakCount,
) -> None:  # fmt: skip
    """The engine's own message quotes the value that it could not convert."""
    soak_count("canaries_of_runs", len(values))
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    order = world.copy(tmp_path / "state")
    command = ["--log-format", form, "--verbose", "run", "--sources", str(order.sources), "--state",
               str(order.state.folder), "--as-of", order.as_of.isoformat()]  # fmt: skip
    said = subprocess.run([sys.executable, "-c", FAULTY, min(values), *command], capture_output=True, check=False)
    assert said.returncode == 1
    assert b"ConversionException" in said.stderr
    assert b"table=identifier" in said.stderr or b'"identifiers"' in said.stderr, "it logs each table"
    assert canary.leaked(said.stdout + b"\0" + said.stderr + canary.everything_below(tmp_path), values) == []


@pytest.mark.skipif(not SOAK, reason="a minute of processes: part of `make soak`")
def test_dvc_keeps_no_identifier(
    world: Published, values: frozenset[str], tmp_path: Path, soak_count: SoakCount
) -> None:
    soak_count("canaries_of_runs", len(values))
    repro(tmp_path, world.sources, dying.FIRST, world.state / "token.key")
    assert (tmp_path / ".dvc" / "cache").exists()
    assert canary.leaked(canary.everything_below(tmp_path), values) == []

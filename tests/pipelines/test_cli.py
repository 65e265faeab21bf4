"""The command line: every verb shows an example, help is light, faults end with the exit codes of the contract."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipelines.cli import cli, plain_fault
from pipelines.progress import JsonLines, set_up

HEAVY = ("mlflow", "sklearn", "great_expectations", "pandas", "duckdb", "sqlalchemy", "fastapi", "networkx", "scipy")
FIXED = (
    "simulate", "run", "propose", "decide", "decisions", "verdict", "train", "models",
    "explain", "group", "promoter", "statement", "report", "verify",
)  # fmt: skip


@pytest.mark.parametrize("verb", sorted(cli.commands))
def test_every_verb_explains_itself_with_an_example(verb: str) -> None:
    shown = CliRunner().invoke(cli, [verb, "--help"])
    assert shown.exit_code == 0
    assert f"tongren {verb}" in shown.output.split("Example:")[1]


def test_the_verbs_that_other_programs_call_are_all_there() -> None:
    assert set(FIXED) <= set(cli.commands)


def test_help_loads_none_of_the_heavy_libraries() -> None:
    call = "import sys, pipelines.cli as c\ntry:\n c.cli(['--help'])\nexcept SystemExit: pass\n"
    code = f"{call}print([m for m in {HEAVY!r} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip().endswith("[]")


def test_an_unknown_option_is_a_usage_error() -> None:
    assert CliRunner().invoke(cli, ["run", "--nonsense"]).exit_code == 2


def test_a_candidate_is_looked_at_or_made_live_and_not_both() -> None:
    shown = CliRunner().invoke(cli, ["models", "--shadow", "same_user", "--promote", "same_user"])
    assert shown.exit_code == 2
    assert "give one of them" in shown.output


def test_a_missing_state_is_one_clear_message(tmp_path: Path) -> None:
    shown = CliRunner().invoke(cli, ["decisions", "--state", str(tmp_path)])
    assert shown.exit_code == 2
    assert "tongren run" in shown.output


def test_a_missing_source_folder_is_refused_as_input(tmp_path: Path) -> None:
    shown = CliRunner().invoke(
        cli, ["run", "--sources", str(tmp_path / "none"), "--state", str(tmp_path / "s"), "--as-of", "2026-01-20"]
    )
    assert shown.exit_code == 3
    assert "programme" in shown.output


def test_a_log_line_for_machines_is_one_object_with_its_instant_and_its_fields() -> None:
    said = logging.LogRecord("tongren", logging.INFO, "", 0, "stage=%s rows=%d level=none\nx=1", ("feeds", 7), None)
    said.created = 1_767_225_600.25
    line = JsonLines().format(said)
    assert "\n" not in line
    assert json.loads(line) == {
        "at": "2026-01-01T00:00:00.250+00:00", "level": "info", "message": "stage=feeds rows=7 level=none\nx=1",
        "stage": "feeds", "rows": "7", "x": "1",
    }  # fmt: skip


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_closing_message_is_one_line_for_machines_too_and_never_an_engines_words(
    form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ["--log-format", form, "run", "--sources", str(tmp_path / "none"), "--state", str(tmp_path / "s")]
    refused = CliRunner().invoke(cli, call).stderr.strip().splitlines()[-1]
    set_up(form)
    try:
        raise RuntimeError("13812340001")
    except RuntimeError as fault:
        plain_fault(type(fault), fault, fault.__traceback__)
    ours = capsys.readouterr().err
    assert "RuntimeError" in ours and "test_cli.py:" in ours and "13812340001" not in ours
    if form == "json":
        said = [json.loads(line) for line in (refused, *ours.splitlines())]
        assert len(said) == 2 and all({"at", "level", "message"} <= one.keys() for one in said)
        assert said[0]["code"] == "file.missing" and said[1]["where"][-1].startswith("test_cli.py:")


def test_a_state_that_cannot_be_written_is_named_and_no_fault_of_ours(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    call = ["run", "--sources", str(tmp_path), "--state", str(tmp_path / "file" / "state"), "--as-of", "2026-01-20"]
    shown = CliRunner().invoke(cli, call)
    assert shown.exit_code == 1
    assert str(tmp_path / "file" / "state") in shown.output and "Not a directory" in shown.output

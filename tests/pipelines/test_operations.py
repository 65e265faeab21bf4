"""The examples of a nightly job and the commands in the documentation are what the command line takes."""

from __future__ import annotations

import ast
import itertools
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import pytest

from pipelines.cli import cli

ROOT = Path(__file__).parents[2]
NIGHT = ROOT / "examples" / "operations"
DAY = "2026-03-20"


def parsed(arguments: list[str]) -> None:
    """Have click read a command line as `tongren` would; raises UsageError for what it does not take."""
    command: click.Command = cli
    context: click.Context | None = None
    while True:
        name = command.name or "tongren"
        rest = list(arguments)
        context = command.make_context(name, rest, parent=context, ignore_unknown_options=False)
        if not isinstance(command, click.Group):
            return
        rest = [*context._protected_args, *context.args]
        found, chosen, arguments = command.resolve_command(context, rest)
        assert chosen is not None, found
        command = chosen


def commands(text: str) -> list[list[str]]:
    """Every call of tongren in a file: the words after it, with dates in place of what a shell or template would put there."""
    text = re.sub(r'"?\$\([^)]*\)"?|\{\{.*?\}\}', DAY, text.replace("\\\n", " "))
    calls = [
        re.split(r" {2,}", c)[0]
        for c in re.findall(r"(?:/opt/tongren/bin/|^)tongren (?!/)([^\n]*)", text, re.MULTILINE)
    ]
    found = [shlex.split(call.removesuffix("'") if call.count("'") % 2 else call, comments=True) for call in calls]
    return [list(itertools.takewhile(lambda word: word not in (">", ">>", "|", "&&"), words)) for words in found]


@pytest.mark.parametrize("name", ["crontab", "tongren.service"])
def test_each_command_of_the_examples_is_one_that_the_command_line_takes(name: str) -> None:
    found = commands((NIGHT / name).read_text(encoding="utf-8"))
    assert found
    for call in found:
        parsed(call)


def test_an_option_that_does_not_exist_would_be_seen() -> None:
    with pytest.raises(click.UsageError):
        parsed(["run", "--sources", "x", "--nightly"])


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
@pytest.mark.parametrize("unit", ["tongren.service", "tongren.timer"])
def test_systemd_takes_the_units(unit: str) -> None:
    said = subprocess.run(["systemd-analyze", "verify", str(NIGHT / unit)], capture_output=True, text=True, check=False)
    assert (said.returncode, said.stderr.strip()) == (0, "")


class Operator:
    """Stands for Airflow's: it keeps what it was given, and who comes after it."""

    made: list[Operator] = []  # noqa: RUF012 - what the file under test made

    def __init__(self, **given: Any) -> None:
        self.given, self.after = given, list[Operator]()
        Operator.made.append(self)

    def __rshift__(self, other: Operator) -> Operator:
        self.after.append(other)
        return other


class Graph:
    """Stands for a DAG: a block in which operators are made."""

    def __init__(self, **given: Any) -> None:
        assert given["max_active_runs"] == 1 and given["default_args"]["depends_on_past"]

    def __enter__(self) -> Graph:
        return self

    def __exit__(self, *said: object) -> None:
        return None


def test_the_dag_runs_verifies_backs_up_and_prunes_in_this_order(monkeypatch: pytest.MonkeyPatch) -> None:
    ast.parse((NIGHT / "tongren_dag.py").read_text(encoding="utf-8"))
    stands: dict[str, dict[str, Any]] = {
        "airflow.sdk": {"DAG": Graph}, "airflow.providers.standard.operators.bash": {"BashOperator": Operator},
        "pendulum": {"datetime": lambda *day, tz: (*day, tz)},
    }  # fmt: skip
    for name, content in stands.items():
        for depth in range(1, name.count(".") + 2):
            monkeypatch.setitem(sys.modules, ".".join(name.split(".")[:depth]), ModuleType(name))
        vars(sys.modules[name]).update(content)
    Operator.made.clear()
    runpy.run_path(str(NIGHT / "tongren_dag.py"))
    order, tasks = [Operator.made[0]], {o.given["task_id"]: o for o in Operator.made}
    while order[-1].after:
        order.append(order[-1].after[0])
    assert [o.given["task_id"] for o in order] == list(tasks) == ["run", "verify", "backup", "prune"]
    assert "data_interval_end" in order[0].given["bash_command"]  # the start is the end too, by Airflow 3's default
    for task in order:
        (call,) = commands(task.given["bash_command"])
        parsed(call)


def test_each_command_in_the_documentation_is_one_that_the_command_line_takes() -> None:
    blocks = [
        block
        for page in sorted((ROOT / "docs").rglob("*.md"))
        if not page.name.startswith("reference_")
        for block in re.findall(r"```\w*\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    ]
    found = [call for block in blocks for call in commands(block)]
    assert len(found) > 5
    for call in found:
        parsed(call)

"""Runs that leave nothing behind, several days in one call, days that are over, and other policies on what was decided."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from data_contracts.errors import InputRefused
from pipelines import whatif
from pipelines.cli import cli
from pipelines.run import DEFAULT_POLICY, run
from tests.conftest import MakeWarehouse, given
from tests.pipelines.dying import FIRST, SECOND, Published


def hashes(folder: Path) -> dict[str, str]:
    """Every file of a state, the dry run's own folder and the lock apart."""
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and "dry-run" not in p.parts and p.name != "lock"
    }


def test_a_dry_run_leaves_results_to_look_at_and_the_state_as_it_was(published: Published, tmp_path: Path) -> None:
    order = published.copy(tmp_path / "state")
    before = hashes(order.state.folder)
    told = run(replace(order, dry_run=True))
    assert not told.published
    assert list(told.folder.rglob("statements.parquet"))
    assert hashes(order.state.folder) == before


def test_figures_say_that_no_recall_is_estimated_without_verdicts(published: Published) -> None:
    told = CliRunner().invoke(cli, ["metrics", "--state", str(published.state)])
    assert told.exit_code == 0 and "recall: not estimated, 0 of 0 judged promoters of the audit sample" in told.output


def test_several_days_in_one_call_are_run_in_their_order(published: Published, tmp_path: Path) -> None:
    order = published.copy(tmp_path / "state")
    days = [SECOND, SECOND + timedelta(days=1)]
    asked = [a for d in reversed(days) for a in ("--as-of", d.isoformat())]
    told = CliRunner().invoke(cli, ["run", "--sources", str(order.sources), "--state", str(order.state.folder), *asked])
    assert told.exit_code == 0, told.output
    names = [p.name for p in sorted((order.state.folder / "runs").iterdir()) if not p.name.startswith(".")]
    assert [n[:10] for n in names if n[:10] in {d.isoformat() for d in days}] == [d.isoformat() for d in days]


def test_a_day_before_the_last_published_run_is_refused(published: Published, tmp_path: Path) -> None:
    order = replace(published.copy(tmp_path / "state"), as_of=FIRST - timedelta(days=1))
    with pytest.raises(InputRefused, match=FIRST.isoformat()) as refused:
        run(order)
    assert refused.value.code in ("as_of.before_run", "as_of.before_issue")


def test_the_policy_in_force_asked_for_again_changes_nothing(published: Published) -> None:
    used = published.sources / "policy.yaml"
    told = whatif.answer(published.done, None, used if used.exists() else DEFAULT_POLICY, ())
    assert told.startswith("0 promoters would have more or less")
    assert "held money set free 0.00 CNY" in told


def test_what_policy_alone_decided_and_another_sees_otherwise_is_decided_anew(warehouse: MakeWarehouse) -> None:
    # F1 and F2 were voided by policy, F3 by policy and a person. The other policy says the same of F1 alone.
    wh = warehouse("casebook")
    given(wh, "books_decision", [
        {"decision_id": f"D{n}", "finding_id": f"F{n}", "measure": "void_relation", "status": "applied", "proposed_by": "policy",
         "approvals": int(n == 3)} for n in (1, 2, 3)
    ] + [{"decision_id": "D4", "finding_id": "F2", "measure": "void_relation", "status": "applied", "proposed_by": "li"}])  # fmt: skip
    row = "select 'F1' as finding_id, 'void_relation' as measure, 'auto' as effect, false as two_people"
    wh.execute(f"create table policy_choice as {row}")
    wh.execute(
        f"create table chosen_before as {row} union all {row.replace('F1', 'F2')} union all {row.replace('F1', 'F3')}"
    )
    wh.execute("alter table books_decision rename to books_decision_read")
    wh.execute("create view books_decision as from books_decision_read")
    whatif._forget(wh)
    assert [r[0] for r in wh.execute("select decision_id from books_decision order by 1")] == ["D1", "D3", "D4"]

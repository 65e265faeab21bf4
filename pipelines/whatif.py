"""`tongren whatif`: history once more under another programme, another policy, or without a decision. Nothing is recorded."""

from __future__ import annotations

import shutil
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from data_contracts import money
from data_contracts.contract import STAGES
from data_contracts.run import Run
from data_contracts.warehouse import Warehouse
from pipelines import manifest
from pipelines.show import table
from pipelines.state import State


def answer(state: Path, programme: Path | None, policy: Path | None, without: tuple[str, ...]) -> str:
    """What would change: promoters and money, by month and clause, and the promoters concerned most."""
    from rulebook import programme as rulebook_programme
    from settlement import whatif

    folder = State(state).current()
    run = run_of(folder)
    other = rulebook_programme.load(programme) if programme else None
    told = whatif.run(
        folder / "tables",
        run,
        programme=(lambda wh: rulebook_programme.admit(wh, other)) if other else None,
        decisions=decisions_under(folder, run, policy) if policy else None,
        without=without,
    )
    return shown(told)


def run_of(folder: Path) -> Run:
    """The run that made a published folder."""
    m = manifest.read(folder)
    return Run(str(m["run_id"]), int(m["run_seq"]), date.fromisoformat(m["as_of"]), str(m["zone"]))


def decisions_under(folder: Path, run: Run, policy_file: Path) -> pa.Table:
    """The decisions under another policy: what people had a hand in stays, and so does what both policies say of a finding.

    What the policy in force chose otherwise, or did not choose at all, is decided anew on the findings of the run.
    """
    import casebook
    from casebook import policy as casebook_policy

    policy = casebook_policy.load(policy_file)
    with tempfile.TemporaryDirectory() as scratch:
        tables = Path(scratch)
        for stage in STAGES[: STAGES.index("casebook")]:
            shutil.copytree(folder / "tables" / stage, tables / stage)
        with Warehouse(tables, "casebook", run) as wh:
            wh.fill_gaps()
            casebook.build(wh)
            chosen = wh.con.sql(f"select {CHOICE} from policy_choice").to_arrow_table()
        with Warehouse(tables, "casebook", run) as wh:
            wh.fill_gaps()
            wh.execute("drop view policy_rule")
            casebook_policy.admit(wh, policy)
            casebook.build(wh)
            wh.con.register("chosen_before", chosen)
            _forget(wh)
            casebook.build(wh)
            wh.publish()
        return pq.read_table(tables / "casebook" / "decision.parquet")


CHOICE = "finding_id, measure, effect, two_people"


def _forget(wh: Warehouse) -> None:
    """Take out of the books what policy alone decided and the policy of `policy_choice` sees otherwise than that before."""
    wh.execute(f"""
        create or replace table chosen_otherwise as
        (select {CHOICE} from policy_choice except select {CHOICE} from chosen_before)
        union all
        (select {CHOICE} from chosen_before except select {CHOICE} from policy_choice)
    """)
    wh.execute("create or replace table decision_kept as from books_decision as d where not (d.proposed_by = 'policy'"
               " and d.approvals = 0 and d.status in ('proposed', 'applied') and exists (select 1 from chosen_otherwise as x"
               " where x.finding_id = d.finding_id and x.measure = d.measure))")  # fmt: skip
    wh.execute("create or replace view books_decision as from decision_kept")


def shown(told: Any) -> str:
    """The answer as an analyst reads it."""
    by_month: dict[tuple[str, str], list[int]] = {}
    by_promoter: dict[str, int] = {}
    for c in told.changes:
        by_month.setdefault((c.month, c.clause), []).append(c.change_fen)
        by_promoter[c.promoter_id] = by_promoter.get(c.promoter_id, 0) + c.change_fen
    months = [
        {"month": m, "clause": k, "promoters": len(v), "change": money.show(sum(v))}
        for (m, k), v in sorted(by_month.items())
    ]
    most = sorted(by_promoter.items(), key=lambda p: (-abs(p[1]), p[0]))[:10]
    return "\n".join([
        f"{told.promoters} promoters would have more or less; rebate of all {money.show(told.before_fen)} -> "
        f"{money.show(told.after_fen)} CNY; held money set free {money.show(told.freed_fen)} CNY; nothing was recorded",
        "\nby month and clause", table(months, limit=200),
        "\nmost changed", table([{"promoter_id": p, "change": money.show(c)} for p, c in most]),
    ])  # fmt: skip

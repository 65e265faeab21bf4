"""`python -m pipelines STAGE`: one stage of the run, as `dvc repro` calls it, reading `params.yaml`.

`plan` fixes the run's id in the work folder, the stages follow in order, `publish` makes the run visible.
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from data_contracts import strict_yaml
from data_contracts.errors import TongrenError, UsageError
from pipelines.progress import Steps, set_up
from pipelines.state import State


def main(stage: str) -> None:
    """Run one stage of the job that `params.yaml` describes. The state is held before anything heavy is imported."""
    params = strict_yaml.load(Path("params.yaml"))
    with State(Path(params["state"])).locked() as state:
        from pipelines import limits
        from pipelines.run import Order

        with limits.named(state.folder, Order.memory_limit):
            _work(stage, state, params)


def _work(stage: str, state: State, params: dict[str, Any]) -> None:
    from casebook import books as casebook_books
    from pipelines import publish
    from pipelines.run import Order, finish, lay_out, prepare, said_of, write_reports
    from pipelines.stages import STAGES, run_stage

    day = date.fromisoformat(str(params["as_of"]))
    order = Order(Path(params["sources"]), state, day, vault=bool(params.get("vault")))
    work = Path(params["work"])
    books = casebook_books.open_books(state.books)
    try:
        publish.recover(state, books)
        job, facts = prepare(order, books, work)
        steps = Steps(params["as_of"], [stage])
        with steps.step(stage) as rows:
            if stage in STAGES:
                rows.update(run_stage(stage, job))
            elif stage == "publish":
                whole = state.partial(job.run.run_id)
                shutil.copytree(work / "tables", whole / "tables")
                job = replace(job, work=whole)
                lay_out(job)
                rows["reports"] = write_reports(job, said_of(job, order, facts))
                finish(order, job, facts, steps)
            else:
                raise UsageError(f"no stage {stage}: one of {', '.join([*STAGES, 'publish'])}")
    finally:
        books.close()


if __name__ == "__main__":
    set_up("text")
    try:
        main(sys.argv[1] if len(sys.argv) > 1 else "")
    except TongrenError as fault:
        print(f"error: {fault}", file=sys.stderr)  # noqa: T201 - the one message of a command
        sys.exit(fault.exit_code)

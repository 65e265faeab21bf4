"""`make run`: simulate a programme and play it forward, one run per statement day."""

from __future__ import annotations

import logging
import shutil
from datetime import date
from pathlib import Path

import click

from data_contracts.dates import add_months
from pipelines import show
from pipelines.progress import set_up
from pipelines.run import Order, backfill
from pipelines.state import State
from rulebook import programme as rulebook_programme

log = logging.getLogger("tongren")


def statement_days(programme_file: Path, months: int) -> list[date]:
    """The statement day of each of the programme's first `months` months: a day of the month after."""
    programme = rulebook_programme.load(programme_file)
    first = min(d.effective_from for d in programme.documents if d.level == "detail")
    start = f"{first:%Y-%m}"
    days = []
    for n in range(1, months + 1):
        month = add_months(start, n)
        day = int(programme.parameter("statement_day", date.fromisoformat(f"{month}-01")))
        days.append(date.fromisoformat(f"{month}-{day:02d}"))
    return days


@click.command()
@click.option("--world", type=click.Path(path_type=Path), default=Path("world"))
@click.option("--state", type=click.Path(path_type=Path), default=Path("state"))
@click.option("--accounts", type=int, default=20_000)
@click.option("--promoters", type=int, default=300)
@click.option("--months", type=int, default=6)
@click.option("--seed", type=int, default=1)
def main(world: Path, state: Path, accounts: int, promoters: int, months: int, seed: int) -> None:
    """Simulate a programme into WORLD and run it month after month into STATE."""
    import simulator

    set_up("text")
    if not (world / "programme.yaml").exists():
        click.echo(f"simulating a referral programme of {accounts:,} accounts into {world}/ ...")
        click.echo(simulator.simulate(world, accounts, promoters, months, seed))
    shutil.rmtree(state / "dry-run", ignore_errors=True)
    days = statement_days(world / "programme.yaml", months)
    last = None
    for day in days:
        (last,) = backfill(Order(world, State(state), day), [day])
        click.echo(show.summary(last))
    if last is not None:
        click.echo(f"\nOpen {last.folder / 'reports' / 'index.html'} in a browser; then try:")
        click.echo(f"  .venv/bin/tongren decisions --state {state} --status proposed")
        click.echo(f"  .venv/bin/tongren verify --state {state}")


if __name__ == "__main__":
    main()

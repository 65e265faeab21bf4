"""`make run`: a simulated programme played forward, one run per statement day."""

from __future__ import annotations

import logging
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
@click.option("--months", type=int, default=6)
def main(world: Path, state: Path, months: int) -> None:
    """Run the simulated programme of WORLD month after month into STATE."""
    set_up("text")
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

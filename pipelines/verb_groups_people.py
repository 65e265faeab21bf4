"""Groups of verbs about people: what promoters appeal against. Options and examples only, the work is done elsewhere."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from pipelines.options import BOOKS, BY, DAY, REASON, STATE, example


@click.group(epilog=example("tongren appeals list"))
def appeals() -> None:
    """Appeals of promoters: which wait for an answer, a new one, an answer."""


@appeals.command("list", epilog=example("tongren appeals list --all"))
@click.option("--all", "every", is_flag=True, help="Those that were answered too.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@STATE
@BOOKS
def appeals_list(every: bool, form: str, state: Path, books_url: str | None) -> None:
    """The appeals that wait for somebody who did not decide, the most urgent first."""
    from pipelines import people

    click.echo(people.appeals(people.at(state, books_url), every, form))


@appeals.command("file", epilog=example(
    "tongren appeals file D0123456789abcdef --deadline 2026-05-10 --by li --reason 'says they are customers'"
))  # fmt: skip
@click.argument("decision_id")
@click.option(
    "--deadline", type=DAY, required=True, help="Until when it must be answered; its case escalates after that."
)
@click.option("--filed-by", metavar="WHO", help="Whom it came from. Default: the decision's promoter.")
@BY
@REASON
@STATE
@BOOKS
def appeals_file(
    decision_id: str, deadline: datetime, filed_by: str | None, by: str, reason: str, state: Path, books_url: str | None
) -> None:
    """Record an appeal against an applied decision. The last line is its id alone."""
    from pipelines import people

    click.echo(people.file_appeal(people.at(state, books_url), decision_id, filed_by, deadline, by=by, reason=reason))


@appeals.command(
    "answer", epilog=example("tongren appeals answer A0123456789abcdef upheld --by zhao --reason 'no papers'")
)
@click.argument("appeal_id")
@click.argument("outcome", type=click.Choice(["upheld", "granted"]))
@BY
@REASON
@STATE
@BOOKS
def appeals_answer(appeal_id: str, outcome: str, by: str, reason: str, state: Path, books_url: str | None) -> None:
    """Uphold the decision, or grant the appeal and overturn it; by somebody who took no part in it."""
    from pipelines import people

    click.echo(people.answer_appeal(people.at(state, books_url), appeal_id, outcome, by=by, reason=reason))


PEOPLE = (appeals,)

"""The command line: what promoters appeal against, and who has access."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from pipelines.options import BOOKS, BY, DAY, REASON, STATE, example

ROLE = click.option(
    "--role", "roles", multiple=True, required=True,
    help="viewer, analyst, approver, compliance, finance, rules_admin, system_admin or auditor (repeatable).",
)  # fmt: skip
CONSOLE = click.option("--console", "address", default="http://127.0.0.1:8765", show_default=True, metavar="URL",
                       help="Where the console is reached; stands in the link.")  # fmt: skip


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


@click.group(epilog=example("tongren users list"))
def users() -> None:
    """People with access to the console: names, roles, one-time links. Nobody changes the own access."""


@users.command("list", epilog=example("tongren users list"))
@STATE
@BOOKS
def users_list(state: Path, books_url: str | None) -> None:
    """Everybody with access, with roles."""
    from pipelines import people

    click.echo(people.list_users(people.at(state, books_url)))


@users.command("add", epilog=example("tongren users add zhao --role approver --by admin"))
@click.argument("name")
@ROLE
@CONSOLE
@BY
@STATE
@BOOKS
def users_add(name: str, roles: tuple[str, ...], address: str, by: str, state: Path, books_url: str | None) -> None:
    """Add a person; prints the one-time link with which the person sets a password."""
    from pipelines import people

    click.echo(people.link_user(people.at(state, books_url), name, address, by=by, roles=roles))


@users.command("link", epilog=example("tongren users link zhao --by admin"))
@click.argument("name")
@CONSOLE
@BY
@STATE
@BOOKS
def users_link(name: str, address: str, by: str, state: Path, books_url: str | None) -> None:
    """A new one-time link for somebody who lost the password or the link; an earlier link ends with it."""
    from pipelines import people

    click.echo(people.link_user(people.at(state, books_url), name, address, by=by))


@users.command("roles", epilog=example("tongren users roles zhao --role approver --role analyst --by admin"))
@click.argument("name")
@ROLE
@BY
@STATE
@BOOKS
def users_roles(name: str, roles: tuple[str, ...], by: str, state: Path, books_url: str | None) -> None:
    """Give somebody these roles and no others; open sessions end."""
    from pipelines import people

    click.echo(people.alter_user(people.at(state, books_url), name, by=by, roles=roles))


@users.command("disable", epilog=example("tongren users disable zhao --by admin"))
@click.argument("name")
@BY
@STATE
@BOOKS
def users_disable(name: str, by: str, state: Path, books_url: str | None) -> None:
    """Keep somebody out; open sessions end."""
    from pipelines import people

    click.echo(people.alter_user(people.at(state, books_url), name, by=by, enabled=False))


@users.command("enable", epilog=example("tongren users enable zhao --by admin"))
@click.argument("name")
@BY
@STATE
@BOOKS
def users_enable(name: str, by: str, state: Path, books_url: str | None) -> None:
    """Let somebody in again."""
    from pipelines import people

    click.echo(people.alter_user(people.at(state, books_url), name, by=by, enabled=True))


VERBS = (appeals, users)

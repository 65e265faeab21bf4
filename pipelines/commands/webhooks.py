"""The command line: other systems that are told."""

from __future__ import annotations

from pathlib import Path

import click

from pipelines.options import BOOKS, BY, REASON, STATE, example


@click.group(epilog=example("tongren webhooks list"))
def webhooks() -> None:
    """Other systems that are told of new cases, applied decisions and instructions."""


@webhooks.command("add", epilog=example("tongren webhooks add https://hooks.example/in --by li --reason 'fraud desk'"))
@click.argument("address")
@click.option("--kind", "kinds", multiple=True, help="case.opened, decision.applied, instruction; all by default.")
@click.option("--least", default="0", show_default=True, help="Least priority of a new case, in CNY.")
@BY
@REASON
@STATE
@BOOKS
def webhooks_add(
    address: str, kinds: tuple[str, ...], least: str, by: str, reason: str, state: Path, books_url: str | None
) -> None:
    """Tell an address of what happens from now on; prints the secret of its signatures once, and the target's id."""
    from pipelines import people, verbs_webhooks

    click.echo(verbs_webhooks.add(people.at(state, books_url), address, kinds, least, by=by, reason=reason))


@webhooks.command("rotate", epilog=example("tongren webhooks rotate W0123456789abcdef --by li --reason 'yearly'"))
@click.argument("target_id")
@BY
@REASON
@STATE
@BOOKS
def webhooks_rotate(target_id: str, by: str, reason: str, state: Path, books_url: str | None) -> None:
    """Give a target another secret; prints it once. What is sent from now on is signed with it."""
    from pipelines import people, verbs_webhooks

    click.echo(verbs_webhooks.rotate(people.at(state, books_url), target_id, by=by, reason=reason))


@webhooks.command("end", epilog=example("tongren webhooks end W0123456789abcdef --by li --reason 'desk closed'"))
@click.argument("target_id")
@BY
@REASON
@STATE
@BOOKS
def webhooks_end(target_id: str, by: str, reason: str, state: Path, books_url: str | None) -> None:
    """Tell a target nothing more."""
    from pipelines import people, verbs_webhooks

    click.echo(verbs_webhooks.end(people.at(state, books_url), target_id, by=by, reason=reason))


@webhooks.command("test", epilog=example("tongren webhooks test W0123456789abcdef --by li"))
@click.argument("target_id")
@BY
@STATE
@BOOKS
def webhooks_test(target_id: str, by: str, state: Path, books_url: str | None) -> None:
    """Send a target one signed message of kind `test`; says what it answered, and leaves with code 1 when it refused."""
    from pipelines import people, verbs_webhooks

    click.echo(verbs_webhooks.test(people.at(state, books_url), target_id, by=by))


@webhooks.command("list", epilog=example("tongren webhooks list"))
@STATE
@BOOKS
def webhooks_list(state: Path, books_url: str | None) -> None:
    """Who is told of what."""
    from pipelines import people, verbs_webhooks

    click.echo(verbs_webhooks.listing(people.at(state, books_url)))


@webhooks.command("deliver", epilog=example("tongren webhooks deliver"))
@STATE
@BOOKS
def webhooks_deliver(state: Path, books_url: str | None) -> None:
    """One round of deliveries: whatever a target still lacks."""
    from pipelines import people, verbs_webhooks

    click.echo(verbs_webhooks.deliver(people.at(state, books_url)))


VERBS = (webhooks,)

"""Groups of verbs of the command line: the register of shared identifiers, deliveries, the key, the vault, webhooks, legal holds.

The work is done elsewhere and imported inside the verb, as in `cli.py`.
"""

from __future__ import annotations

from pathlib import Path

import click

from pipelines.options import BOOKS, BY, FOLDER, REASON, STATE, example


@click.group(epilog=example("tongren shared list"))
def shared() -> None:
    """The register of known shared infrastructure: campuses, company networks, test accounts."""


@shared.command(
    "add", epilog=example("tongren shared add ip --token v1:... --label 'north campus' --by li --reason 'called'")
)
@click.argument("kind")
@click.option("--token", help="Without it the raw value is read from standard input.")
@click.option("--label", required=True)
@BY
@REASON
@STATE
@BOOKS
def shared_add(
    kind: str, token: str | None, label: str, by: str, reason: str, state: Path, books_url: str | None
) -> None:
    """Register an identifier: from the next run on it links nobody."""
    from pipelines import people

    click.echo(people.add_shared(people.at(state, books_url), kind, token, label, by=by, reason=reason))


@shared.command("end", epilog=example("tongren shared end S0123456789abcdef --by li --reason 'network closed'"))
@click.argument("shared_id")
@BY
@REASON
@STATE
@BOOKS
def shared_end(shared_id: str, by: str, reason: str, state: Path, books_url: str | None) -> None:
    """End an entry of the register."""
    from pipelines import people

    click.echo(people.end_shared(people.at(state, books_url), shared_id, by=by, reason=reason))


@shared.command("list", epilog=example("tongren shared list"))
@STATE
@BOOKS
def shared_list(state: Path, books_url: str | None) -> None:
    """List the register."""
    from pipelines import people

    click.echo(people.list_shared(people.at(state, books_url)))


@click.group(epilog=example("tongren feeds alarms"))
def feeds() -> None:
    """Deliveries that were unusual: what about them, and who accepted them."""


@feeds.command(
    "accept", epilog=example("tongren feeds accept 2026-04-20-0123456789ab --by li --reason 'a new shop, asked sales'")
)
@click.argument("run_id", required=False)
@BY
@REASON
@STATE
@BOOKS
def feeds_accept(run_id: str | None, by: str, reason: str, state: Path, books_url: str | None) -> None:
    """Accept the delivery of a run (default: the newest): the next run over it issues what is due."""
    from pipelines import acceptance

    click.echo(acceptance.accept(state, books_url, run_id, by=by, reason=reason))


@feeds.command("alarms", epilog=example("tongren feeds alarms"))
@STATE
@BOOKS
def feeds_alarms(state: Path, books_url: str | None) -> None:
    """List the alarms of the published runs."""
    from pipelines import acceptance

    click.echo(acceptance.listing(state, books_url))


@click.group(epilog=example("tongren keys rotate --by li --reason 'once a year'"))
def keys() -> None:
    """The token key."""


@keys.command("rotate", epilog=example("tongren keys rotate --by li --reason 'once a year' --sources world"))
@BY
@REASON
@click.option("--sources", type=FOLDER, help="Where registered identifiers are found again when there is no vault.")
@STATE
@BOOKS
def keys_rotate(by: str, reason: str, sources: Path | None, state: Path, books_url: str | None) -> None:
    """A new token key: vault and register move under it, the next run re-tokens the feeds. Nothing else changes."""
    from pipelines import verbs_keys

    click.echo(verbs_keys.rotate(state, books_url, sources, by=by, reason=reason))


@click.group(epilog=example("tongren vault reveal v1:... --case K01 --by li --reason 'compare papers'"))
def vault() -> None:
    """The vault: turn a token back, see a quarantined row, erase a person."""


@vault.command("reveal", epilog=example("tongren vault reveal v1:... --case K01 --by li --reason 'compare papers'"))
@click.argument("token")
@click.option("--case", "case_id", required=True, metavar="ID", help="The case that it is needed for.")
@BY
@REASON
@STATE
@BOOKS
def vault_reveal(token: str, case_id: str, by: str, reason: str, state: Path, books_url: str | None) -> None:
    """Print the raw value behind a token. The sight is in the audit chain before the value is shown."""
    from pipelines import verbs_keys

    click.echo(verbs_keys.reveal(state, books_url, token, case_id, by=by, reason=reason))


@vault.command("row", epilog=example("tongren vault row orders.csv 17 --by li --reason 'what the producer sent'"))
@click.argument("file")
@click.argument("row_number", type=click.IntRange(1))
@click.option("--run", "run_id", metavar="RUN_ID", help="Whose quarantine; the newest by default.")
@BY
@REASON
@STATE
@BOOKS
def vault_row(
    file: str, row_number: int, run_id: str | None, by: str, reason: str, state: Path, books_url: str | None
) -> None:
    """Print a quarantined row as it came. The sight is in the audit chain before the row is shown."""
    from pipelines import verbs_keys

    click.echo(verbs_keys.row(state, books_url, file, row_number, run_id, by=by, reason=reason))


@vault.command("erase", epilog=example("tongren vault erase A000012 --by li --reason 'asked for by letter'"))
@click.argument("subject")
@BY
@REASON
@STATE
@BOOKS
def vault_erase(subject: str, by: str, reason: str, state: Path, books_url: str | None) -> None:
    """Destroy an account's key: its raw values can never be read again nor stored anew."""
    from pipelines import verbs_keys

    click.echo(verbs_keys.erase(state, books_url, subject, by=by, reason=reason))


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


@click.group("legal-hold", epilog=example("tongren legal-hold list"))
def legal_hold() -> None:
    """What must not be pruned or erased, whatever its age."""


@legal_hold.command("place", epilog=example("tongren legal-hold place A000012 --by li --reason 'court file 12/2026'"))
@click.argument("subject", metavar="ACCOUNT|RUN_ID|all")
@BY
@REASON
@STATE
@BOOKS
def hold_place(subject: str, by: str, reason: str, state: Path, books_url: str | None) -> None:
    """Hold a run, an account or everything: `prune` and `vault erase` leave it alone until it is lifted."""
    from pipelines import legal_hold

    click.echo(legal_hold.place(state, books_url, subject, by=by, reason=reason))


@legal_hold.command("lift", epilog=example("tongren legal-hold lift A000012 --by li --reason 'file closed'"))
@click.argument("subject", metavar="ACCOUNT|RUN_ID|all")
@BY
@REASON
@STATE
@BOOKS
def hold_lift(subject: str, by: str, reason: str, state: Path, books_url: str | None) -> None:
    """End a hold."""
    from pipelines import legal_hold

    click.echo(legal_hold.lift(state, books_url, subject, by=by, reason=reason))


@legal_hold.command("list", epilog=example("tongren legal-hold list"))
@STATE
@BOOKS
def hold_list(state: Path, books_url: str | None) -> None:
    """The holds that stand: on what, by whom, why, since when."""
    from pipelines import legal_hold

    click.echo(legal_hold.listing(state, books_url))


GROUPS = (shared, feeds, keys, vault, webhooks, legal_hold)

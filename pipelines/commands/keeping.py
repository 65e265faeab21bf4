"""The command line: backups, what is kept and for how long, the key and the vault."""

from __future__ import annotations

from pathlib import Path

import click

from pipelines.options import BOOKS, BY, FILE, FOLDER, REASON, STATE, example


@click.command(epilog=example("tongren backup --to /backups/books-2026-06-20.db"))
@click.option("--to", "copy", type=click.Path(path_type=Path, dir_okay=False), required=True)
@STATE
@BOOKS
def backup(copy: Path, state: Path, books_url: str | None) -> None:
    """Copy the books while they are in use, and verify the copy: one file, from books on a server too."""
    from casebook import backup as casebook_backup

    taken = (
        casebook_backup.take_from_server(books_url, copy)
        if books_url
        else casebook_backup.take(state / "books.db", copy)
    )
    click.echo(taken)


@click.command(epilog=example("tongren restore --from /backups/books-2026-06-20.db"))
@click.option("--from", "copy", type=FILE, required=True)
@click.option("--older", is_flag=True, help="Take a copy that does not reach the newest checkpoint: entries are lost.")
@STATE
@BOOKS
def restore(copy: Path, older: bool, state: Path, books_url: str | None) -> None:
    """Put a verified copy of the books back; what was there is kept beside it. On a server: into an empty database."""
    from casebook import backup as casebook_backup
    from pipelines.state import State

    checkpoints = None if older else State(state).checkpoints
    with State(state).locked():
        if books_url:
            click.echo(casebook_backup.restore_to_server(copy, books_url, checkpoints))
        else:
            click.echo(casebook_backup.restore(copy, state / "books.db", checkpoints))


@click.command(epilog=example("tongren prune --keep 12"))
@click.option("--keep", type=click.IntRange(1), required=True, help="How many of the newest runs stay.")
@click.option("--keep-days", type=click.IntRange(0), default=0, help="Runs of so many days before the newest stay too.")
@click.option("--case-days", type=click.IntRange(0), help="How long a closed case keeps its runs; for ever by default.")
@STATE
@BOOKS
def prune(keep: int, keep_days: int, case_days: int | None, state: Path, books_url: str | None) -> None:
    """Remove old run folders, never one that an issued statement, a case or a legal hold rests on."""
    from pipelines import housekeeping

    click.echo(housekeeping.prune(state, books_url, keep, keep_days, case_days))


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


VERBS = (backup, restore, prune, legal_hold, keys, vault)

"""The command line: what a published run says of accounts, groups, promoters and money."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pipelines.options import BOOKS, FILE, FOLDER, FORM, PROCESSES, STATE, example


@click.command(epilog=example("tongren explain A000012 A000345"))
@click.argument("a")
@click.argument("b")
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@STATE
def explain(a: str, b: str, lang: str, form: str, state: Path) -> None:
    """Why two accounts are one user, or are not: a waterfall in bits."""
    from pipelines import show

    click.echo(show.explain(state, a, b, lang, form))


@click.command(epilog=example("tongren group G0123456789abcdef"))
@click.argument("group_id")
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@STATE
def group(group_id: str, lang: str, form: str, state: Path) -> None:
    """A same-user group: members, what holds it together, its weakest link."""
    from pipelines import show

    click.echo(show.group(state, group_id, lang, form))


@click.command(epilog=example("tongren promoter A000012"))
@click.argument("promoter_id")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@STATE
def promoter(promoter_id: str, form: str, state: Path) -> None:
    """Everything about one promoter: standing, relations, findings, decisions, money."""
    from pipelines import show

    click.echo(show.promoter(state, promoter_id, form))


@click.command(epilog=example("tongren statement A000012 2026-02 --format xlsx --out exports"))
@click.argument("promoter_id")
@click.argument("month")
@click.option("--format", "form", type=click.Choice(["text", "html", "csv", "json", "xlsx"]), default="text")
@click.option("--out", type=FOLDER, help="Write a file there and print its path.")
@STATE
def statement(promoter_id: str, month: str, form: str, out: Path | None, state: Path) -> None:
    """One promoter's statement of one month, line by line."""
    from pipelines import show

    show.statement(state, promoter_id, month, form, out)


@click.command(epilog=example("tongren report A000012 --format pdf --edition promoter --lang zh --out exports"))
@click.argument("promoter_id", required=False)
@click.option(
    "--all", "everybody", is_flag=True, help="Every promoter with a decision or an open finding, and an index."
)
@click.option("--format", "forms", type=FORM, multiple=True, help="Repeatable. Default: html.")
@click.option("--edition", type=click.Choice(["internal", "promoter"]), default="internal")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh")
@click.option("--out", type=FOLDER, help="Default: STATE/reports.")
@PROCESSES
@STATE
@BOOKS
def report(
    promoter_id: str | None, everybody: bool, state: Path, books_url: str | None, out: Path | None, **what: Any
) -> None:  # fmt: skip
    """The evidence report of one promoter, or of all; prints the paths of the files, of all the index."""
    from data_contracts.errors import UsageError
    from pipelines import show

    if (promoter_id is None) != everybody:
        raise UsageError("give one promoter's id, or --all")
    for path in show.report(state, books_url, promoter_id, out or state / "reports", **what):
        click.echo(path)


@click.command(epilog=example("tongren export --out audit-2026-03 --format html --format pdf"))
@click.option("--out", type=FOLDER, required=True, help="The folder to make.")
@click.option("--format", "forms", type=FORM, multiple=True, help="Repeatable. Default: all four.")
@PROCESSES
@STATE
@BOOKS
def export(out: Path, forms: tuple[str, ...], processes: int, state: Path, books_url: str | None) -> None:
    """A folder for an auditor: reports, statements, decisions, audit chain, verifier, sums; readable without Tongren."""
    from pipelines import show

    click.echo(show.export(state, books_url, out, forms, processes))


@click.command(epilog=example("tongren finance --out exports"))
@click.option("--out", type=FOLDER, required=True, help="Where the files are written.")
@STATE
@BOOKS
def finance(out: Path, state: Path, books_url: str | None) -> None:
    """Payment instructions per payer and due date, reconciliation of payouts, a trial balance."""
    from pipelines import show

    click.echo(show.finance(state, books_url, out))


@click.command(epilog=example("tongren whatif --without D0123456789abcdef"))
@click.option("--programme", type=FILE, help="Another programme.")
@click.option("--policy", type=FILE, help="Another policy: its own decisions on the same findings; people's stay.")
@click.option("--without", multiple=True, metavar="DECISION", help="Leave a decision out (repeatable).")
@STATE
def whatif(programme: Path | None, policy: Path | None, without: tuple[str, ...], state: Path) -> None:
    """Which promoters and how much money would change; nothing is recorded."""
    from pipelines import whatif as question

    click.echo(question.answer(state, programme, policy, without))


VERBS = (explain, group, promoter, statement, report, export, finance, whatif)

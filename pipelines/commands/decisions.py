"""The command line: what people decide, on findings, on pairs of accounts and on shared identifiers, and how well it goes."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from pipelines.options import BOOKS, BY, INSTANT, REASON, STATE, example


@click.command(epilog=example(
    "tongren propose --measure hold_payout --subject-kind promoter --subject-id A1 --clause '3.5(2)' --by li --reason 'see case'"
))  # fmt: skip
@click.option("--measure", required=True)
@click.option(
    "--finding",
    metavar="ID",
    help="What it rests on; gives subject and clause, and voids it when its evidence changes.",
)
@click.option("--subject-kind", help="Whom it is about; the finding's by default.")
@click.option("--subject-id")
@click.option("--clause", help="Under which clause; the finding's by default.")
@BY
@REASON
@click.option("--effective-from", type=INSTANT, help="Default: the end of the last published as-of day.")
@click.option("--effective-to", type=INSTANT)
@click.option("--month", metavar="YYYY-MM")
@click.option("--amount", help="In CNY; information only.")
@click.option("--promoter", help="Limits a decision on a group to one promoter.")
@click.option("--functions", help="Which functions are suspended; payout among them holds what is payable.")
@STATE
@BOOKS
def propose(state: Path, books_url: str | None, **given: Any) -> None:
    """Propose a measure. The last line is the decision id alone."""
    from pipelines import people

    click.echo(people.propose(people.at(state, books_url), **given))


@click.command(epilog=example("tongren decide D0123456789abcdef approve --by wang --reason 'evidence checked'"))
@click.argument("decision_id")
@click.argument("action", type=click.Choice(["approve", "reject", "overturn", "release"]))
@BY
@REASON
@STATE
@BOOKS
def decide(decision_id: str, action: str, by: str, reason: str, state: Path, books_url: str | None) -> None:
    """Approve, reject, overturn or release a decision. The next run applies what is approved."""
    from pipelines import people

    click.echo(people.decide(people.at(state, books_url), decision_id, action, by=by, reason=reason))


@click.command(epilog=example("tongren decisions --status proposed"))
@click.option("--status", type=click.Choice(["proposed", "approved", "rejected", "applied", "overturned"]))
@click.option("--format", "form", type=click.Choice(["text", "json", "csv"]), default="text")
@STATE
@BOOKS
def decisions(status: str | None, form: str, state: Path, books_url: str | None) -> None:
    """List the decisions as the books have them now."""
    from pipelines import people

    click.echo(people.decisions(people.at(state, books_url), status, form))


@click.command(epilog=example("tongren verdict F0123456789abcdef confirmed --by li --reason 'same papers'"))
@click.argument("finding_id")
@click.argument("verdict", type=click.Choice(["confirmed", "false_alarm", "unclear"]))
@BY
@REASON
@STATE
@BOOKS
def verdict(finding_id: str, verdict: str, by: str, reason: str, state: Path, books_url: str | None) -> None:
    """Say whether a finding was right; detectors are judged by it."""
    from pipelines import people

    click.echo(people.verdict(people.at(state, books_url), finding_id, verdict, by=by, reason=reason))


END = click.option("--end", is_flag=True, help="End the one that stands, instead.")


def _word(
    kind: str,
    a: str,
    b: str,
    by: str,
    reason: str,
    until: datetime | None,
    *,
    end: bool,
    state: Path,
    books_url: str | None,
) -> None:
    """An analyst's word on two accounts, or the end of the one that stands."""
    from pipelines import people

    place = people.at(state, books_url)
    if end:
        click.echo(people.end_override(place, a, b, kind, by=by, reason=reason))
    else:
        click.echo(people.override(place, a, b, kind, by=by, reason=reason, until=until))


@click.command(epilog=example("tongren link A000012 A000345 --by li --reason 'same hand-written form'"))
@click.argument("a")
@click.argument("b")
@BY
@REASON
@click.option("--until", type=INSTANT, help="When it expires; never by default.")
@END
@STATE
@BOOKS
def link(
    a: str, b: str, by: str, reason: str, until: datetime | None, end: bool, state: Path, books_url: str | None
) -> None:
    """Say that two accounts are one user (must-link)."""
    _word("must_link", a, b, by, reason, until, end=end, state=state, books_url=books_url)


@click.command(epilog=example("tongren unlink A000012 A000345 --by li --reason 'father and son'"))
@click.argument("a")
@click.argument("b")
@BY
@REASON
@click.option("--until", type=INSTANT, help="When it expires; never by default.")
@END
@STATE
@BOOKS
def unlink(
    a: str, b: str, by: str, reason: str, until: datetime | None, end: bool, state: Path, books_url: str | None
) -> None:
    """Say that two accounts are not one user (cannot-link; it wins over everything)."""
    _word("cannot_link", a, b, by, reason, until, end=end, state=state, books_url=books_url)


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


@click.command(epilog=example("tongren metrics --format json"))
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@STATE
@BOOKS
def metrics(form: str, state: Path, books_url: str | None) -> None:
    """How well the work goes: precision by detector, time to a decision, holds, appeals."""
    from pipelines import people, verbs_webhooks

    click.echo(verbs_webhooks.figures(people.at(state, books_url), form))


VERBS = (propose, decide, decisions, verdict, link, unlink, shared, metrics)

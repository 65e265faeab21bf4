"""The command line: verbs, their options and an example; groups of verbs are in `verb_groups.py`. The work is done elsewhere
and imported inside the verb, so that `tongren --help` answers at once."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import click

from pipelines.options import BOOKS, BY, DAY, FILE, FOLDER, FORM, INSTANT, PROCESSES, REASON, STATE, example
from pipelines.verb_groups import GROUPS
from pipelines.verb_groups_people import PEOPLE


class Verbs(click.Group):
    """A group whose commands end with the exit codes of the contract: 1 fault, 2 usage, 3 input refused, 4 busy."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb; a TongrenError becomes one message on standard error and its exit code."""
        from data_contracts.errors import TongrenError

        try:
            return super().invoke(ctx)
        except TongrenError as fault:
            if ctx.params.get("log_format") == "json":
                import json

                click.echo(json.dumps({"level": "error", "message": str(fault), **fault.facts}, default=str), err=True)
            else:
                click.secho(f"error: {fault}", err=True, fg="red")
            ctx.exit(fault.exit_code)


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option(
    "--log-format", type=click.Choice(["text", "json"]), default="text", help="Log lines for people or machines."
)
@click.option("--verbose", is_flag=True, help="One log line per table too.")
@click.version_option(package_name="tongren")
def cli(log_format: str, verbose: bool) -> None:
    """Tongren finds people who cheat a referral programme, proves it, and puts the money right."""
    from pipelines.progress import set_up

    set_up(log_format, verbose=verbose)


@cli.command(epilog=example("tongren simulate --out world --accounts 20000 --promoters 300 --months 6 --seed 1"))
@click.option("--out", type=FOLDER, required=True, help="Where the source folder is written.")
@click.option("--accounts", type=click.IntRange(200), default=20_000, show_default=True)
@click.option("--promoters", type=click.IntRange(5), default=300, show_default=True)
@click.option("--months", type=click.IntRange(1, 36), default=6, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--honest", is_flag=True, help="A world without cheats.")
@click.option("--dirt", type=float, default=0.0, help="Share of rows with a planted fault.")
def simulate(out: Path, accounts: int, promoters: int, months: int, seed: int, honest: bool, dirt: float) -> None:
    """Write the source folder of a simulated referral programme, with the truth beside it."""
    import simulator

    told = simulator.simulate(out, accounts, promoters, months, seed, honest=honest, dirt=dirt)
    click.echo(told)


@cli.command(epilog=example("tongren run --sources world --state state --as-of 2026-03-20"))
@click.option("--sources", type=FOLDER, required=True, help="The source folder with the feeds.")
@STATE
@click.option(
    "--as-of",
    "as_of",
    type=DAY,
    multiple=True,
    help="The day whose end is known (repeatable). Default: today in Shanghai.",
)
@click.option("--programme", type=FILE, help="Default: programme.yaml in the source folder.")
@click.option("--policy", type=FILE, help="Default: policy.yaml in the source folder, else the one that ships.")
@click.option(
    "--allow-read", type=FOLDER, multiple=True, help="A folder that source queries may read besides their own."
)
@click.option("--memory-limit", default="2GB", show_default=True)
@click.option("--threads", type=click.IntRange(1), default=2, show_default=True)
@click.option("--require-manifest", is_flag=True, help="Refuse a delivery without MANIFEST.json.")
@click.option("--vault", is_flag=True, help="Keep raw values, sealed, in STATE/vault.db from now on.")
@click.option("--dry-run", is_flag=True, help="Everything but books and publishing; results in STATE/dry-run.")
@BOOKS
def run(sources: Path, state: Path, as_of: tuple[datetime, ...], books_url: str | None, **more: Any) -> None:
    """The main job: feeds to groups, bursts, decisions, statements and evidence."""
    from zoneinfo import ZoneInfo

    from pipelines.state import State

    days = [d.date() for d in as_of] or [datetime.now(ZoneInfo("Asia/Shanghai")).date()]
    with State(
        state, books_url
    ).locked() as held:  # before the imports that take seconds: who comes second leaves at once
        from pipelines import show
        from pipelines.run import Order, backfill

        order = Order(sources, held, days[0], **{**more, "allow_read": tuple(more["allow_read"])})
        for outcome in backfill(order, days):
            click.echo(show.summary(outcome))


@cli.command(epilog=example(
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


@cli.command(epilog=example("tongren decide D0123456789abcdef approve --by wang --reason 'evidence checked'"))
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


@cli.command(epilog=example("tongren decisions --status proposed"))
@click.option("--status", type=click.Choice(["proposed", "approved", "rejected", "applied", "overturned"]))
@click.option("--format", "form", type=click.Choice(["text", "json", "csv"]), default="text")
@STATE
@BOOKS
def decisions(status: str | None, form: str, state: Path, books_url: str | None) -> None:
    """List the decisions as the books have them now."""
    from pipelines import people

    click.echo(people.decisions(people.at(state, books_url), status, form))


@cli.command(epilog=example("tongren verdict F0123456789abcdef confirmed --by li --reason 'same papers'"))
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


@cli.command(epilog=example("tongren train --state state"))
@STATE
def train(state: Path) -> None:
    """Fit and register candidate models on the newest published run."""
    from pipelines import modelling

    click.echo(modelling.train(state))


@cli.command(epilog=example("tongren models --state state --shadow same_user"))
@click.option("--shadow", metavar="NAME", help="Say what the candidate of that name would change; nothing goes live.")
@click.option("--promote", metavar="NAME", help="Say the same, and make it live in the same call.")
@STATE
def models(shadow: str | None, promote: str | None, state: Path) -> None:
    """List and compare models; make one live."""
    from pipelines import modelling

    if shadow and promote:
        raise click.UsageError("--shadow looks and --promote makes live: give one of them.")
    told = modelling.shadow(state, shadow) if shadow else modelling.promote(state, promote) if promote else None
    click.echo(told or modelling.listing(state))


@cli.command(epilog=example("tongren explain A000012 A000345"))
@click.argument("a")
@click.argument("b")
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@STATE
def explain(a: str, b: str, lang: str, form: str, state: Path) -> None:
    """Why two accounts are one user, or are not: a waterfall in bits."""
    from pipelines import show

    click.echo(show.explain(state, a, b, lang, form))


@cli.command(epilog=example("tongren group G0123456789abcdef"))
@click.argument("group_id")
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@STATE
def group(group_id: str, lang: str, form: str, state: Path) -> None:
    """A same-user group: members, what holds it together, its weakest link."""
    from pipelines import show

    click.echo(show.group(state, group_id, lang, form))


@cli.command(epilog=example("tongren promoter A000012"))
@click.argument("promoter_id")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@STATE
def promoter(promoter_id: str, form: str, state: Path) -> None:
    """Everything about one promoter: standing, relations, findings, decisions, money."""
    from pipelines import show

    click.echo(show.promoter(state, promoter_id, form))


@cli.command(epilog=example("tongren statement A000012 2026-02 --format xlsx --out exports"))
@click.argument("promoter_id")
@click.argument("month")
@click.option("--format", "form", type=click.Choice(["text", "html", "csv", "json", "xlsx"]), default="text")
@click.option("--out", type=FOLDER, help="Write a file there and print its path.")
@STATE
def statement(promoter_id: str, month: str, form: str, out: Path | None, state: Path) -> None:
    """One promoter's statement of one month, line by line."""
    from pipelines import show

    show.statement(state, promoter_id, month, form, out)


@cli.command(epilog=example("tongren report A000012 --format pdf --edition promoter --lang zh --out exports"))
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


@cli.command(epilog=example("tongren export --out audit-2026-03 --format html --format pdf"))
@click.option("--out", type=FOLDER, required=True, help="The folder to make.")
@click.option("--format", "forms", type=FORM, multiple=True, help="Repeatable. Default: all four.")
@PROCESSES
@STATE
@BOOKS
def export(out: Path, forms: tuple[str, ...], processes: int, state: Path, books_url: str | None) -> None:
    """A folder for an auditor: reports, statements, decisions, audit chain, verifier, sums; readable without Tongren."""
    from pipelines import show

    click.echo(show.export(state, books_url, out, forms, processes))


@cli.command(epilog=example("tongren verify"))
@click.argument("what", required=False)
@STATE
@BOOKS
def verify(what: str | None, state: Path, books_url: str | None) -> None:
    """Check a run (default: the newest) or a report: hashes, ledger invariants, audit chain."""
    from pipelines import verify as check

    click.echo(check.verify(state, books_url, what))


@cli.command(epilog=example("tongren console --port 8765"))
@click.option("--port", type=click.IntRange(1, 65535), default=8765, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="Anything but loopback belongs behind HTTPS.")
@click.option("--https", is_flag=True, help="HTTPS stands in front: cookies are Secure and __Host-.")
@STATE
@BOOKS
def console(port: int, host: str, https: bool, state: Path, books_url: str | None) -> None:
    """The analysts' web console; the first start prints a one-time link for the first administrator."""
    from console.serve import serve

    serve(state, books_url, port, host=host, secure=https, say=click.echo)


@cli.command(epilog=example("tongren runs"))
@STATE
def runs(state: Path) -> None:
    """The published runs, newest last."""
    from pipelines import show

    click.echo(show.runs(state))


@cli.command(epilog=example("tongren link A000012 A000345 --by li --reason 'same hand-written form'"))
@click.argument("a")
@click.argument("b")
@BY
@REASON
@click.option("--until", type=INSTANT, help="When it expires; never by default.")
@STATE
@BOOKS
def link(a: str, b: str, by: str, reason: str, until: datetime | None, state: Path, books_url: str | None) -> None:
    """Say that two accounts are one user (must-link)."""
    from pipelines import people

    click.echo(people.override(people.at(state, books_url), a, b, "must_link", by=by, reason=reason, until=until))


@cli.command(epilog=example("tongren unlink A000012 A000345 --by li --reason 'father and son'"))
@click.argument("a")
@click.argument("b")
@BY
@REASON
@click.option("--until", type=INSTANT, help="When it expires; never by default.")
@STATE
@BOOKS
def unlink(a: str, b: str, by: str, reason: str, until: datetime | None, state: Path, books_url: str | None) -> None:
    """Say that two accounts are not one user (cannot-link; it wins over everything)."""
    from pipelines import people

    click.echo(people.override(people.at(state, books_url), a, b, "cannot_link", by=by, reason=reason, until=until))


@cli.command(epilog=example("tongren whatif --without D0123456789abcdef"))
@click.option("--programme", type=FILE, help="Another programme.")
@click.option("--policy", type=FILE, help="Another policy: its own decisions on the same findings; people's stay.")
@click.option("--without", multiple=True, metavar="DECISION", help="Leave a decision out (repeatable).")
@STATE
def whatif(programme: Path | None, policy: Path | None, without: tuple[str, ...], state: Path) -> None:
    """Which promoters and how much money would change; nothing is recorded."""
    from pipelines import whatif as question

    click.echo(question.answer(state, programme, policy, without))


@cli.command(epilog=example("tongren finance --out exports"))
@click.option("--out", type=FOLDER, required=True, help="Where the files are written.")
@STATE
def finance(out: Path, state: Path) -> None:
    """Payment instructions per payer and due date, reconciliation of payouts, a trial balance."""
    from pipelines import show

    click.echo(show.finance(state, out))


@cli.command(epilog=example("tongren backup --to /backups/books-2026-06-20.db"))
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


@cli.command(epilog=example("tongren restore --from /backups/books-2026-06-20.db"))
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


@cli.command(epilog=example("tongren metrics --format json"))
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@STATE
@BOOKS
def metrics(form: str, state: Path, books_url: str | None) -> None:
    """How well the work goes: precision by detector, time to a decision, holds, appeals."""
    from pipelines import people, verbs_webhooks

    click.echo(verbs_webhooks.figures(people.at(state, books_url), form))


@cli.command(epilog=example("tongren prune --keep 12"))
@click.option("--keep", type=click.IntRange(1), required=True, help="How many of the newest runs stay.")
@click.option("--keep-days", type=click.IntRange(0), default=0, help="Runs of so many days before the newest stay too.")
@STATE
@BOOKS
def prune(keep: int, keep_days: int, state: Path, books_url: str | None) -> None:
    """Remove old run folders, never one that an issued statement, an open case or a legal hold rests on."""
    from pipelines import housekeeping

    click.echo(housekeeping.prune(state, books_url, keep, keep_days))


for verbs in (*GROUPS, *PEOPLE):
    cli.add_command(verbs)


def plain_fault(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """A fault of ours, told without its message: an engine's message may quote a raw identifier."""
    import traceback

    if issubclass(kind, KeyboardInterrupt):
        click.echo("stopped: nothing was published", err=True)
        return
    click.secho(
        f"error: a fault inside tongren ({kind.__name__}); nothing half-done is published. Where:", err=True, fg="red"
    )
    for frame in traceback.extract_tb(trace)[-6:]:
        click.echo(f"  {Path(frame.filename).name}:{frame.lineno} in {frame.name}", err=True)


def main() -> None:
    """The command `tongren`."""
    sys.excepthook = plain_fault
    cli()


if __name__ == "__main__":
    main()

"""The command line: the world, the run and its deliveries, models, the console."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from pipelines.options import BOOKS, BY, DAY, FILE, FOLDER, REASON, STATE, example


@click.command(epilog=example("tongren simulate --out world --accounts 20000 --promoters 300 --months 6 --seed 1"))
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


@click.command(epilog=example("tongren run --sources world --state state --as-of 2026-03-20"))
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


@click.command(epilog=example("tongren runs"))
@STATE
def runs(state: Path) -> None:
    """The published runs, newest last."""
    from pipelines import show

    click.echo(show.runs(state))


@click.command(epilog=example("tongren verify"))
@click.argument("what", required=False)
@STATE
@BOOKS
def verify(what: str | None, state: Path, books_url: str | None) -> None:
    """Check a run (default: the newest) or a report: hashes, ledger invariants, audit chain."""
    from pipelines import verify as check

    click.echo(check.verify(state, books_url, what))


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


@click.command(epilog=example("tongren train --state state"))
@click.option("--shipped", is_flag=True, help="Fit nothing: take the same-user model that ships with this version.")
@STATE
def train(state: Path, *, shipped: bool) -> None:
    """Fit and register candidate models on the newest published run."""
    from pipelines import modelling

    click.echo(modelling.train(state, shipped=shipped))


@click.command(epilog=example("tongren models --state state --shadow same_user"))
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


@click.command(epilog=example("tongren console --port 8765"))
@click.option("--port", type=click.IntRange(1, 65535), default=8765, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="Anything but loopback belongs behind HTTPS.")
@click.option("--https", is_flag=True, help="HTTPS stands in front: cookies are Secure and __Host-.")
@STATE
@BOOKS
def console(port: int, host: str, https: bool, state: Path, books_url: str | None) -> None:
    """The analysts' web console; the first start prints a one-time link for the first administrator."""
    from console.serve import serve

    serve(state, books_url, port, host=host, secure=https, say=click.echo)


VERBS = (simulate, run, runs, verify, feeds, train, models, console)

"""The command line: its group, exit codes and faults. The verbs are in `commands/`, by noun; the work is done elsewhere and
imported inside the verb, so that `tongren --help` answers at once."""

from __future__ import annotations

import sys
from pathlib import Path
from types import TracebackType
from typing import Any

import click

from pipelines.commands import decisions, job, keeping, people, results, webhooks


class Verbs(click.Group):
    """A group whose commands end with the exit codes of the contract: 1 fault, 2 usage, 3 input refused, 4 busy."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb; a TongrenError becomes one message on standard error and its exit code."""
        from data_contracts.errors import TongrenError

        try:
            return super().invoke(ctx)
        except TongrenError as fault:
            from pipelines.progress import fault_line, for_machines

            if for_machines():
                click.echo(fault_line(str(fault), **fault.facts), err=True)
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


for nouns in (job, results, decisions, people, keeping, webhooks):
    for verb in nouns.VERBS:
        cli.add_command(verb)


def plain_fault(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """A fault of ours, told without its message: an engine's message may quote a raw identifier."""
    import traceback

    from pipelines.progress import fault_line, for_machines

    if issubclass(kind, KeyboardInterrupt):
        message, where = "stopped: nothing half-done is published; run again", []
    else:
        message = f"a fault inside tongren ({kind.__name__}); nothing half-done is published"
        where = [f"{Path(f.filename).name}:{f.lineno} in {f.name}" for f in traceback.extract_tb(trace)[-6:]]
    if for_machines():
        click.echo(fault_line(message, where=where), err=True)
        return
    click.secho(f"error: {message}. Where:" if where else message, err=True, fg="red" if where else None)
    for place in where:
        click.echo(f"  {place}", err=True)


def main() -> None:
    """The command `tongren`."""
    sys.excepthook = plain_fault
    cli()


if __name__ == "__main__":
    main()

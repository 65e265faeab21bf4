"""Writes the reference pages of the documentation from what the program itself knows: contracts, cards, register, commands.

`python -m pipelines.reference` rewrites them; a test keeps them current.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from data_contracts.cards import Card, load_all
from data_contracts.contract import STAGES, Column, Contract, of_stage
from data_contracts.strict_yaml import load as load_yaml

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
FAMILIES = (
    ("Identifier kinds", "kind", "features/kinds"),
    ("Detectors", "detector", "models/detectors"),
    ("Clauses with a rule", "clause", "rulebook/clauses"),
)
MADE = "<!-- Made by `python -m pipelines.reference`; edit what it is made from. -->\n"


def pages() -> dict[str, str]:
    """Every generated page by file name."""
    return {
        "reference_tables.md": MADE + tables(),
        "reference_cards.md": MADE + cards(),
        "reference_commands.md": MADE + commands(),
    }


def tables() -> str:
    """All table contracts, by stage."""
    parts = [
        "# Tables\n\nWhat every table promises, as `data_contracts/tables/` says it. Feeds are shown as they arrive; inside, money is"
        " whole fen under `*_fen` and raw identifiers are tokens.\n"
    ]
    for stage in STAGES:
        parts.append(f"## {stage}\n")
        parts += [_contract(c) for c in of_stage(stage)]
    return "\n".join(parts)


def _contract(contract: Contract) -> str:
    about = [
        f"One row per {contract.grain.removeprefix('one row per ')}.",
        f"Key: {', '.join(f'`{k}`' for k in contract.key)}.",
    ]
    if contract.order != contract.key:
        about.append(f"Ordered by {', '.join(f'`{k}`' for k in contract.order)}.")
    if contract.records:
        about.append(f"Its rows are appended to `{contract.records}` of the books when the run is published.")
    rows = [_row("column", "type", "null", "says"), _row("---", "---", "---", "---"), *map(_column, contract.columns)]
    return f"### {contract.table}\n\n{' '.join(about)}\n\n" + "\n".join(rows) + "\n"


def _column(column: Column) -> str:
    values = " · ".join(f"`{v}`" for v in column.enum)
    refers = f"refers to `{column.extra['refers']}`" if column.extra.get("refers") else ""
    raw = "raw personal value; kept as a token" if column.extra.get("personal") == "raw" else ""
    said = "; ".join(s for s in (column.about, values, refers, raw) if s)
    return _row(f"`{column.name}`", column.type, "yes" if column.nullable else "", said)


def _row(*cells: str) -> str:
    return "| " + " | ".join(c.replace("|", "\\|").replace("\n", " ") for c in cells) + " |"


def cards() -> str:
    """All cards by family, then the register of clauses."""
    parts = ["# Kinds, detectors, clauses\n\nThe folders of three files, as their cards describe them.\n"]
    for title, family, folder in FAMILIES:
        rows = [_row("folder", "is", "version", "reads", "more"), _row(*["---"] * 5)]
        rows += [_card(c) for c in load_all(ROOT / folder, family)]
        parts.append(f"## {title}\n\n" + "\n".join(rows) + "\n")
    rows = [_row("clause", "title", "mode", "what the software does", "measures"), _row(*["---"] * 5)]
    rows += [_register(c) for c in load_yaml(ROOT / "rulebook" / "coverage.yaml")["clauses"]]
    parts.append("## Every clause of the agreement\n\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)


def _card(card: Card) -> str:
    told = ("clause", "subject_kind", "measures", "shadow")
    more = "; ".join(f"{k}: {_plain(card.about[k])}" for k in told if card.about.get(k))
    return _row(
        f"`{card.name}`",
        f"{card.title_en} · {card.title_zh}",
        card.version,
        " ".join(f"`{r}`" for r in card.reads),
        more,
    )


def _register(clause: Mapping[str, Any]) -> str:
    title = f"{clause['title_en']} · {clause['title_zh']}"
    return _row(clause["clause"], title, _plain(clause["mode"]), clause["does"], _plain(clause.get("measures", [])))


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def commands() -> str:
    """All verbs of the command line with their options."""
    from pipelines.cli import cli

    parts = [
        "# Commands\n\nThe command is `tongren`; `--help` works everywhere. Exit codes stand in [Operations](operations.md).\n"
    ]
    for name, command in _leaves(cli):
        context = click.Context(command, info_name=f"tongren {name}")
        usage = command.get_usage(context).removeprefix("Usage: ")
        parts.append(f"## tongren {name}\n\n{(command.help or '').strip()}\n\n```\n{usage}\n```\n")
        parts.append("\n".join(_options(command, context)) + "\n")
        if command.epilog:
            parts.append(f"```\n{command.epilog.replace(chr(8), '').strip().removeprefix('Example:').strip()}\n```\n")
    return "\n".join(parts)


def _leaves(group: click.Group, before: str = "") -> Iterable[tuple[str, click.Command]]:
    """Every command with its full name, groups before what they hold."""
    for name, command in sorted(group.commands.items()):
        yield before + name, command
        if isinstance(command, click.Group):
            yield from _leaves(command, f"{before}{name} ")


def _options(command: click.Command, context: click.Context) -> Iterable[str]:
    records = [p.get_help_record(context) for p in command.get_params(context) if isinstance(p, click.Option)]
    return [_row("option", "says"), _row("---", "---"), *(_row(f"`{r[0]}`", r[1]) for r in records if r)]


def main() -> None:
    """Rewrite the pages."""
    for name, text in pages().items():
        (DOCS / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

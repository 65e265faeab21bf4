"""Options that many verbs of the command line take."""

from __future__ import annotations

from pathlib import Path

import click

STATE = click.option("--state", type=click.Path(path_type=Path, file_okay=False), default=Path("state"),
                     show_default=True, help="The state folder: books, key, runs.")  # fmt: skip
BOOKS = click.option("--books", "books_url", metavar="URL", help="PostgreSQL URL of the books instead of books.db.")
BY = click.option("--by", required=True, metavar="WHO", help="Who decides; stands in the audit log.")
REASON = click.option("--reason", required=True, metavar="TEXT", help="Why; the promoter may read it.")
PROCESSES = click.option("--processes", type=click.IntRange(1, 64), default=2, show_default=True,
                         help="How many write reports at a time; the bytes are the same.")  # fmt: skip
FORM = click.Choice(["html", "pdf", "json", "csv"])
FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False, exists=True)
DAY = click.DateTime(["%Y-%m-%d"])
INSTANT = click.DateTime(["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%d %H:%M:%S%z", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"])


def example(text: str) -> str:
    """The closing part of a verb's help."""
    return f"\b\nExample:\n  {text}"

"""What a person sees while a run goes on: bars on a terminal, key=value lines elsewhere, JSON lines when asked for."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

log = logging.getLogger("tongren")


class JsonLines(logging.Formatter):
    """One JSON object a line: instant (UTC), level, message; `key=value` parts of a message become fields too."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON; anything that could start a new line is escaped by JSON itself."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        fields: dict[str, Any] = {"at": at, "level": record.levelname.lower(), "message": record.getMessage()}
        for part in record.getMessage().split():
            name, equals, value = part.partition("=")
            if equals and name.isidentifier():
                fields.setdefault(name, value)
        return json.dumps(fields, ensure_ascii=False)


def for_machines() -> bool:
    """Whether the log goes out as JSON lines: a closing message must then be one too."""
    return any(isinstance(handler.formatter, JsonLines) for handler in log.handlers)


def fault_line(message: str, **facts: Any) -> str:
    """The closing message of a command that failed, as a JSON line with its facts."""
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    return json.dumps({**facts, "at": at, "level": "error", "message": message}, ensure_ascii=False, default=str)


def set_up(form: str, *, verbose: bool = False) -> None:
    """Send the log to standard error, as text or JSON lines. Called once, by the command."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else logging.Formatter("%(message)s"))
    log.handlers[:] = [handler]
    log.setLevel(logging.DEBUG if verbose else logging.INFO)
    log.propagate = False


class Steps:
    """Walks through named steps, timing each; `seconds` and `rows` by step are there afterwards."""

    def __init__(self, label: str, names: Iterable[str]) -> None:
        self.label, self.names = label, list(names)
        self.seconds: dict[str, float] = {}
        self.rows: dict[str, dict[str, int]] = {}
        self._bar: Any = None

    @contextmanager
    def shown(self) -> Iterator[Steps]:
        """Show a bar while the block runs, when standard error is a terminal."""
        if not sys.stderr.isatty():
            yield self
            return
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn("{task.description:<28}"), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            self._bar = (progress, progress.add_task(self.label, total=len(self.names)))
            yield self
        self._bar = None

    @contextmanager
    def step(self, name: str) -> Iterator[dict[str, int]]:
        """Time one step. The block may fill the dict with rows by table."""
        started = time.perf_counter()
        rows: dict[str, int] = {}
        if self._bar:
            self._bar[0].update(self._bar[1], description=f"{self.label} {name}")
        yield rows
        self.seconds[name] = round(time.perf_counter() - started, 3)
        self.rows[name] = rows
        if self._bar:
            self._bar[0].advance(self._bar[1])
        else:
            log.info("stage=%s rows=%d seconds=%.2f", name, sum(rows.values()), self.seconds[name])

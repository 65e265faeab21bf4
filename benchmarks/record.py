"""Keeps `benchmarks/RESULTS.md`: one section per benchmark, replaced whole when the benchmark runs again."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

RESULTS = Path(__file__).parent / "RESULTS.md"
HEAD = "# Results\n\nEvery figure here was measured by the command beside it. Figures that fall short are marked *missed*.\n"


def machine() -> str:
    """The machine in a few words."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.machine()}, Python {platform.python_version()}"


def as_table(rows: Sequence[dict[str, object]]) -> str:
    """Rows as a Markdown table."""
    if not rows:
        return "(no rows)"
    names = list(rows[0])
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    lines += ["| " + " | ".join(str(r.get(n, "")) for n in names) + " |" for r in rows]
    return "\n".join(lines)


def record(section: str, command: str, body: str, results: Path = RESULTS) -> None:
    """Put `body` (Markdown) under `## section`, with date, machine and command; other sections stay."""
    text = results.read_text(encoding="utf-8") if results.exists() else HEAD
    day = datetime.now(UTC).date()
    fresh = f"## {section}\n\n{day}, {machine()}. Command: `{command}`\n\n{body.strip()}\n"
    old = re.compile(rf"^## {re.escape(section)}\n.*?(?=^## |\Z)", re.DOTALL | re.MULTILINE)
    text = old.sub(lambda _: fresh + "\n", text) if old.search(text) else f"{text.rstrip()}\n\n{fresh}"
    results.write_text(text.rstrip() + "\n", encoding="utf-8")

"""The table of `docs/reliability.md`: `python -m benchmarks.reliability`, after `make test` and `make soak`.

Reads what the tests counted (`build/counts.json`, `build/soak.json`) and `tests/promises.yaml`; text around the table stays.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- counted -->", "<!-- /counted -->"


def counted(name: str) -> dict[str, Any]:
    """What a session of tests counted, by promise; nothing when it did not run here."""
    file = ROOT / "build" / name
    return dict(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else {}


def table() -> str:
    """One row per promise: its test, what was tried and what went wrong."""
    usual, soak = counted("counts.json"), counted("soak.json")
    rows = [
        "| promise | test | counted | in `make test` | in a soak | wanted of a soak | violations |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, about in yaml.safe_load((ROOT / "tests" / "promises.yaml").read_text(encoding="utf-8")).items():
        small, large = usual.get(name, {}), soak.get(name, {})
        cells = (
            about["promise"], f"`{about['test']}`", about["unit"], small.get("count", "not counted"),
            large.get("count", "not run"), about["full"], small.get("violations", 0) + large.get("violations", 0),
        )  # fmt: skip
        rows.append("| " + " | ".join(str(f"{c:,}" if isinstance(c, int) else c) for c in cells) + " |")
    return "\n".join(rows)


def main() -> None:
    """Put the table into the page."""
    text = PAGE.read_text(encoding="utf-8")
    head, rest = text.split(BEGIN)
    tail = rest.split(END)[1]
    PAGE.write_text(f"{head}{BEGIN}\n{table()}\n{END}{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()

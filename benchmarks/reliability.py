"""The table of `docs/reliability.md`: `python -m benchmarks.reliability`, after `make test` and `make soak`, or parts of them.

Reads what the tests counted (`build/tried.json`, `build/tried_in_soak.json`) and `tests/promises.yaml`. What was not counted here keeps
the value that the page has; text around the table stays. With `--fresh` nothing of the old table is kept.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- counted -->", "<!-- /counted -->"
HEAD = ("promise", "test", "counted", "in `make test`", "in a soak", "wanted of a soak", "violations")
Kept = dict[tuple[str, str], tuple[str, str, int]]
"""By test and what is counted: the count of `make test`, of a soak, and the violations, as the page has them."""


def counted(name: str) -> dict[str, tuple[int, int]]:
    """What was tried here, by promise: how many, and how many tests failed; nothing when no test ran here."""
    file = ROOT / "build" / name
    have: dict[str, dict[str, list[int]]] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return {
        promise: (sum(tried for tried, _ in tests.values()), sum(failed for _, failed in tests.values()))
        for promise, tests in have.items()
    }


def on_page(table: str) -> Kept:
    """The values of a table made before."""
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table.strip().splitlines()[2:]]
    return {(row[1].strip("`"), row[2]): (row[3], row[4], int(row[6].replace(",", ""))) for row in rows}


def table(promises: dict[str, dict[str, Any]], usual: dict[str, tuple[int, int]], soak: dict[str, tuple[int, int]],
          before: Kept) -> str:  # fmt: skip
    """One row per promise: its test, what was tried and what went wrong. Violations are those of the newest counts."""
    rows = ["| " + " | ".join(HEAD) + " |", "|---" * len(HEAD) + "|"]
    for name, about in promises.items():
        small, large, bad = before.get((about["test"], about["unit"]), ("not counted", "not run", 0))
        if name in usual or name in soak:
            bad = sum(have[name][1] for have in (usual, soak) if name in have)
        cells = (
            about["promise"], f"`{about['test']}`", about["unit"], f"{usual[name][0]:,}" if name in usual else small,
            f"{soak[name][0]:,}" if name in soak else large, f"{about['full']:,}", f"{bad:,}",
        )  # fmt: skip
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows)


def main() -> None:
    """Put the table into the page."""
    head, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    old, tail = rest.split(END)
    promises = yaml.safe_load((ROOT / "tests" / "promises.yaml").read_text(encoding="utf-8"))
    before = {} if "--fresh" in sys.argv[1:] else on_page(old)
    made = table(promises, counted("tried.json"), counted("tried_in_soak.json"), before)
    PAGE.write_text(f"{head}{BEGIN}\n{made}\n{END}{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()

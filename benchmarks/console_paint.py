"""When a case page is first painted in Chromium, and when its graph of 500 nodes is drawn.

    python -m benchmarks.console_paint

Times come from the browser's own performance entries, in ms since the navigation began. Each load is in a context of its own, so
that scripts and styles are fetched anew.
"""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path
from typing import Any

import click

from benchmarks.casebook_load import case_id
from benchmarks.console import made, serving, signed_in
from benchmarks.record import as_table, record

CHROMIUM = "/usr/bin/chromium"
CASES = 200
PAINTS = """() => Object.fromEntries([...performance.getEntriesByType('paint'), ...performance.getEntriesByType('mark')]
  .map((e) => [e.name, e.startTime]))"""
NAMES = {"first-paint": "first paint", "first-contentful-paint": "first contentful paint", "graph drawn": "graph drawn"}


def load(browser: Any, address: str, cookie: str) -> tuple[dict[str, float], int]:
    """One load with nothing kept from before: ms by entry, and how many nodes were drawn."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    try:
        context.add_cookies([{"name": "tongren", "value": cookie, "url": address}])
        page = context.new_page()
        page.goto(f"{address}/cases/{case_id(0)}")
        page.wait_for_selector("#graph[data-drawn]")
        return page.evaluate(PAINTS), int(page.get_attribute("#graph", "data-drawn"))
    finally:
        context.close()


@click.command()
@click.option("--loads", type=int, default=15)
def main(loads: int) -> None:
    """Measure, print and record."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as scratch:
        state = Path(scratch) / "state"
        made(state, CASES, 1_000)
        with serving(state) as (port, _):
            ((cookie, _),) = signed_in(state, port, 1)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
                found = [load(browser, f"http://127.0.0.1:{port}", cookie) for _ in range(loads + 1)][1:]
    rows: list[dict[str, object]] = [
        {"ms since the navigation began": name, "median": round(statistics.median(f[entry] for f, _ in found)),
         "longest": round(max(f[entry] for f, _ in found))}
        for entry, name in NAMES.items()
    ]  # fmt: skip
    nodes = {n for _, n in found}
    body = f"{loads} loads of a case whose graph has {max(nodes)} nodes, nothing kept from the load before.\n\n{as_table(rows)}"
    click.echo(body)
    record("Console: first paint", f"python -m benchmarks.console_paint --loads {loads}", body)


if __name__ == "__main__":
    main()

"""How often each promise was tried: tests count, and `build/tried.json` (`build/tried_in_soak.json` in a soak) keeps, by promise and
test, how many were tried and whether the test failed.

`python -m benchmarks.reliability` makes the table of `docs/reliability.md` from the two files and `tests/promises.yaml`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
SOAK = bool(os.environ.get("TONGREN_SOAK"))
FILE = ROOT / "build" / ("tried_in_soak.json" if SOAK else "tried.json")
PROMISES = ROOT / "tests" / "promises.yaml"

SoakCount = Callable[[str, int], None]


def promises() -> dict[str, dict[str, Any]]:
    """The promises by id."""
    return dict(yaml.safe_load(PROMISES.read_text(encoding="utf-8")))


class Counts:
    """Counts by promise and test, of one go of pytest; works under xdist, where only reports travel."""

    def __init__(self) -> None:
        self.tried: dict[str, dict[str, list[int]]] = {}
        self._failed: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take what a test counted once it is over; a test that failed is a violation of what it counted."""
        if report.failed:
            self._failed.add(report.nodeid)
        if report.when != "teardown":
            return
        for name, value in report.user_properties:
            if name == "promise":
                promise, count = str(value).rsplit(" ", 1)
                have = self.tried.setdefault(promise, {}).setdefault(report.nodeid, [0, 0])
                have[0] += int(count)
                have[1] = int(report.nodeid in self._failed)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the session's counts; tests that this session did not run keep theirs, so that a soak may be run in parts."""
        if hasattr(session.config, "workerinput") or not self.tried:
            return
        have = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
        for promise, tests in self.tried.items():
            have[promise] = have.get(promise, {}) | tests
        FILE.parent.mkdir(parents=True, exist_ok=True)
        FILE.write_text(json.dumps(have, indent=1, sort_keys=True) + "\n", encoding="utf-8")


@pytest.fixture
def soak_count(request: pytest.FixtureRequest) -> SoakCount:
    """`soak_count("tamper", 500)`: this test tries a promise 500 times. Call it BEFORE trying: a test that fails after
    it counts as a violation. Several calls add up. The id must stand in `tests/promises.yaml`.

    How many to try is the test's own affair: `FULL if SOAK else SMALL` with `from tests.counts import SOAK`.
    """
    known = promises()

    def count(promise: str, number: int) -> None:
        assert promise in known, f"add {promise} to tests/promises.yaml: its sentence, test and full count"
        request.node.user_properties.append(("promise", f"{promise} {number}"))

    return count

"""`tongren whatif` on a run that was published before some of today's tables were thought of."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipelines import whatif
from pipelines.run import DEFAULT_POLICY
from pipelines.state import State
from tests.pipelines.dying import Published

LATER = ("feeds/feed_alarm", "feeds/feed_volume", "books/books_feed_acceptance", "casebook/new_finding_evidence")


@pytest.mark.parametrize("policy", [None, DEFAULT_POLICY], ids=["as-decided", "policy"])
def test_a_table_that_came_later_is_empty_for_an_older_run(
    policy: Path | None, published: Published, tmp_path: Path
) -> None:
    said = whatif.answer(published.done, None, policy, ())
    old = Path(shutil.copytree(published.done, tmp_path / "state", symlinks=True))
    for name in LATER:
        (State(old).current() / "tables" / f"{name}.parquet").unlink()
    assert whatif.answer(old, None, policy, ()) == said

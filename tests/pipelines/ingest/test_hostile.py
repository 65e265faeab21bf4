"""Hostile rows by the thousand: each is set aside under its code, no honest row goes with it, and none is lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.counts import SOAK, SoakCount
from tests.pipelines.ingest import hostile
from tests.pipelines.ingest.test_documented import issued

ROWS = 50_000 if SOAK else 500


def accounted_for(done: Any, delivery: hostile.Delivery) -> None:
    """Every row that was written was read, and is kept, waiting, a repeat, or in the quarantine with a reason."""
    facts = done.summary
    for table, rows in delivery.rows.items():
        left = facts.kept[table] + facts.quarantined[table] + facts.waiting[table] + facts.duplicates[table]
        assert facts.rows_in[table] == left == rows, table
        aside = done.quarantine(table)
        assert len(aside) == facts.quarantined[table], table
        assert {r["rule"] for r in aside} <= issued(), table


@pytest.mark.parametrize("seed", [1])
def test_every_hostile_row_is_set_aside_under_its_code_and_no_honest_row_with_it(
    seed: int, ingest: Any, tmp_path: Path, soak_count: SoakCount
) -> None:
    delivery = hostile.planted(ROWS, seed)
    soak_count("hostile_rows", len(delivery.expected))
    delivery.write(tmp_path / "hostile")
    done = ingest(tmp_path / "hostile")
    found = {(t, r["row_number"]): r["rule"] for t in delivery.rows for r in done.quarantine(t)}
    wrong = {k: (found.get(k), delivery.expected.get(k)) for k in found.keys() | delivery.expected.keys()}
    wrong = {k: v for k, v in wrong.items() if v[0] != v[1]}
    assert not wrong, {k: (*v, delivery.lines[k[0]][k[1]][:200]) for k, v in sorted(wrong.items())[:20]}
    accounted_for(done, delivery)


@pytest.mark.parametrize("seed", [2])
def test_no_row_of_junk_is_lost_and_none_ends_in_a_fault(
    seed: int, ingest: Any, tmp_path: Path, soak_count: SoakCount
) -> None:
    soak_count("hostile_rows", ROWS)
    delivery = hostile.wild(ROWS, seed)
    delivery.write(tmp_path / "hostile")
    accounted_for(ingest(tmp_path / "hostile"), delivery)

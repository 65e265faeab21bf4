"""Rules over more than one row, planted in every feed: what ingestion sets aside, Great Expectations counts too."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pandas as pd

from data_contracts.contract import contracts
from data_contracts.expectations import Count, cross_counts
from data_contracts.rows import NULL_WORDS
from pipelines.ingest.sources import feeds
from tests.pipelines.ingest import hostile

EACH = 3


def test_both_engines_count_the_same_conflicts_and_orphans_in_every_feed(ingest: Any, tmp_path: Path) -> None:
    delivery = hostile.Delivery(random.Random(5))
    for contract in feeds():
        for spoil in filter(None, [hostile.conflict(contract), *hostile.orphans(contract)]):
            for _ in range(EACH):
                spoil(delivery)
                delivery.add(contract.table, {})
    delivery.write(tmp_path / "sources")
    done = ingest(tmp_path / "sources")
    frames = {t: _frame(tmp_path / "sources" / f"{t}.csv") for t in delivery.rows}
    ids = {c.table: set(frames[c.table][c.key[0]]) for c in feeds()}
    theirs = {t: _by_code(cross_counts(contracts()[t], frame, ids)) for t, frame in frames.items()}
    ours: dict[str, dict[str, int]] = {t: {} for t in delivery.rows}
    for table in ours:
        for row in done.quarantine(table):
            ours[table][row["rule"]] = ours[table].get(row["rule"], 0) + 1
    assert ours == theirs
    assert {code for found in ours.values() for code in found} == {
        "ev.conflict", "acct.unknown", "product.unknown", "ref.orphan",
    }  # fmt: skip


def _frame(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False, na_values=list(NULL_WORDS))


def _by_code(counts: tuple[Count, ...]) -> dict[str, int]:
    found: dict[str, int] = {}
    for count in counts:
        found[count.code] = found.get(count.code, 0) + count.rows
    return {code: rows for code, rows in found.items() if rows}

"""What no single row shows: missing deliveries, contents that changed under one name, volumes out of the usual."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from data_contracts.errors import InputRefused
from pipelines import contract_report
from pipelines.ingest.delivery import Delivery, Promise
from pipelines.ingest.health import Earlier, gaps, gone, volumes
from pipelines.ingest.health import series as series_of


def sent(sequence: int, version: int = 1, content: str = "a", supersedes: int | None = None) -> Delivery:
    """A delivery of one file."""
    return Delivery(None, version, supersedes, sequence, {"orders.csv": Promise(content * 64, None, {})})


def test_feed_gap_when_a_delivery_is_missing() -> None:
    assert gaps(sent(5), sent(4)) == () and gaps(sent(4), sent(4)) == () and gaps(sent(5), None) == ()
    assert [a.code for a in gaps(sent(7), sent(4))] == ["feed.gap"]


def test_file_conflict_unless_the_version_is_higher_or_supersedes() -> None:
    with pytest.raises(InputRefused, match=r"file\.conflict"):
        gaps(sent(5, content="b"), sent(4))
    assert gaps(sent(5, version=2, content="b"), sent(4)) == ()
    assert gaps(sent(5, content="b", supersedes=1), sent(4)) == ()


def test_feed_gone_when_a_feed_had_rows_and_has_none() -> None:
    on, next_day = date(2026, 1, 1), date(2026, 1, 2)
    before = [(on, {"payouts": 5}), (next_day, {"payouts": 7, "staff": 0, "orders": 3})]
    assert [(a.code, a.feed) for a in gone({"orders": 3}, before)] == [("feed.gone", "payouts")]
    assert [a.feed for a in gone({"orders": 3, "payouts": 0}, before)] == ["payouts"]
    assert gone({"orders": 1, "payouts": 1}, before) == gone({"orders": 1}, []) == ()
    assert gone({"orders": 1}, [before[1], (next_day, {"orders": 1})]) == ()  # without it, accepted by a person


def series(rows: Callable[[int], int], days: int = 20) -> list[tuple[date, dict[str, int]]]:
    """One run per day from 1 January on; `rows` gives the orders of each."""
    return [(date(2026, 1, 1) + timedelta(days=i), {"orders": rows(i)}) for i in range(days)]


def codes(orders: int, on: date, earlier: Any) -> list[str]:
    """The codes of the alarms that a delivery of so many orders raises."""
    return [a.code for a in volumes({"orders": orders}, on, earlier)]


def test_feed_volume_five_sigma_against_at_least_twenty_runs() -> None:
    usual, next_day = series(lambda i: 1000 + 100 * i + (i % 3)), date(2026, 1, 21)
    assert codes(3001, next_day, usual) == []
    assert codes(9000, next_day, usual) == codes(2900, next_day, usual) == ["feed.volume"]
    assert codes(9000, next_day, usual[:19]) == []
    assert codes(1000 + 100 * 30, date(2026, 1, 31), usual) == []  # eleven days later, eleven days' growth


def test_feed_volume_counts_a_day_once_and_never_the_day_itself() -> None:
    usual, today = series(lambda i: 1000 + 100 * i), date(2026, 1, 20)
    assert codes(2900, today, usual) == []  # the same delivery again, after a decision
    assert codes(3000, date(2026, 1, 21), [*usual, (today, {"orders": 2900})]) == []


def test_feed_volume_after_one_delivery_run_for_many_days() -> None:
    same, next_day = series(lambda i: 10_000), date(2026, 1, 21)
    assert codes(10_050, next_day, same) == []
    assert codes(20_000, next_day, same) == codes(5_000, next_day, same) == ["feed.volume"]


def kept(run_seq: int, on: date, orders: int, *, alarmed: bool = False) -> dict[str, Any]:
    """A row of `feed_volume`."""
    return {"run_seq": run_seq, "as_of": on, "feed": "orders", "rows_in": orders, "delivery": f"d{run_seq}",
            "alarmed": alarmed}  # fmt: skip


def test_feed_volume_is_carried_from_run_to_run(feeds: Any, deliver: Any, ingest: Any) -> None:
    """Twenty runs long pruned: their rows came down in the table of the newest."""
    before = [kept(i + 1, date(2026, 1, 1) + timedelta(days=i), 1000 + 100 * i) for i in range(20)]
    done = ingest(deliver(feeds), history=pa.Table.from_pylist(before), delivered_as="now", run_seq=21)
    assert [(a.code, a.feed) for a in done.summary.alarms] == [("feed.volume", "orders")]
    told = "select run_seq, rows_in, delivery, alarmed from feed_volume where feed = 'orders' order by run_seq desc limit 2"
    assert done.rows(told) == [(21, 3, "now", True), (20, 2900, "d20", False)]
    assert done.rows("select count(*) from feed_volume where feed = 'orders'") == [(21,)]


def test_an_unusual_delivery_is_a_measure_once_a_person_accepted_it() -> None:
    on = date(2026, 1, 1)
    rows = pa.Table.from_pylist([kept(1, on, 10), kept(2, on + timedelta(days=1), 99, alarmed=True)])
    assert series_of(rows, ()) == [(on, {"orders": 10})]
    assert series_of(rows, {"d2"}) == [(on, {"orders": 10}), (on + timedelta(days=1), {"orders": 99})]


def test_the_contract_report_counts_and_shows_no_value(feeds: Any, deliver: Any, ingest: Any, tmp_path: Path) -> None:
    feeds["orders"][0]["cash_amount"] = "12.345"
    feeds["identifiers"].append(feeds["identifiers"][0] | {"value": "138123400019"})
    done = ingest(deliver(feeds))
    done.wh.publish()
    run = tmp_path / "run"
    (run / "tables").mkdir(parents=True)
    (done.wh.folder / "feeds").rename(run / "tables" / "feeds")
    (done.wh.folder / "quarantine").rename(run / "quarantine")
    page = contract_report.write(run, tmp_path / "out", before=run).read_text()
    assert "amt.scale" in page and "phone.length" in page and "PSI 0.00" in page and "120.00" in page
    assert "138123400019" not in page and "v1:" not in page and "O1" not in page and "http" not in page


def test_psi_grows_with_the_distance_of_two_distributions() -> None:
    same, near, far = {"a": 50, "b": 50}, {"a": 55, "b": 45}, {"a": 95, "b": 5}
    assert contract_report.psi(same, same) == 0.0
    assert 0 < contract_report.psi(near, same) < 0.2 < contract_report.psi(far, same)


def test_an_ingestion_says_what_is_unusual_against_earlier_runs(feeds: Any, deliver: Any, ingest: Any) -> None:
    folder = deliver(feeds)
    manifest = {"version": 1, "sequence": 4, "files": {}}
    for path in folder.glob("*.csv"):
        manifest["files"][path.name] = {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()}  # type: ignore[index]
    (folder / "MANIFEST.json").write_text(json.dumps(manifest))
    first = ingest(folder)
    first.wh.publish()
    (folder / "MANIFEST.json").write_text(json.dumps(manifest | {"sequence": 6, "version": 2}))
    second = ingest(folder, earlier=[Earlier(date(2026, 1, 30), first.wh.folder)], delivered_as="abc")
    assert [a.code for a in second.summary.alarms] == ["feed.gap"]
    assert second.rows("select code, feed, delivery from feed_alarm") == [("feed.gap", "MANIFEST.json", "abc")]
    assert first.summary.alarms == ()

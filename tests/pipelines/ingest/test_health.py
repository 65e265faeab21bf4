"""What no single row shows: missing deliveries, contents that changed under one name, volumes out of the usual."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from data_contracts.errors import InputRefused
from pipelines import contract_report
from pipelines.ingest.delivery import Delivery, Promise
from pipelines.ingest.health import gaps, volumes


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


def test_feed_volume_five_sigma_against_at_least_twenty_runs() -> None:
    usual = [{"orders": 1000 + 100 * i + (i % 3)} for i in range(20)]
    assert volumes({"orders": 3001}, usual) == ()
    assert [a.code for a in volumes({"orders": 9000}, usual)] == ["feed.volume"]
    assert [a.code for a in volumes({"orders": 2000}, usual)] == ["feed.volume"]
    assert volumes({"orders": 9000}, usual[:19]) == ()


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
    second = ingest(folder, earlier=[first.wh.folder])
    assert [a.code for a in second.summary.alarms] == ["feed.gap"]
    assert "feed.gap" in (second.wh.folder / "delivery.json").read_text()
    assert first.summary.alarms == ()

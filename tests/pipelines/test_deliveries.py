"""A delivery with an alarm issues no month until a person accepts it by name and reason; the rest is published."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path

import pytest

from data_contracts.errors import InputRefused, NotFound, UsageError
from pipelines import acceptance, show
from pipelines.run import Order, Outcome, run
from pipelines.state import State
from tests.pipelines.test_whole_run import result, written

MONTHS = "select month, status from statements order by month"


def manifest(sources: Path, sequence: int) -> None:
    """A true manifest of the folder."""
    files = {p.name: {"sha256": hashlib.sha256(p.read_bytes()).hexdigest()} for p in sources.glob("*.csv")}
    said = {"created_at": "2026-04-01T00:00:00+08:00", "version": sequence, "sequence": sequence, "files": files}
    (sources / "MANIFEST.json").write_text(json.dumps(said))


def statuses(outcome: Outcome) -> dict[str, str]:
    """Each month's status."""
    return dict(result(outcome, MONTHS))


def test_feed_gap_holds_the_month_back_until_the_delivery_is_accepted(tmp_path: Path) -> None:
    sources, state = written(tmp_path / "sources"), State(tmp_path / "state")
    manifest(sources, 1)
    first = run(Order(sources, state, date(2026, 4, 20)))
    assert statuses(first)["2026-03"] == "issued" and first.manifest["alarms"] == []
    with pytest.raises(NotFound, match="nothing was unusual"):
        acceptance.accept(state.folder, None, None, by="li", reason="looked at it")

    manifest(sources, 3)
    gap = run(Order(sources, state, date(2026, 5, 20)))
    assert statuses(gap)["2026-03"] == "issued" and statuses(gap)["2026-04"] == "provisional"
    assert [a["code"] for a in gap.manifest["alarms"]] == ["feed.gap"]
    assert "no month is issued: feed.gap" in show.summary(gap)
    assert 'tongren_feed_alarms{code="feed.gap"} 1' in (state.folder / "metrics.prom").read_text()
    assert "feed.gap" in (gap.folder / "reports" / "contract_report.html").read_text()

    manifest(sources, 4)  # the next delivery is held against the last one that was well
    still = run(Order(sources, state, date(2026, 5, 21)))
    assert [a["code"] for a in still.manifest["alarms"]] == ["feed.gap"]
    with pytest.raises(UsageError, match="person"):
        acceptance.accept(state.folder, None, None, by="policy", reason="x")
    told = acceptance.accept(state.folder, None, None, by="li", reason="delivery 2 was empty, asked the sender")
    assert "feed.gap" in told and "  yes" in acceptance.listing(state.folder, None)

    after = run(Order(sources, state, date(2026, 5, 21)))
    assert after.published and after.manifest["alarms"] == []
    assert statuses(after)["2026-04"] == "issued"


def test_feed_gone_holds_the_month_back_and_data_of_no_feed_is_told_of(tmp_path: Path) -> None:
    """A feed of payouts that does not come again would have every month paid twice."""
    sources, state = written(tmp_path / "sources"), State(tmp_path / "state")
    run(Order(sources, state, date(2026, 4, 20)))
    (sources / "payouts.csv").rename(sources / "paid.csv")
    second = run(Order(sources, state, date(2026, 5, 20)))
    assert [(a["code"], a["feed"]) for a in second.manifest["alarms"]] == [("feed.gone", "payouts")]
    assert statuses(second)["2026-04"] == "provisional"
    assert second.manifest["not_read"] == ["paid.csv"]
    assert "not read    paid.csv" in show.summary(second)
    assert "paid.csv" in (second.folder / "reports" / "contract_report.html").read_text()


def test_a_manifest_can_be_required_by_option_or_programme(tmp_path: Path) -> None:
    sources, state = written(tmp_path / "sources"), State(tmp_path / "state")
    with pytest.raises(InputRefused, match=r"file\.manifest"):
        run(Order(sources, state, date(2026, 4, 20), require_manifest=True))
    programme = sources / "programme.yaml"
    programme.write_text(
        programme.read_text().replace("statement_day: 20", "statement_day: 20\n    require_manifest: true")
    )
    with pytest.raises(InputRefused, match=r"file\.manifest"):
        run(Order(sources, state, date(2026, 4, 20)))
    manifest(sources, 1)
    assert run(Order(sources, state, date(2026, 4, 20))).published

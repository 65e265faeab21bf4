"""The link graph and the refund timeline: what is drawn where, and what is left out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from casebook.dossier import graph, timeline
from casebook.dossier.facts import gather
from casebook.dossier.reasons import Reasons, load
from casebook.dossier.source import Source


@pytest.fixture
def told(sound_run: Path, facts: Mapping[str, Any]) -> dict[str, Any]:
    with Source(sound_run, facts, only="P1") as source:
        return gather(next(source.bundles(source.promoters)), facts)


def share(a: str, b: str, token: str, weight: float) -> dict[str, Any]:
    return {
        "account_a": a, "account_b": b, "kind": "device", "token": token, "mask": token, "shared_by": 2, "weight": weight,
        "match_weight": weight,
    }  # fmt: skip


def drawn(shares: list[dict[str, Any]]) -> graph.Graph | None:
    return graph.layout({"report": {"promoter_id": "P"}, "shares": shares, "pairs": [], "relations": [], "members": []})


def test_the_promoter_stands_left_and_what_only_others_share_stands_right(told: dict[str, Any]) -> None:
    found = graph.layout(told)
    assert found is not None
    column = {n.key: n.x for n in found.nodes}
    assert column["P1"] < column["phone v1:k1:ph1"] < column["I1"] == column["X9"] < column["payment v1:k1:pay1"]
    assert all(0 < n.x < found.width and 0 < n.y < found.height for n in found.nodes)


def test_the_heavy_lines_are_the_path_whose_weakest_step_is_strongest() -> None:
    found = drawn([share("P", "A", "weak", 2.0), share("P", "B", "b1", 9.0), share("A", "B", "b2", 8.0)])
    assert found is not None
    strong = sum(line.strong for line in found.lines)
    assert strong == 4  # P-b1-B and B-b2-A; the direct but weak token is drawn thin
    assert len(found.lines) == 6


def test_nothing_shared_is_nothing_drawn() -> None:
    assert drawn([]) is None


def test_more_accounts_than_fit_are_counted() -> None:
    found = drawn([share("P", f"A{n:02}", f"t{n:02}", float(n)) for n in range(20)])
    assert found is not None
    assert found.left_out == 20 - graph.MOST_ACCOUNTS
    assert {n.key for n in found.nodes if n.role == "other"} == {f"A{n:02}" for n in range(8, 20)}


def test_no_order_of_rows_changes_the_drawing(told: dict[str, Any]) -> None:
    turned = {**told, "shares": told["shares"][::-1], "pairs": told["pairs"][::-1]}
    assert graph.layout(turned) == graph.layout(told)


def test_orders_stand_above_the_line_refunds_below_and_the_flagged_window_around_them(told: dict[str, Any]) -> None:
    found = timeline.layout(told)
    assert found is not None
    assert all(b.y + b.height <= timeline.MIDDLE for b in found.orders)
    assert all(b.y >= timeline.MIDDLE for b in found.refunds)
    (band,) = found.bursts
    assert [band.x <= b.x <= band.x + band.width for b in found.refunds] == [True, True, True]
    assert max(b.height for b in found.orders) == timeline.MIDDLE - timeline.TOP - 4


def test_a_window_of_an_account_runs_from_registration_to_its_last_day(told: dict[str, Any]) -> None:
    found = timeline.layout(told)
    assert found is not None
    lanes = {lane.account: lane for lane in found.lanes}
    assert lanes["I1"].window is None  # its relation is void
    window = lanes["I2"].window
    assert window is not None and lanes["I2"].registered == window.x


def test_a_promoter_whose_invitees_never_bought_has_no_timeline(told: dict[str, Any]) -> None:
    assert timeline.layout({**told, "days": []}) is None


@pytest.mark.parametrize(
    ("said", "chinese"),
    [
        ("the same user: same_controller, over 3 steps", "同一用户：同一控制人，经3步关联"),
        ("2 reports with evidence", "2份举报，附证据"),
        ("a sentence of a rule to come", "a sentence of a rule to come"),
    ],
)
def test_a_reason_of_a_rule_is_told_in_chinese(said: str, chinese: str) -> None:
    assert Reasons().sentence("zh", said) == chinese
    assert Reasons().sentence("en", said) == said


def test_several_codes_are_told_by_the_first() -> None:
    reasons = Reasons({"RB01": {"en": "Too many", "zh": "过多"}, "RB02": {"en": "Too much", "zh": "过大"}})
    assert reasons.sentence("en", "RB01, RB02") == "Too many (RB01, RB02)"


def test_without_a_file_of_reasons_codes_stand_as_they_are(tmp_path: Path) -> None:
    assert load(tmp_path / "none.yaml").sentence("zh", "RB01") == "RB01"

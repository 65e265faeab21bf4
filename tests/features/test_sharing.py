"""Evidence per account and token: days, spans, degrees in accounts and entities, what is silenced."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import yaml

from data_contracts.warehouse import Warehouse
from features import sharing
from models import same_user

NOON = datetime(2025, 3, 1, 4, tzinfo=UTC)


def seen(account: str, kind: str, token: str, hours: float = 0, links: bool = True) -> dict[str, Any]:
    return {
        "account_id": account,
        "kind": kind,
        "token": token,
        "observed_at": NOON + timedelta(hours=hours),
        "links": links,
    }


@pytest.fixture
def share(warehouse: Callable[..., Warehouse], given: Callable[..., None]) -> Callable[..., Warehouse]:
    def run(rows: list[dict[str, Any]], **tables: list[dict[str, Any]]) -> Warehouse:
        wh = warehouse("features")
        given(wh, "identifiers", rows)
        for table, content in tables.items():
            given(wh, table, content)
        sharing.build(wh)
        return wh

    return run


def test_an_ip_has_one_row_per_natural_day_and_other_kinds_one_for_life(share: Callable[..., Warehouse]) -> None:
    at = (0, 1, 12, 30)  # noon, one o'clock, midnight of the next natural day, the evening after
    wh = share([seen("A", kind, "t", h) for kind in ("ip", "device") for h in at])
    assert wh.execute("select kind, span_on, days_seen from identifier_use order by all") == [
        ("device", date(1, 1, 1), 2), ("ip", date(2025, 3, 1), 1), ("ip", date(2025, 3, 2), 1),
    ]  # fmt: skip


def test_evidence_made_in_slices_of_the_accounts_is_the_same(share: Callable[..., Warehouse]) -> None:
    rows = [seen(f"A{n}", kind, f"t{n % 7}", 9 * h) for n in range(40) for kind in ("ip", "device") for h in range(3)]
    wh = share(rows)
    whole = wh.execute("from identifier_use order by all")
    assert len(sharing._bounds(wh, len(rows) // 5)) >= 4
    sharing.uses(wh, most=len(rows) // 5)
    assert wh.execute("from identifier_use order by all") == whole
    assert len({row[0] for row in whole}) == 40


def test_a_token_of_one_account_is_pruned_however_often_it_was_seen(share: Callable[..., Warehouse]) -> None:
    wh = share([*(seen("A", "ip", "own", 24 * d) for d in range(5)), seen("A", "ip", "both"), seen("B", "ip", "both")])
    assert wh.execute("select distinct token from identifier_holder") == [("both",)]
    assert wh.execute("select token, accounts, entities, suppressed from identifier_value") == [("both", 2, 2, False)]


def test_soft_kinds_count_entities_and_hard_kinds_accounts(share: Callable[..., Warehouse]) -> None:
    rows = [seen(a, "payment", "card") for a in "ABC"] + [seen(a, "device", "d") for a in "ABCD"]
    wh = share(rows)
    assert wh.execute("select kind, accounts, entities from identifier_value order by kind") == [
        ("device", 4, 2), ("payment", 3, 3),
    ]  # fmt: skip
    assert wh.execute("select distinct entity_id from identifier_entity") == [("A",)]


def test_entities_reach_through_chains_of_hard_tokens(share: Callable[..., Warehouse]) -> None:
    rows = [seen("A", "phone", "1"), seen("B", "phone", "1"), seen("B", "id_doc", "x"), seen("C", "id_doc", "x")]
    assert share(rows).execute("select account_id, entity_id from identifier_entity order by all") == [
        ("A", "A"), ("B", "A"), ("C", "A"),
    ]  # fmt: skip


def test_a_register_entry_counts_only_while_it_is_in_force(share: Callable[..., Warehouse]) -> None:
    rows = [seen(a, "ip", "campus") for a in "AB"]
    entry = {"shared_id": "1", "kind": "ip", "token": "campus", "from_on": date(2025, 1, 1), "to_on": None}
    assert share(rows, books_shared=[entry]).execute("select suppressed, suppressed_since from identifier_value") == [
        (True, date(2025, 1, 1))
    ]
    over = {**entry, "to_on": date(2026, 1, 30)}
    assert share(rows, books_shared=[over]).execute("select suppressed from identifier_value") == [(False,)]
    later = {**entry, "from_on": date(2026, 2, 1)}
    assert share(rows, books_shared=[later]).execute("select suppressed from identifier_value") == [(False,)]


def test_a_token_at_its_limit_speaks_and_one_more_silences_it(share: Callable[..., Warehouse]) -> None:
    limit = yaml.safe_load(sharing.LIMITS.read_text(encoding="utf-8"))["device"]["hub_entities"]
    crowd = [seen(f"S{n:03d}", "device", "d", 24 * n) for n in range(limit + 1)]
    assert share(crowd[:-1]).execute("select suppressed from identifier_value") == [(False,)]
    assert share(crowd).execute("select suppressed, suppressed_since from identifier_value") == [
        (True, date(2025, 3, 1) + timedelta(days=limit))
    ]


def test_every_kind_of_the_model_has_limits_and_the_candidate_caps_lie_within_them() -> None:
    limits = yaml.safe_load(sharing.LIMITS.read_text(encoding="utf-8"))
    for kind in same_user.load().kinds:
        assert kind.candidate_cap <= limits[kind.name]["hub_entities"], kind.name

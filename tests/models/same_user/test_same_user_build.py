"""From sightings to links, groups and referrals, on a handful of accounts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from data_contracts.warehouse import Warehouse
from features import sharing
from models import same_user

T0 = datetime(2025, 3, 1, 4, tzinfo=UTC)


def sighting(account: str, kind: str, token: str, day: int = 0, cls: str = "") -> dict[str, Any]:
    return {
        "account_id": account, "kind": kind, "token": token, "observed_at": T0 + timedelta(days=day),
        "source": "login", "mask": f"{token[:2]}**", "class": cls, "links": True,
    }  # fmt: skip


@pytest.fixture
def link(warehouse: Callable[..., Warehouse], given: Callable[..., None]) -> Callable[..., Warehouse]:
    """`link(sightings, referrals=[(promoter, invitee)])`: a warehouse in which the stage was built."""

    def run(rows: Sequence[dict[str, Any]], referrals: Sequence[tuple[str, str]] = (), **tables: Any) -> Warehouse:
        wh = warehouse("models")
        given(wh, "identifiers", rows)
        given(wh, "referrals", [{"promoter_id": p, "invitee_id": i} for p, i in referrals])
        for table, content in tables.items():
            given(wh, table, content)
        sharing.build(wh)
        same_user.build(wh)
        return wh

    return run


def test_a_shared_document_alone_is_the_same_person(link: Callable[..., Warehouse]) -> None:
    wh = link([sighting("A", "id_doc", "d1"), sighting("B", "id_doc", "d1", 200)])
    assert wh.execute("select outcome, kinds from link") == [("same_person", ["id_doc"])]
    assert wh.execute("select count(*), min(status) from group_member") == [(2, "linked")]


def test_device_and_ip_of_one_household_never_join_strangers(link: Callable[..., Warehouse]) -> None:
    wh = link([sighting(a, k, k) for a in "AB" for k in ("device", "ip", "address")])
    assert wh.execute("select outcome from link") == [("possibly",)] or wh.execute("select outcome from link") == [("related",)]
    assert wh.execute("select count(*) from group_member") == [(0,)]


def test_a_promoter_and_its_own_invitee_with_phone_and_device_are_found(link: Callable[..., Warehouse]) -> None:
    rows = [sighting(a, k, k, cls="mobile" if k == "phone" else "") for a in "AB" for k in ("phone", "device")]
    wh = link(rows, [("A", "B")])
    assert wh.execute("select outcome, group_status, hops from referral_same") == [("same_controller", "linked", 1)]

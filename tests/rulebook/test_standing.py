"""Good standing by the feeds: maximal intervals, and the clause that ended each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import rulebook
from data_contracts.warehouse import Warehouse
from rulebook import programme
from tests.conftest import given

ZONE = ZoneInfo("Asia/Shanghai")
DEMO = Path(programme.__file__).parent / "programmes" / "demo.yaml"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC)


@pytest.fixture
def standing(warehouse: Callable[..., Warehouse]) -> Callable[..., list[tuple[Any, ...]]]:
    """`standing(promoters=[...], ...)`: (promoter, from, to, clause) as day and time in Shanghai, known on 2026-01-31."""
    wh = warehouse("rulebook", as_of=date(2026, 1, 31))
    programme.admit(wh, programme.load(DEMO))

    def build(**tables: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
        for table, rows in tables.items():
            given(wh, table, rows)
        rulebook.prepare(wh)
        assert wh.execute("select count(*) from standing where to_at <= from_at") == [(0,)]
        text = "strftime(timezone($zone, {}), '%Y-%m-%d %H:%M')"
        return wh.execute(
            f"select promoter_id, {text.format('from_at')}, {text.format('to_at')}, ended_by from standing order by 1, 2"
        )

    return build


def account(account_id: str = "P", **more: Any) -> dict[str, Any]:
    return {"account_id": account_id, "account_type": "individual", "verified_as": "individual", **more}


def member(
    joined: str = "2025-01-01", left: str | None = None, version: str = "base", promoter: str = "P"
) -> dict[str, Any]:
    return {
        "promoter_id": promoter,
        "joined_at": at(joined),
        "left_at": left and at(left),
        "consented_version": version,
    }


def change(field: str, on: str, old: str, new: str) -> dict[str, Any]:
    return {"account_id": "P", "field": field, "changed_at": at(on), "old_value": old, "new_value": new}


Standing = Callable[..., list[tuple[Any, ...]]]


def test_a_member_stands_well_from_joining_on(standing: Standing) -> None:
    assert standing(accounts=[account()], promoters=[member()]) == [("P", "2025-01-01 00:00", None, None)]


def test_leaving_ends_it_and_coming_back_begins_it_anew(standing: Standing) -> None:
    found = standing(accounts=[account()], promoters=[member(left="2025-03-01"), member("2025-06-01")])
    assert found == [("P", "2025-01-01 00:00", "2025-03-01 00:00", "1.2(1)"), ("P", "2025-06-01 00:00", None, None)]


def test_two_memberships_that_touch_are_one_interval(standing: Standing) -> None:
    found = standing(accounts=[account()], promoters=[member(left="2025-03-01"), member("2025-03-01")])
    assert found == [("P", "2025-01-01 00:00", None, None)]


def test_an_open_membership_outlasts_another_that_ended(standing: Standing) -> None:
    found = standing(accounts=[account()], promoters=[member(left="2025-03-01"), member("2025-02-01")])
    assert found == [("P", "2025-01-01 00:00", None, None)]


def test_a_span_as_an_enterprise_is_cut_out(standing: Standing) -> None:
    changes = [
        change("account_type", "2025-03-01 12:00", "individual", "enterprise"),
        change("account_type", "2025-04-01", "enterprise", "individual"),
    ]
    found = standing(accounts=[account()], account_changes=changes, promoters=[member()])
    assert found == [("P", "2025-01-01 00:00", "2025-03-01 12:00", "1.1"), ("P", "2025-04-01 00:00", None, None)]


def test_who_was_no_individual_at_joining_never_stands_well_by_that_membership(standing: Standing) -> None:
    changes = [change("verified_as", "2025-02-01", "none", "individual")]
    assert standing(accounts=[account()], account_changes=changes, promoters=[member()]) == []
    again = standing(accounts=[account()], account_changes=changes, promoters=[member(), member("2025-06-01")])
    assert again == [("P", "2025-06-01 00:00", None, None)]


def test_a_change_after_the_cut_off_tells_the_value_before_it(standing: Standing) -> None:
    later = [change("verified_as", "2026-03-01", "individual", "enterprise")]
    assert standing(accounts=[account(verified_as="enterprise")], account_changes=later, promoters=[member()]) == [
        ("P", "2025-01-01 00:00", None, None)
    ]


def test_consent_to_a_version_that_was_not_in_force_is_none(standing: Standing) -> None:
    assert standing(accounts=[account()], promoters=[member(version="detail-2025")]) == []
    assert standing(accounts=[account()], promoters=[member("2023-12-31")]) == []
    assert standing(accounts=[account()], promoters=[member(version="agreement")]) == []


@pytest.mark.parametrize(("kind", "clause"), [("employee", "1.2(3)"), ("relative", "1.2(3)"), ("partner_staff", "7.1")])
def test_work_with_the_vendor_or_a_partner_is_cut_out(standing: Standing, kind: str, clause: str) -> None:
    staff = [
        {
            "staff_id": "S",
            "kind": kind,
            "id_doc_token": "d",
            "valid_from": at("2025-03-01"),
            "valid_to": at("2025-05-01"),
        }
    ]
    sighted = [{"account_id": "P", "kind": "id_doc", "token": "d", "links": True}]
    found = standing(accounts=[account()], promoters=[member()], staff=staff, identifiers=sighted)
    assert found == [("P", "2025-01-01 00:00", "2025-03-01 00:00", clause), ("P", "2025-05-01 00:00", None, None)]


def test_a_phone_in_common_with_staff_ends_nothing(standing: Standing) -> None:
    staff = [{"staff_id": "S", "kind": "employee", "phone_token": "t", "valid_from": at("2020-01-01")}]
    sighted = [{"account_id": "P", "kind": "phone", "token": "t", "links": True}]
    assert standing(accounts=[account()], promoters=[member()], staff=staff, identifiers=sighted) == [
        ("P", "2025-01-01 00:00", None, None)
    ]


def test_what_is_not_known_at_the_cut_off_ends_nothing(standing: Standing) -> None:
    staff = [{"staff_id": "S", "kind": "employee", "id_doc_token": "d", "valid_from": at("2026-02-01")}]
    sighted = [{"account_id": "P", "kind": "id_doc", "token": "d", "links": True}]
    found = standing(accounts=[account()], promoters=[member(left="2026-02-01")], staff=staff, identifiers=sighted)
    assert found == [("P", "2025-01-01 00:00", None, None)]


def test_the_last_second_of_the_as_of_day_is_known(standing: Standing) -> None:
    found = standing(accounts=[account()], promoters=[member(left="2026-01-31 23:59")])
    assert found == [("P", "2025-01-01 00:00", "2026-01-31 23:59", "1.2(1)")]

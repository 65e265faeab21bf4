"""What makes two accounts the same, possibly the same, or merely related."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from linked_accounts import Build, sighting, uses

from data_contracts.warehouse import Warehouse
from models import same_user


def outcome(wh: Warehouse, a: str = "A", b: str = "B") -> str:
    found = wh.execute("select outcome from link where account_a = $a and account_b = $b", a=a, b=b)
    return str(found[0][0]) if found else "unrelated"


def bits(wh: Warehouse, a: str = "A", b: str = "B") -> float:
    return float(wh.execute("select match_weight from link where account_a = $a and account_b = $b", a=a, b=b)[0][0])


def in_groups(wh: Warehouse) -> list[str]:
    return [r[0] for r in wh.execute("select account_id from group_member order by account_id")]


def test_a_shared_document_alone_is_the_same_person(link: Build) -> None:
    wh = link([sighting("A", "id_doc", "d1"), sighting("B", "id_doc", "d1", 200)])
    assert outcome(wh) == "same_person"
    assert in_groups(wh) == ["A", "B"]


def test_a_phone_alone_is_never_enough(link: Build) -> None:
    assert outcome(link([*uses("A", phone="1"), *uses("B", phone="1")])) == "related"


@pytest.mark.parametrize("kinds", [("ip", "address"), ("ip", "address", "email")])
def test_what_a_household_shares_starts_no_pair(link: Build, kinds: tuple[str, ...]) -> None:
    shared = dict.fromkeys(kinds, "home")
    assert in_groups(link([*uses("A", **shared), *uses("B", **shared)])) == []


def test_one_door_and_one_device_look_like_a_household_and_wait_for_people(link: Build) -> None:
    shared = {"device": "d", "ip": "i"}
    rows = [*uses("A", **shared), *uses("B", **shared)]
    assert outcome(link(rows)) == "same_controller"
    at_home = [sighting(a, "address", "home", cls="door") for a in "AB"]
    assert outcome(link([*rows, *at_home])) == "possibly"


def test_a_device_that_goes_round_at_one_line_looks_like_a_household(link: Build) -> None:
    """A hand is at one device and one line with both accounts on some day; a household hands the device on."""
    home = {"device": "d", "ip": "i"}
    one = uses("A", **home)
    assert outcome(link([*one, *uses("B", **home)])) == "same_controller"
    assert outcome(link([*one, *uses("B", 3, **home)])) == "possibly"
    back_again = [*one, sighting("A", "device", "device-d", 5)]
    assert outcome(link([*back_again, *uses("B", 3, **home)])) == "possibly", "its uses overlap, but the two never met"
    assert outcome(link([*back_again, *uses("B", 3, **home), sighting("B", "ip", "ip-i", 0)])) == "same_controller"
    assert (
        outcome(link([*one, *uses("B", 3, **home), *uses("A", payment="p"), *uses("B", payment="p")]))
        == "same_controller"
    )


def test_two_papers_speak_against_one_person_but_not_against_one_hand(link: Build) -> None:
    rows = [*uses("A", payment="p", device="d", id_doc="1"), *uses("B", payment="p", device="d", id_doc="2")]
    wh = link(rows)
    assert wh.execute("select outcome, papers_differ, against_bits < 0 from link") == [("same_controller", True, True)]


def test_a_recycled_number_is_worth_little(link: Build) -> None:
    near = bits(link([sighting("A", "phone", "n"), sighting("B", "phone", "n", 80)]))
    recycled = bits(link([sighting("A", "phone", "n"), sighting("B", "phone", "n", 90)]))
    assert near - recycled == pytest.approx(math.log2(0.6 / 0.05), abs=1e-5)


def test_a_virtual_number_weighs_half(link: Build) -> None:
    real = bits(link([sighting(a, "phone", "n", cls="mobile") for a in "AB"]))
    virtual = bits(link([sighting(a, "phone", "n", cls="virtual") for a in "AB"]))
    assert real - virtual == pytest.approx(1.0, abs=1e-5)


def test_a_second_hand_device_is_worth_little(link: Build) -> None:
    together = bits(link([sighting("A", "device", "d"), sighting("B", "device", "d", 30)]))
    handed_on = bits(link([sighting("A", "device", "d"), sighting("B", "device", "d", 31)]))
    assert together - handed_on > 4


def test_an_ip_on_the_same_day_is_more_than_in_the_same_week_and_nothing_later(link: Build) -> None:
    def with_gap(day: float) -> float:
        return bits(link([*uses("A", payment="p", ip="i"), *uses("B", payment="p"), *uses("B", day, ip="i")]))

    same_day, week, later = with_gap(0), with_gap(7), with_gap(8)
    assert same_day - week == pytest.approx(1.0, abs=1e-5)
    assert week > later


def test_the_best_token_of_a_kind_counts_not_the_sum(link: Build) -> None:
    one = bits(link([*uses("A", payment="p"), *uses("B", payment="p")]))
    two = [sighting(a, "payment", t) for a in "AB" for t in ("p", "q")]
    assert bits(link(two)) == one


def test_device_ip_and_address_together_count_no_more_than_their_cap(link: Build) -> None:
    wh = link([*uses("A", device="d", ip="i"), *uses("B", device="d", ip="i")])
    counted = wh.execute("select sum(e.weight) from (select unnest(evidence) as e from link)")[0][0]
    assert counted == pytest.approx(same_user.load().joint_cap_bits)


def test_a_token_of_many_strangers_is_a_hub_since_the_day_it_became_one(link: Build) -> None:
    crowd = [sighting(f"S{n:03d}", "device", "shop", n) for n in range(40)]
    wh = link([*crowd, *uses("A", ip="i"), *uses("B", ip="i")])
    assert wh.execute(
        "select suppressed, reason, cast(suppressed_since as varchar) from identifier_value where accounts > 30"
    ) == [(True, "hub", "2025-03-31")]
    assert in_groups(wh) == []


def test_placeholders_are_counted_and_never_link(link: Build) -> None:
    rows = [sighting(a, "phone", "00000000000", links=False) for a in "ABC"]
    wh = link(rows)
    assert wh.execute("select accounts, suppressed, reason from identifier_value") == [(3, True, "placeholder")]
    assert wh.execute("select count(*) from link") == [(0,)]


def test_the_register_of_shared_infrastructure_silences_a_token(link: Build) -> None:
    rows = [*uses("A", device="kiosk", ip="i"), *uses("B", device="kiosk", ip="i")]
    entry = {"shared_id": "S1", "kind": "device", "token": "device-kiosk", "to_on": None}
    wh = link(rows, books_shared=[entry])
    assert wh.execute("select reason from identifier_value where suppressed") == [("register",)]
    assert outcome(wh) == "unrelated"


def test_a_ring_does_not_hide_behind_its_own_device(link: Build) -> None:
    ring = [row for n in range(14) for row in uses(f"R{n:02d}", id_doc="one", device="farm")]
    other = [*uses("X", device="farm")]
    wh = link([*ring, *other])
    degree = wh.execute("select accounts, entities from identifier_value where kind = 'device'")
    assert degree == [(15, 2)]


def test_a_referral_pair_is_conditioned(link: Build) -> None:
    rows = [*uses("A", payment="p", ip="i"), *uses("B", payment="p", ip="i")]
    wh = link(rows, referrals=[("A", "B")])
    found = wh.execute("select referral, prior_bits, evidence from link")[0]
    model = same_user.load()
    assert found[:2] == (True, model.referral_prior_bits)
    ip = next(e for e in found[2] if e["kind"] == "ip")
    assert ip["weight"] == pytest.approx(model.weight("ip", "same_day", 2, referral=True), abs=1e-6)


def test_match_weight_is_prior_plus_evidence_plus_what_speaks_against(link: Build) -> None:
    rows = [*uses("A", payment="p", device="d", phone="1"), *uses("B", payment="p", device="d", phone="2")]
    wh = link(rows, referrals=[("B", "A")])
    parts = wh.execute(
        "select match_weight - prior_bits - against_bits - list_sum([e.weight for e in evidence]) from link"
    )
    assert parts[0][0] == pytest.approx(0.0, abs=1e-6)


def test_very_many_accounts_of_one_hand_are_paired_in_a_chain(link: Build) -> None:
    model = same_user.load()
    kinds = tuple(replace(k, candidate_cap=500) if k.name == "id_doc" else k for k in model.kinds)
    rows = [sighting(f"A{n:03d}", "id_doc", "one", n) for n in range(50)]
    wh = link(
        [*rows, *(sighting(f"B{n:03d}", "device", "farm", n) for n in range(3))], model=replace(model, kinds=kinds)
    )
    assert wh.execute("select count(*) from link where outcome = 'same_person'") == [(50 * 49 // 2,)]
    assert wh.execute("select distinct group_size from group_member") == [(50,)]

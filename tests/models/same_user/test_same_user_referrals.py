"""Referrals between accounts of one user: by their own link, by a path through others, or possibly."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from linked_accounts import Build, published, sighting, uses

from data_contracts.errors import NotFound
from models.same_user.explain import explain_group, explain_pair

CHAIN = [
    *uses("P", payment="p", ip="i"), *uses("M", payment="p", ip="i", id_doc="d"), sighting("I", "id_doc", "id_doc-d", 5),
]  # fmt: skip


def test_a_pair_with_its_own_link_has_one_hop(link: Build) -> None:
    wh = link([*uses("P", phone="1", device="d"), *uses("I", phone="1", device="d")], referrals=[("P", "I")])
    row = wh.execute("select promoter_id, outcome, group_status, hops, match_weight from referral_same")[0]
    assert row[:4] == ("P", "same_controller", "linked", 1)
    assert row[4] == wh.execute("select match_weight from link")[0][0]


def test_a_pair_linked_through_another_takes_the_weakest_step(link: Build) -> None:
    wh = link(CHAIN, referrals=[("P", "I")])
    outcome, hops, weight, evidence = wh.execute("select outcome, hops, match_weight, evidence from referral_same")[0]
    assert (outcome, hops) == ("same_controller", 2)
    assert weight == wh.execute("select min(match_weight) from link where outcome like 'same%'")[0][0]
    told = json.loads(evidence)
    assert {(e["step"], e["kind"]) for e in told} >= {(1, "payment"), (1, "ip"), (2, "id_doc")}
    assert all(e["mask"] is None or e["mask"].endswith("****") for e in told)


def test_a_pair_with_one_kind_is_possibly_the_same_and_in_no_group(link: Build) -> None:
    wh = link([*uses("P", payment="p"), *uses("I", payment="p")], referrals=[("P", "I")])
    assert wh.execute("select outcome, group_id, group_status from referral_same") == [("possibly", None, None)]


def test_a_promoter_that_refers_itself_is_the_same_person(link: Build) -> None:
    wh = link(uses("P", phone="1"), referrals=[("P", "P")])
    assert wh.execute("select outcome, group_status, hops from referral_same") == [("same_person", "linked", 0)]


def test_strangers_have_no_row(link: Build) -> None:
    wh = link([*uses("P", ip="campus"), *uses("I", ip="campus")], referrals=[("P", "I")])
    assert wh.execute("select count(*) from referral_same where outcome <> 'possibly'") == [(0,)]


def test_an_explanation_adds_up_and_shows_no_token(link: Build, tmp_path: Path) -> None:
    rows = [*uses("P", payment="p", ip="i", id_doc="1"), *uses("I", payment="p", ip="i", id_doc="2")]
    tables = published(link(rows, referrals=[("P", "I")]), tmp_path / "tables")
    told = explain_pair(tables, "P", "I")
    pair = told.pair
    assert pair.bits == pytest.approx(
        pair.prior_bits + sum(p.bits for p in pair.pieces) + sum(w for _, w in pair.against)
    )
    assert pair.referral
    assert told.group_id
    assert told.counterfactual == (("I", "P", ("ip",)),)
    for lang in ("en", "zh"):
        text = told.as_text(lang)
        assert "pay****" in text
        assert "payment-p" not in text
    json.dumps(told.as_dict())


def test_accounts_linked_through_another_are_explained_by_the_path(link: Build, tmp_path: Path) -> None:
    tables = published(link(CHAIN, referrals=[("P", "I")]), tmp_path / "tables")
    told = explain_pair(tables, "I", "P")
    assert [(s.account_a, s.account_b) for s in told.path] == [("I", "M"), ("M", "P")]
    assert not told.pair.same
    group = explain_group(tables, told.group_id)
    assert group.weakest is not None
    assert group.weakest[:2] == ("M", "P")
    assert group.cohesion == group.weakest[2]
    assert "M" in group.as_text("zh")


def test_a_hub_is_told_beside_what_counts(link: Build, tmp_path: Path) -> None:
    crowd = [sighting(f"S{n:03d}", "ip", "nat", 1) for n in range(300)]
    rows = [*crowd, *uses("A", 1, phone="1"), *uses("B", 1, phone="1")]
    rows += [sighting(a, "ip", "nat", 1) for a in "AB"]
    told = explain_pair(published(link(rows), tmp_path / "tables"), "A", "B")
    assert [(s.kind, s.shared_by, s.reason) for s in told.silent] == [("ip", 301, "hub")], "A and B are one entity"
    assert told.counterfactual == ()
    assert "301" in told.as_text("en")


def test_unknown_accounts_and_groups_are_said_to_be_unknown(link: Build, tmp_path: Path) -> None:
    tables = published(link(uses("A", phone="1")), tmp_path / "tables")
    with pytest.raises(NotFound, match="nobody"):
        explain_pair(tables, "A", "nobody")
    with pytest.raises(NotFound, match="G0"):
        explain_group(tables, "G0")

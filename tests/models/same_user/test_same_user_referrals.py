"""Referrals between accounts of one user: by their own link, by a path through others, or possibly."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from linked_accounts import Build, published, sighting, uses

from data_contracts.errors import NotFound, UsageError
from models import same_user
from models.same_user.explain import explain_group, explain_pair, stays_same
from models.same_user.explanation import Fall
from models.same_user.wording import WORDS

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
        pair.prior_bits + sum(p.bits for p in pair.pieces) + sum(w.bits for w in pair.against)
    )
    assert pair.referral
    assert told.group_id
    assert told.one_user
    assert told.counterfactual == (Fall("I", "P", ("ip",)),)
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
    assert (group.weakest.account_a, group.weakest.account_b) == ("M", "P")
    assert group.cohesion == group.weakest.bits
    assert [d.accounts for d in group.documents] == [("I", "M")]
    assert "M" in group.as_text("zh")


def test_a_hub_is_told_beside_what_counts(link: Build, tmp_path: Path) -> None:
    crowd = [sighting(f"S{n:03d}", "ip", "nat", 1) for n in range(300)]
    rows = [*crowd, *uses("A", 1, phone="1"), *uses("B", 1, phone="1")]
    rows += [sighting(a, "ip", "nat", 1) for a in "AB"]
    told = explain_pair(published(link(rows), tmp_path / "tables"), "A", "B")
    assert [(s.kind, s.shared_by, s.reason) for s in told.silent] == [("ip", 301, "hub")], "A and B are one entity"
    assert told.counterfactual == ()
    assert "301" in told.as_text("en")


def test_without_the_hard_kind_a_home_is_a_household_in_the_counterfactual_too(link: Build, tmp_path: Path) -> None:
    """Phone, device and line hold the pair; were the number gone, one door and one device would be a household."""
    rows = [
        r for a in "AB" for r in (*uses(a, phone="1", device="d", ip="i"), sighting(a, "address", "home", cls="door"))
    ]
    told = explain_pair(published(link(rows), tmp_path / "tables"), "A", "B")
    assert told.pair.one_home
    assert told.pair.against == ()
    assert told.counterfactual == (Fall("A", "B", ("phone",)),)


def test_a_device_that_went_round_takes_off_what_its_line_is_worth_in_the_counterfactual_too(
    link: Build, tmp_path: Path
) -> None:
    """Without the card device and line look like a household, by no more than the line adds: the pair stands all the same."""
    rows = [r for a, day in (("A", 0), ("B", 3)) for r in uses(a, day, payment="p", device="d", ip="i")]
    tables = published(link(rows, referrals=[("A", "B")]), tmp_path / "tables")
    told = explain_pair(tables, "A", "B")
    assert (told.pair.one_home, told.pair.went_round, told.pair.against) == (False, True, ())
    model = same_user.load()
    for gone in (("payment",), ("ip",), ("device",), ("payment", "ip")):
        left = [p for p in told.pair.pieces if p.kind not in gone]
        without = link([r for r in rows if r["kind"] not in gone], referrals=[("A", "B")])
        ((outcome,),) = without.execute("select outcome from same_user_score")
        assert stays_same(left, told.pair, model) == outcome.startswith("same"), gone
    assert told.counterfactual == (Fall("A", "B", ("device", "ip")),)


def test_an_analysts_word_is_told_where_nothing_else_ties_the_two(link: Build, tmp_path: Path) -> None:
    word = {"override_id": "V1", "kind": "must_link", "account_a": "A", "account_b": "B", "to_at": None}
    tables = published(link([*uses("A", phone="1"), *uses("B", phone="2")], books_override=[word]), tmp_path / "tables")
    told = explain_pair(tables, "B", "A")
    assert (told.one_user, told.pair.same, told.path, told.counterfactual) == (True, True, (), ())
    assert "An analyst joined the two" in told.as_text("en")
    assert "an analyst's word" in explain_group(tables, told.group_id).as_text("en")


def test_a_parted_pair_is_told_how_to_take_the_word_back(link: Build, tmp_path: Path) -> None:
    word = {"override_id": "V1", "kind": "cannot_link", "account_a": "A", "account_b": "B", "to_at": None}
    rows = [sighting(a, "id_doc", "d") for a in "AB"]
    told = explain_pair(published(link(rows, books_override=[word]), tmp_path / "tables"), "A", "B")
    assert (told.one_user, told.pair.override) == (False, "cannot_link")
    for lang in ("en", "zh"):
        assert "tongren unlink A B --end" in told.as_text(lang)


def test_a_pair_is_two_accounts(link: Build, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="two different"):
        explain_pair(published(link(uses("A", phone="1")), tmp_path / "tables"), "A", "A")


def test_what_a_pair_lacks_is_said(link: Build, tmp_path: Path) -> None:
    """One card among referral partners: bits enough, but one kind; a line of ten: bits too few."""
    rows = [*uses("A", payment="p"), *uses("B", payment="p"), *uses("C", ip="i"), *uses("D", ip="i")]
    tables = published(link(rows, referrals=[("A", "B"), ("C", "D")]), tmp_path / "tables")
    one_kind, few_bits = explain_pair(tables, "A", "B"), explain_pair(tables, "C", "D")
    assert (one_kind.pair.outcome, one_kind.one_user, one_kind.pair.corroborated) == ("possibly", False, False)
    assert one_kind.pair.bits > one_kind.same_bits
    assert "a second kind of evidence" in one_kind.as_text("en")
    assert "另一类" in one_kind.as_text("zh")
    assert f"What is missing: {few_bits.same_bits - few_bits.pair.bits:.2f} bits" in few_bits.as_text("en")
    assert "on the same day" in few_bits.as_text("en")


def test_days_are_those_of_shanghai_and_both_languages_say_the_same(link: Build, tmp_path: Path) -> None:
    rows = [sighting(a, "id_doc", "d", 0.7) for a in "AB"]  # 20:48 in London is the next day in Shanghai
    told = explain_pair(published(link(rows), tmp_path / "tables"), "A", "B")
    for lang, day in (("en", "seen 2025-03-02 to 2025-03-02"), ("zh", "2025-03-02 至 2025-03-02")):
        assert day in told.as_text(lang)
    assert set(WORDS["en"]) == set(WORDS["zh"])


def test_unknown_accounts_and_groups_are_said_to_be_unknown(link: Build, tmp_path: Path) -> None:
    tables = published(link(uses("A", phone="1")), tmp_path / "tables")
    with pytest.raises(NotFound, match="nobody"):
        explain_pair(tables, "A", "nobody")
    with pytest.raises(NotFound, match="G0"):
        explain_group(tables, "G0")

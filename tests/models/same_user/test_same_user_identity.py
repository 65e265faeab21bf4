"""Group ids last: they are carried over by the most members, and every change leaves an event."""

from __future__ import annotations

from hashlib import sha256

import pytest
from linked_accounts import Build, membership, sighting

from models.same_user.identity import Overlap, carry_over, fresh_id, name_groups


def papers(*groups: str) -> list[dict[str, object]]:
    """One sighting per letter: the letters of a word share a document."""
    return [sighting(account, "id_doc", f"doc{n}") for n, word in enumerate(groups) for account in word]


def test_a_new_group_is_named_after_its_smallest_account(link: Build) -> None:
    wh = link(papers("CAB"))
    name = "G" + sha256(b"A|0").hexdigest()[:16]
    assert wh.execute("select distinct group_id, group_size from group_member") == [(name, 3)]
    assert wh.execute("select event, account_id from group_event order by all") == [
        ("created", ""), ("joined", "A"), ("joined", "B"), ("joined", "C"),
    ]  # fmt: skip


def test_nothing_changed_means_no_events_and_no_changes(link: Build) -> None:
    books = membership(link(papers("AB")), 1)
    wh = link(papers("AB"), run_seq=2, books_membership=books)
    assert wh.execute("select count(*) from group_event") == [(0,)]
    assert wh.execute("select count(*) from membership_change") == [(0,)]


def test_a_group_that_gains_a_smaller_account_keeps_its_id(link: Build) -> None:
    first = link(papers("BC"))
    name = first.execute("select distinct group_id from group_member")
    wh = link(papers("ABC"), run_seq=2, books_membership=membership(first, 1))
    assert wh.execute("select distinct group_id from group_member") == name
    assert wh.execute("select event, account_id from group_event") == [("joined", "A")]


def test_a_merge_keeps_the_id_with_more_members_and_names_it(link: Build) -> None:
    first = link(papers("AB", "CDE"))
    old = dict(first.execute("select account_id, group_id from group_member"))
    wh = link(papers("ABCDE"), run_seq=2, books_membership=membership(first, 1))
    assert wh.execute("select distinct group_id from group_member") == [(old["C"],)]
    events = wh.execute("select group_id, event, other_group_id from group_event where account_id = '' order by all")
    assert events == [(old["A"], "merged", old["C"])]
    assert wh.execute("select account_id from group_event where event = 'joined' order by all") == [("A",), ("B",)]


def test_a_split_leaves_the_id_with_more_members_and_names_where_the_rest_came_from(link: Build) -> None:
    first = link(papers("ABCDE"))
    old = first.execute("select distinct group_id from group_member")[0][0]
    wh = link(papers("AB", "CDE"), run_seq=2, books_membership=membership(first, 1))
    now = dict(wh.execute("select account_id, group_id from group_member"))
    assert now["C"] == old
    assert now["A"] == "G" + sha256(b"A|1").hexdigest()[:16], "the name of the old group is never used again"
    events = wh.execute("select group_id, event, other_group_id from group_event where account_id = '' order by all")
    assert events == [(now["A"], "created", ""), (now["A"], "split", old)]


def test_a_group_that_is_gone_is_retired_and_its_accounts_leave(link: Build) -> None:
    first = link(papers("AB"))
    old = first.execute("select distinct group_id from group_member")[0][0]
    wh = link(papers("A", "B"), run_seq=2, books_membership=membership(first, 1))
    assert wh.execute("select account_id, group_id, status from membership_change order by all") == [
        ("A", None, None), ("B", None, None),
    ]  # fmt: skip
    assert wh.execute("select event from group_event where account_id = '' and group_id = $old", old=old) == [
        ("retired",)
    ]


def test_the_books_replayed_give_the_groups_of_the_last_run(link: Build) -> None:
    books = membership(link(papers("AB", "CD")), 1)
    books = membership(link(papers("ABCD"), run_seq=2, books_membership=books), 2, books)
    wh = link(papers("ABCD"), run_seq=3, books_membership=books)
    assert wh.execute("select count(*) from membership_change") == [(0,)]


@pytest.mark.parametrize(
    ("overlaps", "expected"),
    [
        ([Overlap("Gold", 1, "A", 2), Overlap("Gnew", 2, "A", 2)], {"A": "Gold"}),
        ([Overlap("G1", 1, "A", 3), Overlap("G1", 1, "B", 2), Overlap("G2", 1, "B", 1)], {"A": "G1", "B": "G2"}),
        ([Overlap("G2", 1, "A", 1), Overlap("G1", 1, "A", 1)], {"A": "G1"}),
        ([], {}),
    ],
)
def test_ids_go_from_the_largest_overlap_down_and_older_first(
    overlaps: list[Overlap], expected: dict[str, str]
) -> None:
    assert carry_over(overlaps) == carry_over(reversed(overlaps)) == expected


def test_an_id_that_was_ever_used_is_not_given_again() -> None:
    taken = {fresh_id("A", set())}
    assert fresh_id("A", taken) not in taken
    assert len(set(name_groups(["A", "B"], [], set(taken)).values()) | taken) == 3

"""What people may do, in which order, and who: the same on both databases."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from casebook import decisions, proposals, standing, verdicts
from casebook.books import Books
from data_contracts.errors import NotAllowed, NotFound, UsageError
from pipelines.cli import cli
from tests.casebook.conftest import LAST, appealed, decide, frozen, propose, publish

CUTOFF = datetime(2026, 1, 31, 16, tzinfo=UTC)
POLICY = {"decision_id": "D1", "subject_kind": "promoter", "subject_id": "P1", "promoter_id": "P1", "clause": "3.5(2)",
          "measure": "cancel_rebate", "month": "2026-01", "status": "proposed", "effective_from": CUTOFF,
          "decided_by": "policy", "reason": "burst", "proposed_by": "policy", "proposed_on": LAST, "needed": 2}  # fmt: skip
NOTICE = {"instruction_id": "I1", "kind": "notice", "subject_id": "P1", "decision_id": "D1", "created_on": LAST,
          "reply_by": date(2026, 2, 7)}  # fmt: skip
FINDING = {"finding_id": "F1", "clause": "2.2(3)", "detector": "same_user", "subject_kind": "referral", "subject_id": "A2",
           "promoter_id": "P1", "first_seen": LAST}  # fmt: skip


@pytest.fixture
def started(books: Books) -> Books:
    """Books with one published run that proposed D1 and made the finding F1."""
    publish(books, new_finding=[FINDING], new_decision=[POLICY], instruction=[NOTICE])
    return books


def status(books: Books, decision_id: str) -> str:
    return str(next(d["status"] for d in decisions.listing(books) if d["decision_id"] == decision_id))


def test_a_proposal_waits_and_starts_at_the_end_of_the_last_published_day(started: Books, tmp_path: Path) -> None:
    decision = propose(started)
    row = next(d for d in frozen(started, tmp_path / "w", "books_decision") if d["decision_id"] == decision)
    assert (row["status"], row["effective_from"], row["promoter_id"], row["needed"]) == ("proposed", CUTOFF, "P1", 1)
    assert row["proposed_on"] == LAST


def test_another_person_approves(started: Books) -> None:
    decision = propose(started)
    assert decide(started, decision, "approve", "wang")["status"] == "approved"


@pytest.mark.parametrize("name", ["li", "LI", " li ", "ｌi"])
def test_nobody_approves_an_own_proposal_however_the_name_is_typed(started: Books, name: str) -> None:
    decision = propose(started, by="li")
    with pytest.raises(NotAllowed, match="own proposal"):
        decide(started, decision, "approve", name)
    assert status(started, decision) == "proposed"


def test_what_a_run_proposed_for_two_people_needs_two(started: Books) -> None:
    assert decide(started, "D1", "approve", "li")["status"] == "proposed"
    with pytest.raises(NotAllowed, match="second person"):
        decide(started, "D1", "approve", "Li")
    state = decide(started, "D1", "approve", "wang")
    assert (state["status"], state["decided_by"]) == ("approved", "li, wang")


@pytest.mark.parametrize(("measure", "functions", "covers"), [
    ("hold_payout", None, True), ("suspend_functions", None, True), ("suspend_functions", "links, payout", True),
    ("suspend_functions", "links", False), ("warn", None, False),
])  # fmt: skip
def test_an_approved_hold_keeps_payouts_back_before_a_run_applies_it(
    started: Books, measure: str, functions: str | None, covers: bool
) -> None:
    decision = propose(
        started, measure=measure, functions=functions, clause="3.5(2)", subject_kind="promoter", subject_id="P1"
    )
    assert standing.holds_to_come(started) == set()
    decide(started, decision, "approve", "wang")
    assert standing.holds_to_come(started) == ({("P1", None)} if covers else set())


def test_one_rejection_is_enough(started: Books) -> None:
    decide(started, "D1", "approve", "li")
    assert decide(started, "D1", "reject", "wang")["status"] == "rejected"


@pytest.mark.parametrize(("path", "action"), [
    ([], "overturn"), ([], "release"),
    (["approve"], "approve"), (["approve"], "reject"), (["approve"], "release"),
    (["reject"], "approve"), (["reject"], "reject"), (["reject"], "overturn"), (["reject"], "release"),
    (["approve", "overturn"], "approve"), (["approve", "overturn"], "reject"), (["approve", "overturn"], "overturn"),
])  # fmt: skip
def test_moves_that_the_state_forbids_are_refused_and_logged(started: Books, path: list[str], action: str) -> None:
    decision = propose(started)
    for step in path:
        decide(started, decision, step)
    with pytest.raises(NotAllowed):
        decide(started, decision, action, "zhao")
    with started.reading() as book:
        last = book.rows("select actor, action, object from audit order by seq desc limit 1")[0]
    assert last == {"actor": "zhao", "action": "refused", "object": decision}


def test_a_hold_is_released_at_the_end_of_the_last_published_day(started: Books, tmp_path: Path) -> None:
    decision = propose(started)
    decide(started, decision, "approve")
    publish(
        started,
        2,
        date(2026, 2, 20),
        decision_step=[{"decision_id": decision, "action": "apply", "reason": "approved"}],
    )
    decide(started, decision, "release")
    row = next(d for d in frozen(started, tmp_path / "w", "books_decision") if d["decision_id"] == decision)
    assert (row["status"], row["effective_to"], row["applied_seq"]) == (
        "applied",
        datetime(2026, 2, 20, 16, tzinfo=UTC),
        2,
    )
    with pytest.raises(NotAllowed, match="ended"):
        decide(started, decision, "release")


def test_only_a_hold_can_be_released(started: Books) -> None:
    decision = propose(started, measure="warn")
    decide(started, decision, "approve")
    publish(started, 2, decision_step=[{"decision_id": decision, "action": "apply", "reason": "approved"}])
    with pytest.raises(NotAllowed, match="overturn"):
        decide(started, decision, "release")


def test_an_applied_decision_is_overturned_and_the_next_run_takes_note(started: Books, tmp_path: Path) -> None:
    decision = propose(started)
    decide(started, decision, "approve")
    publish(started, 2, decision_step=[{"decision_id": decision, "action": "apply", "reason": "approved"}])
    assert decide(started, decision, "overturn", "li")["status"] == "overturned"
    publish(started, 3, decision_step=[{"decision_id": decision, "action": "see_overturned", "reason": "seen"}])
    row = next(d for d in frozen(started, tmp_path / "w", "books_decision") if d["decision_id"] == decision)
    assert (row["status"], row["applied_seq"], row["overturned_seq"], row["decided_by"]) == ("overturned", 2, 3, "li")
    entries = [e["action"] for e in decisions.history(started, decision)]
    assert entries == ["propose", "approve", "apply", "overturn", "see_overturned"]


@pytest.mark.parametrize(("given", "message"), [
    ({"measure": "void_relation"}, "does not allow void_relation; it allows warn"),
    ({"clause": "9.9"}, "no clause 9.9"),
    ({"measure": "cancel_programme", "effective_to": datetime(2027, 1, 1, tzinfo=UTC)}, "has no end"),
    ({"measure": "freeze_invitee", "clause": "3.5(3)", "subject_kind": "invitee", "subject_id": "A9"}, "collusion"),
    ({"measure": "freeze_invitee", "clause": "3.5(3)", "subject_kind": "promoter", "subject_id": "A2"}, "collusion"),
    ({"functions": "payout"}, "no functions"),
])  # fmt: skip
def test_what_the_agreement_does_not_allow_is_refused(started: Books, given: dict[str, object], message: str) -> None:
    before = len(decisions.listing(started))
    with pytest.raises(NotAllowed, match=message):
        propose(started, **given)
    assert len(decisions.listing(started)) == before


@pytest.mark.parametrize("given", [
    {"measure": "scold"}, {"subject_kind": "planet"}, {"month": "2026-13"}, {"amount": "1.234"}, {"by": "  "},
    {"by": "Policy"}, {"by": "run:1"}, {"reason": ""}, {"reason": "a\x00b"}, {"subject_id": " "},
    {"effective_to": datetime(2020, 1, 1, tzinfo=UTC)},
])  # fmt: skip
def test_a_proposal_that_is_not_well_formed_is_refused(started: Books, given: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        propose(started, **given)


def test_an_invitee_with_a_finding_of_collusion_can_be_frozen_until_it_proves_false(started: Books) -> None:
    freeze = {"measure": "freeze_invitee", "clause": "3.5(3)", "subject_kind": "invitee", "subject_id": "A2"}
    decide(started, propose(started, **freeze), "reject")
    verdicts.verdict(started, "F1", "false_alarm", "li", "a family")
    with pytest.raises(NotAllowed, match="collusion"):
        propose(started, **freeze)
    verdicts.verdict(started, "F1", "confirmed", "wang", "not a family")
    assert propose(started, **freeze).startswith("D")


def test_a_cancelled_rebate_names_its_month(started: Books) -> None:
    decision = propose(started, measure="cancel_rebate", subject_id="P2")
    other = propose(started, measure="cancel_rebate", subject_id="P2", month="2025-11")
    months = {d["decision_id"]: d["month"] for d in decisions.listing(started)}
    assert (months[decision], months[other]) == ("2026-01", "2025-11")


@pytest.mark.parametrize("by", ["li", "wang"])
def test_the_same_proposal_waits_once(started: Books, by: str) -> None:
    first = propose(started)
    with pytest.raises(NotAllowed, match=first):
        propose(started, by=by, reason="in other words")
    assert propose(started, effective_to=datetime(2026, 5, 1, tzinfo=UTC)) != first
    decide(started, first, "reject")
    assert propose(started, by=by) != first
    assert started.audit_faults() == []


def test_an_instant_without_offset_is_read_in_the_zone_of_the_programme(started: Books) -> None:
    decision = propose(started, effective_from=datetime(2026, 1, 10))  # noqa: DTZ001
    row = next(d for d in decisions.listing(started) if d["decision_id"] == decision)
    assert row["effective_from"] == datetime(2026, 1, 9, 16, tzinfo=UTC)


def test_a_notice_goes_out_with_an_irreversible_proposal_and_with_no_other(started: Books, tmp_path: Path) -> None:
    propose(started)
    decision = propose(started, measure="cancel_programme")
    sent = [i for i in frozen(started, tmp_path / "w", "books_instruction") if i["decision_id"] != "D1"]
    assert [(i["kind"], i["subject_id"], i["decision_id"], i["created_on"]) for i in sent] == [
        ("notice", "P1", decision, LAST)
    ]


def test_who_approves_sees_how_much_of_the_reply_period_is_left_and_the_reply(started: Books) -> None:
    decision = propose(started, measure="cancel_programme", notice_days=10)
    publish(started, 2, date(2026, 2, 4))
    proposals.reply(started, decision, "clerk", "it was my brother", filed_by="P1")
    told = decisions.decide(started, decision, "approve", "wang", "checked")
    assert "6 days left to reply, 1 replies" in told
    with started.reading() as book:
        sent = decisions.notice(book, decision, date(2026, 2, 20))
    assert sent is not None and sent["days_left"] == 0 and sent["replies"][0]["reply"] == "it was my brother"


def test_a_run_freezes_replies_and_appeals_with_who_filed_them(started: Books, tmp_path: Path) -> None:
    decision = propose(started, measure="cancel_programme")
    proposals.reply(started, decision, "clerk", "it was my brother", filed_by="P1")
    appeal = appealed(started, until=date(2026, 2, 10))
    reply = frozen(started, tmp_path / "w", "books_notice_reply")
    assert [(r["decision_id"], r["filed_by"], r["reply"]) for r in reply] == [(decision, "P1", "it was my brother")]
    filed = frozen(started, tmp_path / "w", "books_appeal")
    assert [(a["appeal_id"], a["filed_by"], a["deadline_on"]) for a in filed] == [(appeal, "P1", date(2026, 2, 10))]


def test_nothing_irreversible_is_approved_before_its_notice_has_gone_out(books: Books) -> None:
    publish(books, new_decision=[POLICY])
    with pytest.raises(NotAllowed, match="no notice of D1 has gone out"):
        decide(books, "D1", "approve", "li")
    publish(books, 2, instruction=[NOTICE])
    assert decide(books, "D1", "approve", "li")["approvals"] == 1


def test_a_proposal_on_a_finding_rests_on_its_facts_and_falls_with_a_false_alarm(started: Books) -> None:
    with pytest.raises(NotAllowed, match="no finding F404"):
        propose(started, finding="F404")
    with pytest.raises(NotAllowed, match="about promoter P1, not P2"):
        propose(started, subject_id="P2", finding="F1")
    publish(started, 2, new_finding_evidence=[{"finding_id": "F1", "sha256": "a" * 64, "facts": "{}"}])
    decision = propose(started, finding="F1")
    with started.reading() as book:
        assert decisions.standing(book, decision)["evidence_sha256"] == "a" * 64
    verdicts.verdict(started, "F1", "false_alarm", "zhao", "a family")
    with pytest.raises(NotAllowed, match="false alarm"):
        decide(started, decision, "approve", "wang")
    verdicts.verdict(started, "F1", "confirmed", "zhao", "not a family")
    assert decide(started, decision, "approve", "wang")["status"] == "approved"


def test_verdicts_stand_in_order(started: Books, tmp_path: Path) -> None:
    verdicts.verdict(started, "F1", "unclear", "li", "asked")
    verdicts.verdict(started, "F1", "confirmed", "li", "papers came")
    rows = frozen(started, tmp_path / "w", "books_verdict")
    assert [(r["entry_no"], r["verdict"]) for r in rows] == [(1, "unclear"), (2, "confirmed")]


def test_ids_that_nobody_knows_are_named(started: Books) -> None:
    with pytest.raises(NotFound, match="D404"):
        decide(started, "D404", "approve")
    with pytest.raises(NotFound, match="F404"):
        verdicts.verdict(started, "F404", "confirmed", "li", "x")
    with pytest.raises(UsageError, match="shrug"):
        decide(started, "D1", "shrug")


def test_the_command_line_proposes_on_a_finding_alone(sqlite_books: Books, tmp_path: Path) -> None:
    publish(sqlite_books, new_finding=[FINDING])
    common = ["propose", "--measure", "void_relation", "--by", "li", "--reason", "seen", "--state", str(tmp_path)]
    run = CliRunner()
    made = run.invoke(cli, [*common, "--finding", "F1"])
    assert made.exit_code == 0, made.output
    with sqlite_books.reading() as book:
        row = decisions.standing(book, made.output.split()[-1])
    told = ("finding_id", "subject_kind", "subject_id", "promoter_id", "clause")
    assert [row[k] for k in told] == ["F1", "referral", "A2", "P1", "2.2(3)"]
    for given, said in (
        ([], "--subject-kind, --subject-id, --clause"), (["--finding", "F404"], "no finding F404"),
        (["--finding", "F1", "--subject-id", "A3"], "--subject-kind"),
    ):  # fmt: skip
        refused = run.invoke(cli, [*common, *given])
        assert refused.exit_code == 2 and said in refused.output, refused.output


def test_a_measure_on_the_money_of_a_group_names_the_promoter_whose_money_it_is(started: Books) -> None:
    with pytest.raises(UsageError, match="--promoter"):
        propose(started, subject_kind="group", subject_id="G1")
    assert propose(started, subject_kind="group", subject_id="G1", promoter="P1")

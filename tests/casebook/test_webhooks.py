"""Other systems are told at least once, signed, and never less because they were down."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner

from casebook import chain, targets, webhooks
from casebook.books import Books
from data_contracts.errors import NotAllowed, NotFound, UsageError
from data_contracts.vault import Key
from pipelines.cli import cli
from tests.casebook.conftest import LAST, publish
from tests.hook import Hook, listening

KEY = Key(bytes(range(32)))
SECRET = bytes(range(32, 64))
TARGET = "https://hooks.example/in"
ALL = {TARGET: webhooks.KINDS}
WARN = {"instruction_id": "I1", "kind": "warn", "subject_id": "P1", "decision_id": "D1", "created_on": LAST}
CASE = {"case_id": "C1", "subject_kind": "promoter", "subject_id": "P1", "promoter_id": "P1", "opened_on": LAST,
        "deadline_on": LAST, "blind": 0}  # fmt: skip


class Target:
    """A system that takes messages, or answers with what it is told to."""

    def __init__(self, *statuses: int) -> None:
        self.statuses, self.taken = list(statuses), list[tuple[str, bytes, Mapping[str, str]]]()

    def __call__(self, address: str, body: bytes, sent: Mapping[str, str]) -> int:
        status = self.statuses.pop(0) if self.statuses else 200
        if status == 0:
            raise ConnectionRefusedError
        self.taken.append((address, body, sent))
        return status


@pytest.fixture
def told(books: Books) -> Books:
    """Books with one instruction and one case to tell of."""
    publish(books, instruction=[WARN], new_case=[CASE])
    return books


def test_each_message_is_delivered_once_when_all_goes_well(told: Books) -> None:
    target = Target()
    assert webhooks.deliver(told, ALL, SECRET, send=target) == webhooks.Report(2, 0, 0)
    assert webhooks.deliver(told, ALL, SECRET, send=target) == webhooks.Report(0, 0, 0)
    assert {json.loads(b)["kind"] for _, b, _ in target.taken} == {"instruction", "case.opened"}
    assert told.audit_faults() == []


def test_a_target_gets_the_kinds_that_it_wants(told: Books) -> None:
    target = Target()
    webhooks.deliver(told, {TARGET: ["instruction"]}, SECRET, send=target)
    assert [json.loads(b)["instruction"]["kind"] for _, b, _ in target.taken] == ["warn"]
    with pytest.raises(UsageError, match="gossip"):
        webhooks.deliver(told, {TARGET: ["gossip"]}, SECRET, send=target)


def test_what_calls_an_instruction_back_names_it(told: Books) -> None:
    back = {
        **WARN,
        "instruction_id": "I" + hashlib.sha256(b"I1|cancel_instruction").hexdigest()[:16],
        "kind": "cancel_instruction",
    }
    publish(told, seq=2, instruction=[back])
    with told.reading() as book:
        sent = [m.body["instruction"] for m in webhooks.messages(book) if m.kind == "instruction"]
    assert {i["kind"]: i["cancels"] for i in sent} == {"warn": None, "cancel_instruction": "I1"}


@pytest.mark.parametrize(("fen", "told_of"), [(99, 0), (100, 1)])
def test_cases_below_the_least_priority_are_not_told(books: Books, fen: int, told_of: int) -> None:
    publish(books, new_case=[{**CASE, "priority_fen": fen}])
    told = webhooks.deliver(books, {TARGET: ["case.opened"]}, SECRET, send=Target(), least_fen=100)
    assert told.delivered == told_of


def test_a_failed_message_waits_longer_each_time_and_goes_out_in_the_end(told: Books) -> None:
    target, only = Target(500, 0, 503), {TARGET: ["instruction"]}
    minute = 60_000_000
    now = [1_800_000_000_000_000]
    told.clock = lambda: now[0]
    for wait in (0, 1, 2, 4):
        now[0] += wait * minute - 1
        if wait:
            assert webhooks.deliver(told, only, SECRET, send=target) == webhooks.Report(0, 0, 1)
        now[0] += 1
        webhooks.deliver(told, only, SECRET, send=target)
    with told.reading() as book:
        rows = book.rows("select attempt, delivered, told from delivery order by attempt")
    assert [(r["attempt"], r["delivered"]) for r in rows] == [(1, 0), (2, 0), (3, 0), (4, 1)]
    assert [r["told"] for r in rows] == ["status 500", "not reached", "status 503", "status 200"]


def test_a_message_is_not_tried_again_before_its_wait_is_over(told: Books) -> None:
    told.clock = lambda: 1_800_000_000_000_000
    target = Target(500)
    only = {TARGET: ["instruction"]}
    assert webhooks.deliver(told, only, SECRET, send=target).failed == 1
    told.clock = lambda: 1_800_000_059_000_000
    assert webhooks.deliver(told, only, SECRET, send=target) == webhooks.Report(0, 0, 1)
    told.clock = lambda: 1_800_000_060_000_000
    assert webhooks.deliver(told, only, SECRET, send=target).delivered == 1


def test_what_was_sent_when_we_died_is_sent_again_under_the_same_id(
    told: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = Target()
    with monkeypatch.context() as dying:
        dying.setattr(webhooks, "_note", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            webhooks.deliver(told, {TARGET: ["instruction"]}, SECRET, send=target)
    webhooks.deliver(told, {TARGET: ["instruction"]}, SECRET, send=target)
    assert [s["Tongren-Id"] for _, _, s in target.taken] == ["I1", "I1"]


def test_the_signature_covers_id_time_and_body(told: Books) -> None:
    target = Target()
    webhooks.deliver(told, {TARGET: ["instruction"]}, SECRET, send=target)
    _, body, sent = target.taken[0]
    text = f"{sent['Tongren-Id']}.{sent['Tongren-Time']}.".encode() + body
    assert sent["Tongren-Signature"] == "v1=" + hmac.new(SECRET, text, hashlib.sha256).hexdigest()


@pytest.mark.parametrize("address", [
    "http://hooks.example/in", "ftp://hooks.example", "https://u:p@hooks.example", "https://u@hooks.example", "hooks", "https://",
    "https://hooks.example:99999/in", "https://hooks.example:port/in", "https://hooks.example:0/in", "https://[::1/in", "https://[v1.x]/in",
    "https://hooks..example/in", "https://-hooks/in", "https://ho oks.example/in", "https://hooks.example/in\n", "https://hooks.example/\u00fc",
    "https://" + "h" * 64 + ".example/in", "https://h\u00f6oks.example/in", "https://hooks%2f.example/in",
])  # fmt: skip
def test_addresses_that_cannot_or_must_not_be_called_are_refused(sqlite_books: Books, address: str) -> None:
    with pytest.raises(UsageError):
        targets.add(sqlite_books, address, "li", "the fraud desk", KEY)


@pytest.mark.parametrize(
    "address",
    ["https://hooks.example/in", "https://[::1]:8443/in?a=b", "http://localhost:8080", "https://xn--hks-sna.example."],
)
def test_addresses_that_can_be_called_are_taken(sqlite_books: Books, address: str) -> None:
    assert targets.add(sqlite_books, address, "li", "the fraud desk", KEY).target_id.startswith("W")


@pytest.mark.parametrize("amount", ["a lot", "-1", "1.234", "99999999999999999999"])
def test_a_least_priority_that_is_no_amount_is_refused(amount: str) -> None:
    with pytest.raises(UsageError, match="least priority"):
        targets.least_of(amount)
    assert targets.least_of(" 99.50 ") == 9950


@pytest.mark.parametrize(
    "address", ["https://hooks.example:99999/in", "http://hooks.example/in", "https://hooks..example/"]
)
def test_an_address_that_cannot_be_called_is_a_failed_attempt_and_holds_up_nobody(told: Books, address: str) -> None:
    both = {address: ["instruction"], TARGET: ["instruction"]}
    target = Target()
    assert webhooks.deliver(told, both, SECRET, send=target) == webhooks.Report(1, 1, 0)
    assert [a for a, _, _ in target.taken] == [TARGET]
    with told.reading() as book:
        assert book.value("select told from delivery where target = :a", a=address) == "not reached"


def test_a_sender_that_cannot_write_the_address_is_a_failed_attempt(told: Books) -> None:
    def refuses(address: str, body: bytes, sent: Mapping[str, str]) -> int:
        raise UnicodeEncodeError("idna", "x", 0, 1, "label too long")

    assert webhooks.deliver(told, {TARGET: ["instruction"]}, SECRET, send=refuses) == webhooks.Report(0, 1, 0)


@pytest.fixture
def hook() -> Iterator[Hook]:
    """A real target on loopback."""
    with listening() as found:
        yield found


def test_a_real_target_takes_the_message_over_http(told: Books, hook: Hook) -> None:
    assert webhooks.deliver(told, {hook.address: webhooks.KINDS}, SECRET).delivered == 2
    assert len(hook.bodies) == 2


def test_a_target_is_told_of_what_came_after_it_until_it_ends(told: Books, hook: Hook, tmp_path: Path) -> None:
    target = targets.add(told, hook.address, "li", "the fraud desk", KEY, least_fen=100).target_id
    with pytest.raises(NotAllowed, match="told already"):
        targets.add(told, hook.address, "li", "again", KEY)
    assert targets.deliver_all(told, KEY) == webhooks.Report(0, 0, 0)
    cases = [{**CASE, "case_id": f"C{n}", "priority_fen": fen} for n, fen in ((2, 99), (3, 100))]
    publish(told, 2, instruction=[{**WARN, "instruction_id": "I2", "kind": "freeze_promoter"}], new_case=cases)
    background = targets.Rounds(told, lambda: KEY, tmp_path / "turn.lock", every=3600)
    background.loop.start()
    background.stop()
    assert sorted(json.loads(b)["kind"] for b in hook.bodies) == ["case.opened", "instruction"]
    targets.end(told, target, "li", "moved")
    publish(told, 3, instruction=[{**WARN, "instruction_id": "I3"}])
    assert targets.deliver_all(told, KEY) == webhooks.Report(0, 0, 0)
    with pytest.raises(NotAllowed, match="ended already"):
        targets.end(told, target, "li", "moved")
    with pytest.raises(NotFound):
        targets.end(told, "W404", "li", "x")
    assert told.audit_faults() == []


def test_of_several_processes_one_tells_and_another_takes_over(told: Books, hook: Hook, tmp_path: Path) -> None:
    targets.add(told, hook.address, "li", "the fraud desk", KEY)
    one, other = (targets.Rounds(told, lambda: KEY, tmp_path / "console" / "turn.lock") for _ in range(2))
    assert one.round() == webhooks.Report(0, 0, 0)
    publish(told, 2, instruction=[{**WARN, "instruction_id": "I2"}])
    assert other.round() == webhooks.Report(0, 0, 0) and hook.bodies == []
    one.stop()
    assert other.round().delivered == 1


def test_a_round_without_news_asks_for_nothing(told: Books, hook: Hook, tmp_path: Path) -> None:
    """The key is asked for when there is somebody to tell and something new, or something left over."""
    asked = []

    def key() -> Key:
        asked.append(1)
        return KEY

    rounds = targets.Rounds(told, key, tmp_path / "turn.lock")
    rounds.round()
    assert asked == []
    targets.add(told, hook.address, "li", "the fraud desk", KEY)
    publish(told, 2, instruction=[{**WARN, "instruction_id": "I2"}])
    hook.status = 503
    assert rounds.round().failed == 1
    assert rounds.round().waiting == 1
    told.clock = lambda: 1_900_000_000_000_000
    hook.status = 204
    assert rounds.round().delivered == 1
    assert len(asked) == 3
    rounds.round()
    assert len(asked) == 3


@pytest.mark.parametrize(("status", "told_as"), [(204, "status 204"), (410, "status 410")])
def test_a_target_can_be_tried_without_waiting_for_news(told: Books, hook: Hook, status: int, told_as: str) -> None:
    target = targets.add(told, hook.address, "li", "the fraud desk", KEY).target_id
    hook.status = status
    assert targets.test(told, target, "wang", KEY) == status
    body = json.loads(hook.bodies[0])
    assert (body["kind"], body["target"]) == ("test", {"target_id": target})
    with told.reading() as book:
        last = book.rows("select actor, action, object, payload from audit order by seq desc limit 1")[0]
        assert book.value("select count(*) from delivery") == 0
    assert (last["actor"], last["action"], last["object"]) == ("wang", "webhook.test", target) and told_as in last[
        "payload"
    ]
    with pytest.raises(NotFound):
        targets.test(told, "W404", "wang", KEY)


def test_the_command_line_says_what_a_target_answered(sqlite_books: Books, tmp_path: Path, hook: Hook) -> None:
    publish(sqlite_books)
    sqlite_books.close()
    state = ["--state", str(tmp_path)]
    run = CliRunner()
    given = ["webhooks", "add", hook.address, "--by", "li", "--reason", "desk", "--kind", "instruction", *state]
    target = run.invoke(cli, given).output.split()[-1]
    tried = run.invoke(cli, ["webhooks", "test", target, "--by", "li", *state])
    assert (tried.exit_code, tried.output) == (0, f"{target} took the message: status 204\n")
    hook.status = 410
    refused = run.invoke(cli, ["webhooks", "test", target, "--by", "li", *state])
    assert refused.exit_code == 1 and "status 410" in refused.output


def test_who_cannot_be_reached_does_not_hold_up_the_round(told: Books) -> None:
    target = Target(0)
    assert webhooks.deliver(told, ALL, SECRET, send=target) == webhooks.Report(0, 1, 1)


def signed_with(secret: str, sent: Mapping[str, str], body: bytes) -> bool:
    text = f"{sent['Tongren-Id']}.{sent['Tongren-Time']}.".encode() + body
    return sent["Tongren-Signature"] == "v1=" + hmac.new(bytes.fromhex(secret), text, hashlib.sha256).hexdigest()


def test_each_target_has_a_secret_of_its_own_that_the_books_do_not_know(told: Books) -> None:
    one, two = (targets.add(told, f"https://hooks.example/{n}", "li", "desk", KEY) for n in (1, 2))
    publish(told, 2, instruction=[{**WARN, "instruction_id": "I2"}])
    target = Target()
    targets.deliver_all(told, KEY, target)
    by_address = {a: (sent, body) for a, body, sent in target.taken}
    for made, other, n in ((one, two, 1), (two, one, 2)):
        sent, body = by_address[f"https://hooks.example/{n}"]
        assert signed_with(made.secret, sent, body) and not signed_with(other.secret, sent, body)
    with told.reading() as book:
        kept = repr(
            [book.rows(f"select * from {t}") for t in ("audit", "webhook_target", "webhook_secret", "webhook_state")]
        )
    assert one.secret not in kept and two.secret not in kept


def test_a_rotated_secret_signs_from_then_on(told: Books) -> None:
    made = targets.add(told, TARGET, "li", "desk", KEY)
    again = targets.rotate(told, made.target_id, "wang", "yearly", KEY)
    target = Target()
    assert targets.test(told, made.target_id, "li", KEY, target) == 200
    _, body, sent = target.taken[0]
    assert again.secret != made.secret and signed_with(again.secret, sent, body)
    assert told.audit_faults() == []
    targets.end(told, made.target_id, "li", "moved")
    with pytest.raises(NotAllowed, match="ended already"):
        targets.rotate(told, made.target_id, "li", "late", KEY)


def test_under_another_key_a_target_waits_until_its_secret_is_rotated(told: Books) -> None:
    made = targets.add(told, TARGET, "li", "desk", KEY)
    publish(told, 2, instruction=[{**WARN, "instruction_id": "I2"}])
    newer, target = Key(bytes(range(1, 33))), Target()
    assert targets.deliver_all(told, newer, target) == webhooks.Report(0, 0, 1)
    with pytest.raises(NotAllowed, match="earlier key"):
        targets.test(told, made.target_id, "li", newer, target)
    secret = targets.rotate(told, made.target_id, "li", "another key", newer).secret
    assert targets.deliver_all(told, newer, target).delivered == 1
    assert signed_with(secret, target.taken[0][2], target.taken[0][1])


def test_a_target_of_before_each_had_its_own_secret_is_told_until_it_is_rotated(told: Books) -> None:
    row = {"target_id": "W1", "address": TARGET, "kinds": "instruction", "least_fen": 0, "since_seq": 0, "by_whom": "li",
           "reason": "r", "at": 1}  # fmt: skip
    with told.writing() as book:
        book.record(chain.Entry("li", "webhook.add", "W1"), {"webhook_target": [row]})
    target = Target()
    targets.deliver_all(told, KEY, target)
    assert signed_with(KEY.subkey("webhook").hex(), target.taken[0][2], target.taken[0][1])
    targets.rotate(told, "W1", "li", "own secret", KEY)
    publish(told, 2, instruction=[{**WARN, "instruction_id": "I2"}])
    targets.deliver_all(told, KEY, target)
    assert not signed_with(KEY.subkey("webhook").hex(), target.taken[1][2], target.taken[1][1])


def test_a_case_drawn_at_random_is_told_without_a_priority(books: Books) -> None:
    drawn = {**CASE, "case_id": "C2", "priority_fen": 900, "blind": 1}
    publish(books, new_case=[{**CASE, "priority_fen": 900}, drawn])
    with books.reading() as book:
        told = {m.body["case"]["case_id"]: m.body["case"]["priority_fen"] for m in webhooks.messages(book)}
        assert told == {"C1": 900, "C2": None}
        assert [m.body["case"]["case_id"] for m in webhooks.messages(book, 500)] == ["C1"]

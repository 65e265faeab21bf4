"""Other systems are told at least once, signed, and never less because they were down."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from casebook import targets, webhooks
from casebook.books import Books
from data_contracts.errors import NotAllowed, NotFound, UsageError
from data_contracts.vault import Key
from tests.casebook.conftest import LAST, publish

KEY = Key(bytes(range(32)))
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
    assert webhooks.deliver(told, ALL, KEY, send=target) == webhooks.Report(2, 0, 0)
    assert webhooks.deliver(told, ALL, KEY, send=target) == webhooks.Report(0, 0, 0)
    assert {json.loads(b)["kind"] for _, b, _ in target.taken} == {"instruction", "case.opened"}
    assert told.audit_faults() == []


def test_a_target_gets_the_kinds_that_it_wants(told: Books) -> None:
    target = Target()
    webhooks.deliver(told, {TARGET: ["instruction"]}, KEY, send=target)
    assert [json.loads(b)["instruction"]["kind"] for _, b, _ in target.taken] == ["warn"]
    with pytest.raises(UsageError, match="gossip"):
        webhooks.deliver(told, {TARGET: ["gossip"]}, KEY, send=target)


@pytest.mark.parametrize(("fen", "told_of"), [(99, 0), (100, 1)])
def test_cases_below_the_least_priority_are_not_told(books: Books, fen: int, told_of: int) -> None:
    publish(books, new_case=[{**CASE, "priority_fen": fen}])
    told = webhooks.deliver(books, {TARGET: ["case.opened"]}, KEY, send=Target(), least_fen=100)
    assert told.delivered == told_of


def test_a_failed_message_waits_longer_each_time_and_goes_out_in_the_end(told: Books) -> None:
    target, only = Target(500, 0, 503), {TARGET: ["instruction"]}
    minute = 60_000_000
    now = [1_800_000_000_000_000]
    told.clock = lambda: now[0]
    for wait in (0, 1, 2, 4):
        now[0] += wait * minute - 1
        if wait:
            assert webhooks.deliver(told, only, KEY, send=target) == webhooks.Report(0, 0, 1)
        now[0] += 1
        webhooks.deliver(told, only, KEY, send=target)
    with told.reading() as book:
        rows = book.rows("select attempt, delivered, told from delivery order by attempt")
    assert [(r["attempt"], r["delivered"]) for r in rows] == [(1, 0), (2, 0), (3, 0), (4, 1)]
    assert [r["told"] for r in rows] == ["status 500", "not reached", "status 503", "status 200"]


def test_a_message_is_not_tried_again_before_its_wait_is_over(told: Books) -> None:
    told.clock = lambda: 1_800_000_000_000_000
    target = Target(500)
    only = {TARGET: ["instruction"]}
    assert webhooks.deliver(told, only, KEY, send=target).failed == 1
    told.clock = lambda: 1_800_000_059_000_000
    assert webhooks.deliver(told, only, KEY, send=target) == webhooks.Report(0, 0, 1)
    told.clock = lambda: 1_800_000_060_000_000
    assert webhooks.deliver(told, only, KEY, send=target).delivered == 1


def test_what_was_sent_when_we_died_is_sent_again_under_the_same_id(
    told: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = Target()
    with monkeypatch.context() as dying:
        dying.setattr(webhooks, "_note", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            webhooks.deliver(told, {TARGET: ["instruction"]}, KEY, send=target)
    webhooks.deliver(told, {TARGET: ["instruction"]}, KEY, send=target)
    assert [s["Tongren-Id"] for _, _, s in target.taken] == ["I1", "I1"]


def test_the_signature_covers_id_time_and_body(told: Books) -> None:
    target = Target()
    webhooks.deliver(told, {TARGET: ["instruction"]}, KEY, send=target)
    _, body, sent = target.taken[0]
    text = f"{sent['Tongren-Id']}.{sent['Tongren-Time']}.".encode() + body
    assert sent["Tongren-Signature"] == "v1=" + hmac.new(KEY.subkey("webhook"), text, hashlib.sha256).hexdigest()


@pytest.mark.parametrize(
    "address", ["http://hooks.example/in", "ftp://hooks.example", "https://u:p@hooks.example", "hooks"]
)
def test_addresses_that_would_tell_in_clear_text_are_refused(sqlite_books: Books, address: str) -> None:
    with pytest.raises(UsageError):
        webhooks.deliver(sqlite_books, {address: ["instruction"]}, KEY, send=Target())


@pytest.fixture
def server() -> Iterator[tuple[str, list[bytes]]]:
    """A real target on loopback."""
    taken: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with HTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{listening.server_port}/in", taken
        listening.shutdown()
        thread.join()


def test_a_real_target_takes_the_message_over_http(told: Books, server: tuple[str, list[bytes]]) -> None:
    address, taken = server
    assert webhooks.deliver(told, {address: webhooks.KINDS}, KEY).delivered == 2
    assert len(taken) == 2


def test_a_target_is_told_of_what_came_after_it_until_it_ends(told: Books, server: tuple[str, list[bytes]]) -> None:
    address, taken = server
    target = targets.add(told, address, "li", "the fraud desk", least_fen=100)
    with pytest.raises(NotAllowed, match="told already"):
        targets.add(told, address, "li", "again")
    assert targets.deliver_all(told, KEY) == webhooks.Report(0, 0, 0)
    cases = [{**CASE, "case_id": f"C{n}", "priority_fen": fen} for n, fen in ((2, 99), (3, 100))]
    publish(told, 2, instruction=[{**WARN, "instruction_id": "I2", "kind": "freeze_promoter"}], new_case=cases)
    background = targets.loop(told, KEY, every=3600)
    background.start()
    background.stop()
    kinds = sorted(json.loads(b)["kind"] for b in taken)
    assert kinds == ["case.opened", "instruction"]
    targets.end(told, target, "li", "moved")
    publish(told, 3, instruction=[{**WARN, "instruction_id": "I3"}])
    assert targets.deliver_all(told, KEY) == webhooks.Report(0, 0, 0)
    with pytest.raises(NotAllowed, match="ended already"):
        targets.end(told, target, "li", "moved")
    with pytest.raises(NotFound):
        targets.end(told, "W404", "li", "x")
    assert told.audit_faults() == []


def test_who_cannot_be_reached_does_not_hold_up_the_round(told: Books) -> None:
    target = Target(0)
    assert webhooks.deliver(told, ALL, KEY, send=target) == webhooks.Report(0, 1, 1)

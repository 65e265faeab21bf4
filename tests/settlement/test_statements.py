"""Statements that a person can read, in every format, and the files for finance."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from data_contracts.errors import NotFound, UsageError
from pipelines import show
from pipelines.state import State
from settlement import finance, statements
from tests.settlement.play import Play, at

SLY = "=cmd|' /C calc'!A0"


@pytest.fixture
def published(play: Callable[..., Play]) -> Path:
    p = play({"id": "caps", "level": "detail", "effective_from": "2026-01-01",
              "rebate": {"bounty_per_new_paying_user": "5.00", "invitee_month_cap": "60.00"}})  # fmt: skip
    p.add(
        "identifiers",
        account_id="P",
        kind="id_doc",
        token="t",
        observed_at=at("2026-01-05"),
        source="usage",
        links=True,
    )
    for name in ("I1", SLY):
        p.invitee(name, "2026-03-02")
    p.order("o1", "I1", "2026-03-05 12:00:00", 70_000)
    p.order("o2", SLY, "2026-03-05 12:00:00", 0)
    p.order("<b>o3</b>", SLY, "2026-03-06 12:00:00", 20_000)
    p.run("2026-04-20")
    p.refund("<b>o3</b>", "2026-04-22", 10_000)
    p.payout("2026-03", "2026-04-25", 9_000)
    p.add("payout_requests", request_id="q1", promoter_id="P", month="2026-03", requested_at=at("2026-04-21"))
    p.run("2026-05-20", publish=True)
    assert p.statement("2026-03")["payable"] == 9_000
    return p.folder / "published"


@pytest.mark.parametrize("form", statements.FORMATS)
def test_each_format_gives_the_same_bytes_twice(published: Path, form: str) -> None:
    assert statements.render(published, "P", "2026-03", form) == statements.render(published, "P", "2026-03", form)


def test_the_json_foots_and_names_why_a_line_does_not_count(published: Path) -> None:
    told = json.loads(statements.render(published, "P", "2026-03", "json"))
    assert (told["rebate"], told["payable"], told["tax_estimate"]) == ("90.00", "90.00", "0.00")
    by_order = {r["order_id"]: r for r in told["lines"] if r["order_id"]}
    assert by_order["o2"]["clause"] == "4.2(2)"
    assert by_order["<b>o3</b>"]["rebate"] == "10.00"
    assert [r["rebate"] for r in told["lines"] if r["line_kind"] == "cap"] == ["-10.00"]
    assert told["adjusted_later"] == [
        {"month": "2026-04", "earning_month": "2026-03", "cause": "4.2(4)", "amount": "-10.00"}
    ]
    assert (
        told["payouts"][0]["tax_formula"] == "(90.00 of the month - 800.00) x 20 % - 0.00 - 0.00 withheld before"
        " = 0.00, never below 0"
    )


def test_a_page_escapes_what_the_feeds_say(published: Path) -> None:
    page = statements.render(published, "P", "2026-03", "html").decode()
    assert "<b>o3" not in page
    assert "&lt;b&gt;o3" in page
    assert "http" not in page


def test_no_cell_is_a_formula_and_money_stays_a_number(published: Path) -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(statements.render(published, "P", "2026-03", "xlsx"))).active
    assert sheet is not None
    cells = [c for row in sheet.iter_rows() for c in row if c.value is not None]
    assert all(c.data_type != "f" for c in cells)
    assert f"'{SLY}" in [c.value for c in cells]
    assert -10 in [c.value for c in cells if c.data_type == "n"]
    text = statements.render(published, "P", "2026-03", "csv").decode()
    assert f"'{SLY}" in text
    assert ",-10.00\r\n" in text


def test_text_shows_the_offset_as_a_line_of_its_own(published: Path) -> None:
    shown = statements.render(published, "P", "2026-04", "text").decode()
    assert "10.00  新增应追回" in shown
    assert "4.2(4)" in shown


def test_what_is_not_there_is_said_to_be_not_there(published: Path) -> None:
    with pytest.raises(NotFound, match="2031-01"):
        statements.render(published, "P", "2031-01", "text")
    with pytest.raises(UsageError, match="docx"):
        statements.render(published, "P", "2026-03", "docx")


def test_a_file_stays_in_its_folder_whatever_the_promoter_is_called(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(State, "current", lambda self: published)
    monkeypatch.setattr(statements, "render", lambda *given: b"x")
    show.statement(tmp_path, "/../../sly", "2026-03", "csv", tmp_path / "out")
    assert [f.name for f in (tmp_path / "out").iterdir()] == ["statement-%2F..%2F..%2Fsly-2026-03.csv"]


def test_the_trial_balance_foots(published: Path) -> None:
    rows = finance.trial_balance(published)
    assert rows[-1][0] == "total"
    assert rows[-1][1] == rows[-1][2] > 0


def test_payouts_are_reconciled_and_nothing_is_left_to_instruct(published: Path, tmp_path: Path) -> None:
    assert finance.reconciliation(published).splitlines()[1:] == ["w0,P,2026-03,2026-04-25,paid,90.00,0.00,0.00,agrees"]
    assert finance.write_payment_files(published, tmp_path / "pay") == []


def test_a_requested_instalment_is_instructed_net_of_tax(play: Callable[..., Play], tmp_path: Path) -> None:
    p = play()
    p.add(
        "identifiers",
        account_id="P",
        kind="id_doc",
        token="t",
        observed_at=at("2026-01-05"),
        source="usage",
        links=True,
    )
    p.invitee("I1", "2026-03-02")
    p.order("o1", "I1", "2026-03-05", 5_000_000)
    p.add("payout_requests", request_id="q1", promoter_id="P", month="2026-03", requested_at=at("2026-04-20 12:00:00"))
    p.run("2026-04-20", publish=True)
    files = finance.write_payment_files(tmp_path / "published", tmp_path / "pay")
    assert [f.name for f in files] == ["payments-001-vendor-a-2026-04-30.csv"]
    assert files[0].read_text(encoding="utf-8").splitlines()[1] == "P,2026-03,1,5000.00,800.00,4200.00"
    # A hold that was approved since the run covers it already: the file of before is gone too.
    for holds in ({("P", None)}, {("P", "2026-03")}):
        assert finance.write_payment_files(tmp_path / "published", tmp_path / "pay", holds) == []
        assert list((tmp_path / "pay").iterdir()) == []
        assert finance.left_out(tmp_path / "published", holds) == [
            ("P", "2026-03", 1, 500_000, "a hold was approved since the run")
        ]
    assert finance.left_out(tmp_path / "published", {("P", "2026-02"), ("Q", None)}) == []


def test_who_has_no_id_document_is_named_and_not_paid(play: Callable[..., Play], tmp_path: Path) -> None:
    p = play()
    p.invitee("I1", "2026-03-02")
    p.order("o1", "I1", "2026-03-05", 100_000)
    p.add("payout_requests", request_id="q1", promoter_id="P", month="2026-03", requested_at=at("2026-04-20 12:00:00"))
    p.run("2026-04-20", publish=True)
    assert finance.write_payment_files(tmp_path / "published", tmp_path / "pay") == []
    assert finance.left_out(tmp_path / "published") == [("P", "2026-03", 1, 10_000, "no id document on file")]


def test_a_statement_names_what_holds_releases_and_cancels(play: Callable[..., Play], tmp_path: Path) -> None:
    p = play()
    for month in ("2026-03", "2026-04", "2026-05"):
        p.invitee(f"I{month}", f"{month}-02")
        p.order(f"o{month}", f"I{month}", f"{month}-05", 100_000)
    p.decide("H1", "hold_payout", "promoter", "P", "2026-04-01", month="2026-03", clause="3.5(2)")
    p.decide("C1", "cancel_rebate", "promoter", "P", "2026-05-01", month="2026-04", clause="3.5(4)")
    p.run("2026-04-20", publish=True)
    told = json.loads(statements.render(tmp_path / "published", "P", "2026-03", "json"))
    assert told["holds"] == [{"month": "2026-03", "earning_month": "2026-03", "amount": "100.00", "cause": "H1"}]
    p.overturn("H1")
    p.run("2026-05-20", publish=True)
    march = json.loads(statements.render(tmp_path / "published", "P", "2026-03", "json"))
    assert [h["amount"] for h in march["holds"]] == ["100.00", "-100.00"]
    april = json.loads(statements.render(tmp_path / "published", "P", "2026-04", "json"))
    assert (april["rebate"], april["released"], april["payable"]) == ("0.00", "100.00", "100.00")
    assert april["holds"] == [{"month": "2026-04", "earning_month": "2026-03", "amount": "-100.00", "cause": "H1"}]
    assert april["cancelled"] == [{"decision_id": "C1", "clause": "3.5(4)", "amount": "-100.00"}]
    shown = statements.render(tmp_path / "published", "P", "2026-04", "text").decode()
    assert "C1" in shown and "H1" in shown and "3.5(4)" in shown
    sheet = statements.render(tmp_path / "published", "P", "2026-04", "csv").decode()
    assert "cancelled,,,2026-04,,C1 3.5(4),,,,,-100.00" in sheet and "hold,,,2026-03,,H1,,2026-04,,,-100.00" in sheet


def test_a_month_issued_after_its_time_raises_the_alarm(play: Callable[..., Play], tmp_path: Path) -> None:
    p = play()
    p.run("2026-02-20", publish=True)
    assert finance.alarm(tmp_path / "published", date(2026, 2, 20)) is None
    p.run("2026-04-01", publish=True)
    assert finance.alarm(tmp_path / "published", date(2026, 4, 1)) == (
        "statements past the end of the following month (4.4(3)): 2026-02 issued late"
    )

"""Reports as files: names, formats, the same bytes for everybody."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

import rulebook
from casebook import dossier
from casebook.dossier import glyphs, paper, press, rules, wording
from casebook.dossier.press import file_name
from data_contracts.errors import NotFound, UsageError
from tests.casebook.dossier.conftest import SOUND

FORMATS = ("html", "pdf", "json", "csv")


def text_of(pdf: Path) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(pdf).pages)


@pytest.mark.parametrize("form", FORMATS)
def test_two_people_get_the_same_bytes(form: str, sound_run: Path, facts: Mapping[str, Any], tmp_path: Path) -> None:
    one, two = (dossier.write_one(sound_run, "P1", tmp_path / n, format=form, run_facts=facts) for n in ("a", "b"))
    assert one.read_bytes() == two.read_bytes()
    assert one.name == f"P1.{form}"


def test_a_run_writes_the_same_page_as_a_reader_on_demand(
    sound_run: Path, facts: Mapping[str, Any], tmp_path: Path
) -> None:
    dossier.write_all(sound_run, tmp_path / "all", facts)
    alone = dossier.write_one(sound_run, "P1", tmp_path / "one", run_facts=facts)
    assert alone.read_bytes() == (tmp_path / "all" / "P1.html").read_bytes()


def test_the_pdf_says_what_the_page_says_in_chinese(sound_run: Path, facts: Mapping[str, Any], tmp_path: Path) -> None:
    told = text_of(dossier.write_one(sound_run, "P1", tmp_path, format="pdf", run_facts=facts))
    assert [s for s in ("证据报告", "推广关系不成立", "138****1234", "465.00", "O3, O4, O5") if s not in told] == []


def test_the_json_holds_the_money_as_decimal_text_and_every_section(
    sound_run: Path, facts: Mapping[str, Any], tmp_path: Path
) -> None:
    told = json.loads(
        dossier.write_one(sound_run, "P1", tmp_path, format="json", run_facts=facts).read_text(encoding="utf-8")
    )
    assert told["report"]["run_id"] == facts["run_id"]
    assert told["money"]["totals"]["open"] == "465.00"
    assert [f["finding_id"] for f in told["findings"]] == ["F2", "F1"]
    assert told["decisions"][0]["steps"][-1]["action"] == "apply"


def test_the_csv_lists_its_tables_with_rows_and_hashes(
    sound_run: Path, facts: Mapping[str, Any], tmp_path: Path
) -> None:
    listing = dossier.write_one(sound_run, "P1", tmp_path, format="csv", run_facts=facts)
    with listing.open(encoding="utf-8", newline="") as handle:
        entries = [e for e in csv.DictReader(handle) if e["table"] != "facts"]
    for entry in entries:
        data = (tmp_path / entry["file"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == entry["sha256"]
        assert len(list(csv.reader(data.decode().splitlines()))) == int(entry["rows"]) + 1
    assert {"months", "lines", "findings", "decisions", "postings"} <= {e["table"] for e in entries}


def test_the_money_of_the_report_is_the_money_of_statements_ledger_and_payouts(
    sound_run: Path, facts: Mapping[str, Any], tmp_path: Path
) -> None:
    money = json.loads(dossier.write_one(sound_run, "P1", tmp_path, format="json", run_facts=facts).read_text("utf-8"))[
        "money"
    ]
    assert [(c["name"], c["left"], c["agrees"]) for c in money["checks"]] == [
        ("statement", "545.00", True), ("entitlement", "80.00", True), ("paid", "545.00", True),
    ]  # fmt: skip
    january = money["months"][0]
    assert (january["first"], january["draft"], january["now"], january["to_post"]) == (
        "545.00",
        "80.00",
        "80.00",
        "0.00",
    )
    assert sum(Decimal(b["balance"]) for b in money["balances"]) == 0


def test_a_ledger_that_does_not_match_its_statements_is_shown_as_such(
    made_run: Any, facts: Mapping[str, Any], tmp_path: Path
) -> None:
    tables = made_run(books_posting=[])
    money = json.loads(dossier.write_one(tables, "P1", tmp_path, format="json", run_facts=facts).read_text("utf-8"))[
        "money"
    ]
    assert {c["name"]: c["agrees"] for c in money["checks"]} == {"statement": True, "entitlement": False, "paid": True}


def test_an_account_without_findings_gets_a_report_that_says_so(
    sound_run: Path, facts: Mapping[str, Any], tmp_path: Path
) -> None:
    page = dossier.write_one(sound_run, "X9", tmp_path, lang="en", run_facts=facts).read_text(encoding="utf-8")
    assert "No finding is open and nothing is pending." in page


def test_an_unknown_account_is_refused(sound_run: Path, facts: Mapping[str, Any], tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="NOBODY"):
        dossier.write_one(sound_run, "NOBODY", tmp_path, run_facts=facts)


@pytest.mark.parametrize("wrong", [{"format": "doc"}, {"edition": "public"}, {"lang": "fr"}])
def test_an_unknown_form_is_a_usage_error(
    wrong: dict[str, str], sound_run: Path, facts: Mapping[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="choose one of"):
        dossier.write_one(sound_run, "P1", tmp_path, run_facts=facts, **wrong)


@pytest.mark.parametrize(
    ("promoter", "name"),
    [
        ("P-1_a.b", "P-1_a.b"),
        ("../x", "%2E.%2Fx"),
        ("index", "%69ndex"),
        (".", "%2E"),
        ("甲/乙", "%E7%94%B2%2F%E4%B9%99"),
        ("a b", "a%20b"),
    ],
)
def test_any_promoter_id_makes_a_safe_file_name(promoter: str, name: str) -> None:
    assert file_name(promoter) == name


def test_long_ids_keep_apart_in_names_that_every_file_system_takes() -> None:
    names = {file_name("甲" * 127 + c) for c in "ab"}
    assert len(names) == 2
    assert max(map(len, names)) <= 125


def test_more_lines_than_paper_holds_are_counted_on_it_and_whole_in_the_json(
    made_run: Any, facts: Mapping[str, Any], tmp_path: Path
) -> None:
    lines = [
        {"line_no": n, "promoter_id": "P1", "line_kind": "order", "invitee_id": "I2", "order_id": f"M{n:03}", "month": "2026-01",
         "net_fen": n, "qualifies": True}
        for n in range(1, 91)
    ]  # fmt: skip
    tables = made_run(statement_line=lines)
    page = dossier.write_one(tables, "P1", tmp_path, lang="en", run_facts=facts).read_text(encoding="utf-8")
    told = json.loads(dossier.write_one(tables, "P1", tmp_path, format="json", run_facts=facts).read_text("utf-8"))
    assert "50 more rows" in page
    assert len(told["lines"]) == 90


def test_the_font_is_read_as_the_library_for_fonts_reads_it() -> None:
    from fontTools.ttLib import TTFont

    assert glyphs.covered(paper.FONT) == set(TTFont(paper.FONT).getBestCmap())


def test_a_character_that_the_font_lacks_is_spelt_out_on_paper_and_whole_elsewhere(
    made_run: Any, sound_run: Path, facts: Mapping[str, Any], tmp_path: Path
) -> None:
    rare = "龘𠮷😀\u202e张"
    entries = [{**SOUND["books_decision_event"][0], "by_whom": f"li {rare}", "reason": "看过"}]
    tables = made_run(books_decision_event=entries)
    told = text_of(dossier.write_one(tables, "P1", tmp_path, format="pdf", lang="zh", run_facts=facts))
    assert "〔U+9F98〕〔U+20BB7〕〔U+1F600〕〔U+202E〕张" in re.sub(r"\s", "", told)
    assert "字体所缺的字符" in told
    page = dossier.write_one(tables, "P1", tmp_path, format="json", run_facts=facts).read_text(encoding="utf-8")
    assert f"li {rare}" in page
    plain = text_of(dossier.write_one(sound_run, "P1", tmp_path / "plain", format="pdf", run_facts=facts))
    assert "字体所缺的字符" not in plain


def test_every_character_that_our_own_words_use_is_in_the_font() -> None:
    said = "".join(Path(wording.__file__).with_name("words.yaml").read_text(encoding="utf-8").split())
    reasons = "".join(press.REASONS.read_text(encoding="utf-8").split())
    register = "".join((Path(rulebook.__file__).parent / "coverage.yaml").read_text(encoding="utf-8").split())
    assert {c for c in said + reasons + register if glyphs.spelt(c, paper.FONT) != c} == set()


def test_a_rule_is_shown_with_the_prepared_tables_that_it_reads() -> None:
    (collusion, staff) = (dict(rules.described(n) or ()) for n in ("c3_4_1_collusion", "c1_2_3_staff"))
    assert "from detected" in collusion["text"] and "create or replace table detected as" in collusion["text"]
    assert "create or replace table member_tie as" in staff["text"]
    assert all(len(text) <= rules.LONGEST + 1_000 for text in (collusion["text"], staff["text"]))

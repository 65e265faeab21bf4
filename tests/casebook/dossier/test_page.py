"""The HTML report: what a reader finds in it, and what no data can do to it."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from casebook import dossier
from casebook.dossier import wording
from tests.casebook.dossier.conftest import SOUND, at

HOSTILE = "<script>alert(1)</script>\u202e\"'><img src=http://x onerror=a>"


class Reader(HTMLParser):
    """Collects the text of each language's body, all attributes and the names of all elements."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.lang, self.text, self.elements, self.attributes = "", {"zh": "", "en": ""}, set(), []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes += attrs
        if tag == "main":
            self.lang = str(dict(attrs)["class"])

    def handle_data(self, data: str) -> None:
        if self.lang:
            self.text[self.lang] += data + " "


@pytest.fixture
def reports(sound_run: Path, facts: Mapping[str, Any], tmp_path: Path) -> dict[str, str]:
    written = dossier.write_all(sound_run, tmp_path / "reports", facts)
    return {p.stem: p.read_text(encoding="utf-8") for p in written}


def test_every_promoter_with_a_decision_or_open_finding_has_a_report_and_the_index_names_it(
    reports: dict[str, str],
) -> None:
    assert sorted(reports) == ["P1", "P2", "index"]
    assert 'href="P1.html"' in reports["index"] and 'href="P2.html"' in reports["index"]


def test_a_reader_finds_decision_clause_evidence_money_people_and_the_way_to_check(reports: dict[str, str]) -> None:
    text = Reader(reports["P1"]).text
    for lang, said in (
        (
            "en",
            [
                "relation void",
                "clause 2.2(3)",
                "one referral",
                "138****1234",
                "545.00",
                "465.00",
                "18,000",
                "tongren verify",
            ],
        ),
        ("zh", ["推广关系不成立", "第2.2(3)条", "138****1234", "545.00", "465.00", "取消返利", "相反的事实"]),
    ):
        missing = [s for s in said if s not in text[lang]]
        assert missing == []


def test_both_languages_give_the_same_numbers(reports: dict[str, str]) -> None:
    text = Reader(reports["P1"]).text
    amounts = {lang: sorted(re.findall(r"−?[\d,]+\.\d\d(?!\d)", said)) for lang, said in text.items()}
    assert amounts["zh"] == amounts["en"]
    assert len(amounts["en"]) > 50


def test_the_graph_and_the_timeline_are_drawn_in_each_language(reports: dict[str, str]) -> None:
    assert reports["P1"].count("<svg") == 4
    assert reports["P2"].count("<svg") == 0


def test_a_report_loads_nothing_and_runs_nothing(reports: dict[str, str]) -> None:
    for page in reports.values():
        read = Reader(page)
        assert not read.elements & {"script", "link", "img", "iframe", "object", "embed", "form", "base"}
        loading = [
            v for k, v in read.attributes if k in ("src", "href", "style", "action") and v and not v.endswith(".html")
        ]
        assert loading == []
        assert "default-src 'none'" in html.unescape(page)
        assert "url(" not in page


def test_hostile_text_is_shown_and_never_interpreted(made_run: Any, facts: Mapping[str, Any], tmp_path: Path) -> None:
    finding = {
        "finding_id": HOSTILE, "status": "met", "subject_kind": "promoter", "subject_id": HOSTILE, "promoter_id": HOSTILE,
        "clause": HOSTILE, "detector": HOSTILE, "detector_version": HOSTILE, "evidence": f'{{"note": "{HOSTILE[:25]}"}}', "reason": HOSTILE,
    }  # fmt: skip
    tables = made_run(finding=[finding], decision=[], decision_step=[], instruction=[])
    pages = [p.read_text(encoding="utf-8") for p in dossier.write_all(tables, tmp_path / "out", facts)]
    for page in pages:
        read = Reader(page)
        assert not read.elements & {"script", "img"}
        assert "\u202e" not in page
        assert "⟨U+202E⟩" in page


def test_a_name_with_unseen_characters_is_spelt_out() -> None:
    assert wording.visible("a\u200bb\x00c") == "a⟨U+200B⟩b⟨U+0000⟩c"
    assert wording.visible("王小明 Zoë\n") == "王小明 Zoë\n"


def test_one_language_on_demand_has_no_switch(sound_run: Path, facts: Mapping[str, Any], tmp_path: Path) -> None:
    page = dossier.write_one(sound_run, "P1", tmp_path, lang="en", run_facts=facts).read_text(encoding="utf-8")
    assert page.count("<main") == 1
    assert 'type="radio"' not in page


def test_every_word_of_the_report_is_used_and_exists_in_both_languages() -> None:
    folder = Path(wording.__file__).parent
    sources = [*folder.glob("*.py"), *(folder.parent / "templates" / "dossier").iterdir()]
    text = "\n".join(p.read_text(encoding="utf-8") for p in sources)
    prefixes = tuple(re.findall(r'(?:label|counted)\("([a-z]+_)"|label\(\'([a-z]+_)\'', text))
    known = {p for pair in prefixes for p in pair if p}
    unused = [
        k for k in wording.all_keys()
        if f'"{k}"' not in text and f"'{k}'" not in text and not k.startswith(tuple(known)) and not k.endswith("_outside")
    ]  # fmt: skip
    assert unused == []


def test_both_languages_of_a_sentence_take_the_same_values() -> None:
    said = {
        k: [set(re.findall(r"{(\w+)}", wording.Words(lang)(k))) for lang in wording.LANGS] for k in wording.all_keys()
    }
    assert [k for k, (zh, en) in said.items() if zh != en] == []


def test_the_outcome_under_other_versions_of_policy_and_rules_stands_beside_the_smallest_removal(
    sound_run: Path, facts: Mapping[str, Any], tmp_path: Path
) -> None:
    changes = {"P1": [{"month": "2026-01", "clause": "4.1", "change_fen": -2_700}]}
    about = {"level": "detail", "effective_from": "2025-01-01"}
    tried = [{"which": "previous", "document_id": "detail-2025", "changes": changes, **about},
             {"which": "next", "document_id": "detail-2027", "changes": {}, **about}]  # fmt: skip
    told = {}
    for edition in ("internal", "promoter"):
        kind = {"format": "html", "edition": edition, "lang": "en"}
        page = dossier.write_one(sound_run, "P1", tmp_path / edition, run_facts={**facts, "versions": tried}, **kind)
        told[edition] = " ".join(Reader(page.read_text(encoding="utf-8")).text["en"].split())
    rules = ["without detail-2025, in force since 2025-01-01 −27.00 2026-01 (Clause 4.1) −27.00",
             "with detail-2027, announced for 2025-01-01 0.00 no month would differ"]  # fmt: skip
    policy = [
        "Policy of 2024-01-01",
        "relation void 1 proposed to people the run takes it no rule: the finding stays open",
    ]
    assert [s for s in (*rules, *policy) if s not in told["internal"]] == []
    assert [s for s in rules if s not in told["promoter"]] == []
    assert [s for s in policy if s in told["promoter"]] == []


def test_a_pair_that_is_not_joined_has_nothing_to_remove(
    made_run: Any, facts: Mapping[str, Any], tmp_path: Path
) -> None:
    apart = {**SOUND["referral_same"][0], "outcome": "possibly", "match_weight": -2.4}
    tables = made_run(referral_same=[apart])
    page = dossier.write_one(tables, "P1", tmp_path, lang="en", run_facts={**facts, "same_bits": 4.5})
    text = " ".join(Reader(page.read_text(encoding="utf-8")).text["en"].split())
    assert "The weight is −2.4 bits, below the 4.5 that joins two accounts: the two are not joined" in text
    assert "smallest removal that parts them" not in text


def test_each_reply_stands_under_its_notice_and_an_appeal_says_who_filed_it_and_until_when_it_is_answered(
    sound_run: Path, facts: Mapping[str, Any], tmp_path: Path
) -> None:
    for edition in ("internal", "promoter"):
        page = dossier.write_one(sound_run, "P1", tmp_path / edition, lang="en", edition=edition, run_facts=facts)
        text = " ".join(Reader(page.read_text(encoding="utf-8")).text["en"].split())
        replies = [
            "2026-03-20 D2 2026-03-21 12:00:00+08:00 Wang of P1 the batch was faulty",
            "2026-03-20 D2 2026-03-22 12:00:00+08:00 Wang of P1 here is the recall",
        ]
        told = [text.index(s) for s in (*replies, "P1 by letter 2026-03-05", "P1 by letter 2026-03-17")]
        assert told == sorted(told)


def test_a_run_from_before_replies_were_kept_is_still_reported(
    made_run: Any, facts: Mapping[str, Any], tmp_path: Path
) -> None:
    tables = made_run()
    for table in ("books_notice_reply", "books_appeal"):
        (tables / "books" / f"{table}.parquet").unlink()
    page = dossier.write_one(tables, "P1", tmp_path / "out", lang="en", run_facts=facts).read_text(encoding="utf-8")
    assert "Replies to notices" not in page and "says I1 is a customer" in page


def test_no_step_of_a_run_over_past_days_stands_before_its_cause(
    made_run: Any, facts: Mapping[str, Any], tmp_path: Path
) -> None:
    entered = at("2026-11-29")  # by the clock, months after the day that the runs worked on
    entries = [
        {"decision_id": "D1", "entry_no": 1, "action": "propose", "by_whom": "policy", "reason": "r", "at": entered, "run_seq": 1},
        {"decision_id": "D1", "entry_no": 2, "action": "approve", "by_whom": "li.wei", "reason": "r", "at": entered},
        {"decision_id": "D1", "entry_no": 3, "action": "apply", "by_whom": "policy", "reason": "r", "at": at("2026-02-20", 16),
         "run_seq": 2},
    ]  # fmt: skip
    runs = [{"run_seq": n, "run_id": f"r{n}", "as_of": d, "cutoff_at": at("2026-02-20", 16)}
            for n, d in ((1, date(2026, 2, 13)), (2, date(2026, 2, 20)))]  # fmt: skip
    tables = made_run(books_decision_event=entries, books_run=runs)
    page = dossier.write_one(tables, "P1", tmp_path / "out", lang="en", run_facts=facts).read_text(encoding="utf-8")
    text = " ".join(Reader(page).text["en"].split())
    steps = [
        "D1 1 proposed the run, by policy day 2026-02-13 of the run",
        "D1 2 approved li.wei 2026-11-29 12:00:00+08:00",
        "D1 3 applied the run, by policy day 2026-02-20 of the run",
        "D1 4 applied the run, by policy day 2026-03-20 of the run",
        "D2 1 proposed the run, by policy day 2026-03-20 of the run",
    ]
    assert [s for s in steps if s not in text] == []
    assert [text.index(s) for s in steps] == sorted(text.index(s) for s in steps)

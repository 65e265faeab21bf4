"""Every refusal is there in Chinese and in English, names the same facts in both, and is used."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest
import yaml

from casebook import decisions, refusals
from casebook.books import Books
from casebook.measures import MEASURES
from console import tables
from data_contracts.errors import NotAllowed
from tests.casebook.conftest import decide, propose, publish

HOME = Path(refusals.__file__).parents[1]
LOADED = yaml.safe_load((HOME / "casebook" / "refusals.yaml").read_text(encoding="utf-8"))
TEXTS = LOADED["refusals"]
PLAIN = {"body_large", "length_missing", "foreign_page"}
"""Answered before there is a page."""


def facts(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_every_code_that_the_source_uses_is_there_and_none_is_left_over() -> None:
    source = [
        p.read_text(encoding="utf-8")
        for folder in ("casebook", "console", "pipelines")
        for p in (HOME / folder).rglob("*.py")
    ]
    used = {code for text in source for code in re.findall(r'refusals\.of\(\s*"([a-z_]+)"', text)}
    assert used | set(tables.FRAMEWORK.values()) | PLAIN == set(TEXTS)


@pytest.mark.parametrize("code", TEXTS)
def test_both_languages_say_it_with_no_other_facts(code: str) -> None:
    en, zh = TEXTS[code]["en"], TEXTS[code]["zh"]
    assert facts(zh) <= facts(en) and re.search(r"[\u4e00-\u9fff]", zh) and not re.search(r"[\u4e00-\u9fff]", en)


def test_facts_that_have_chinese_words_are_said_in_them_and_names_are_not() -> None:
    told = refusals.of("decision_move", decision="D1", status="applied", action="reject", known=("overturn", "release"))
    assert told == "decision D1 is applied: reject is no move from there (overturn, release is)"
    assert told.told("en") == told and told.told("zh") == "决定 D1 目前已执行，不能驳回（可以：撤销、解除暂缓）"
    assert "open 已" in refusals.of("approved_already", who="open", decision="D1").told("zh")
    assert MEASURES["warn"].title_zh in refusals.of("no_end", measure="warn").told("zh")


def test_a_brace_in_a_fact_is_text() -> None:
    assert "{0} {who}" in refusals.of("user_unknown", name="{0} {who}").told("zh")


def test_several_refusals_are_told_as_one(books: Books) -> None:
    publish(books)
    one, two = propose(books), propose(books, measure="warn")
    with pytest.raises(NotAllowed) as refused:
        decisions.decide_all(books, [one, two], "approve", "li", "x")
    why = refused.value.args[0]
    assert (
        isinstance(why, refusals.Refusal)
        and why.count("nobody approves") == 2
        and why.told("zh").count("不得批准本人") == 2
    )


def test_the_audit_chain_has_the_english_text(books: Books) -> None:
    publish(books)
    decision = propose(books)
    with pytest.raises(NotAllowed):
        decide(books, decision, "approve", "li")
    with books.reading() as book:
        assert "nobody approves an own proposal" in book.value("select payload from audit where action = 'refused'")
    assert books.audit_faults() == []

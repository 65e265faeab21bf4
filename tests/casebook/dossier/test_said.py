"""What rules and runs give as a reason is told to a Chinese reader in Chinese: every sentence that their SQL can write."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

import casebook
import rulebook
from casebook.dossier.reasons import told
from data_contracts.contract import contracts

FILES = sorted(Path(rulebook.__file__).parent.glob("clauses/*/rule.sql")) + sorted(
    (Path(casebook.__file__).parent / "sql").glob("*.sql")
)
HOLE = "\0"
FILLED = ("3", "same_person", "phone", "2.3(1)", "2026-01-31")
CHINESE = re.compile("[\u4e00-\u9fff]")


def sentences(node: exp.Expression | None) -> Iterator[str]:
    """All texts that an expression can give; what only the data tell is a hole."""
    if node is None or isinstance(node, exp.Null):
        yield ""
    elif isinstance(node, exp.Literal) and node.is_string:
        yield node.name
    elif isinstance(node, exp.Paren):
        yield from sentences(node.this)
    elif isinstance(node, exp.Case):
        for branch in node.args["ifs"]:
            yield from sentences(branch.args["true"])
        yield from sentences(node.args.get("default"))
    elif isinstance(node, exp.DPipe | exp.Concat) and not isinstance(node, exp.ConcatWs):
        parts = [node.left, node.right] if isinstance(node, exp.DPipe) else node.expressions
        for found in itertools.product(*(list(sentences(p)) for p in parts)):
            yield "".join(found)
    elif isinstance(node, exp.Coalesce):
        yield from sentences(node.this)
    else:
        yield HOLE


def said(path: Path) -> set[str]:
    """The sentences that a file writes as a reason, or as the change that becomes one."""
    tree = sqlglot.parse_one(path.read_text(encoding="utf-8"), dialect="duckdb")
    aliases = [a for a in tree.find_all(exp.Alias) if a.alias in ("reason", "change")]
    return {s for a in aliases for s in sentences(a.this) if s.replace(HOLE, "").strip()}


def filled(sentence: str) -> Iterator[str]:
    """A sentence with its holes filled as data might."""
    for values in itertools.product(FILLED, repeat=sentence.count(HOLE)):
        yield "".join(part + value for part, value in zip(sentence.split(HOLE), (*values, ""), strict=True))


@pytest.mark.parametrize("path", [p for p in FILES if said(p)], ids=lambda p: f"{p.parent.name}/{p.name}")
def test_every_reason_has_its_chinese(path: Path) -> None:
    silent = [
        sentence
        for sentence in sorted(said(path))
        if not any(CHINESE.search(told("zh", tried)) for tried in filled(sentence))
    ]
    assert silent == []


def test_the_sentences_are_found_where_they_are_written() -> None:
    every = set().union(*(said(p) for p in FILES))
    assert len(every) > 70
    assert {
        "by policy",
        "left the programme",
        f"{HOLE} reports without evidence; filed under no clause of the agreement",
    } <= every


def words() -> Iterator[str]:
    """What feeds may say of accounts, ties and identifiers: every choice of their contracts."""
    for table, column in (("accounts", "account_type"), ("accounts", "verified_as"), ("staff", "kind"), ("affiliations", "kind"),
                          ("identifiers", "kind")):  # fmt: skip
        yield from next(c for c in contracts()[table].columns if c.name == column).enum


@pytest.mark.parametrize("word", sorted(set(words())))
def test_a_word_of_the_feeds_is_told_in_chinese_where_a_reason_quotes_it(word: str) -> None:
    for sentence in ("verified as {} when joining", "tied to {} when registering", "shares an id document with staff: {}",
                     "denied a tie; a {} points to one"):  # fmt: skip
        said = told("zh", sentence.format(word))
        assert CHINESE.search(said) and word not in said, said


@pytest.mark.parametrize(("sentence", "chinese"), [
    ("3 of 7 facts are gone: A000012, by phone, flagged", "7项事实中有3项已不存在：A000012、共用手机号、已标记"),
    ("1 of 2 facts are gone: in 2026-01", "2项事实中有1项已不存在：2026-01 月"),
    ("account type enterprise at joining", "加入时账号类型为企业"), ("enterprise", "enterprise"), ("by phone", "by phone"),
    ("decision D1 is void: its finding is gone", "决定D1失效：其发现已消失"), ("what an analyst wrote", "what an analyst wrote"),
])  # fmt: skip
def test_what_a_reason_quotes_is_told_too(sentence: str, chinese: str) -> None:
    def inner(quoted: str) -> str:
        return told("zh", quoted, inner)

    assert told("zh", sentence, inner) == chinese
    assert told("en", sentence, lambda quoted: told("en", quoted)) == sentence

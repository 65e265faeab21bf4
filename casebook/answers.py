"""The same request twice has one effect: whoever sends it again under the same key gets the first answer.

Effect and answer are one transaction: a crash leaves both or neither. A refusal is an answer too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from casebook import chain, refusals
from casebook.books import Books, Ledgerbook
from casebook.people import line, person
from data_contracts.errors import NotAllowed, NotFound, TongrenError, UsageError

FAULTS: Mapping[str, type[TongrenError]] = {k.__name__: k for k in (NotAllowed, NotFound, UsageError)}


class KeyReused(UsageError):
    """A key that stood for another request already."""


def once(books: Books, by: str, key: str, content: Mapping[str, Any], effect: Callable[[], Any]) -> Any:
    """The answer of `effect`, which is run only when `by` has not sent `key` before. Its answer is text, numbers or nests.

    `content` is what the request says. Raises KeyReused (logged) when the key came with other content before, and again
    the NotAllowed, NotFound or UsageError that was the first answer.
    """
    who, named = person(by), line(key, "key")
    said = hashlib.sha256(chain.canonical(dict(content)).encode()).hexdigest()
    with books.writing() as book:
        known = book.rows(
            "select content_sha256, outcome from answer where person = :p and answer_key = :k", p=who, k=named
        )
        reused = bool(known) and known[0]["content_sha256"] != said
        if reused:
            refusals.log(book, who, "answer", named, "the key came with another content before")
        outcome = json.loads(known[0]["outcome"]) if known else _tried(book, who, named, said, effect)
    if reused:
        raise KeyReused(f"key {named} came with another content before: use a new key for a new request")
    if "fault" in outcome:
        raise FAULTS[outcome["fault"]](outcome["told"])
    return outcome["answer"]


def _tried(book: Ledgerbook, who: str, key: str, said: str, effect: Callable[[], Any]) -> dict[str, Any]:
    try:
        outcome = {"answer": effect()}
    except (NotAllowed, NotFound, UsageError) as fault:
        kind = next(name for name, k in FAULTS.items() if isinstance(fault, k))
        outcome = {"fault": kind, "told": str(fault)}
    row = {
        "person": who,
        "answer_key": key,
        "content_sha256": said,
        "outcome": chain.canonical(outcome),
        "at": book.clock(),
    }
    book.record(chain.Entry(who, "answer", key), {"answer": [row]})
    return outcome

"""Refusals in both languages: a code of `refusals.yaml` with facts.

A refusal is English text wherever text is wanted (the audit chain, logs, the command line); the console asks it for the
language of its reader.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from casebook import chain
from casebook.books import Ledgerbook
from casebook.measures import MEASURES


class Refusal(str):
    """Why something is refused: the English text, and `told` for either language."""

    code: str
    facts: Mapping[str, Any]
    parts: tuple[Refusal, ...] = ()

    def told(self, lang: str) -> str:
        """The text in `en` or `zh`."""
        if lang != "zh":
            return str(self)
        if self.parts:
            return "；".join(p.told(lang) for p in self.parts)
        facts = {k: _in_chinese(v) if k in WORDED else v for k, v in self.facts.items()}
        return str(_texts()["refusals"][self.code]["zh"]).format(**facts)


def of(code: str, **facts: Any) -> Refusal:
    """The refusal of a code; facts that are several are joined."""
    english = {k: v if isinstance(v, str | int) else ", ".join(map(str, v)) for k, v in facts.items()}
    made = Refusal(_texts()["refusals"][code]["en"].format(**english))
    made.code, made.facts = code, facts
    return made


def joined(refusals: Iterable[Refusal]) -> Refusal:
    """Several refusals as one."""
    parts = tuple(refusals)
    made = Refusal("; ".join(parts))
    made.code, made.facts, made.parts = "several", {}, parts
    return made


def log(book: Ledgerbook, who: str, action: str, subject: str, fault: str) -> None:
    """Leave in the audit chain that somebody wanted what is not allowed; the caller raises NotAllowed afterwards."""
    book.record(chain.Entry(who, "refused", subject, str(fault), about={"wanted": action}))


@cache
def _texts() -> Mapping[str, Any]:
    loaded: Mapping[str, Any] = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
    return loaded


WORDED = ("measure", "status", "state", "action", "known", "kind", "what", "verdict", "outcome")
"""Facts that have Chinese words; names and ids stay as they are."""


def _in_chinese(value: Any) -> Any:
    if isinstance(value, str):
        return MEASURES[value].title_zh if value in MEASURES else _texts()["words"].get(value, value)
    return value if isinstance(value, int) else "、".join(str(_in_chinese(v)) for v in value)

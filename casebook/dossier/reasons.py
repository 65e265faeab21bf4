"""Reason codes and names of evidence in both languages, as the file that the caller names tells them."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from data_contracts import strict_yaml

OF_CLAUSES = ("EL", "CL")  # codes that a clause alone tells
SAME_USER, THROUGH_OTHERS = "2.2(3)", "SU07"


def codes_of(known: Mapping[str, Mapping[str, Any]], clause: str, evidence: Any) -> list[str]:
    """The codes of a met finding of a rule, which carries none itself: those of its clause, or for the same user (2.2(3))
    the kinds of identifier that the pair shares, or that others stand between the two. `evidence` as the rule wrote it."""
    found = evidence if isinstance(evidence, Mapping) else {}
    if "codes" in found:  # the promoter's edition keeps the codes and not what they rest on
        return [str(c) for c in found["codes"]]
    if clause != SAME_USER:
        return of_clause(known, clause)
    if (found.get("hops") or 0) > 1:
        return [THROUGH_OTHERS]
    return _shared(known, found.get("path") or [])


def of_clause(known: Mapping[str, Mapping[str, Any]], clause: str | None) -> list[str]:
    """The codes that a clause alone tells: eligibility, and the cascade of a first order."""
    return [c for c, r in known.items() if c[:2] in OF_CLAUSES and r.get("clause") == clause]


def _shared(known: Mapping[str, Mapping[str, Any]], path: Sequence[Mapping[str, Any]]) -> list[str]:
    kinds = {p.get("kind") for p in path if p.get("token") and (p.get("weight") or 0) > 0}
    return [c for c, r in known.items() if r.get("kind") in kinds - {None}]


@dataclass(frozen=True)
class Reasons:
    """`codes` by code: `zh`, `en` and, where the file has them, `clears_zh`, `clears_en`. Without a file codes stand as they are."""

    codes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def sentence(self, lang: str, code: str) -> str:
        """What a code says; of several codes the first is told, and all are named."""
        known = self.codes.get(code)
        if known:
            return str(known.get(lang) or known.get(f"text_{lang}") or known.get(f"title_{lang}") or code)
        parts = code.replace(",", " ").split()
        if len(parts) > 1 and parts[0] in self.codes:  # the strongest first; the evidence tells the others
            return f"{self.sentence(lang, parts[0])} ({code})"
        return told(lang, code, lambda quoted: self.sentence(lang, quoted))

    def clears(self, lang: str, code: str) -> str:
        """What would clear a code; empty when the file does not say."""
        told = self.codes.get(code, {})
        return str(told.get(f"clears_{lang}") or "")

    def of(self, finding: Mapping[str, Any]) -> list[str]:
        """The codes of a finding: those in its evidence, else what its clause and evidence come to; none unless it is met."""
        if finding["status"] != "met":
            return []
        evidence = finding["evidence"]
        if isinstance(evidence, list) and evidence:
            return [str(e["code"]) for e in evidence if isinstance(e, Mapping) and "code" in e]
        return codes_of(self.codes, finding["clause"], evidence)

    def field(self, lang: str, name: str) -> str:
        """The name of a piece of evidence, readable."""
        return name.replace("_fen", "").replace("_", " ").replace(".", " · ")


@cache
def _patterns(part: str) -> list[tuple[re.Pattern[str], str]]:
    return [(re.compile(str(e["en"])), str(e["zh"])) for e in _said()[part]]


@cache
def _said() -> Mapping[str, Any]:
    loaded: Mapping[str, Any] = strict_yaml.plain(Path(__file__).with_name("said.yaml"))
    return loaded


def _quoted(group: str, inner: Callable[[str], str]) -> str:
    """What a sentence quotes, for a Chinese reader: a sentence or code of its own, else a list of words and of names."""
    told_again = inner(group)
    if told_again != group:
        return told_again
    return "、".join(_item(item) for item in map(inner, group.split(", ")))


def _item(item: str) -> str:
    """A word of ours, or a fact with one in it; a name stays."""
    words = _said()["words"]
    for pattern, chinese in _patterns("items"):
        if found := pattern.fullmatch(item):
            return chinese.replace("{1}", str(words.get(found[1], found[1])))
    return str(words.get(item, item))


def told(lang: str, sentence: str, inner: Callable[[str], str] = str) -> str:
    """What a rule or a run says as its reason (English), in a language; what it quotes goes through `inner`. Others stay."""
    for pattern, chinese in _patterns("sentences"):
        found = pattern.fullmatch(sentence)
        if found is None:
            continue
        quoted = [_quoted(g, inner) if lang == "zh" else inner(g) for g in found.groups()]
        if lang == "zh":
            return functools.reduce(
                lambda text, n: text.replace(f"{{{n}}}", quoted[n - 1]), range(1, len(quoted) + 1), chinese
            )
        for n in range(len(quoted), 0, -1):
            sentence = sentence[: found.start(n)] + quoted[n - 1] + sentence[found.end(n) :]
        return sentence
    return sentence


@cache
def load(path: Path | None) -> Reasons:
    """The codes of a reasons file: a mapping by code, or a list of entries with `code`."""
    if path is None or not path.exists():
        return Reasons()
    loaded = strict_yaml.plain(path)
    loaded = loaded.get("reasons", loaded) if isinstance(loaded, dict) else loaded
    if isinstance(loaded, list):
        return Reasons({str(r["code"]): r for r in loaded})
    return Reasons({str(k): v for k, v in loaded.items() if isinstance(v, dict)})

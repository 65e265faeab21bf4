"""The report's language: labels and sentences by key, formats for money, days and rates, and text made safe to look at."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from data_contracts import strict_yaml
from data_contracts.money import show

LANGS = ("zh", "en")
_PLACE = {"en": 0, "zh": 1}
# Control, zero-width and direction characters: a name must not be able to hide or turn the text around it.
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


@cache
def _words() -> dict[str, list[str]]:
    loaded = strict_yaml.plain(Path(__file__).with_name("words.yaml"))
    return {str(k): [str(x) for x in v] for k, v in loaded.items()}


def all_keys() -> frozenset[str]:
    """Every key that can be said."""
    return frozenset(_words())


def visible(value: Any) -> Any:
    """Text with unseen characters written out as ⟨U+202E⟩; other values as they are."""
    if isinstance(value, str) and UNSEEN.search(value):
        return UNSEEN.sub(lambda m: f"⟨U+{ord(m.group()):04X}⟩", value)
    return value


class Words:
    """One language, for one kind of reader. Call with a key and the values for its placeholders.

    A reader outside the house gets the neutral wording of a key where there is one (`KEY_outside`).
    """

    def __init__(self, lang: str, *, internal: bool = True) -> None:
        self.lang, self.internal = lang, internal
        self._at = _PLACE[lang]

    def __call__(self, key: str, **values: Any) -> str:
        found = None if self.internal else _words().get(f"{key}_outside")
        text = (found or _words()[key])[self._at]
        return text.format(**values) if values else text

    def label(self, prefix: str, code: str | None) -> str:
        """The label of a code under a prefix (`m_` + `void_relation`); the code itself when nobody named it."""
        if not code:
            return "–"
        found = _words().get(f"{prefix}{code}")
        return found[self._at] if found else str(code)

    def counted(self, prefix: str, code: str, n: int) -> str:
        """`3 invitees`, `one invitee`, `the promoter`."""
        found = _words().get(f"{prefix}{code}_one") if n == 1 else _words().get(f"{prefix}{code}")
        found = found or _words().get(f"{prefix}{code}")
        return found[self._at].format(n=n) if found else f"{n} {code}"

    def join(self, parts: list[str]) -> str:
        """Parts as a list in a sentence."""
        return ("、" if self.lang == "zh" else ", ").join(parts)


def money(fen: int | None) -> str:
    """`1,234.50` of whole fen, with a true minus sign; a dash for nothing."""
    return "–" if fen is None else show(fen).replace("-", "−")


def rate(ppm: int | None) -> str:
    """`15 %` of parts per million; a dash when there is none."""
    return "–" if ppm is None else f"{ppm / 10_000:g} %"


def number(value: float | int | None, digits: int = 2) -> str:
    """A number that a person reads: thousands grouped, `digits` decimals for fractions, scientific when tiny."""
    if value is None:
        return "–"
    if isinstance(value, int):
        return f"{value:,}".replace("-", "−")
    if value != 0 and abs(value) < 10**-digits:
        return f"{value:.1e}"
    return f"{value:,.{digits}f}".replace("-", "−")


def chance(value: float | None) -> str:
    """A p- or q-value: four decimals, scientific when small; what is stored as nought is below the last stored digit."""
    return "< 1e-06" if value == 0 else number(value, 4)


def short(identifier: str, keep: int = 14) -> str:
    """An id that fits a drawing: its middle left out when it is long."""
    return identifier if len(identifier) <= keep else f"{identifier[: keep - 5]}…{identifier[-4:]}"

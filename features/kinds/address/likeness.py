"""How alike two addresses are, level by level: for the analyst's eye and for measuring the parser, never for tokens."""

from __future__ import annotations

import re
from functools import lru_cache

from features.kinds.address.levels import Levels, parse
from features.kinds.text import half_width

_BRACKETS = re.compile(r"[()\[\]【】]")
_NUMBERS = re.compile(r"\d+")


def _grams(text: str) -> frozenset[str]:
    return frozenset(text[i : i + 2] for i in range(len(text) - 1)) or frozenset({text} - {""})


def _overlap(a: frozenset[str], b: frozenset[str]) -> float:
    """Shared part of the smaller set: a name that is written in full and in short is one name."""
    return len(a & b) / min(len(a), len(b)) if a and b else 0.0


@lru_cache(maxsize=1 << 14)
def _seen(text: str) -> tuple[Levels, frozenset[str], frozenset[str], frozenset[str]]:
    plain = half_width(text)
    levels = parse(plain)
    bare = _BRACKETS.sub("", plain)
    return levels, _grams(levels.compound), _grams(bare), frozenset(_NUMBERS.findall(bare))


def _agree(a: str, b: str) -> int:
    """1 when both name the level and mean the same, -1 when they differ, 0 when one is silent."""
    if not a or not b:
        return 0
    return 1 if a == b else -1


def likeness(a: str, b: str) -> float:
    """A number that grows with the evidence that two addresses are one place. Symmetric; no unit."""
    left, left_name, left_all, left_numbers = _seen(a)
    right, right_name, right_all, right_numbers = _seen(b)
    shared, union = len(left_all & right_all), len(left_all | right_all)
    strangers = bool(left_numbers and right_numbers and not left_numbers & right_numbers)
    return (
        4.5 * (shared / union if union else 0.0)
        + 1.0 * max(_overlap(left_name, right_all), _overlap(right_name, left_all))
        + 1.0 * _agree(left.block, right.block)
        + 0.5 * _agree(left.unit, right.unit)
        + 0.2 * _agree(left.number, right.number)
        - 0.4 * strangers
    )

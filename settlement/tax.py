"""Withholding at payment (5.1, 5.2): the two regimes that are known, as plain arithmetic, and their default brackets.

The run itself taxes payouts in SQL (`tax_rule.sql`, `payout_tax.sql`); these functions are for one person at a time.
Neither is legal advice: have the rules and brackets of your programme reviewed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from data_contracts.money import PPM, fen, ppm

_PAYMENT = (("20000.00", "0.20", "0.00"), ("50000.00", "0.30", "2000.00"), (None, "0.40", "7000.00"))
_CUMULATIVE = (
    ("36000.00", "0.03", "0.00"), ("144000.00", "0.10", "2520.00"), ("300000.00", "0.20", "16920.00"),
    ("420000.00", "0.25", "31920.00"), ("660000.00", "0.30", "52920.00"), ("960000.00", "0.35", "85920.00"),
    (None, "0.45", "181920.00"),
)  # fmt: skip


def _as_json(rows: Sequence[tuple[str | None, str, str]]) -> str:
    return json.dumps([{"up_to": up_to, "rate": rate, "quick": quick} for up_to, rate, quick in rows])


BRACKETS = {"payment_brackets": _as_json(_PAYMENT), "cumulative_brackets": _as_json(_CUMULATIVE)}
"""The SQL parameters that stand in where a programme sets no brackets of its own."""


@dataclass(frozen=True)
class Bracket:
    """Up to which base (fen, None: no end) which rate holds, and the quick deduction in fen."""

    up_to_fen: int | None
    rate_ppm: int
    quick_fen: int


def brackets(regime: str) -> tuple[Bracket, ...]:
    """The default brackets of a regime: per_payment or cumulative."""
    rows = _CUMULATIVE if regime == "cumulative" else _PAYMENT
    return tuple(Bracket(None if up_to is None else fen(up_to), ppm(rate), fen(quick)) for up_to, rate, quick in rows)


def _by_bracket(base_micro: int, table: Sequence[Bracket]) -> int:
    """Tax in fen of a base in millionths of a fen, rounded half up, never below 0."""
    row = next(b for b in table if b.up_to_fen is None or base_micro <= b.up_to_fen * PPM)
    return max((base_micro * row.rate_ppm - row.quick_fen * PPM * PPM + PPM * PPM // 2) // (PPM * PPM), 0)


def per_payment(gross_fen: int) -> int:
    """Tax in fen on the income of one payment (or of one month so far): 800 off up to 4,000, 20 % off above."""
    base = max(gross_fen - fen("800"), 0) * PPM if gross_fen <= fen("4000") else gross_fen * (PPM - ppm("0.20"))
    return _by_bracket(base, brackets("per_payment"))


def cumulative(income_fen: int, months: int, withheld_fen: int) -> int:
    """Tax in fen to withhold now, from the income of the year so far, its unbroken months and what was withheld."""
    base = max(income_fen * (PPM - ppm("0.20")) - months * fen("5000") * PPM, 0)
    return max(_by_bracket(base, brackets("cumulative")) - withheld_fen, 0)

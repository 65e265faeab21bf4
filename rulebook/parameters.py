"""Every parameter that a rule document may set: its dotted leaf, and the form in which it is kept.

A form takes what YAML gave and returns what stands in the tables: amounts and rates as text ("5000.00", "0.10"), days as
text, whole numbers and flags as such. It raises ValueError with what was wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any, TypeAlias

from data_contracts import money

Form: TypeAlias = Callable[[Any], Any]
LONGEST = 400
MOST_DAYS = 3_650


def day(raw: Any) -> date:
    """A natural day, written 2024-01-01 with or without quotes."""
    if isinstance(raw, date) and not isinstance(raw, datetime):
        return raw
    if isinstance(raw, str):
        return date.fromisoformat(raw)
    raise ValueError("a day such as 2024-01-01")


def text(raw: Any) -> str:
    """Words on one line. A number is refused: unquoted, 007 would arrive as 7."""
    if not isinstance(raw, str) or not raw.strip() or len(raw) > 128 or not raw.isprintable():
        raise ValueError("text of 1 to 128 characters; put a number in quotes")
    return raw


def flag(raw: Any) -> bool:
    """true or false."""
    if not isinstance(raw, bool):
        raise ValueError("true or false")
    return raw


def whole(least: int, most: int) -> Form:
    """A whole number in [least, most]."""

    def form(raw: Any) -> int:
        if isinstance(raw, bool) or not isinstance(raw, int) or not least <= raw <= most:
            raise ValueError(f"a whole number from {least} to {most}")
        return raw

    return form


def one_of(*words: str) -> Form:
    """One of a few words."""

    def form(raw: Any) -> str:
        if raw not in words:
            raise ValueError(f"one of {', '.join(words)}")
        return str(raw)

    return form


def _written(raw: Any) -> str:
    if isinstance(raw, bool) or not isinstance(raw, (str, int, float)):
        raise ValueError
    return str(raw)


def amount(raw: Any) -> str:
    """Yuan, not negative, at most two decimals: "5000.00"."""
    try:
        fen = money.fen(_written(raw))
    except ValueError:
        fen = -1
    if not 0 <= fen < 10**15:
        raise ValueError('an amount in yuan with at most two decimals, such as "5000.00"')
    return str(money.yuan(fen))


def rate(raw: Any) -> str:
    """A share of one with at most six decimals: "0.15"."""
    try:
        ppm = money.ppm(_written(raw))
    except ValueError:
        ppm = -1
    if not 0 <= ppm <= money.PPM:
        raise ValueError('a share from "0" to "1" with at most six decimals')
    return format(Decimal(_written(raw)), "f")


def or_none(form: Form) -> Form:
    """The form, or null for none."""
    return lambda raw: None if raw is None else form(raw)


def rows(**columns: Form) -> Form:
    """A list, not empty, of mappings with exactly these keys."""

    def form(raw: Any) -> list[dict[str, Any]]:
        if not isinstance(raw, list) or not 0 < len(raw) <= LONGEST:
            raise ValueError(f"a list of mappings with {', '.join(columns)}")
        return [_row(columns, r, n) for n, r in enumerate(raw, 1)]

    return form


def _row(columns: Mapping[str, Form], raw: Any, number: int) -> dict[str, Any]:
    if not isinstance(raw, Mapping) or set(raw) != set(columns):
        raise ValueError(f"a list of mappings with {', '.join(columns)} and nothing else; entry {number} is not one")
    out = {}
    for name, form in columns.items():
        try:
            out[name] = form(raw[name])
        except ValueError as fault:
            raise ValueError(f"a list in which {name} of entry {number} is {fault}") from None
    return out


def many(form: Form) -> Form:
    """A list, possibly empty, of one form, without repeats."""

    def listed(raw: Any) -> list[Any]:
        if not isinstance(raw, list) or len(raw) > LONGEST:
            raise ValueError("a list")
        values = [form(r) for r in raw]
        if len({str(v) for v in values}) != len(values):
            raise ValueError("a list that names nothing twice")
        return values

    return listed


def days(raw: Any) -> list[str]:
    """A list of natural days, sorted."""
    return sorted(d.isoformat() for d in many(day)(raw))


def _threshold(raw: Any) -> int | str:
    """A count of users, or an amount where tiers go by net amount."""
    if isinstance(raw, int) and not isinstance(raw, bool) and raw >= 0:
        return raw
    return amount(raw)


def tiers(raw: Any) -> list[dict[str, Any]]:
    """Steps from 0 upwards, each with the rate from that number on."""
    steps: list[dict[str, Any]] = rows(**{"from": _threshold, "rate": rate})(raw)
    starts = [Decimal(str(s["from"])) for s in steps]
    if starts[0] != 0 or any(a >= b for a, b in pairwise(starts)):
        raise ValueError("a list of {from, rate} that starts at 0 and rises")
    return steps


def brackets(raw: Any) -> list[dict[str, Any]]:
    """Tax brackets that rise and end with `up_to: null`."""
    steps: list[dict[str, Any]] = rows(up_to=or_none(amount), rate=rate, quick=amount)(raw)
    tops = [None if s["up_to"] is None else Decimal(s["up_to"]) for s in steps]
    inner = [t for t in tops[:-1] if t is not None]
    if tops[-1] is not None or len(inner) != len(tops) - 1 or inner != sorted(set(inner)):
        raise ValueError("a list of {up_to, rate, quick} that rises and ends with up_to: null")
    return steps


def instalments(raw: Any) -> list[dict[str, Any]]:
    """Shares that add up to 1, in order of time."""
    plan: list[dict[str, Any]] = rows(share=rate, after_months=whole(0, 120))(raw)
    months = [p["after_months"] for p in plan]
    if sum(money.ppm(p["share"]) for p in plan) != money.PPM or months != sorted(months):
        raise ValueError("a list of {share, after_months} in order of time whose shares add up to 1")
    return plan


# The agreement in numbers: path -> form. The clause behind each stands in programmes/default.yaml and docs/rulebook.md.
FORMS: Mapping[str, Form] = {
    "payer": text,
    "window_days": whole(0, MOST_DAYS),
    "start_day_counts": flag,
    "readings.recharge_card_user": one_of("only", "any"),
    "readings.recharge_card_amount": one_of("exclude", "count"),
    "readings.amount_scope": one_of("all_in_window", "first_order"),
    "readings.first_purchase_counts_excluded_products": flag,
    "statement_day": whole(1, 31),
    "rejoin_cooloff_days": whole(0, MOST_DAYS),
    "minimum_payout": amount,
    "instalments": instalments,
    "working_days.weekend": many(whole(1, 7)),
    "working_days.holidays": days,
    "working_days.workdays": days,
    "max_quarantine_share": rate,
    "require_manifest": flag,
    "withholding.regime": one_of("per_payment", "cumulative"),
    "withholding.exemption.up_to": amount,
    "withholding.exemption.flat": amount,
    "withholding.exemption.above_share": rate,
    "withholding.monthly_deduction": amount,
    "withholding.expense_share": rate,
    "withholding.brackets": brackets,
    "rebate.tier_by": one_of("new_paying_users", "net_amount"),
    "rebate.tiers": tiers,
    "rebate.bounty_per_new_paying_user": amount,
    "rebate.invitee_month_cap": or_none(amount),
    "rebate.promoter_month_cap": or_none(amount),
    "excluded": flag,
}

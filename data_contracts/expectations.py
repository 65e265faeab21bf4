"""Contracts as Great Expectations suites: a second engine that counts what breaks each rule.

DuckDB finds and quarantines rows (`rows.py`); this counts, on pandas, with the library's own expectations. Both are
compiled from one contract, and their counts must agree (`disagreements`).
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import great_expectations
import great_expectations.expectations
import pandas as pd

from data_contracts.contract import Column, Contract
from data_contracts.rows import LONGEST_ID, LONGEST_TEXT, MOST_FEN, kept_name, rules

gx: Any = great_expectations  # its own annotations do not fit how it documents its use
expect: Any = great_expectations.expectations

_UNSAFE = "\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"
_PATTERNS = {
    "csv.embednl": r"[\r\n]",
    "id.excel": r"\A\d+(\.\d+)?[eE]\+?\d+\Z",
    "amt.nan": r"(?i)\A[+-]?(nan|inf|infinity)\Z",
    "amt.sign": r"\A(\+\d+(\.\d+)?|-?0\d+(\.\d+)?)\Z",
    "amt.scale": r"\A-?\d+\.\d{3,}\Z",
    "ts.leap": r"[T ]24:|:60",
}
_BOOL = r"(?i)\A(true|t|1|y|yes|是|false|f|0|n|no|否)\Z"
_MONTH = r"\A20\d{2}-(0[1-9]|1[0-2])\Z"
_NO_INSTANT = r"(?i)\A([+-]?infinity|-?inf|epoch|now|today|tomorrow|yesterday)\Z"


@dataclass(frozen=True)
class Count:
    """How many rows break one rule at one column (cross-column checks have none)."""

    code: str
    column: str
    rows: int


def suite(contract: Contract, zone: str) -> dict[tuple[str, str], list[Any]]:
    """The expectations of each rule (code and column) of a feed that comes as text."""
    forms = dict.fromkeys(contract.names, "text")
    wanted = dict.fromkeys((r.code, r.column) for r in rules(contract, forms) if r.column)
    made = {(code, name): list(_of_rule(code, contract.column(name), zone)) for code, name in wanted}
    for i, check in enumerate(contract.extra.get("checks", ())):
        made[(str(check["code"]), "")] = [expect.ExpectColumnValuesToBeInSet(column=f"check_{i}", value_set=[False])]
    return made


def _of_rule(code: str, column: Column, zone: str) -> Iterator[Any]:
    raw, typed = f"r_{column.name}", kept_name(column)
    if code in _PATTERNS:
        yield expect.ExpectColumnValuesToNotMatchRegex(column=raw, regex=_PATTERNS[code])
    elif code == "null.word":
        yield expect.ExpectColumnValuesToNotBeNull(column=raw)
    elif code == "csv.control":
        allowed = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]" if column.extra.get("free_text") else r"[\x00-\x1f\x7f]"
        yield expect.ExpectColumnValuesToNotMatchRegex(column=raw, regex=allowed)
    elif code == "text.unsafe":
        longest = LONGEST_ID if column.type == "id" else LONGEST_TEXT
        yield expect.ExpectColumnValuesToMatchRegex(column=raw, regex=rf"(?s)\A[^{_UNSAFE}]{{0,{longest}}}\Z")
    elif code in ("enum", "amt.currency"):
        yield expect.ExpectColumnValuesToBeInSet(column=raw, value_set=list(column.enum) or ["CNY"])
    elif code == "bool":
        yield expect.ExpectColumnValuesToMatchRegex(column=raw, regex=_BOOL)
    elif column.type == "month":
        yield expect.ExpectColumnValuesToMatchRegex(column=raw, regex=_MONTH)
    else:
        yield from _of_value(code, raw, typed, zone)


def _of_value(code: str, raw: str, typed: str, zone: str) -> Iterator[Any]:
    if code in ("amt.format", "ts.format"):
        yield expect.ExpectColumnValuesToNotBeNull(
            column=typed, row_condition=f"`{raw}`.notnull()", condition_parser="pandas"
        )
    elif code == "amt.range":
        yield expect.ExpectColumnValuesToNotMatchRegex(column=raw, regex=r"\A-?\d{15,}(\.\d*)?\Z")
        yield expect.ExpectColumnValuesToBeBetween(column=typed, min_value=-MOST_FEN, max_value=MOST_FEN)
    elif code == "amt.direction":
        yield expect.ExpectColumnValuesToBeBetween(column=typed, min_value=0)
    elif code == "ts.range":
        lowest, highest = (pd.Timestamp(day, tz=zone).tz_convert("UTC") for day in ("2000-01-01", "2101-01-01"))
        yield expect.ExpectColumnValuesToNotMatchRegex(column=raw, regex=_NO_INSTANT)
        yield expect.ExpectColumnValuesToBeBetween(column=typed, min_value=lowest, max_value=highest, strict_max=True)
    else:
        raise KeyError(f"no expectation is written for the rule {code}")


def counts(contract: Contract, frame: pd.DataFrame, zone: str) -> tuple[Count, ...]:
    """How many rows of `frame` break each rule. Its columns are those of `rows.parsed_sql`: `r_*` and typed."""
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    frame = frame.copy(deep=False)
    for i, check in enumerate(contract.extra.get("checks", ())):
        frame[f"check_{i}"] = frame.eval(str(check["breaks_when"]).replace("<>", "!="))
    made = suite(contract, zone)
    found = dict.fromkeys(made, 0)
    for rule, several in made.items():
        for e in several:
            e.meta = {"code": rule[0], "column": rule[1]}
    for rule, rows in _unexpected([e for several in made.values() for e in several], frame):
        found[rule] += rows
    return tuple(Count(code, column, rows) for (code, column), rows in found.items())


def cross_counts(contract: Contract, frame: pd.DataFrame, ids: Mapping[str, Collection[str]]) -> tuple[Count, ...]:
    """How many rows of `frame` share their key with other contents, and how many refer to nothing, per rule and column.

    `frame` holds the feed's columns as they came, null words as null; `ids` per feed the ids that others may refer to.
    """
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    key = list(contract.key)
    unique = expect.ExpectColumnValuesToBeUnique(column=key[0])
    if len(key) > 1:
        unique = expect.ExpectCompoundColumnsToBeUnique(column_list=key)
    made = {("ev.conflict", ""): unique}
    for column in contract.columns:
        target = str(column.extra.get("refers", "")).partition(".")[0]
        if target:
            rule = (str(column.extra["orphan"]), column.name)
            made[rule] = expect.ExpectColumnValuesToBeInSet(column=column.name, value_set=sorted(ids[target]))
    for (code, name), one in made.items():
        one.meta = {"code": code, "column": name}
    found = _unexpected(list(made.values()), frame.drop_duplicates())
    return tuple(Count(code, column, rows) for (code, column), rows in found)


def _unexpected(expectations: list[Any], frame: pd.DataFrame) -> list[tuple[tuple[str, str], int]]:
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    warnings.filterwarnings("ignore", message="This pattern is interpreted", category=UserWarning)
    whole = (
        context.data_sources.add_pandas("feeds")
        .add_dataframe_asset("feed")
        .add_batch_definition_whole_dataframe("rows")
    )
    made = context.suites.add(gx.ExpectationSuite(name="rules", expectations=expectations))
    checked = context.validation_definitions.add(gx.ValidationDefinition(name="rules", data=whole, suite=made))
    outcome = checked.run(batch_parameters={"dataframe": frame}, result_format="BASIC")
    # Results come in an order of their own; each says in its meta which rule it is.
    metas = [r.expectation_config.meta for r in outcome.results]
    return [((m["code"], m["column"]), _count(r)) for m, r in zip(metas, outcome.results, strict=True)]


def _count(result: Any) -> int:
    raised = result.exception_info or {}
    if raised.get("raised_exception"):
        raise RuntimeError(f"{result.expectation_config.type} could not be counted")
    return int(result.result.get("unexpected_count") or 0)


def disagreements(ours: Iterable[Count], theirs: Iterable[Count]) -> list[tuple[str, str, int, int]]:
    """Code, column and both counts wherever the two engines differ."""
    left = {(c.code, c.column): c.rows for c in ours}
    right = {(c.code, c.column): c.rows for c in theirs}
    return [
        (*k, left.get(k, 0), right.get(k, 0)) for k in sorted(left.keys() | right.keys()) if left.get(k) != right.get(k)
    ]

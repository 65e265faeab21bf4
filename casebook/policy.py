"""The decision policy: dated rules that say which findings lead to which measures, and who decides.

`load` reads and checks the whole file and raises all its faults together; `admit` makes the table `policy_rule`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

from casebook.measures import MEASURES
from data_contracts import money, strict_yaml
from data_contracts.errors import InputRefused
from data_contracts.warehouse import Warehouse

NOTICE_DAYS = 7
DO = ("auto", "propose", "ignore")
OUTCOMES = ("same_person", "same_controller", "possibly")
GROUP_STATUSES = ("linked", "needs_review")


@dataclass(frozen=True)
class Rule:
    """One rule. `when` holds the conditions in the form that `sql/policy_choice.sql` reads."""

    clause: str
    measure: str
    do: str
    days: int | None
    when: Mapping[str, Any]


@dataclass(frozen=True)
class DatedPolicy:
    """The rules from one day on."""

    effective_from: date
    rules: tuple[Rule, ...]
    two_people: tuple[str, ...]
    notice_days: int


@dataclass(frozen=True)
class Policy:
    """A policy file."""

    policies: tuple[DatedPolicy, ...]

    def at(self, day: date) -> DatedPolicy | None:
        """The policy in force on a day: the latest start, then the later in the file."""
        begun = [(p.effective_from, n, p) for n, p in enumerate(self.policies) if p.effective_from <= day]
        return max(begun, key=lambda b: b[:2])[2] if begun else None


@dataclass
class _Reader:
    """Reads values and gathers what is wrong with them."""

    faults: list[str] = field(default_factory=list)

    def mapping(self, raw: Any, where: str, known: set[str], needed: set[str]) -> Mapping[str, Any]:
        """A mapping with the keys that it must and may have."""
        if not isinstance(raw, Mapping):
            self.faults.append(f"{where} must be a mapping")
            return {}
        for key in sorted(raw.keys() - known, key=str):
            self.faults.append(f"{where} has an unknown key {key}; it may have {', '.join(sorted(known))}")
        for key in sorted(needed - raw.keys()):
            self.faults.append(f"{where} lacks {key}")
        return raw

    def value(self, read: Callable[[Any], Any], raw: Any, where: str, wanted: str, default: Any = None) -> Any:
        """`read(raw)`, or a fault that names what is wanted."""
        try:
            return read(raw)
        except (ValueError, TypeError):
            self.faults.append(f"{where} is {raw!r}, which is no {wanted}")
            return default

    def one_of(self, raw: Any, known: tuple[str, ...] | Mapping[str, Any], where: str) -> str:
        """A word of a list."""
        if raw not in known:
            self.faults.append(f"{where} is {raw!r}; it may be {', '.join(known)}")
        return str(raw)


def load(path: Path) -> Policy:
    """Read a policy file. Raises InputRefused `cfg.policy` with every fault, `cfg.yaml` when it is no strict YAML."""
    raw = strict_yaml.load(path)
    reader = _Reader()
    if not isinstance(raw, list) or not raw:
        raise InputRefused("cfg.policy", "the file must be a list of dated policies", where=path)
    policies = tuple(_policy(reader, p, f"policy {n}") for n, p in enumerate(raw, 1))
    if reader.faults:
        raise InputRefused("cfg.policy", "; ".join(reader.faults), where=path, faults=tuple(reader.faults))
    return Policy(policies)


def _policy(reader: _Reader, raw: Any, where: str) -> DatedPolicy:
    known = {"effective_from", "rules", "two_people", "notice_days"}
    given = reader.mapping(raw, where, known, {"effective_from", "rules"})
    start = reader.value(_day, given.get("effective_from"), f"{where}, effective_from", "day such as \"2024-01-01\"",
                         date.min)  # fmt: skip
    rules = tuple(_rule(reader, r, f"{where}, rule {n}") for n, r in enumerate(_list(given.get("rules")), 1))
    two = tuple(reader.one_of(m, MEASURES, f"{where}, two_people") for m in _list(given.get("two_people")))
    notice = reader.value(_count, given.get("notice_days", NOTICE_DAYS), f"{where}, notice_days", "number of days")
    return DatedPolicy(start, rules, two, notice)


def _rule(reader: _Reader, raw: Any, where: str) -> Rule:
    given = reader.mapping(raw, where, {"clause", "measure", "when", "do", "days"}, {"clause", "measure", "do"})
    days = given.get("days")
    return Rule(
        str(given.get("clause")),
        reader.one_of(given.get("measure"), MEASURES, f"{where}, measure"),
        reader.one_of(given.get("do"), DO, f"{where}, do"),
        None if days is None else reader.value(_count, days, f"{where}, days", "number of days"),
        _when(reader, given.get("when") or {}, f"{where}, when"),
    )


def _when(reader: _Reader, raw: Any, where: str) -> Mapping[str, Any]:
    known = {"outcome", "group_status", "flagged", "confidence", "amount",
             "min_confidence", "max_confidence", "min_amount", "max_amount"}  # fmt: skip
    given = reader.mapping(raw, where, known, set())
    out: dict[str, Any] = {}
    for key, words in (("outcome", OUTCOMES), ("group_status", GROUP_STATUSES)):
        if key in given:
            out[key] = [reader.one_of(w, words, f"{where}, {key}") for w in _list(given[key])]
    if "flagged" in given:
        out["flagged"] = reader.value(_flag, given["flagged"], f"{where}, flagged", "true or false")
    # A bare `confidence` or `amount` is the least that is wanted; `max_*` is the first value that is too much.
    for key, name, read, wanted in (
        ("confidence", "min_confidence_ppm", money.ppm, "share such as \"0.95\""),
        ("min_confidence", "min_confidence_ppm", money.ppm, "share such as \"0.95\""),
        ("max_confidence", "max_confidence_ppm", money.ppm, "share such as \"0.95\""),
        ("amount", "min_amount_fen", money.fen, "amount such as \"100.00\""),
        ("min_amount", "min_amount_fen", money.fen, "amount such as \"100.00\""),
        ("max_amount", "max_amount_fen", money.fen, "amount such as \"100.00\""),
    ):  # fmt: skip
        if key in given:
            out[name] = reader.value(read, given[key], f"{where}, {key}", wanted)
    return out


def admit(wh: Warehouse, policy: Policy) -> None:
    """Make `policy_rule`: one row per rule, in file order. A policy without rules stands there as one that ignores nothing.

    Raises InputRefused `cfg.policy` for a measure that its clause does not allow, where `clause_register` is made already.
    """
    _check_allowed(wh, policy)
    rows = [
        {
            "policy_no": p_no, "rule_no": r_no, "effective_from": p.effective_from, "clause": r.clause,
            "measure": r.measure, "do": r.do, "days": r.days, "when_json": json.dumps(r.when, sort_keys=True),
            "two_people": r.measure in p.two_people, "notice_days": p.notice_days,
        }
        for p_no, p in enumerate(policy.policies, 1)
        for r_no, r in enumerate(p.rules or (_NO_RULE,), 1)
    ]  # fmt: skip
    wh.admit("policy_rule", pa.Table.from_pylist(rows, schema=_SCHEMA))


def _check_allowed(wh: Warehouse, policy: Policy) -> None:
    if not wh.execute("select 1 from duckdb_tables() where table_name = 'clause_register'"):
        return
    allowed = {clause: set(measures) for clause, measures in wh.execute("select clause, measures from clause_register")}
    faults = [
        f"clause {r.clause} does not allow {r.measure}" if r.clause in allowed else f"there is no clause {r.clause}"
        for p in policy.policies
        for r in p.rules
        if allowed and r.do != "ignore" and r.measure not in allowed.get(r.clause, ())
    ]
    if faults:
        raise InputRefused("cfg.policy", "; ".join(dict.fromkeys(faults)), faults=tuple(faults))


_NO_RULE = Rule("", "", "ignore", None, {})
_SCHEMA = pa.schema(
    [
        ("policy_no", pa.int64()), ("rule_no", pa.int64()), ("effective_from", pa.date32()), ("clause", pa.string()),
        ("measure", pa.string()), ("do", pa.string()), ("days", pa.int64()), ("when_json", pa.string()),
        ("two_people", pa.bool_()), ("notice_days", pa.int64()),
    ]
)  # fmt: skip


def _list(raw: Any) -> list[Any]:
    return raw if isinstance(raw, list) else [] if raw is None else [raw]


def _day(raw: Any) -> date:
    return raw if type(raw) is date else date.fromisoformat(str(raw))


def _count(raw: Any) -> int:
    if isinstance(raw, bool) or int(str(raw)) < 0:
        raise ValueError(raw)
    return int(str(raw))


def _flag(raw: Any) -> bool:
    if not isinstance(raw, bool):
        raise TypeError(raw)
    return raw

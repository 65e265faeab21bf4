"""Loads table contracts: what a table promises, as data that every stage, test and page reads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from data_contracts import strict_yaml
from data_contracts.errors import ContractBroken

TABLES = Path(__file__).parent / "tables"
STAGES = ("rules", "books", "feeds", "features", "models", "rulebook", "draft", "casebook", "settlement", "results")
DUCK = {
    "id": "VARCHAR", "text": "VARCHAR", "json": "VARCHAR", "month": "VARCHAR",
    "bigint": "BIGINT", "fen": "BIGINT", "ppm": "BIGINT",
    "bool": "BOOLEAN", "date": "DATE", "ts": "TIMESTAMP WITH TIME ZONE",
    "money": "DECIMAL(18,2)", "double": "DOUBLE",
}  # fmt: skip


@dataclass(frozen=True)
class Column:
    """One column. `type` is the contract's word, `duck` the DuckDB type; `extra` holds what only some readers use."""

    name: str
    type: str
    duck: str
    nullable: bool = False
    enum: tuple[str, ...] = ()
    about: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Contract:
    """What one table promises. `order` is the total order of its published file; `records` a table of the books."""

    table: str
    stage: str
    grain: str
    key: tuple[str, ...]
    order: tuple[str, ...]
    columns: tuple[Column, ...]
    records: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def column(self, name: str) -> Column:
        """The column of that name; KeyError when the contract has none."""
        return next(c for c in self.columns if c.name == name) if name in self.names else self._missing(name)

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(c.name for c in self.columns)

    def kept(self) -> Contract:
        """The form in which a feed is kept inside: money as fen, raw identifiers as tokens (`stage` feeds only)."""
        return self if self.stage != "feeds" else _kept(self)

    def _missing(self, name: str) -> Column:
        raise KeyError(f"{self.table} has no column {name}")


def _column(name: str, spec: str | Mapping[str, Any]) -> Column:
    given = {"type": spec} if isinstance(spec, str) else dict(spec)
    word = str(given.pop("type"))
    nullable = bool(given.pop("nullable", False)) or word.endswith("?")
    word = word.removesuffix("?")
    enum = tuple(str(v) for v in given.pop("enum", ()))
    about = str(given.pop("about", ""))
    return Column(name, word, DUCK.get(word, word), nullable, enum, about, given)


def _kept(contract: Contract) -> Contract:
    columns: list[Column] = []
    for c in contract.columns:
        if c.type == "money":
            columns.append(Column(c.name.removesuffix("_amount") + "_fen", "fen", "BIGINT", c.nullable, (), c.about))
        elif c.extra.get("personal") == "raw":
            name = c.extra.get("kept_as", f"{c.name}_token")
            columns.append(Column(str(name), "id", "VARCHAR", c.nullable, (), "keyed token"))
        elif not c.extra.get("dropped"):
            columns.append(c)
    columns += [_column(n, s) for n, s in contract.extra.get("adds", {}).items()]
    key = tuple(contract.extra.get("kept_key", contract.key))
    return Contract(contract.table, contract.stage, contract.grain, key, key, tuple(columns), None, contract.extra)


@cache
def contracts() -> Mapping[str, Contract]:
    """Every contract by table name, in the order of the stages. Raises ContractBroken when two share a name."""
    found: dict[str, Contract] = {}
    for stage in STAGES:
        for path in sorted((TABLES / stage).glob("*.yaml")):
            contract = _load(path, stage)
            if contract.table in found or contract.table != path.stem:
                raise ContractBroken(f"{path.name}: table name {contract.table} is taken or differs from the file name")
            found[contract.table] = contract
    return found


def _load(path: Path, stage: str) -> Contract:
    raw = strict_yaml.plain(path)
    columns = tuple(_column(n, s) for n, s in raw.pop("columns").items())
    key = tuple(raw.pop("key"))
    order = tuple(raw.pop("order", key))
    return Contract(raw.pop("table"), stage, raw.pop("grain"), key, order, columns, raw.pop("records", None), raw)


def of_stage(stage: str) -> tuple[Contract, ...]:
    """The contracts of one stage, by table name."""
    return tuple(c for c in contracts().values() if c.stage == stage)


def named_parameters(sql: str) -> frozenset[str]:
    """The `$names` in a statement, comments and strings left out."""
    bare = re.sub(r"--[^\n]*|'(?:[^']|'')*'", " ", sql)
    return frozenset(re.findall(r"\$([a-z_][a-z0-9_]*)", bare))

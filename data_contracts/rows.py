"""Compiles a feed's contract to SQL: for each row its typed columns and the code of the first rule that it breaks.

A source column arrives in one of few physical forms (text, int, double, decimal, ts, tstz, date, bool). The typed value
is null where the text cannot be one, so a rule asks for the reason only on rows that are already known to be bad.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from data_contracts.contract import Column, Contract
from data_contracts.errors import InputRefused
from data_contracts.shown import hidden, masked

NULL_WORDS = ("", "NULL", "null", "-", "N/A")
LONGEST_ID, LONGEST_TEXT = 128, 256
MOST_FEN = 10**13

_UNSAFE = r"[\x{200b}-\x{200f}\x{202a}-\x{202e}\x{2060}-\x{2069}\x{feff}]"
_CONTROL = r"[\x00-\x1f\x7f]"
_ODD = _CONTROL[:-1] + _UNSAFE[1:]
_CONTROL_IN_PROSE = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
_CLOCK = r"[T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,9})?)?"
_ZONED = rf"\d{{4}}-\d{{2}}-\d{{2}}{_CLOCK} ?(Z|[+-]\d{{2}}(:?\d{{2}})?)"
_NAIVE = rf"\d{{4}}-\d{{2}}-\d{{2}}({_CLOCK})?"
_AMOUNT = r"-?(0|[1-9]\d{0,13})(\.\d{1,2})?"  # a digit more, and the fen overflow a DECIMAL(18)
_TRUE = ("true", "t", "1", "y", "yes", "是")
_FALSE = ("false", "f", "0", "n", "no", "否")
_TAKES: Mapping[str, frozenset[str]] = {
    "id": frozenset({"text", "int", "double"}),
    "text": frozenset({"text", "int", "bool"}),
    "month": frozenset({"text"}),
    "bool": frozenset({"text", "int", "bool"}),
    "ts": frozenset({"text", "ts", "tstz", "date"}),
    "money": frozenset({"text", "int", "double", "decimal"}),
}


@dataclass(frozen=True)
class Rule:
    """A row breaks `code` at `column` when `predicate` (SQL over `r_*` source and typed columns) holds."""

    code: str
    column: str
    predicate: str


@dataclass(frozen=True)
class Plan:
    """How one column is read: its name inside, the SQL of its typed value, and its rules in order.

    `guard`, where there is one, is a cheap test that holds for every row that breaks a rule of form; the rules ask it
    first (as `odd_*`), so that a clean row costs one look.
    """

    column: Column
    name: str
    value: str
    rules: tuple[Rule, ...]
    guard: str = ""


def quoted(values: tuple[str, ...]) -> str:
    """A SQL list of text literals."""
    return "(" + ", ".join("'" + v.replace("'", "''") + "'" for v in values) + ")"


def kept_name(column: Column) -> str:
    """The name inside: amounts are fen; raw identifiers keep their name until they are tokens."""
    return column.name.removesuffix("_amount") + "_fen" if column.type == "money" else column.name


def plans(contract: Contract, physical: Mapping[str, str]) -> tuple[Plan, ...]:
    """One plan per column of the contract. Raises InputRefused when a source column cannot be of its type."""
    return tuple(_plan(contract, c, physical.get(c.name)) for c in contract.columns)


def rules(contract: Contract, physical: Mapping[str, str]) -> tuple[Rule, ...]:
    """Every row rule of the contract, in the order in which they are tried."""
    found = [r for p in plans(contract, physical) for r in p.rules]
    found += [Rule(c["code"], "", c["breaks_when"]) for c in contract.extra.get("checks", ())]
    return tuple(found)


def judge_sql(contract: Contract, physical: Mapping[str, str], source: str) -> str:
    """A SELECT over `source` (columns `row_number`, `form` and the contract's) that judges each row.

    Gives the typed columns, `row_number`, `rule`, `column_at`, `row_json` (bad rows only, raw identifiers hidden) and
    `zones`: a bit per text instant, 1 << 2i when it came without offset, 2 << 2i when with. Parameters: `$zone`.
    """
    cases = "\n        ".join(f"when {r.predicate} then '{r.code}|{r.column}'" for r in rules(contract, physical))
    personal = any(c.extra.get("personal") == "raw" for c in contract.columns)
    shown = ", ".join(f"'{c.name}': {_shown(c, beside_raw=personal)}" for c in contract.columns)
    columns = ", ".join(f'"{p.name}"' for p in plans(contract, physical))
    return f"""
with parsed as ({parsed_sql(contract, physical, source)}
), ruled as (
    select *, case
        when form is not null then form || '|'
        {cases}
    end as hit
    from parsed
)
select {columns}, row_number,
    nullif(split_part(hit, '|', 1), '') as rule,
    nullif(split_part(hit, '|', 2), '') as column_at,
    case when hit is not null then cast(to_json({{{shown}}}) as varchar) end as row_json,
    {_zones(contract, physical)} as zones
from ruled"""


def parsed_sql(contract: Contract, physical: Mapping[str, str], source: str) -> str:
    """A SELECT over `source`: each column as it came (`r_*`, null words as null) and its typed value. Parameter `$zone`."""
    raw = ",\n        ".join(f'{_worded(c, physical.get(c.name))} as "r_{c.name}"' for c in contract.columns)
    made = plans(contract, physical)
    typed = ",\n    ".join(
        [f'{p.value} as "{p.name}"' for p in made] + [f'{p.guard} as "odd_{p.column.name}"' for p in made if p.guard]
    )
    return f"""
    select *,
    {typed}
    from (
        select row_number, form,
        {raw}
        from {source}
    )"""


def counts_sql(contract: Contract, physical: Mapping[str, str], source: str) -> str:
    """A SELECT of one row: for each of `rules`, in order, how many rows of `source` break it."""
    tests = ", ".join(f"count(*) filter (where {r.predicate})" for r in rules(contract, physical))
    return f"select {tests} from ({parsed_sql(contract, physical, source)})"


def judged_columns(contract: Contract) -> dict[str, str]:
    """Names and DuckDB types of what `judge_sql` gives, `row_number` left out."""
    own = {kept_name(c): _inside(c) for c in contract.columns}
    return own | {"rule": "varchar", "column_at": "varchar", "row_json": "varchar", "zones": "integer"}


def text_instants(contract: Contract, physical: Mapping[str, str]) -> tuple[str, ...]:
    """The instants that arrive as text, in the order of the bits of `zones`."""
    return tuple(c.name for c in contract.columns if c.type == "ts" and physical.get(c.name) == "text")


def _zones(contract: Contract, physical: Mapping[str, str]) -> str:
    bits = [
        f'(case when "{name}" is null then 0 when regexp_full_match("r_{name}", \'{_NAIVE}\') then {1 << (2 * i)} '
        f"else {2 << (2 * i)} end)"
        for i, name in enumerate(text_instants(contract, physical))
    ]
    return f"cast({' + '.join(bits)} as integer)" if bits else "0"


def _shown(column: Column, *, beside_raw: bool) -> str:
    """A cell for the eyes of whoever mends the feed. In a feed with raw identifiers one that is not what its column takes is
    hidden whole."""
    raw = f'cast("r_{column.name}" as varchar)'
    if column.extra.get("personal") == "raw":
        return hidden(raw)
    if not beside_raw or (column.type in ("id", "text") and not column.enum):
        return masked(raw)
    fits = f"{raw} in {quoted(column.enum)}" if column.enum else f'"{kept_name(column)}" is not null'
    return f"case when {fits} then {raw} else {hidden(raw)} end"


def _worded(column: Column, form: str | None) -> str:
    if form is None:
        return "cast(null as varchar)"
    if form == "text":
        return f'case when "{column.name}" in {quoted(NULL_WORDS)} then null else "{column.name}" end'
    return f'"{column.name}"'


def _plan(contract: Contract, column: Column, form: str | None) -> Plan:
    name, raw = column.name, f'"r_{column.name}"'
    if form is None:
        if not column.nullable and not column.extra.get("optional"):
            raise InputRefused("csv.header.missing", f"{contract.table} lacks the column {name}")
        return Plan(column, kept_name(column), f"cast(null as {_inside(column)})", ())
    if form not in _TAKES[column.type]:
        raise InputRefused("file.type", f"{contract.table}.{name} holds {form}, which cannot be read as {column.type}")
    kept = kept_name(column)
    required: tuple[Rule, ...] = () if column.nullable else (Rule("null.word", name, f"{raw} is null"),)
    value, found = _READ[column.type](column, form, raw, f'"{kept}"')
    guard = _guard(column, raw) if form == "text" else ""
    asked = f'"odd_{name}" and ' if guard else ""
    tests = [Rule(code, name, f"{asked}({test})" if code in _OF_FORM else test) for code, test in found]
    return Plan(column, kept, value, (*required, *tests), guard)


_OF_FORM = frozenset({"csv.embednl", "csv.control", "text.unsafe"})


def _guard(column: Column, raw: str) -> str:
    if column.type not in ("id", "text") or column.extra.get("free_text"):
        return ""
    if column.enum:
        return f"{raw} not in {quoted(column.enum)}"
    return f"length({raw}) > {_longest(column)} or regexp_matches({raw}, '{_ODD}')"


def _longest(column: Column) -> int:
    return LONGEST_ID if column.type == "id" else LONGEST_TEXT


def _inside(column: Column) -> str:
    return "bigint" if column.type == "money" else column.duck


_Found = tuple[tuple[str, str], ...]


def _text(column: Column, form: str, raw: str, kept: str) -> tuple[str, _Found]:
    if form == "double":  # whole numbers with gaps, as some writers store them
        whole = f"abs({raw}) < 9007199254740992 and {raw} = floor({raw})"
        value = f"case when {whole} then cast(cast({raw} as bigint) as varchar) end"
        return value, (("id.excel", f"{raw} is not null and {kept} is null"),)
    if form != "text":
        value = f"cast({raw} as varchar)"
        return value, _enum(column, value)
    prose = bool(column.extra.get("free_text"))
    value = masked(raw) if prose or column.extra.get("masked") else raw  # people write down what they know of others
    found: list[tuple[str, str]] = []
    if not prose:
        found.append(("csv.embednl", f"regexp_matches({raw}, '[\\r\\n]')"))
    found.append(("csv.control", f"regexp_matches({raw}, '{_CONTROL_IN_PROSE if prose else _CONTROL}')"))
    if column.type == "id":
        found.append(("id.excel", f"regexp_full_match({raw}, '\\d+(\\.\\d+)?[eE]\\+?\\d+')"))
    if not prose and not column.enum:
        found.append(("text.unsafe", f"length({raw}) > {_longest(column)} or regexp_matches({raw}, '{_UNSAFE}')"))
    return value, (*found, *_enum(column, raw))


def _enum(column: Column, value: str) -> _Found:
    if column.name == "currency":
        return (("amt.currency", f"{value} <> 'CNY'"),)
    return (("enum", f"{value} not in {quoted(column.enum)}"),) if column.enum else ()


def _month(column: Column, form: str, raw: str, kept: str) -> tuple[str, _Found]:
    good = f"regexp_full_match({raw}, '20\\d{{2}}-(0[1-9]|1[0-2])')"
    return f"case when {good} then {raw} end", (("ts.format", f"{raw} is not null and {kept} is null"),)


def _bool(column: Column, form: str, raw: str, kept: str) -> tuple[str, _Found]:
    if form == "bool":
        return raw, ()
    word = f"lower(cast({raw} as varchar))"
    value = f"case when {word} in {quoted(_TRUE)} then true when {word} in {quoted(_FALSE)} then false end"
    return value, (("bool", f"{raw} is not null and {kept} is null"),)


def _ts(column: Column, form: str, raw: str, kept: str) -> tuple[str, _Found]:
    lowest, highest = "timezone($zone, timestamp '2000-01-01')", "timezone($zone, timestamp '2101-01-01')"
    outside = ("ts.range", f"{kept} < {lowest} or {kept} >= {highest}")
    if form == "tstz":
        return raw, (outside,)
    if form in ("ts", "date"):
        return f"timezone($zone, cast({raw} as timestamp))", (outside,)
    zoned = f"regexp_full_match({raw}, '{_ZONED}')"
    naive = f"regexp_full_match({raw}, '{_NAIVE}')"
    value = (
        f"case when {zoned} then try_cast({raw} as timestamptz) "
        f"when {naive} then timezone($zone, try_cast({raw} as timestamp)) end"
    )
    bad = f"{raw} is not null and {kept} is null"
    words = ("infinity", "-infinity", "+infinity", "inf", "-inf", "epoch", "now", "today", "tomorrow", "yesterday")
    return value, (
        ("ts.range", f"{bad} and lower({raw}) in {quoted(words)}"),
        ("ts.leap", f"{bad} and regexp_matches({raw}, '[T ]24:|:60')"),
        ("ts.format", bad),
        outside,
    )


def _money(column: Column, form: str, raw: str, kept: str) -> tuple[str, _Found]:
    bad = f"{raw} is not null and {kept} is null"
    after: _Found = (("amt.range", f"abs({kept}) > {MOST_FEN}"), ("amt.direction", f"{kept} < 0"))
    if form == "int":
        return f"case when abs({raw}) <= {MOST_FEN} then {raw} * 100 end", (("amt.range", bad), *after)
    if form == "decimal":
        value = f"try_cast(case when {raw} = round({raw}, 2) then round({raw}, 2) * 100 end as bigint)"
        return value, (("amt.scale", f"{bad} and {raw} <> round({raw}, 2)"), ("amt.range", bad), *after)
    if form == "double":
        finite = f"isfinite({raw}) and abs({raw}) <= {MOST_FEN}"
        fen = f"cast(round({raw} * 100) as bigint)"
        value = f"case when not ({finite}) then null when {raw} = cast({fen} as double) / 100 then {fen} end"
        tests = (("amt.nan", f"{bad} and not isfinite({raw})"), ("amt.range", f"{bad} and abs({raw}) > {MOST_FEN}"))
        return value, (*tests, ("amt.scale", bad), *after)
    value = (
        f"case when regexp_full_match({raw}, '{_AMOUNT}') then cast(cast({raw} as decimal(18, 2)) * 100 as bigint) end"
    )
    number = r"\d+(\.\d+)?"
    return value, (
        ("amt.nan", f"{bad} and regexp_full_match(lower({raw}), '[+-]?(nan|inf|infinity)')"),
        ("amt.sign", f"{bad} and regexp_full_match({raw}, '\\+{number}|-?0\\d+(\\.\\d+)?')"),
        ("amt.scale", f"{bad} and regexp_full_match({raw}, '-?\\d+\\.\\d{{3,}}')"),
        ("amt.range", f"{bad} and regexp_full_match({raw}, '-?\\d{{15,}}(\\.\\d*)?')"),
        ("amt.format", bad),
        *after,
    )


_READ = {"id": _text, "text": _text, "month": _month, "bool": _bool, "ts": _ts, "money": _money}


def breakable(contract: Contract) -> Iterator[tuple[str, str]]:
    """Code and column of every rule that a row of this feed may break when it comes as text."""
    forms = {c.name: "text" for c in contract.columns}
    yield from ((r.code, r.column) for r in rules(contract, forms))

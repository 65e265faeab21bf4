"""Makes deliveries in which one row of two is spoilt in a known way: of every feed, for every rule of its contract, with
values drawn at random; and rows with junk in any column, of which only this is known: none may get lost."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from data_contracts.contract import Column, Contract, contracts
from data_contracts.rows import LONGEST_ID, LONGEST_TEXT, NULL_WORDS, breakable
from pipelines.ingest.sources import feeds

Draw = random.Random
Value = Callable[[Draw], str]
Row = dict[str, str]
NOON = datetime.fromisoformat("2025-12-01T00:00:00+08:00")
PER_ACCOUNT = 40  # fewer than the bad money rows of one promoter that stop a run


def _digits(draw: Draw, most: int) -> str:
    return str(draw.randint(1, 10 ** draw.randint(1, most) - 1))


def _word(draw: Draw) -> str:
    return "".join(draw.choices("bcdghjkmpqrsvwxz", k=draw.randint(3, 9)))


def _within(draw: Draw, signs: str) -> str:
    return f"{_word(draw)}{draw.choice(signs)}{_word(draw)}"


def _amount(draw: Draw) -> str:
    return f"{draw.randint(1, 10**6)}.{draw.randint(0, 99):02d}"


def _no_day(draw: Draw) -> str:
    return f"{draw.randint(2001, 2090)}-{draw.choice(('02-30', '04-31', '13-01', '00-10', '06-00'))}T10:00:00+08:00"


def _not_an_amount(draw: Draw) -> str:
    whole = draw.randint(1, 9999)
    return draw.choice((f"{whole}e{draw.randint(0, 9)}", f"{whole}_000", f"{whole},000.50", f"￥{whole}", f"{whole}元",
                        f".{whole}", f"{whole}.", f"0x{whole:x}", f"--{whole}", f"{whole} {whole}", "１２３", _word(draw)))  # fmt: skip


VALUES: Mapping[str, Value] = {
    "null.word": lambda d: d.choice(NULL_WORDS),
    "enum": lambda d: d.choice((_word(d), _word(d).upper(), "'; drop table orders --", "=cmd|' /C calc'!A0")),
    "bool": lambda d: d.choice(("maybe", "2", "-1", "tru", _word(d))),
    "amt.currency": lambda d: d.choice(("USD", "EUR", "cny", "RMB", "￥")),
    "csv.embednl": lambda d: _within(d, "\r\n"),
    "csv.control": lambda d: _within(d, "\x00\x01\x07\x08\x0b\x0c\x1b\x1f\x7f"),
    "id.excel": lambda d: f"{d.randint(1, 9)}.{_digits(d, 6)}E+{d.randint(6, 20)}",
    "amt.nan": lambda d: d.choice(("NaN", "nan", "-inf", "+Infinity", "INF")),
    "amt.sign": lambda d: d.choice((f"+{_amount(d)}", f"00{_amount(d)}", f"-0{_amount(d)}")),
    "amt.scale": lambda d: f"{_digits(d, 8)}.{d.randint(0, 999):03d}{d.choice(('', '9', '0000'))}",
    "amt.format": _not_an_amount,
    "amt.range": lambda d: d.choice((f"1{d.randint(0, 10**11 - 1):011d}.01", "9" * d.randint(13, 60))),
    "amt.direction": lambda d: f"-{_amount(d)}",
    "ts.range": lambda d: d.choice(("infinity", "-infinity", "epoch", "now", f"{d.randint(1, 1999):04d}-05-05T00:00:00Z",
                                    f"{d.randint(2102, 9999)}-01-01T00:00:00+08:00")),
    "ts.leap": lambda d: f"2025-12-{d.randint(1, 28):02d}T{d.choice(('24:00:00', '10:00:60', '23:59:60'))}+08:00",
    "ts.format": lambda d: d.choice((_no_day(d), str(d.randint(10**12, 2 * 10**12)), f"{d.randint(13, 31)}/12/2025",
                                     _word(d), f"2025-1-{d.randint(1, 9)}")),
}  # fmt: skip
MONTHS: Value = lambda d: d.choice(("2025-13", "2025-00", "2025-1", "25-01", "1999-12", _word(d)))  # noqa: E731 - one of many such values
CHECKS: Mapping[str, Value] = {
    "amt.over_list": lambda d: f"{d.randint(6, 10**6)}.00", "payout.sum": lambda d: f"{d.randint(6, 10**6)}.00",
}  # fmt: skip
CHECKED = {"amt.over_list": "cash_amount", "payout.sum": "net_amount"}
VALUED: Mapping[str, tuple[str, Value]] = {
    "id.check": ("id_doc", lambda d: f"1101011990023{d.randint(0, 10**5 - 1):05d}"),
    "phone.length": ("phone", lambda d: "138" + "".join(d.choices("0123456789", k=d.choice((5, 9, 12))))),
    "ip.syntax": ("ip", lambda d: f"8.8.{d.randint(256, 9999)}.8"),
    "email.syntax": ("email", lambda d: f"{_word(d)}.qq.com"),
}
JUNK: tuple[Value, ...] = (
    *VALUES.values(), MONTHS, _amount, lambda d: "", lambda d: "".join(chr(d.choice((d.randint(32, 126),
    d.randint(0xA1, 0xD7FF), d.randint(0xE000, 0xFFFD), d.randint(0x10000, 0x10FFFF)))) for _ in range(d.randint(1, 40))),
    lambda d: "x" * d.choice((1, 127, 300, 5_000)), lambda d: "<script>alert(1)</script>", lambda d: "\u202e" + _word(d),
)  # fmt: skip


@dataclass
class Delivery:
    """Lines by feed as they will be written, what each hostile one must be called, and how many are honest."""

    draw: Draw
    lines: dict[str, list[bytes]] = field(default_factory=dict)
    expected: dict[tuple[str, int], str] = field(default_factory=dict)
    count: int = 0
    shared: int = 0

    def __post_init__(self) -> None:
        for contract in feeds():
            self.lines[contract.table] = [(",".join(contract.names) + "\n").encode()]
        self.add("products", {"product_code": "ecs", "valid_from": "2020-01-01T00:00:00+08:00"})

    def add(self, table: str, changes: Mapping[str, str], code: str = "") -> None:
        """One more row, good but for the changes; with a code it is hostile and must be set aside under it."""
        row = self.good(contracts()[table]) | dict(changes)
        out = io.StringIO()
        csv.writer(out, lineterminator="\r\n").writerow(row.values())  # so that a bare CR is quoted too
        self.put(table, out.getvalue().removesuffix("\r\n").encode() + b"\n", code)

    def put(self, table: str, line: bytes, code: str = "") -> None:
        """One more line as it is."""
        self.lines[table].append(line)
        if code:
            self.expected[table, len(self.lines[table]) - 1] = code

    def account(self) -> str:
        """An account that some rows share, so that no promoter has too many bad ones."""
        if self.shared % PER_ACCOUNT == 0:
            self.add("accounts", {"account_id": f"H{self.shared // PER_ACCOUNT}"})
        self.shared += 1
        return f"H{(self.shared - 1) // PER_ACCOUNT}"

    def one(self, prefix: str, table: str, column: str) -> str:
        """A good row of another feed for one row to refer to; its id."""
        self.count += 1
        name = f"{prefix}{self.count}"
        self.add(table, {column: name})
        return name

    def good(self, contract: Contract) -> Row:
        """A row that is right in every way."""
        self.count += contract.table == "accounts"
        return {c.name: self._value(contract, c) for c in contract.columns}

    def _value(self, contract: Contract, column: Column) -> str:
        table, name = contract.table, column.name
        if table == "referrals" and name == "invitee_id":
            return self.one("I", "accounts", "account_id")
        if table == "refunds" and name == "order_id":
            return self.one("RO", "orders", "order_id")
        if column.extra.get("refers") == "accounts.account_id":
            return self.account()
        if column.extra.get("refers") == "products.product_code":
            return "ecs"
        if column.enum:
            return "phone" if table == "identifiers" and name == "kind" else column.enum[0]
        if column.nullable:
            return ""
        if name == "value":
            return f"139{self.draw.randint(0, 10**8 - 1):08d}"
        return self._plain(column)

    def _plain(self, column: Column) -> str:
        self.count += 1
        if column.type == "ts":
            early = column.name in ("registered_at", "valid_from")
            return (
                NOON + timedelta(days=-60 if early else 30 if "refund" in column.name else 0, seconds=self.count)
            ).isoformat()
        if column.type == "money":
            return "0.00" if column.name in ("coupon_amount", "voucher_amount", "tax_amount") else "5.00"
        return {"bool": "true", "month": "2025-12"}.get(column.type, f"N{self.count}")

    def write(self, folder: Path) -> None:
        """One CSV file per feed."""
        folder.mkdir(parents=True)
        for table, lines in self.lines.items():
            (folder / f"{table}.csv").write_bytes(b"".join(lines))

    @property
    def rows(self) -> dict[str, int]:
        """How many rows each feed has."""
        return {table: len(lines) - 1 for table, lines in self.lines.items()}


Spoil = Callable[[Delivery], None]


def spoilers() -> list[Spoil]:
    """One way to spoil a row per rule of each feed, then those of form and of meaning."""
    ways: list[Spoil] = []
    for contract in feeds():
        for code, column in breakable(contract):
            ways.append(_of_rule(contract, code, column))
        ways += orphans(contract)
        ways += filter(None, [conflict(contract)])
        if event := contract.extra.get("event"):
            ways.append(
                _of(contract.table, {event["at"]: "2024-01-01T00:00:00.{:06d}+08:00"}, "ev.before_registration")
            )
        ways += [_of_form(contract.table, how) for how in range(4)]
    ways += [_of_value(code) for code in VALUED]
    return [*ways, _refund_before_payment, _refund_beyond_what_was_paid]


def _of_rule(contract: Contract, code: str, column: str) -> Spoil:
    def spoil(to: Delivery) -> None:
        value = VALUES.get(code)
        if not column:
            to.add(contract.table, {CHECKED[code]: CHECKS[code](to.draw)}, code)
        elif code == "text.unsafe":
            longest = LONGEST_ID if contract.column(column).type == "id" else LONGEST_TEXT
            long = "x" * to.draw.randint(longest + 1, 2 * longest)
            to.add(contract.table, {column: to.draw.choice((long, _within(to.draw, "\u200b\u202e\u2066\ufeff")))}, code)
        else:
            assert value is not None, code
            value = MONTHS if code == "ts.format" and contract.column(column).type == "month" else value
            to.add(contract.table, {column: value(to.draw)}, code)

    return spoil


def _of(table: str, changes: Mapping[str, str], code: str) -> Spoil:
    return lambda to: to.add(table, {k: v.format(to.count) for k, v in changes.items()}, code)


def _of_form(table: str, how: int) -> Spoil:
    def spoil(to: Delivery) -> None:
        to.add(table, {})
        good = to.lines[table].pop()
        line, code = (
            (good.rsplit(b",", 1)[0] + b"\n", "csv.fields"), (good[:-1] + b",more\n", "csv.fields"),
            (b"\xff" + good, "csv.utf8"), (b"# " + good.replace(b",", b" "), "csv.comment"),
        )[how]  # fmt: skip
        to.put(table, line, code)

    return spoil


def _of_value(code: str) -> Spoil:
    kind, value = VALUED[code]
    return lambda to: to.add("identifiers", {"kind": kind, "value": value(to.draw)}, code)


def _other(column: Column) -> str:
    """Another value that a column may have."""
    plain = {"bool": "false", "month": "2025-11", "money": "4.00", "ts": "2025-12-31T10:00:00+08:00"}
    return column.enum[1] if column.enum else plain.get(column.type, "other")


def conflict(contract: Contract) -> Spoil | None:
    """Two rows with one key and other contents, both bad; None where the key is the whole row."""
    others = [c for c in contract.columns if c.name not in contract.key and not {"refers", "personal"} & c.extra.keys()]
    if not others:
        return None
    changed = others[0]

    def spoil(to: Delivery) -> None:
        one = to.good(contract)
        for row in (one, one | {changed.name: _other(changed)}):
            to.add(contract.table, row, "ev.conflict")

    return spoil


def orphans(contract: Contract) -> list[Spoil]:
    """Per reference a row that refers to nothing."""
    return [
        _of(contract.table, {c.name: "nobody-{}"}, str(c.extra["orphan"]))
        for c in contract.columns
        if "refers" in c.extra
    ]


def _refund_before_payment(to: Delivery) -> None:
    to.add("refunds", {"refunded_at": "2025-11-30T10:00:00+08:00"}, "ref.before_payment")


def _refund_beyond_what_was_paid(to: Delivery) -> None:
    to.add("refunds", {"cash_amount": f"{to.draw.randint(6, 10**6)}.00"}, "ref.excess")


def planted(count: int, seed: int) -> Delivery:
    """At least `count` hostile rows, every way in turn, each beside a good row of its feed."""
    to, ways = Delivery(Draw(seed)), spoilers()
    tables = [c.table for c in feeds()]
    number = 0
    while len(to.expected) < count or number < len(ways):
        ways[number % len(ways)](to)
        to.add(tables[number % len(tables)], {})
        number += 1
    return to


def wild(count: int, seed: int) -> Delivery:
    """Rows with junk in one to three columns; what becomes of each is not said."""
    to = Delivery(Draw(seed))
    tables = [c.table for c in feeds()]
    for number in range(count):
        table = tables[number % len(tables)]
        names = contracts()[table].names
        spoilt = to.draw.sample(names, to.draw.randint(1, min(3, len(names))))
        to.add(table, {name: to.draw.choice(JUNK)(to.draw) for name in spoilt})
    return to

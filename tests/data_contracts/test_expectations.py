"""Every rule of every feed, planted as a fault and counted by both engines: SQL and Great Expectations."""

from __future__ import annotations

import pyarrow as pa
import pytest

from data_contracts.contract import Contract, contracts
from data_contracts.expectations import Count, counts, disagreements
from data_contracts.rows import breakable, counts_sql, parsed_sql
from data_contracts.warehouse import connect

ZONE = "Asia/Shanghai"
GOOD = {
    "id": "X1",
    "text": "word",
    "month": "2025-12",
    "bool": "true",
    "ts": "2025-12-01T10:00:00+08:00",
    "money": "5.00",
}
FAULTS = {
    "null.word": ["", "NULL"], "enum": ["nothing"], "bool": ["maybe"], "amt.currency": ["USD"],
    "csv.embednl": ["a\nb"], "csv.control": ["a\x07b"], "text.unsafe": ["a\u202eb", "x" * 300], "id.excel": ["1.2E+17"],
    "amt.nan": ["NaN", "-inf"], "amt.sign": ["+5", "007"], "amt.scale": ["1.234"], "amt.format": ["1e3", "￥1", "1,000"],
    "amt.range": ["100000000000.01", "9" * 20], "amt.direction": ["-0.01"],
    "ts.range": ["infinity", "epoch", "1999-12-31", "9999-12-31T00:00:00Z"], "ts.leap": ["2025-12-01T24:00:00"],
    "ts.format": ["2025-02-30", "1764554400000", "31/12/2025"],
}  # fmt: skip
MONTH_FAULTS = ["2025-13", "2025-1"]
CHECKS = {
    "amt.over_list": {"cash_amount": "5.01", "coupon_amount": "0", "voucher_amount": "0"},
    "payout.sum": {"net_amount": "4.00"},
}


def planted(contract: Contract) -> list[dict[str, str]]:
    """A good row, and one row per fault that its rules name."""
    good = {c.name: (c.enum[0] if c.enum else GOOD[c.type]) for c in contract.columns}
    good |= {"currency": "CNY"} if "currency" in good else {}
    good |= {"tax_amount": "0.00"} if "tax_amount" in good else {}
    good |= {"coupon_amount": "0.00", "voucher_amount": "0.00"} if "voucher_amount" in good else {}
    rows = [dict(good)]
    for code, column in breakable(contract):
        if not column:
            rows.append(good | CHECKS[code])
            continue
        month = contract.column(column).type == "month" and code == "ts.format"
        rows += [good | {column: value} for value in (MONTH_FAULTS if month else FAULTS[code])]
    return rows


@pytest.mark.parametrize(
    "table", [c.table for c in contracts().values() if c.stage == "feeds" and "required" in c.extra]
)
def test_both_engines_count_the_same_rows_for_every_rule(table: str) -> None:
    contract = contracts()[table]
    rows = planted(contract)
    source = (
        pa.Table.from_pylist(rows)
        .append_column("row_number", pa.array(range(len(rows))))
        .append_column("form", pa.nulls(len(rows), pa.string()))
    )
    forms = dict.fromkeys(contract.names, "text")
    with connect([]) as con:
        con.register("feed", source)
        sums = con.execute(counts_sql(contract, forms, "feed"), {"zone": ZONE}).fetchall()[0]
        frame = con.execute(f"select * from ({parsed_sql(contract, forms, 'feed')})", {"zone": ZONE}).df()
    ours: dict[tuple[str, str], int] = {}
    for rule, count in zip(breakable(contract), sums, strict=True):
        ours[rule] = ours.get(rule, 0) + count
    theirs = counts(contract, frame, ZONE)
    assert disagreements([Count(*rule, n) for rule, n in ours.items()], theirs) == []
    assert all(c.rows for c in theirs), [c for c in theirs if not c.rows]

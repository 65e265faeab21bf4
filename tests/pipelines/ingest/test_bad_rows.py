"""One row in a feed is bad by itself: it is quarantined under its code, or read as it was meant. One test per code."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pyarrow.parquet as pq
import pytest

from data_contracts.run import Run
from data_contracts.warehouse import Warehouse
from pipelines.ingest import build
from tests.counts import SoakCount
from tests.pipelines.ingest.conftest import AS_OF, GOOD, KEY, ZONE, csv_text

ORDER, ACCOUNT, IDENTIFIER, PROMOTER = "orders", "accounts", "identifiers", "promoters"
KEYS = {"orders": "order_id", "accounts": "account_id", "refunds": "refund_id", "promoters": "promoter_id"}

# code, feed, column, what stands there
QUARANTINED = [
    ("amt.format", ORDER, "cash_amount", "1e2"),
    ("amt.format", ORDER, "cash_amount", "1_00"),
    ("amt.format", ORDER, "cash_amount", "1,00.00"),
    ("amt.format", ORDER, "cash_amount", "￥12"),
    ("amt.format", ORDER, "cash_amount", "１２"),
    ("amt.format", ORDER, "cash_amount", "12元"),
    ("amt.format", ORDER, "cash_amount", ".5"),
    ("amt.scale", ORDER, "cash_amount", "12.345"),
    ("amt.nan", ORDER, "cash_amount", "NaN"),
    ("amt.nan", ORDER, "cash_amount", "-inf"),
    ("amt.sign", ORDER, "cash_amount", "+5"),
    ("amt.sign", ORDER, "cash_amount", "007.00"),
    ("amt.range", ORDER, "list_amount", "100000000000.01"),
    ("amt.range", ORDER, "list_amount", "1" + "0" * 40),
    *(("amt.range", ORDER, "list_amount", "9" * digits + ".99") for digits in range(13, 20)),
    ("amt.direction", ORDER, "cash_amount", "-0.01"),
    ("amt.direction", "refunds", "cash_amount", "-1"),
    ("amt.over_list", ORDER, "cash_amount", "100.01"),
    ("null.word", ORDER, "cash_amount", "N/A"),
    ("null.word", ORDER, "order_id", ""),
    ("null.word", ORDER, "kind", "null"),
    ("ts.format", ORDER, "paid_at", "2025-02-30T10:00:00+08:00"),
    ("ts.format", ORDER, "paid_at", "1764554400000"),
    ("ts.format", ORDER, "paid_at", "31/12/2025"),
    ("ts.range", ORDER, "paid_at", "infinity"),
    ("ts.range", ORDER, "paid_at", "epoch"),
    ("ts.range", ORDER, "paid_at", "0001-01-01T00:00:00+08:00"),
    ("ts.range", ORDER, "paid_at", "9999-12-31T00:00:00+08:00"),
    ("ts.range", ORDER, "paid_at", "1999-12-31T23:59:59+08:00"),
    ("ts.leap", ORDER, "paid_at", "2025-12-01T24:00:00+08:00"),
    ("ts.leap", ORDER, "paid_at", "2025-12-01T10:00:60+08:00"),
    ("ts.zone", ORDER, "paid_at", "2025-12-01 10:00:00"),
    ("enum", ORDER, "kind", "gift"),
    ("enum", ACCOUNT, "account_type", "Individual"),
    ("bool", PROMOTER, "declared_staff_tie", "maybe"),
    ("id.excel", ORDER, "order_id", "1.10105E+17"),
    ("text.unsafe", ORDER, "order_id", "O" * 129),
    ("text.unsafe", ORDER, "order_id", "O\u202e1"),
    ("text.unsafe", ORDER, "product_code", "ecs\u200b"),
    ("csv.embednl", ORDER, "product_code", "ecs\n2"),
    ("csv.control", ORDER, "product_code", "ecs\x07"),
    ("id.check", IDENTIFIER, "id_doc", "110101199003070021"),
    ("id.check", IDENTIFIER, "id_doc", "110101199002307819"),
    ("phone.length", IDENTIFIER, "phone", "138123400011"),
    ("ip.syntax", IDENTIFIER, "ip", "8.8.8.800"),
    ("email.syntax", IDENTIFIER, "email", "li.lei.qq.com"),
]


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[tuple[str, int], str]]:
    """The rule of every quarantined row of one delivery that holds all the rows above, by feed and row number."""
    feeds = {table: [dict(r) for r in rows] for table, rows in GOOD.items()}
    for number, (_, feed, column, value) in enumerate(QUARANTINED):
        row = dict(feeds[feed][0])
        if feed in KEYS and feed != PROMOTER:
            row[KEYS[feed]] += f"-{number}"
        row |= {"kind": column, "value": value} if feed == IDENTIFIER else {column: value}
        feeds[feed].append(row)
    folder = tmp_path_factory.mktemp("spoilt")
    for table, rows in feeds.items():
        (folder / f"{table}.csv").write_text(csv_text(rows), encoding="utf-8")
    with Warehouse(folder / "work", "feeds", Run("test", 1, AS_OF, ZONE)) as wh:
        build(wh, sources=folder, key=KEY, zone=ZONE, max_quarantine_share="1")
        yield {
            (table, r["row_number"]): r["rule"]
            for table in feeds
            for r in pq.read_table(wh.folder / "quarantine" / f"{table}.parquet").to_pylist()
        }


@pytest.mark.parametrize("number", range(len(QUARANTINED)), ids=lambda n: f"{QUARANTINED[n][0]}-{n}")
def test_quarantined(number: int, spoilt: dict[tuple[str, int], str]) -> None:
    code, feed, *_ = QUARANTINED[number]
    place = len(GOOD[feed]) + sum(f == feed for _, f, *_ in QUARANTINED[: number + 1])
    assert spoilt.get((feed, place)) == code


def test_the_good_rows_beside_the_bad_ones_are_kept(spoilt: dict[tuple[str, int], str], soak_count: SoakCount) -> None:
    soak_count("hostile_rows", len(QUARANTINED))
    assert len(spoilt) == len(QUARANTINED)


# feed, column, what stands there, what it is inside
NORMALISED = [
    (ORDER, "cash_amount", "-0.00", "cash_fen", 0),
    (ORDER, "cash_amount", "5", "cash_fen", 500),
    (ORDER, "cash_amount", "5.1", "cash_fen", 510),
    (ORDER, "activity_id", "NULL", "activity_id", None),
    (ORDER, "activity_id", "-", "activity_id", None),
    (ORDER, "activity_id", "=cmd|' /C calc'!A0", "activity_id", "=cmd|' /C calc'!A0"),
    (ORDER, "activity_id", "<script>alert(1)</script>", "activity_id", "<script>alert(1)</script>"),
    (PROMOTER, "declared_staff_tie", "是", "declared_staff_tie", True),
    (PROMOTER, "declared_staff_tie", "0", "declared_staff_tie", False),
    (PROMOTER, "declared_staff_tie", "", "declared_staff_tie", None),
]


def test_read_as_meant(feeds: Any, deliver: Any, ingest: Any) -> None:
    cases = [(*case, f"{number}") for number, case in enumerate(NORMALISED)]
    for feed, column, value, _, _, number in cases:
        key = KEYS[feed]
        feeds[feed].append(feeds[feed][0] | ({key: f"N{number}"} if feed == ORDER else {}) | {column: value})
        if feed == PROMOTER:
            feeds[feed][-1]["joined_at"] = f"2025-11-03T12:0{number}:00+08:00"
    done = ingest(deliver(feeds))
    assert done.broken(ORDER) == [] and done.broken(PROMOTER) == []
    for feed, column, value, inside, expected, number in cases:
        where = (
            f"order_id = 'N{number}'"
            if feed == ORDER
            else f"extract(minute from joined_at) = {number} and promoter_id = 'P1'"
        )
        assert done.rows(f"select {inside} from {feed} where {where}") == [(expected,)], (column, value)


def test_ts_zone_a_column_without_any_offset_is_read_in_the_programmes_zone(
    feeds: Any, deliver: Any, ingest: Any
) -> None:
    for row in feeds["orders"]:
        row["paid_at"] = row["paid_at"].replace("T", " ").replace("+08:00", "")
    done = ingest(deliver(feeds))
    assert done.broken("orders") == []
    assert done.rows("select epoch(paid_at)::bigint from orders where order_id = 'O1'") == [(1764554400,)]


def test_the_same_instant_in_any_offset(feeds: Any, deliver: Any, ingest: Any) -> None:
    for row, value in zip(
        feeds["orders"], ("2025-12-01T02:00:00Z", "2025-12-01 10:00:00+0800", "2025-12-01T10:00+08"), strict=True
    ):
        row["paid_at"] = value
    assert ingest(deliver(feeds)).rows("select distinct epoch(paid_at)::bigint from orders") == [(1764554400,)]


def test_link_placeholder_is_kept_and_never_links(feeds: Any, deliver: Any, ingest: Any) -> None:
    base = feeds["identifiers"][0]
    values = [("phone", "00000000000"), ("phone", "13800138000"), ("payment", "123456"), ("ip", "127.0.0.1"),
              ("ip", "0.0.0.0"), ("ip", "10.1.2.3"), ("device", "999999999999999")]  # fmt: skip
    feeds["identifiers"] = [base | {"kind": k, "value": v} for k, v in values]
    done = ingest(deliver(feeds))
    assert done.broken("identifiers") == []
    assert done.rows("select count(*), bool_or(links) from identifiers") == [(len(values), False)]


def test_phone_norm_spellings_of_one_number_have_one_token(feeds: Any, deliver: Any, ingest: Any) -> None:
    base = feeds["identifiers"][0]
    spellings = ["13812340001", "+86 13812340001", "0086-138-1234-0001", "１３８１２３４０００１"]
    feeds["identifiers"] = [
        base | {"value": v, "observed_at": f"2025-11-1{i}T10:00:00+08:00"} for i, v in enumerate(spellings)
    ]
    done = ingest(deliver(feeds))
    assert done.rows("select count(*), count(distinct token), min(mask) from identifiers") == [(4, 1, "138****0001")]


def test_a_quarantined_row_shows_no_identifier(feeds: Any, deliver: Any, ingest: Any) -> None:
    base = feeds["identifiers"][0]
    feeds["identifiers"] = [
        base | {"value": "138123400011"},
        base | {"value": "13812340077", "source": "nowhere"},
        base | {"value": "13812340078", "account_id": "nobody"},
    ]
    feeds["staff"] = [{"staff_id": "S1", "kind": "employee", "id_doc": "110101199003070021", "phone": "13812340079",
                       "valid_from": "2025-01-01T00:00:00+08:00", "valid_to": None}]  # fmt: skip
    done = ingest(deliver(feeds))
    assert done.broken("identifiers") == [(1, "phone.length"), (2, "enum"), (3, "acct.unknown")]
    assert done.broken("staff") == [(1, "id.check")]
    text = json.dumps(done.quarantine("identifiers") + done.quarantine("staff"))
    assert not any(
        v in text for v in ("138123400011", "13812340077", "13812340078", "110101199003070021", "13812340079")
    )
    assert json.loads(done.quarantine("identifiers")[2]["row"])["value"] == "138****0078"


def test_a_staff_row_keeps_tokens_that_match_those_of_accounts(feeds: Any, deliver: Any, ingest: Any) -> None:
    feeds["staff"] = [{"staff_id": "S1", "kind": "employee", "id_doc": None, "phone": "+8613812340001",
                       "valid_from": "2025-01-01T00:00:00+08:00", "valid_to": None}]  # fmt: skip
    done = ingest(deliver(feeds))
    assert done.rows("select count(*) from staff join identifiers on token = phone_token and id_doc_token is null") == [
        (1,)
    ]

"""What holds of every kind of identifier: stable normal forms, masks that hide, and one answer from SQL and Python."""

from __future__ import annotations

from datetime import date

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from id_validator import validator

from data_contracts.identifier import Fault, Normal
from features.kinds import load
from features.kinds.address.likeness import likeness
from features.kinds.id_doc.rule import check_digit
from features.kinds.payment.rule import luhn

KINDS = load()
SQL = duckdb.connect()
WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
DIGITS = st.text("0123456789", min_size=8, max_size=8)


@pytest.mark.parametrize("name", KINDS)
@settings(max_examples=120, deadline=None)
@given(text=st.text(max_size=40))
def test_any_text_has_a_normal_form_or_a_fault_that_does_not_quote_it(name: str, text: str) -> None:
    answer = KINDS[name].normalise(text)
    assert isinstance(answer, Normal | Fault)
    if isinstance(answer, Fault) and any(c.isdigit() for c in text):
        assert text not in answer.reason


@pytest.mark.parametrize("name", [n for n, k in KINDS.items() if k.plain])
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_the_plain_form_in_sql_is_what_the_rule_says(name: str, data: st.DataObject) -> None:
    plain = KINDS[name].plain
    values = data.draw(st.lists(st.one_of(
        st.from_regex(r"\A1[3-9][0-9]{9}\Z"), st.from_regex(r"\A[0-9a-fA-F]{8}-[0-9a-f]{4}-[0-9A-F]{20}\Z"),
        st.ip_addresses(v=4).map(str), st.from_regex(r"\A[a-z]{2,8}_[A-Za-z0-9]{12,20}\Z"),
        st.from_regex(r"\A[A-Za-z0-9._-]{1,12}@(qq|163)\.com\Z"), st.text("01", min_size=32, max_size=32),
        st.sampled_from(["13800138000", "17000000000", "0" * 32, "192.0.2.1", "100.64.0.1", "203.0.113.9"]),
    ), min_size=1, max_size=30))  # fmt: skip
    query = (
        f"select value, {plain['normal']}, {plain['mask']}, {plain['cls']}, {plain['links']} "
        f"from (select unnest($values) as value) where {plain['where']}"
    )
    for value, *answer in SQL.execute(query, {"values": values}).fetchall():
        assert KINDS[name].normalise(value) == Normal(*answer), value


@given(
    digits=DIGITS,
    spelling=st.sampled_from(["{}", "+86{}", "+86 {}", "0086{}", "86{}", " {} ", "({})"]),
    wide=st.booleans(),
)
def test_spellings_of_a_mobile_number(digits: str, spelling: str, wide: bool) -> None:
    number = f"139{digits}"
    typed = spelling.format(number.translate(WIDE) if wide else number)
    assert KINDS["phone"].normalise(typed) == KINDS["phone"].normalise(number)


@settings(max_examples=8, deadline=None)
@given(
    region=st.sampled_from(["110101", "310104", "440305", "510107"]),
    born=st.dates(min_value=date(1930, 1, 1), max_value=date(2007, 1, 1)),
    order=st.integers(1, 999),
)
def test_identity_cards_agree_with_an_independent_validator(region: str, born: object, order: int) -> None:
    body = f"{region}{born:%Y%m%d}{order:03d}"
    for last in (check_digit(body), "0" if check_digit(body) != "0" else "7"):
        ours = isinstance(KINDS["id_doc"].normalise(body + last), Normal)
        assert ours == bool(validator.is_valid(body + last))
    old = KINDS["id_doc"].normalise(f"{region}{born:%y%m%d}{order:03d}")
    if f"{born:%Y}".startswith("19"):
        assert old == KINDS["id_doc"].normalise(body + check_digit(body))


def test_luhn_against_known_numbers() -> None:
    assert luhn("4111111111111111") and luhn("6222020000000007") and not luhn("4111111111111112")


@settings(max_examples=80, deadline=None)
@given(address=st.ip_addresses(v=6))
def test_ip_v6_neighbours_in_one_64_are_one(address: object) -> None:
    packed = address.packed  # type: ignore[attr-defined]
    near = type(address)(packed[:8] + b"\x00" * 7 + b"\x01")  # type: ignore[call-arg]
    if not packed.startswith(bytes(10) + b"\xff\xff") and not packed.startswith(bytes(8)):
        assert KINDS["ip"].normalise(str(address)) == KINDS["ip"].normalise(str(near))


@pytest.mark.parametrize("name", KINDS)
def test_masks_of_the_golden_values_hide_them(name: str) -> None:
    for case in KINDS[name].card.cases():
        answer = KINDS[name].normalise(case["value"])
        if isinstance(answer, Normal):
            assert case["value"] not in answer.mask and answer.mask.count("*") >= 2, case["name"]


def test_addresses_of_one_place_are_more_alike_than_look_alikes() -> None:
    here = "湖北省武汉市洪山区人民路1号书香名邸17栋1单元801室"
    assert likeness(here, "洪山区人民路1号书香名邸17号楼1单元801") > likeness(
        here, "洪山区人民路1号书香名邸12号楼1单元801"
    )
    assert likeness(here, "洪山区人民路1号书香名邸17号楼") > likeness(here, "洪山区解放路9号碧水湾3号楼")

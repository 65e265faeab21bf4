"""Raw identifier values are such as real systems accept: checked against oracles that share no code with us."""

from __future__ import annotations

import ipaddress
import re
import unicodedata

import duckdb
import phonenumbers
from id_validator import validator


def values(feeds: duckdb.DuckDBPyConnection, kind: str) -> list[str]:
    rows = feeds.execute("select distinct value from identifiers where kind = ? order by value", [kind]).fetchall()
    return [unicodedata.normalize("NFKC", value).strip() for (value,) in rows]


def luhn(digits: str) -> bool:
    doubled = [int(d) * (1 + i % 2) for i, d in enumerate(reversed(digits))]
    return sum(d // 10 + d % 10 for d in doubled) % 10 == 0


def test_identity_documents_have_valid_check_digits(feeds: duckdb.DuckDBPyConnection) -> None:
    found = values(feeds, "id_doc")
    assert {len(value) for value in found} == {15, 18}
    sample = found[:: len(found) // 15]  # the oracle takes a tenth of a second for each
    assert [value for value in sample if not validator.is_valid(value.upper())] == []
    weights = [pow(2, 17 - i, 11) for i in range(17)]
    checks = ["10X98765432"[sum(int(d) * w for d, w in zip(value, weights, strict=False)) % 11] for value in found]
    assert [v for v, check in zip(found, checks, strict=True) if len(v) == 18 and v[-1].upper() != check] == []


def test_phone_numbers_are_possible_chinese_numbers(feeds: duckdb.DuckDBPyConnection) -> None:
    parsed = [phonenumbers.parse(value, "CN") for value in values(feeds, "phone")]
    assert all(phonenumbers.is_possible_number(number) and number.country_code == 86 for number in parsed)
    assert len({number.national_number for number in parsed}) > 2_000


def test_cards_pass_luhn_and_the_rest_are_providers_tokens(feeds: duckdb.DuckDBPyConnection) -> None:
    found = [re.sub("[ -]", "", value) for value in values(feeds, "payment")]
    cards = [value for value in found if not value.startswith("pay_")]
    assert len(cards) > 500
    assert all(len(card) == 19 and luhn(card) for card in cards)


def test_network_addresses_parse_and_few_are_private(feeds: duckdb.DuckDBPyConnection) -> None:
    parsed = [ipaddress.ip_address(value) for value in values(feeds, "ip")]
    hidden = [address for address in parsed if address.is_private or address.is_loopback or address.is_reserved]
    assert 0 < len(hidden) < 0.02 * len(parsed)
    assert {address.version for address in parsed} == {4, 6}


def test_staff_documents_are_valid_too(feeds: duckdb.DuckDBPyConnection) -> None:
    documents = [row[0] for row in feeds.execute("select id_doc from staff where id_doc is not null").fetchall()]
    assert documents
    assert all(validator.is_valid(document) for document in documents[:5])


def test_half_of_the_staff_ties_show_in_the_papers(feeds: duckdb.DuckDBPyConnection) -> None:
    tied = feeds.execute(
        "select count(distinct i.account_id) from identifiers i join staff s on s.id_doc = i.value "
        "join truth_promoters t on t.promoter_id = i.account_id and t.scheme = 'staff_tie'"
    ).fetchall()
    assert tied[0][0] >= 1

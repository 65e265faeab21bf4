"""Phone numbers in E.164, default region China.

Classes come from the numbering plan: numbers of virtual operators and of the Internet of Things are cheap to buy, so
linkage gives them half the weight.
"""

from __future__ import annotations

import re
from functools import lru_cache

import phonenumbers

from data_contracts.identifier import Fault, Normal
from features.kinds.text import half_width

_MOBILE = re.compile(r"1[3-9]\d{9}")
_LEAD = re.compile(r"(?:\+|00)?86(?=1[3-9]\d{9}$)")
_SEPARATORS = str.maketrans("", "", " -().\u00b7\t/")
_WORDS = re.compile(r"[A-Za-z\u4e00-\u9fff]")
# Numbering plan as of 2024-06: virtual operators (162, 165, 167, 170, 171), machines (10646 and 14x but 145, 147, 149).
_VIRTUAL = ("162", "165", "167", "170", "171")
_IOT = ("140", "141", "144", "146", "148")
_TEST = frozenset({"13800138000", "13800000000", "13000000000", "13333333333", "18888888888", "13888888888",
                   "13912345678", "13812345678", "12345678901", "18800000000", "13900000000"})  # fmt: skip


def _class(mobile: str) -> str:
    if mobile.startswith(_VIRTUAL):
        return "virtual"
    return "iot" if mobile.startswith(_IOT) else "mobile"


def _mobile(number: str) -> Normal:
    links = number not in _TEST and len(set(number[3:])) > 1
    return Normal(f"+86{number}", f"{number[:3]}****{number[-4:]}", _class(number), links)


def normalise(value: str) -> Normal | Fault:
    """`+8613812340000` of a mobile number in any of its spellings; other countries and fixed lines through the plan."""
    text = half_width(value).translate(_SEPARATORS)
    number = _LEAD.sub("", text)
    if _MOBILE.fullmatch(number):
        return _mobile(number)
    if text.isdigit() and (len(set(text)) == 1 or text in "01234567890123456789"):
        return Normal(f"placeholder:{text}", "****", "placeholder", links=False)
    if text.startswith("10646") and text.isdigit() and 11 <= len(text) <= 13:
        return Normal(f"+86{text}", f"{text[:5]}****{text[-2:]}", "iot")
    return _elsewhere(text)


@lru_cache(maxsize=4096)
def _elsewhere(text: str) -> Normal | Fault:
    if _WORDS.search(text):
        return Fault("phone.length", "letters in a phone number")
    if text.startswith("00"):
        text = "+" + text[2:]
    try:
        parsed = phonenumbers.parse(text, "CN")
    except phonenumbers.NumberParseException:
        return Fault("phone.length", "not a phone number")
    if not phonenumbers.is_possible_number(parsed):
        return Fault("phone.length", "not a possible length")
    number = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    if parsed.country_code == 86 and not phonenumbers.is_valid_number(parsed):
        return Fault("phone.length", "no number of the national plan")
    return Normal(number, f"{number[:4]}****{number[-2:]}", "fixed" if parsed.country_code == 86 else "foreign")

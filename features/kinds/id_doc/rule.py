"""Identity documents: 身份证 of 18 or 15 digits, residence permits 81/82/83, passports and permits with letters.

The last digit of a 身份证 is checked (ISO 7064 MOD 11-2); the region in front is not, because real documents of merged
and renamed counties exist.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from operator import mul

from data_contracts.identifier import Fault, Normal
from features.kinds.text import half_width

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_OF_ZEROS = 48 * sum(_WEIGHTS)  # what the ASCII codes add to the weighted sum
_CHECK = "10X98765432"
_EIGHTEEN = re.compile(r"\d{17}[\dX]")
_FIFTEEN = re.compile(r"\d{15}")
_LETTERED = re.compile(r"[A-Z]{1,3}[A-Z0-9]{5,12}")
_EXPONENT = re.compile(r"\d{1,18}E\+?\d+")
_SEPARATORS = str.maketrans("", "", " -·.()")
_EARLIEST, _LATEST = date(1880, 1, 1), date(2100, 1, 1)
_PERMITS = {"810": "permit_hk", "820": "permit_mo", "830": "permit_tw"}


def check_digit(first_seventeen: str) -> str:
    """The eighteenth character of a 身份证."""
    return _CHECK[(sum(map(mul, first_seventeen.encode(), _WEIGHTS)) - _OF_ZEROS) % 11]


def normalise(value: str) -> Normal | Fault:
    """Eighteen characters with a capital X, or the letters and digits of another document; its type is in the class."""
    if _EIGHTEEN.fullmatch(value) and value.isascii() and len(set(value)) > 1:
        return _identity_card(value)
    text = half_width(value).upper().translate(_SEPARATORS)
    if _EXPONENT.fullmatch(text):
        return Fault("id.excel", "a spreadsheet turned the number into its exponent form")
    if not text or len(set(text)) == 1:
        return _placeholder(text) if text else Fault("id.check", "empty")
    if _FIFTEEN.fullmatch(text):
        body = f"{text[:6]}19{text[6:]}"
        text = body + check_digit(body)
    if _EIGHTEEN.fullmatch(text):
        return _identity_card(text)
    if _LETTERED.fullmatch(text) and any(c.isdigit() for c in text):
        return Normal(f"document:{text}", f"{text[:2]}****{text[-2:]}", "document")
    return Fault("id.check", "not the form of an identity document")


@lru_cache(maxsize=1 << 16)
def _can_be_born(day: str) -> bool:
    try:
        return _EARLIEST <= date(int(day[:4]), int(day[4:6]), int(day[6:])) < _LATEST
    except ValueError:
        return False


def _identity_card(text: str) -> Normal | Fault:
    if not _can_be_born(text[6:14]):
        return Fault("id.check", "impossible birth date")
    if check_digit(text[:17]) != text[17]:
        return Fault("id.check", "wrong check digit")
    cls = _PERMITS.get(text[:3], "identity_card")
    return Normal(f"{cls}:{text}", f"{text[:3]}*************{text[-2:]}", cls)


def _placeholder(text: str) -> Normal:
    return Normal(f"placeholder:{text}", "****", "placeholder", links=False)

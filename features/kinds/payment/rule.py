"""Payment instruments: the digits of a bank card (Luhn) or the account token of a payment provider.

The last four digits alone never identify anything: too many cards share them.
"""

from __future__ import annotations

import re

from data_contracts.identifier import Fault, Normal
from features.kinds.text import half_width

_CARD = re.compile(r"\d{12,19}")
_SEPARATORS = str.maketrans("", "", " -")
_VALUE = bytes(range(48)) + bytes(range(10)) + bytes(range(58, 256))
_DOUBLED = bytes(range(48)) + bytes((0, 2, 4, 6, 8, 1, 3, 5, 7, 9)) + bytes(range(58, 256))
_PLACEHOLDERS = frozenset({"unknown", "none", "null", "na", "n/a", "test", "cash", "other", "123456", "12345678"})


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others."""
    text = digits.encode()[::-1]
    return (sum(text[0::2].translate(_VALUE)) + sum(text[1::2].translate(_DOUBLED))) % 10 == 0


def normalise(value: str) -> Normal | Fault:
    """Card digits without spaces, or the provider's token as it stands."""
    text = half_width(value)
    digits = text.translate(_SEPARATORS)
    if not digits:
        return Fault("null.word", "empty")
    if len(set(digits)) == 1 or digits.lower() in _PLACEHOLDERS:
        return Normal(f"placeholder:{digits.lower()}", "****", "placeholder", links=False)
    if digits.isascii() and digits.isdigit() and len(digits) <= 6:
        return Normal(f"tail:{digits}", "****", "tail", links=False)
    if _CARD.fullmatch(digits) and luhn(digits):
        return Normal(f"card:{digits}", f"{digits[:4]}****{digits[-4:]}", "card")
    return Normal(
        f"account:{text}", f"{text[:2] if len(text) >= 8 else ''}****{text[-2:] if len(text) >= 8 else ''}", "account"
    )

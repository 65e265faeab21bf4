"""What a normaliser says of one raw identifier: its normal form and mask, or why it is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

KINDS = ("id_doc", "phone", "payment", "device", "ip", "address", "email")


class Normal(NamedTuple):
    """A value that is what it claims to be.

    `value` is the normal form (never shown, only tokenised); `mask` what a person may see; `cls` the number class,
    document type or address level ("" when there is none); `links` is false for placeholders and private addresses,
    which are counted and never link. `also` holds coarser forms of the same value (the building of a door).
    """

    value: str
    mask: str
    cls: str = ""
    links: bool = True
    also: tuple[Normal, ...] = ()


class Fault(NamedTuple):
    """A value that cannot be one of its kind. `code` is the rule in docs/feeds.md; `reason` never quotes the value."""

    code: str
    reason: str


Normaliser: TypeAlias = Callable[[str], Normal | Fault]


def hidden(value: str) -> str:
    """The mask of a value that has no normal form: at most its first two characters, and only of a long one."""
    return (value[:2] if len(value) >= 8 else "") + "****"

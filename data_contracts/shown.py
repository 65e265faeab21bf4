"""SQL that shows a cell of a feed to whoever mends it, and no identifier of a person with it.

A producer that mixes up columns puts a raw value anywhere: into an account's id, a text, an instant. So whatever looks like one is
masked in every cell.
"""

from __future__ import annotations

_LIKE = "|".join((
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+",  # an e-mail address
    r"\b[1-9]\d{16}[\dXx]\b",  # an identity card
    r"\b62\d{14,17}\b",  # a bank card
    r"\b(?:(?:00)?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}\b",  # a mobile number
    r"\b\d{1,3}(?:\.\d{1,3}){3}\b",  # an IP address
))  # fmt: skip


def like_identifier(cell: str) -> str:
    """SQL: whether a text holds something that looks like an identifier of a person."""
    return f"regexp_matches({cell}, '{_LIKE}')"


def masked(cell: str) -> str:
    """SQL: a text with `****` in place of what looks like an identifier."""
    return f"regexp_replace({cell}, '{_LIKE}', '****', 'g')"


def hidden(cell: str) -> str:
    """SQL: at most the first two characters of a text."""
    return f"case when length({cell}) >= 8 then left({cell}, 2) || '****' when {cell} is not null then '****' end"

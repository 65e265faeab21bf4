"""Text forms that several kinds share."""

from __future__ import annotations

import unicodedata


def half_width(value: str) -> str:
    """NFKC (full-width digits and letters become plain ones) without surrounding space."""
    return value.strip() if value.isascii() else unicodedata.normalize("NFKC", value).strip()

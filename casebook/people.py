"""Names, reasons and instants as people type them, and as the books keep them."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from casebook import refusals
from data_contracts.errors import UsageError

RUN = "policy"
"""The name under which a run proposes and applies; no person may bear it."""
_UNSAFE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def same_person(one: str, other: str) -> bool:
    """Whether two names are one person's, however they are typed."""
    return unicodedata.normalize("NFKC", one).casefold() == unicodedata.normalize("NFKC", other).casefold()


def person(name: str) -> str:
    """A person's name as the books keep it. Raises UsageError when it is empty or the run's own."""
    clean = line(name, "name")
    if same_person(clean, RUN) or clean.casefold().startswith("run:"):
        raise UsageError(refusals.of("run_name", name=clean))
    return clean


def line(text: str, what: str) -> str:
    """Text as the books keep it: NFC, trimmed. Raises UsageError when it is empty or holds control characters."""
    clean = unicodedata.normalize("NFC", text).strip()
    if not clean or _UNSAFE.search(clean):
        raise UsageError(refusals.of("line_form", what=what))
    return clean


def micros(instant: datetime, zone: str) -> int:
    """Microseconds UTC of an instant; one without offset is read in the programme's zone."""
    aware = instant if instant.tzinfo else instant.replace(tzinfo=ZoneInfo(zone))
    whole = aware.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (whole.days * 86_400 + whole.seconds) * 1_000_000 + whole.microseconds

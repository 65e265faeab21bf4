"""E-mail addresses. A QQ number and its foxmail alias cannot be told from the text, so they are never joined."""

from __future__ import annotations

import re

from data_contracts.identifier import Fault, Normal
from features.kinds.text import half_width

_FORM = re.compile(r"[^@\s]{1,64}@(?:[^@\s.]+\.)+[^@\s.]{2,}")
_PLACEHOLDERS = frozenset({"test@test.com", "a@a.com", "none@none.com", "null@null.com", "noreply@example.com"})
_TEST_DOMAINS = ("example.com", "example.org", "example.net", "test.com", "localhost.localdomain")


def normalise(value: str) -> Normal | Fault:
    """Lower case, domain in NFKC, the `+tag` removed and, at Gmail, the dots."""
    text = half_width(value).casefold()
    local, at, domain = text.rpartition("@")
    if not at:
        return Fault("email.syntax", "no @")
    local, domain = local.split("+")[0] or local, domain.rstrip(".")
    if domain in ("gmail.com", "googlemail.com"):
        local, domain = local.replace(".", ""), "gmail.com"
    address = f"{local}@{domain}"
    if not _FORM.fullmatch(address):
        return Fault("email.syntax", "not the form of an e-mail address")
    links = address not in _PLACEHOLDERS and domain not in _TEST_DOMAINS
    return Normal(address, f"{local[:1]}***@{domain}", "" if links else "placeholder", links)

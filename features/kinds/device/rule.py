"""Device ids: trimmed and case-folded. A vendor's device id and a browser fingerprint are separate name spaces."""

from __future__ import annotations

import re

from data_contracts.identifier import Fault, Normal
from features.kinds.text import half_width

_SEPARATORS = str.maketrans("", "", "-:{}._ ")
_BLOCKED = frozenset({
    "unknown", "null", "none", "undefined", "nan", "default", "test", "android", "emulator", "generic", "sdk",
    "googlesdk", "genymotion", "na", "n/a", "anonymous", "device", "deviceid", "notavailable", "0123456789abcdef",
    "1234567890abcdef", "9774d56d682e549c", "dead00beef", "123456", "123456789", "1234567890", "020000000000",
    "000000000000000", "358673013795895", "004999010640000", "0123456789012345", "012345678912345",
})  # fmt: skip
_FINGERPRINT = re.compile(r"(?:fp|fingerprint|browser|web)[:_-]")


def normalise(value: str) -> Normal | Fault:
    """The id in lower case; blocked ones (all one digit, emulators' defaults) are kept and never link."""
    text = half_width(value).casefold()
    bare = text.translate(_SEPARATORS)
    if not bare:
        return Normal("placeholder:", "****", "placeholder", links=False)
    mask = f"{text[:4]}****" if len(text) >= 8 else "****"
    if len(set(bare)) == 1 or bare in _BLOCKED or text in _BLOCKED:
        return Normal(f"placeholder:{bare}", mask, "placeholder", links=False)
    cls = "fingerprint" if _FINGERPRINT.match(text) else "device"
    return Normal(text, mask, cls)

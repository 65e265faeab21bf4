"""What the vendored font can draw; what it cannot is spelt out, for an empty box in a name would say nothing and hide much."""

from __future__ import annotations

import struct
from functools import cache
from pathlib import Path

BRACKETS = {ord("⟨"): "〔", ord("⟩"): "〕"}  # the brackets of `wording.visible`, in a form that the font has


@cache
def covered(font: Path) -> frozenset[int]:
    """The code points that a TrueType font has a glyph for: the segments of its character map (format 4)."""
    data = font.read_bytes()
    tables = {tag: place for tag, _, place, _ in struct.iter_unpack(">4sIII", data[12 : 12 + 16 * data[5]])}
    cmap = tables[b"cmap"]
    at = cmap + int(struct.unpack_from(">HHI", data, cmap + 4)[2])
    count = struct.unpack_from(">H", data, at + 6)[0] // 2
    last = struct.unpack_from(f">{count}H", data, at + 14)
    first = struct.unpack_from(f">{count}H", data, at + 16 + 2 * count)
    return frozenset(c for a, b in zip(first, last, strict=True) for c in range(a, b + 1)) - {0xFFFF}


def spelt(text: str, font: Path) -> str:
    """Text with every character that the font lacks as 〔U+9F98〕; line ends and tabs stay."""
    have = covered(font)
    if text.isascii() or have.issuperset(map(ord, text)):
        return text
    return "".join(c if ord(c) in have or c in "\n\t" else BRACKETS.get(ord(c)) or f"〔U+{ord(c):04X}〕" for c in text)

"""Reason codes and names of evidence in both languages, as the file that the caller names tells them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True)
class Reasons:
    """`codes` by code: `zh`, `en` and, where the file has them, `clears_zh`, `clears_en`. Without a file codes stand as they are."""

    codes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def sentence(self, lang: str, code: str) -> str:
        """What a code says; several codes in one text are each told."""
        told = self.codes.get(code)
        if told:
            return str(told.get(lang) or told.get(f"text_{lang}") or told.get(f"title_{lang}") or code)
        parts = code.replace(",", " ").split()
        if len(parts) > 1 and all(p in self.codes for p in parts):
            return "; ".join(self.sentence(lang, p) for p in parts)
        return code

    def clears(self, lang: str, code: str) -> str:
        """What would clear a code; empty when the file does not say."""
        told = self.codes.get(code, {})
        return str(told.get(f"clears_{lang}") or "")

    def field(self, lang: str, name: str) -> str:
        """The name of a piece of evidence, readable."""
        return name.replace("_fen", "").replace("_", " ").replace(".", " · ")


@cache
def load(path: Path | None) -> Reasons:
    """The codes of a reasons file: a mapping by code, or a list of entries with `code`."""
    if path is None or not path.exists():
        return Reasons()
    loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    loaded = loaded.get("reasons", loaded) if isinstance(loaded, dict) else loaded
    if isinstance(loaded, list):
        return Reasons({str(r["code"]): r for r in loaded})
    return Reasons({str(k): v for k, v in loaded.items() if isinstance(v, dict)})

"""Draws a report as PDF: the same blocks as the page, set by typst with a font of ours, the same bytes for everybody."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, time
from functools import cache
from typing import TYPE_CHECKING, Any

from casebook.dossier import document, glyphs, page
from casebook.dossier.blocks import para
from casebook.dossier.facts import Facts, digest, identity
from casebook.dossier.reasons import Reasons
from casebook.dossier.source import run_of
from casebook.dossier.wording import Words, visible

if TYPE_CHECKING:
    import typst

FONTS = page.TEMPLATES / "fonts"
FONT = FONTS / "NotoSansSC-GB2312.ttf"
TEMPLATE = page.TEMPLATES / "dossier" / "report.typ"


@cache
def _compiler() -> typst.Compiler:
    import typst  # here, for a run that writes no PDF need not load it

    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[FONTS])
    return typst.Compiler(TEMPLATE, root=TEMPLATE.parent, font_paths=fonts, ignore_system_fonts=True)


def render(facts: Facts, lang: str, reasons: Reasons) -> bytes:
    """The PDF in one language. A character that the font lacks is spelt out, and the report says so; HTML and JSON hold it."""
    t = Words(lang, internal=facts["report"]["edition"] == "internal")
    drawn = document.drawings(facts)
    doc = document.build(t, facts, drawn, reasons, digest(facts))
    doc["figures"] = {name: str(svg) for name, svg in page.figures(t, drawn, family="Noto Sans SC").items()}
    doc["identity"] = json.dumps(identity(facts, lang), ensure_ascii=False, sort_keys=True)
    shown = _seen(doc)
    if "〔U+" in json.dumps(shown, ensure_ascii=False):
        shown["sections"][-1]["blocks"].append(para(t("g_spelt"), "note"))
    text = json.dumps(shown, ensure_ascii=False)
    made = _compiler().compile(format="pdf", sys_inputs={"document": text}, timestamp=_stamp(facts["report"]))
    if not isinstance(made, bytes):
        raise TypeError(f"typst gave {type(made).__name__} for a PDF")
    return made


def _stamp(report: Mapping[str, Any]) -> datetime:
    """The document's date: the end of the day up to which it knows, never the clock."""
    return datetime.combine(run_of(report).as_of, time(), UTC)


def _seen(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _seen(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_seen(v) for v in value]
    return glyphs.spelt(visible(value), FONT) if isinstance(value, str) else value

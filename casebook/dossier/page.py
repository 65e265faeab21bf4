"""Draws a report as one self-contained HTML page: no script, nothing loaded, every value through the template's escaper."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from casebook.dossier import document
from casebook.dossier.blocks import Block, Cell
from casebook.dossier.facts import Facts, digest, identity
from casebook.dossier.reasons import Reasons
from casebook.dossier.wording import UNSEEN, Words, money, number, short, visible

TEMPLATES = Path(__file__).parents[1] / "templates"
_TELLING = re.compile(f"[&<>'\"]|{UNSEEN.pattern}")


@cache
def environment() -> Environment:
    """The one place that turns data into markup: autoescape on, unknown names refused, unseen characters made visible."""
    env = Environment(
        loader=FileSystemLoader(TEMPLATES / "dossier"), autoescape=True, undefined=StrictUndefined,
        finalize=visible, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    env.globals.update(money=money, number=number, short=short, cell=_cell, table_rows=_table_rows)
    return env


def _text(value: str) -> str:
    """Text as markup. Most cells are digits and plain words: the escaper is called for those that need it alone."""
    return str(escape(visible(value))) if _TELLING.search(value) else value


def _markup(value: Cell) -> str:
    """One cell as markup: text as it is, an id in fixed width, or a label."""
    if isinstance(value, str):
        return _text(value)
    inner = _text(value["text"])
    if value["as"] == "id":
        return f'<span class="id">{inner}</span>'
    return f'<span class="tag {_text(value["style"])}">{inner}</span>'


def _cell(value: Cell) -> Markup:
    """One cell, for a template."""
    return Markup(_markup(value))  # noqa: S704  escaped by `_text`


def _table_rows(block: Block) -> Markup:
    """The body of a table. In Python, for it is most of a report's bytes and a macro call per cell takes five times as long."""
    numbers = [h["number"] for h in block["head"]]
    out = []
    for row in block["rows"]:
        out.append(f'<tr class="{row["style"]}">' if row["style"] else "<tr>")
        for value, number_here in zip(row["cells"], numbers, strict=True):
            if number_here:
                below_zero = isinstance(value, str) and value.startswith("−")
                out.append('<td class="n neg">' if below_zero else '<td class="n">')
            else:
                day = isinstance(value, str) and len(value) == 10 and value[4:5] == value[7:8] == "-"
                out.append('<td class="d">' if day else "<td>")
            out += (_markup(value), "</td>")
        out.append("</tr>\n")
    return Markup("".join(out))  # noqa: S704  escaped by `_text`


@cache
def _style() -> tuple[Markup, str]:
    """The style sheet and the content-security policy that admits it and nothing else."""
    css = (TEMPLATES / "dossier" / "report.css").read_text(encoding="utf-8")
    seal = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    return Markup(css), f"default-src 'none'; style-src 'sha256-{seal}'; base-uri 'none'; form-action 'none'"  # noqa: S704


def render(facts: Facts, langs: Sequence[str], reasons: Reasons) -> str:
    """The page, with one body per language; two languages get a switch that needs no script."""
    drawn = document.drawings(facts)
    content = digest(facts)
    env = environment()
    css, policy = _style()
    editions: list[dict[str, Any]] = []
    for lang in langs:
        t = Words(lang, internal=facts["report"]["edition"] == "internal")
        doc = document.build(t, facts, drawn, reasons, content)
        editions.append({**doc, "name": t("lang_name"), "figures": figures(t, drawn)})
    return env.get_template("report.html.j2").render(
        editions=editions,
        css=css,
        policy=policy,
        said=identity(facts, langs[0] if len(langs) == 1 else ""),
        digest=content,
    )


def figures(t: Words, drawn: document.Drawings, *, family: str = "") -> dict[str, Markup]:
    """The drawings as SVG text in one language; `family` names a font where the page around them cannot."""
    env = environment()
    out = {}
    if drawn.graph is not None:
        out["graph"] = env.get_template("graph.svg.j2").render(g=drawn.graph, t=t, family=family)
    if drawn.timeline is not None:
        out["timeline"] = env.get_template("timeline.svg.j2").render(m=drawn.timeline, t=t, family=family)
    return {name: Markup(svg) for name, svg in out.items()}  # noqa: S704


def index(entries: Sequence[dict[str, Any]], report: dict[str, Any]) -> str:
    """The page that lists all reports of a run, both languages side by side."""
    css, policy = _style()
    words = [Words("zh"), Words("en")]
    return (
        environment()
        .get_template("index.html.j2")
        .render(
            entries=entries,
            words=words,
            css=css,
            policy=policy,
            report=report,
        )
    )

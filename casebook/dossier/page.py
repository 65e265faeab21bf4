"""Draws a report as one self-contained HTML page: no script, nothing loaded, every value through the template's escaper."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from casebook.dossier import document
from casebook.dossier.facts import Facts, digest
from casebook.dossier.reasons import Reasons
from casebook.dossier.wording import Words, money, number, short, visible

TEMPLATES = Path(__file__).parents[1] / "templates"


@cache
def environment() -> Environment:
    """The one place that turns data into markup: autoescape on, unknown names refused, unseen characters made visible."""
    env = Environment(
        loader=FileSystemLoader(TEMPLATES / "dossier"), autoescape=True, undefined=StrictUndefined,
        finalize=visible, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    env.globals.update(money=money, number=number, short=short)
    return env


@cache
def _style() -> tuple[str, str]:
    """The style sheet and the content-security policy that admits it and nothing else."""
    css = (TEMPLATES / "dossier" / "report.css").read_text(encoding="utf-8")
    seal = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    return css, f"default-src 'none'; style-src 'sha256-{seal}'; base-uri 'none'; form-action 'none'"


def render(facts: Facts, langs: Sequence[str], reasons: Reasons) -> str:
    """The page, with one body per language; two languages get a switch that needs no script."""
    drawn = document.drawings(facts)
    env = environment()
    css, policy = _style()
    editions: list[dict[str, Any]] = []
    for lang in langs:
        t = Words(lang)
        doc = document.build(t, facts, drawn, reasons)
        editions.append({**doc, "name": t("lang_name"), "figures": figures(t, drawn)})
    return env.get_template("report.html.j2").render(
        editions=editions, css=Markup(css), policy=policy, report=facts["report"], digest=digest(facts)  # noqa: S704
    )


def figures(t: Words, drawn: document.Drawings) -> dict[str, Markup]:
    """The drawings as SVG text in one language."""
    env = environment()
    out = {}
    if drawn.graph is not None:
        out["graph"] = Markup(env.get_template("graph.svg.j2").render(g=drawn.graph, t=t))  # noqa: S704
    if drawn.timeline is not None:
        out["timeline"] = Markup(env.get_template("timeline.svg.j2").render(m=drawn.timeline, t=t))  # noqa: S704
    return out


def index(entries: Sequence[dict[str, Any]], report: dict[str, Any]) -> str:
    """The page that lists all reports of a run, both languages side by side."""
    css, policy = _style()
    words = [Words("zh"), Words("en")]
    return environment().get_template("index.html.j2").render(
        entries=entries, words=words, css=Markup(css), policy=policy, report=report  # noqa: S704
    )

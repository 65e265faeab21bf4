"""One page, three forms: HTML, `.json` and `.csv` at the same address. A route returns data; this module shows it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import yaml
from fastapi import Request
from fastapi.responses import HTMLResponse, Response

HERE = Path(__file__).parent
LANGS = ("zh", "en")
RISKY = ("=", "+", "-", "@", "\t", "\r", "\0", "＝", "＋", "－", "＠")


@cache
def texts() -> Mapping[str, Mapping[str, str]]:
    """The console's words by key, each in Chinese and English."""
    return dict(yaml.safe_load((HERE / "texts.yaml").read_text(encoding="utf-8")))


def word(lang: str, key: str) -> str:
    """One word or sentence; a missing one shows its key, and a test fails."""
    return str(texts().get(key, {}).get(lang, key))


def money(value: Decimal | None) -> str:
    """An amount in CNY as a person reads it."""
    return "" if value is None else f"{value:,.2f}"


@cache
def _environment() -> jinja2.Environment:
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    env.filters["money"] = money
    return env


def lang_of(request: Request) -> str:
    """The reader's language: the `lang` of the address, else the cookie, else Chinese."""
    asked = request.query_params.get("lang") or request.cookies.get("lang") or "zh"
    return asked if asked in LANGS else "zh"


def cell(value: Any) -> Any:
    """A CSV cell that no spreadsheet runs: text that could be a formula gets an apostrophe, numbers stay numbers."""
    if isinstance(value, str) and value.lstrip(" \u3000").startswith(RISKY):
        return "'" + value
    return value


def as_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as CSV with a header."""
    out = io.StringIO()
    if rows:
        writer = csv.writer(out)
        writer.writerow(list(rows[0]))
        writer.writerows([cell(v) for v in r.values()] for r in rows)
    return out.getvalue()


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form here")


def show(request: Request, template: str, data: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], form: str) -> Response:
    """`data` as a page, as JSON, or its main `rows` as CSV. `form` is html, json or csv."""
    if form == "json":
        return Response(json.dumps(data, default=_plain, ensure_ascii=False), media_type="application/json")
    if form == "csv":
        return Response(as_csv(rows), media_type="text/csv; charset=utf-8")
    lang = lang_of(request)
    session = request.state.session
    page = _environment().get_template(template)
    html = page.render(
        **data, lang=lang, t=lambda key: word(lang, key), session=session, path=request.url.path, query=request.query_params
    )
    return HTMLResponse(html)

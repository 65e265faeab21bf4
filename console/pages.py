"""One page, three forms: HTML, `.json` and `.csv` at the same address. A route returns data; this module shows it."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

import jinja2
import yaml
from fastapi import Request
from fastapi.responses import HTMLResponse, Response

import rulebook
from casebook.measures import MEASURES
from console.roles import may

HERE = Path(__file__).parent
LANGS = ("zh", "en")
HIDDEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u00ad\x00-\x08\x0b-\x1f\x7f]")
ZONE = "Asia/Shanghai"
RISKY = ("=", "+", "-", "@", "\t", "\r", "\0", "＝", "＋", "－", "＠")


@cache
def texts() -> Mapping[str, Mapping[str, str]]:
    """The console's words by key, each in Chinese and English."""
    return dict(yaml.safe_load((HERE / "texts.yaml").read_text(encoding="utf-8")))


def word(lang: str, key: str) -> str:
    """One word or sentence; a missing one shows its key, and a test fails."""
    return str(texts().get(key, {}).get(lang, key))


def say(lang: str, reason: str | None) -> str:
    """A finding's reason as a sentence: codes of detectors are written out, anything else stays."""
    known = reasons()
    codes = [c.strip() for c in (reason or "").split(",")]
    if not codes[0] or any(c not in known for c in codes):
        return reason or ""
    return ("；" if lang == "zh" else "; ").join(known[c][lang] for c in codes[:2]) + (" …" if len(codes) > 2 else "")


@cache
def reasons() -> Mapping[str, Mapping[str, str]]:
    """The reason codes with their words: zh, en, clears_zh, clears_en."""
    file = Path(rulebook.__file__).parent / "reasons.yaml"
    return dict(yaml.safe_load(file.read_text(encoding="utf-8"))["reasons"])


def visible(value: Any) -> Any:
    """Text with characters that hide or turn text round written out, so that nothing is read that is not there."""
    if isinstance(value, str) and not hasattr(value, "__html__") and HIDDEN.search(value):
        return HIDDEN.sub(lambda m: f"[U+{ord(m[0]):04X}]", value)
    return "" if value is None else value


def segment(value: Any) -> str:
    """An id as one part of an address."""
    return quote(str(value), safe="")


def instant(value: Any, zone: str) -> str:
    """An instant (microseconds UTC or a datetime) as a person of the programme's zone reads it."""
    if value is None or value == "":
        return ""
    if isinstance(value, (int, float)):
        value = datetime.fromtimestamp(value / 1_000_000, UTC)
    return f"{value.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"


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
    env.finalize = visible
    env.globals["measures"] = MEASURES
    env.filters.update(money=money, seg=segment, instant=instant)
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
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(f"{type(value).__name__} has no JSON form here")


def show(
    request: Request, template: str, data: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], form: str
) -> Response:
    """`data` as a page, as JSON, or its main `rows` as CSV. `form` is html, json or csv."""
    if form == "json":
        return Response(json.dumps(data, default=_plain, ensure_ascii=False), media_type="application/json")
    if form == "csv":
        return Response(as_csv(rows), media_type="text/csv; charset=utf-8")
    lang, session = lang_of(request), request.state.session
    query = {k: v for k, v in request.query_params.items() if k != "lang"}
    html = _environment().get_template(template).render(
        **data, lang=lang, session=session, path=request.url.path, query=query, zone=zone_of(request),
        t=lambda key: word(lang, key), say=lambda reason: say(lang, reason),
        can=lambda action: session is not None and may(session.roles, action),
        here=address(request.url.path, query),
        link=lambda **more: address(request.url.path, {**query, **more}), form_link=lambda kind: twin(request, kind),
    )  # fmt: skip
    return HTMLResponse(html)


def zone_of(request: Request) -> str:
    """The zone of the run that is shown."""
    return str(request.app.state.desk.reading.manifest.get("zone", ZONE))


def address(path: str, query: Mapping[str, Any]) -> str:
    """A path with its query; what is empty is left out."""
    kept = {k: v for k, v in query.items() if v not in (None, "")}
    return quote(path) + (f"?{urlencode(kept)}" if kept else "")


def twin(request: Request, kind: str) -> str:
    """The address of this page's `.json` or `.csv`."""
    return address(f"{request.url.path.rstrip('/')}.{kind}", dict(request.query_params))

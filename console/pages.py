"""One page, three forms: HTML, `.json` and `.csv` at the same address. A route returns data; this module shows it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import jinja2
import orjson
from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from markupsafe import Markup

from casebook.measures import MEASURES
from console import tables
from console.roles import may
from console.sessions import Session
from console.shelf import Part

HERE = Path(__file__).parent
LANGS = ("zh", "en")
ZONE = "Asia/Shanghai"
RISKY = ("=", "+", "-", "@", "\t", "\r", "\0", "＝", "＋", "－", "＠")


@cache
def _environment() -> jinja2.Environment:
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        auto_reload=False,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    env.finalize = tables.visible
    env.globals.update(measures=MEASURES, may=may)
    env.filters.update(money=tables.money, seg=tables.segment, instant=tables.instant)
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
    if isinstance(value, Part):
        return orjson.Fragment(value.body)
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no JSON form here")


def as_json(data: Mapping[str, Any]) -> bytes:
    """A page's data as JSON; money is text. Names that begin with an underscore are for the page alone."""
    return orjson.dumps({k: v for k, v in data.items() if k[0] != "_"}, default=_plain)


def show(
    request: Request, template: str, data: Mapping[str, Any], rows: Sequence[Mapping[str, Any]] | Part, form: str
) -> Response:
    """`data` as a page, as JSON, or its main `rows` as CSV. `form` is html, json or csv."""
    if form == "json":
        return Response(as_json(data), media_type="application/json")
    if form == "csv":
        flat = rows.value if isinstance(rows, Part) else rows
        return Response(as_csv(flat), media_type="text/csv; charset=utf-8")
    lang, session, path = lang_of(request), request.state.session, request.url.path
    query = {k: v for k, v in request.query_params.items() if k != "lang"}
    html = _environment().get_template(template).render(
        **data, **_words(lang, zone_of(request)), session=session, path=path, query=query,
        can=lambda action: session is not None and may(session.roles, action), csrf=cache(lambda: _csrf(session)),
        here=address(path, query), link=lambda **more: address(path, {**query, **more}),
        form_link=lambda kind: twin(request, kind),
    )  # fmt: skip
    return HTMLResponse(html)


def part_of_page(template: str, lang: str, zone: str, **data: Any) -> Markup:
    """A piece of a page that is the same for everybody who reads the language."""
    return Markup(_environment().get_template(template).render(**data, **_words(lang, zone)))  # noqa: S704 - escaped inside


@cache
def _words(lang: str, zone: str) -> Mapping[str, Any]:
    """What templates write with: words, marks, links and tables in one language and zone."""
    spoken = {name: partial(getattr(tables, name), lang) for name in ("say", "named", "tag", "subject", "detector")}
    return {
        "lang": lang, "zone": zone, "t": partial(tables.phrase, lang), "table": partial(tables.table, lang, zone),
        "nav": partial(_nav, lang, zone), "graph_words": _graph_words(lang), **spoken,
        **{f"link_{kind}": partial(_link, kind) for kind in tables.PAGES},
    }  # fmt: skip


def _graph_words(lang: str) -> str:
    """The kinds of identifiers in a language, as the script that draws a graph reads them."""
    return json.dumps(
        {key[5:]: said[lang] for key, said in tables.texts().items() if key.startswith("kind.")}, ensure_ascii=False
    )


def _nav(lang: str, zone: str, roles: frozenset[str], path: str) -> Markup:
    """The menu, for a page at `path`."""
    return _menu(lang, zone, roles, "/" + path.split("/", 2)[1].partition(".")[0])


@lru_cache(maxsize=1000)
def _menu(lang: str, zone: str, roles: frozenset[str], place: str) -> Markup:
    return part_of_page("_nav.html", lang, zone, roles=roles, place=place)


def _link(kind: str, value: Any) -> Markup:
    return Markup(tables.linked(kind, value))  # noqa: S704 - `linked` escapes


def _csrf(session: Session) -> Markup:
    return Markup('<input type="hidden" name="csrf" value="{}">').format(session.csrf)


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

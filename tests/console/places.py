"""Where the console's pages are, read off its routes: a new page is among them by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import product

from fastapi.routing import APIRoute

from console.routes import all_routers
from tests.console import world

PARTS: Mapping[str, tuple[str, ...]] = {
    "case_id": (world.CASE, world.RING, world.BLIND), "promoter_id": ("P",), "account_id": ("I1", "P"), "month": ("2026-03",),
    "group_id": ("G1",), "decision_id": (world.PROPOSED, world.HOLD), "feed": ("orders", "accounts"),
    "finding_id": ("F00000000000000a",), "action": ("note",), "outcome": ("upheld",), "appeal_id": ("A1",), "override_id": ("V1",),
    "shared_id": ("S1",), "name": ("somebody",), "lang": ("en",), "view_id": ("W1",), "target_id": ("W9",),
}  # fmt: skip
"""What is there for each part of an address."""
ASKED: Mapping[str, tuple[str, ...]] = {
    "/queue": ("", "view=sample"), "/decisions": ("status=all",), "/pairs": ("a=P&b=I1",), "/groups/{group_id}": ("", "without=I1%7CP"),
    "/proposals/new": ("what=3.5(2)%7Ccancel_rebate&subject=promoter%7CP&promoter=P&month=2026-03&case=" + world.CASE,),
    "/welcome": ("token=x",),
}  # fmt: skip
"""With what a page is asked for, where not with its bare address alone."""
NO_PAGES = (
    "/",
    "/openapi.json",
    "/language/{lang}",
    "/oidc/start",
    "/oidc/return",
    "/reports/{promoter_id}",
    "/evidence/{promoter_id}",
)
"""What leads on, or is taken away as a file."""


def routes() -> Iterator[APIRoute]:
    """Every route of ours."""
    for router in all_routers():
        yield from (r for r in router.routes if isinstance(r, APIRoute))


def template(route: APIRoute) -> str:
    """The address of a route with `{name}` for each part."""
    return re.sub(r"\{(\w+):path\}", r"{\1}", route.path)


def filled(path: str) -> list[str]:
    """An address with every combination of parts that are there."""
    names = re.findall(r"\{(\w+)\}", path)
    return [path.format(**dict(zip(names, chosen, strict=True))) for chosen in product(*(PARTS[n] for n in names))]


def actions() -> list[tuple[str, str, str]]:
    """(method, address, action) of every route; a route without an action fails."""
    found = [
        (method, filled(template(route))[0], (route.openapi_extra or {})["x-action"])
        for route in routes() for method in sorted(route.methods)
    ]  # fmt: skip
    assert len(found) > 80
    return found


def pages(form: str = "") -> list[str]:
    """The address of every page; `form` is `.json` or `.csv` for that form of it, of the pages that have it."""
    there = {template(r) for r in routes() if r.methods == {"GET"}}
    shown = sorted(p for p in there if p not in NO_PAGES and not p.endswith((".json", ".csv")) and (p + form in there))
    return [
        f"{bare}{form}{f'?{query}' if query else ''}"
        for path in shown for bare in filled(path) for query in ASKED.get(path, ("",))
    ]  # fmt: skip

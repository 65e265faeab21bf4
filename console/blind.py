"""What is kept from readers while a case drawn at random waits for its decision, so that whoever decides is not told the answer.

Such a case is about a promoter that nothing flagged when it was drawn; detectors may flag it since. Until the case is
decided its pages show what happened (registrations, orders, refunds, money) and nothing of what detectors, clauses and
links make of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from casebook import refusals, sample
from console.desk import Desk
from console.shelf import Part
from data_contracts.errors import NotAllowed

SCORED = ("confidence", "priority", "clauses", "findings", "at_stake", "stake_fen")
"""What a row of the queue tells of the score; chance alone puts no money at stake."""
SAID = ("confidence", "detector", "detector_version", "evidence", "reason")
JOINED = ("established", "not_the_same", "qualifying")
"""How many invitees and orders no clause and no link struck."""


def among(held: Desk, promoters: Iterable[str | None]) -> set[str]:
    """Which of these promoters have such a case."""
    with held.live.now() as now:
        return {p for p in set(promoters) if p and any(map(sample.kept_back, now.cases_on(p)))}


def row(case: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the queue as it may be seen."""
    return {**case, **dict.fromkeys(SCORED)} if sample.kept_back(case) else dict(case)


def findings(found: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """That chance drew the promoter, and nothing that a detector or a clause found."""
    return [{**f, **dict.fromkeys(SAID)} for f in found if f["detector"] == sample.DRAWN_BY]


def parts(shelved: Mapping[str, Part]) -> dict[str, Part]:
    """The parts of a promoter's evidence as they may be seen."""
    nothing: dict[str, Any] = {name: [] for name in ("pairs", "bursts", "excluded", "reasons", "told")}
    seen = {
        **nothing, "graph": {}, "findings": findings(shelved["findings"].value), "orders": sample.lines(shelved["orders"].value),
        "defence": {**shelved["defence"].value, **dict.fromkeys(JOINED)},
    }  # fmt: skip
    return {**shelved, **{name: Part(orjson.dumps(value)) for name, value in seen.items()}}


def decision(said: Mapping[str, Any]) -> dict[str, Any]:
    """A decision, or an entry of its history, without the reason that the policy gives: it quotes the detectors."""
    by_policy = "policy" in (said.get("proposed_by"), said.get("decided_by"), said.get("by_whom"))
    return {**said, "reason": None} if by_policy else dict(said)


def decisions(held: Desk, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Decisions on any promoters as they may be seen."""
    hidden = among(held, (d["promoter_id"] for d in rows))
    return [decision(d) if d["promoter_id"] in hidden else dict(d) for d in rows]


def behind(held: Desk, accounts: Sequence[str]) -> set[str]:
    """The promoters behind accounts: themselves, and who invited them."""
    invited = held.reading.rows(
        "select distinct promoter_id from relations where list_contains($a, invitee_id)", a=list(accounts)
    )
    return {*accounts, *(r["promoter_id"] for r in invited if r["promoter_id"])}


def refuse(held: Desk, promoters: Iterable[str | None]) -> None:
    """Raises NotAllowed when a page that is all score is about such a promoter."""
    if among(held, promoters):
        raise NotAllowed(refusals.of("drawn_at_random"))

"""One case: what to do, how much is at stake, why, on what evidence, and the decision bar."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Form, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from markupsafe import Markup

from casebook import advice, refusals
from casebook import cases as casebook_cases
from casebook.sample import kept_back
from console import blind
from console.desk import Desk, Guard, back_to, change, desk, of_run, page
from console.live import Standing
from console.pages import part_of_page
from console.reading import Reading
from console.routes.decisions import allowed, register
from console.sessions import Session
from console.shelf import Part, Shelf
from console.tables import segment
from data_contracts.errors import NotFound

router = APIRouter()
Text = Annotated[str, Form(max_length=2000)]
Short = Annotated[str, Form(max_length=128)]
BUTTONS = ("take", "assign", "wait", "resume", "decide", "close", "set_deadline", "note")
"""The moves that the page offers; an appeal and its answer belong to the decision."""
MOST_JUDGED = 12
HISTORY = "select seq, at, by_whom, kind, item, before, after, reason from case_event where case_id = :c order by seq, kind, item"


def _at_hand(held: Desk, parts: Mapping[str, str]) -> bool:
    """Whether a case can be shown without asking DuckDB."""
    state = held.live.case(parts["case_id"])
    return state is None or held.shelf.has(_key(state))


def _key(state: Mapping[str, Any]) -> str:
    return f"P{state['promoter_id']}" if state["promoter_id"] else f"S{state['subject_id']}"


@page(router, "/cases/{case_id}", "read_cases", "cases/case.html", ready=_at_hand)
def case(request: Request, case_id: str) -> dict[str, Any]:
    """A case in the order in which an analyst needs it."""
    held = desk(request)
    with held.live.now() as now:
        if case_id not in now.cases:
            raise NotFound(refusals.of("case_unknown", case=case_id))
        state, people = now.cases[case_id], now.analysts
        promoter = str(state["promoter_id"] or "")
        decisions, neighbours = now.decisions_on(promoter), _neighbours(now, case_id, promoter)
    history = held.live.kept(case_id, lambda book: book.rows(HISTORY, c=case_id))
    state = {**state, "version": history[-1]["seq"] if history else None}
    hidden, shelved = kept_back(state), held.shelf.parts(_key(state))
    if hidden:
        shelved, decisions = blind.parts(shelved), [blind.decision(d) for d in decisions]
    findings = shelved["findings"].value
    if not promoter:
        blind.refuse(held, {f["promoter_id"] for f in findings})
    decisions = _waiting_first(decisions if promoter else _on_findings(held, findings))
    choices = _choices(held.reading, held.reading.run_id, frozenset(f["clause"] for f in findings))
    kept = {name: part for name, part in shelved.items() if name not in ("findings", "pairs")}
    return {
        "case": state, "hidden": hidden, "promoter_id": promoter, "rows": shelved["findings"], **kept, "decisions": decisions,
        "advice": advice.recommend(
            hidden, findings, decisions,
            _policy(held.reading, held.reading.run_id, str(held.reading.manifest["as_of"])), allowed(held),
        ),
        "history": history, **neighbours,
        "choices": choices, "_options": lambda lang, zone: _options(choices, lang, zone),
        "subjects": _subjects(state, findings), "people": people,
        "moves": [a for a, m in casebook_cases.MOVES.items() if state["state"] in m.froms and a in BUTTONS],
        "_judged": [{k: f[k] for k in ("finding_id", "clause")} for f in findings[:MOST_JUDGED]],
        "_still": lambda lang, zone: _written(held.shelf, held.reading.run_id, _key(state), case_id, hidden, lang, zone),
    }  # fmt: skip


@lru_cache(maxsize=1000)
def _written(shelf: Shelf, run_id: str, key: str, case_id: str, hidden: bool, lang: str, zone: str) -> Markup:
    """The part of a case page that a published run settles, kept as it was written."""
    shelved = blind.parts(shelf.parts(key)) if hidden else shelf.parts(key)
    parts = {name: part.value for name, part in shelved.items()}
    return part_of_page(
        "cases/still.html", lang, zone, path=f"/cases/{segment(case_id)}", promoter_id=key[1:] if key[0] == "P" else "",
        hidden=hidden, **parts,
    )  # fmt: skip


def _on_findings(held: Desk, findings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The decisions on a ring's findings: it has no promoter."""
    ids = {f["finding_id"] for f in findings}
    return [d for d in held.live.decisions() if d["finding_id"] in ids]


def _waiting_first(decisions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(decisions, key=lambda d: (d["status"] != "proposed", d["decision_id"]))


@lru_cache(maxsize=8)
def _policy(reading: Reading, run_id: str, as_of: str) -> Mapping[str, str]:
    return {r["clause"]: r["measure"] for r in reading.rows(advice.POLICY, as_of=date.fromisoformat(as_of))}


def _neighbours(now: Standing, case_id: str, promoter: str) -> dict[str, Any]:
    """The next case by priority, this case's row of the queue, and other cases of the promoter."""
    row, place, following = now.row(case_id)
    related = [{k: c[k] for k in ("case_id", "state", "opened_on", "owner")} for c in now.cases_on(promoter)
               if c["case_id"] != case_id] if promoter else []  # fmt: skip
    return {"next_case": following, "place": place, "row_of_case": row and blind.row(row), "related": related}


@lru_cache(maxsize=500)
def _choices(reading: Reading, run_id: str, found: frozenset[str]) -> Part:
    """What can be proposed: clause and measure, the clauses with a finding first."""
    pairs = [
        {"clause": clause, "measure": m, "found": clause in found}
        for clause, known in register(reading, run_id).items()
        for m in known
    ]
    return Part(orjson.dumps(sorted(pairs, key=lambda r: not r["found"])))


@lru_cache(maxsize=500)
def _options(choices: Part, lang: str, zone: str) -> Markup:
    """The choices as they were written: a register has a hundred, and cases with the same clauses have the same."""
    return part_of_page("cases/options.html", lang, zone, choices=choices.value)


def _subjects(state: dict[str, Any], findings: list[dict[str, Any]]) -> list[tuple[str, str]]:
    own = [(state["subject_kind"], state["subject_id"])]
    return list(dict.fromkeys(own + [(f["subject_kind"], f["subject_id"]) for f in findings]))[:60]


@change(router, "/cases/{case_id}/{action}", "work_case")
async def act(
    request: Request, case_id: str, action: str, seen: Annotated[int, Form(ge=0, le=2**62)], csrf: Short,
    session: Annotated[Session, Depends(Guard("work_case"))], reason: Text = "", owner: Short = "",
    deadline_on: Annotated[date | None, Form()] = None,
) -> Response:  # fmt: skip
    """One move on a case; refused when somebody else was faster."""
    if action not in BUTTONS:
        raise NotFound(refusals.of("action_unknown", action=action, known=BUTTONS))
    await run_in_threadpool(
        casebook_cases.act, desk(request).books, case_id, action, session.user, reason or ("take" if action == "take" else ""),
        owner=owner if action == "assign" else None, deadline_on=deadline_on if action == "set_deadline" else None, seen=seen,
        of_run=of_run(desk(request)),
    )  # fmt: skip
    return back_to(request, f"/cases/{case_id}")

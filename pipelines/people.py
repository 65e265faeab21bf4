"""A person's part from the command line: propose, decide, list, judge. Thin: the rules are the casebook's."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import rulebook
from casebook import appeals as casebook_appeals
from casebook import books as casebook_books
from casebook import decisions as casebook_decisions
from casebook import proposals, registers, standing, ties, users, verdicts
from casebook.checkpoint import Seal
from casebook.known import Known, asked
from data_contracts.errors import NotFound, UsageError
from data_contracts.identifier import Fault
from data_contracts.vault import Key, load_key
from data_contracts.vault import token as token_of
from features import kinds
from pipelines.show import table
from pipelines.state import State


def at(state: Path, books_url: str | None) -> State:
    """The state that a verb works on. Raises NotFound when there are no books yet."""
    place = State(state, books_url)
    if books_url is None and not Path(place.books).exists():
        raise NotFound(f"there are no books in {state}: run `tongren run --state {state} ...` first, or give --state")
    return place


@contextmanager
def books_of(state: State) -> Iterator[casebook_books.Books]:
    """The books of a state, given back at the end of the block; what was entered is under a signed checkpoint then."""
    books = casebook_books.open_books(state.books)
    try:
        yield books
        Seal(state.checkpoints, load_key(state.folder, os.environ)).stamp(books)
    finally:
        books.close()


TABLES = (
    "relations", "groups", "findings", "statements",
    *(f"tables/feeds/{feed}" for feed in ("orders", "promoters", "accounts", "coupons")),
)  # fmt: skip
"""What is asked of a run about whom a person names."""


def _of_run(state: State, sql: str, values: Mapping[str, str]) -> list[str] | None:
    """The first column of a query over TABLES of the newest published run; None before the first."""
    from data_contracts.warehouse import connect  # not every verb asks a run

    if not state.current_link.exists():
        return None
    folder = state.current()
    with connect([folder], threads=1) as con:
        for place in TABLES:
            con.read_parquet(str(folder / f"{place}.parquet")).create_view(Path(place).name)
        return [value for (value,) in con.execute(sql, values).fetchall()]


def of_run(state: State) -> ties.OfRun:
    """Whom the newest published run ties to a subject; nobody before the first."""
    return lambda kind, subject: _of_run(state, ties.OF_RUN, {"k": kind, "s": subject}) or []


def known(state: State) -> Known:
    """Whether the newest published run knows a subject, an account or a month; before the first there is nothing to ask."""
    return lambda kind, name: _of_run(state, *asked(kind, name)) != []


def propose(state: State, **given: Any) -> str:
    """Record a proposal; what happened, and the decision id alone on the last line."""
    allowed = {c.clause: c.measures for c in rulebook.register() if c.measures}
    with books_of(state) as books:
        _, zone = casebook_decisions.published(books)
        for name in ("effective_from", "effective_to"):
            given[name] = _instant(given[name], zone)
        given = _from_finding(books, given)
        decision_id = proposals.propose(books, allowed=allowed, of_run=of_run(state), known=known(state), **given)
    told = f"proposed {given['measure']} under {given['clause']} for {given['subject_kind']} {given['subject_id']}"
    return f"{told}\n{decision_id}"


def _from_finding(books: casebook_books.Books, given: dict[str, Any]) -> dict[str, Any]:
    """What was not said of subject and clause, as the finding has it. Raises UsageError when that leaves something open."""
    found = standing.about(books, given["finding"]) if given["finding"] else {}
    filled = {**given, "clause": given["clause"] or found.get("clause")}
    if given["subject_kind"] is None and given["subject_id"] is None and found:
        filled |= {k: found[k] for k in ("subject_kind", "subject_id")}
        filled["promoter"] = given["promoter"] or found["promoter_id"]
    missing = [f"--{k.replace('_', '-')}" for k in ("subject_kind", "subject_id", "clause") if filled[k] is None]
    if missing:
        raise UsageError(f"give {', '.join(missing)}, or --finding alone: a finding tells whom and under which clause")
    return filled


def _instant(value: datetime | None, zone: str) -> datetime | None:
    if value is None or value.tzinfo is not None:
        return value
    from zoneinfo import ZoneInfo

    return value.replace(tzinfo=ZoneInfo(zone))


def decide(state: State, decision_id: str, action: str, *, by: str, reason: str) -> str:
    """Record an approval, rejection, overturn or release; says what it led to."""
    with books_of(state) as books:
        return casebook_decisions.decide(books, decision_id, action, by=by, reason=reason, of_run=of_run(state))


def verdict(state: State, finding_id: str, said: str, *, by: str, reason: str) -> str:
    """Record an analyst's verdict on a finding."""
    with books_of(state) as books:
        verdicts.verdict(books, finding_id, said, by=by, reason=reason, of_run=of_run(state))
    return f"{finding_id}: {said}"


def decisions(state: State, status: str | None, form: str) -> str:
    """The decisions as the books have them now."""
    with books_of(state) as books:
        rows = [r for r in casebook_decisions.listing(books) if status is None or r["status"] == status]
    if form == "json":
        return json.dumps(rows, indent=2, ensure_ascii=False, default=str)
    if form == "csv":
        out = io.StringIO()
        if rows:
            writer = csv.DictWriter(out, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        return out.getvalue().rstrip("\n")
    short = ("decision_id", "status", "measure", "clause", "subject_kind", "subject_id", "promoter_id", "decided_by")
    return table([{k: r[k] for k in short} for r in rows], limit=1000)


def appeals(state: State, every: bool, form: str) -> str:
    """The appeals that wait for an answer, or all."""
    with books_of(state) as books:
        rows = casebook_appeals.listing(books, answered=every)
    if form == "json":
        return json.dumps(rows, indent=2, ensure_ascii=False)
    short = ("appeal_id", "decision_id", "measure", "promoter_id", "case_id", "deadline_on", "days_left", "outcome")
    return table([{k: r[k] for k in short} for r in rows], limit=1000)


def file_appeal(
    state: State, decision_id: str, filed_by: str | None, deadline: datetime, *, by: str, reason: str
) -> str:
    """Record a promoter's appeal; the last line is its id alone. Without a name it came from the decision's promoter."""
    with books_of(state) as books:
        with books.reading() as book:
            row = standing.standing(book, decision_id)
        sender = filed_by or str(row["promoter_id"] or row["subject_id"])
        made = casebook_appeals.file(books, decision_id, by, reason, filed_by=sender, deadline_on=deadline.date())
    return f"an appeal against {decision_id} waits for somebody who took no part in it\n{made}"


def answer_appeal(state: State, appeal_id: str, outcome: str, *, by: str, reason: str) -> str:
    """Answer an appeal."""
    with books_of(state) as books:
        casebook_appeals.answer(books, appeal_id, outcome, by, reason, of_run(state))
    return f"{appeal_id}: {outcome}"


def list_users(state: State) -> str:
    """Everybody with access."""
    with books_of(state) as books:
        found = users.listing(books)
    return table(
        [{"name": u.name, "roles": " ".join(sorted(u.roles)), "enabled": "yes" if u.enabled else "no",
          "password": "yes" if u.has_password else "no"} for u in found], limit=1000,
    )  # fmt: skip


def link_user(state: State, name: str, address: str, *, by: str, roles: Sequence[str] = ()) -> str:
    """A one-time link with which a person sets a password; with `roles` the person is added first."""
    with books_of(state) as books:
        token = users.add(books, name, roles, by) if roles else users.new_link(books, name, by)
    told = f"{name} sets a password here; it works once, for {users.LINK_HOURS} hours, and is shown this once"
    return f"{told}\n{address.rstrip('/')}/welcome?token={token}"


def alter_user(state: State, name: str, *, by: str, roles: Sequence[str] = (), enabled: bool | None = None) -> str:
    """Other roles, or in or out. Sessions of the person in any console end."""
    with books_of(state) as books:
        if roles:
            users.set_roles(books, name, roles, by)
        if enabled is not None:
            users.set_enabled(books, name, by, enabled=enabled)
        user = users.find(books, name)
    assert user is not None
    return f"{user.name}: {'enabled' if user.enabled else 'disabled'}, {' '.join(sorted(user.roles))}"


def override(state: State, a: str, b: str, kind: str, *, by: str, reason: str, until: datetime | None) -> str:
    """Record a must-link or cannot-link; the next run obeys it. NotFound when the newest run has no such account."""
    with books_of(state) as books:
        _, zone = casebook_decisions.published(books)
        entry = registers.add_override(books, a, b, kind, by, reason, to_at=_instant(until, zone), known=known(state))
    return f"{kind.replace('_', '-')} {a} {b}: the next run obeys it\n{entry}"


def end_override(state: State, a: str, b: str, kind: str, *, by: str, reason: str) -> str:
    """End the must-link or cannot-link that stands on a pair."""
    with books_of(state) as books:
        entry = registers.end_word(books, a, b, kind, by, reason)
    return f"{entry} has ended: the next run does without it"


def add_shared(state: State, kind: str, token: str | None, label: str, *, by: str, reason: str) -> str:
    """Register an identifier as shared by strangers; without a token its raw value is read from standard input."""
    known = kinds.load()
    if kind not in known:
        raise UsageError(f"there is no kind {kind}; there are {', '.join(known)}")
    key = load_key(state.folder, os.environ)
    token = token or _token(key, known[kind], sys.stdin.readline().strip())
    with books_of(state) as books:
        last_as_of, _ = casebook_decisions.published(books)
        entry = registers.add_shared(books, kind, token, label, by, reason, kid=key.kid, from_on=last_as_of)
    return f"{kind} {token} ({label}) links nobody from the next run on\n{entry}"


def end_shared(state: State, shared_id: str, *, by: str, reason: str) -> str:
    """End an entry of the register with the last published day."""
    with books_of(state) as books:
        last_as_of, _ = casebook_decisions.published(books)
        registers.end_shared(books, shared_id, by, reason, to_on=last_as_of)
    return f"{shared_id} has ended"


def list_shared(state: State) -> str:
    """The register of known shared infrastructure."""
    with books_of(state) as books, books.reading() as book:
        return table(book.rows("select * from shared_state order by shared_id"), limit=1000)


def _token(key: Key, kind: kinds.Kind, value: str) -> str:
    normal = kind.normalise(value)
    if isinstance(normal, Fault):
        raise UsageError(f"that is no {kind.card.name} ({normal.code}): check what was typed")
    return token_of(key, kind.card.name, normal.value)

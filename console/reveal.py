"""The way through the vault: one raw identifier, for a named person with a reason, on a case that the account is part of.

The sight stands in the audit chain, and in the vault's own log, before the value is read.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime

from casebook import refusals, ties
from casebook.people import line, person
from console.desk import Desk, of_run
from data_contracts.errors import NotAllowed, NotFound
from data_contracts.raw_vault import Vault
from data_contracts.vault import load_key

PART_OF = """
select count(*) as n from relations where invitee_id = $a and promoter_id = $p
union all
select count(*) from findings where $a in (subject_id, promoter_id) and (promoter_id = $p or subject_id = $s)
"""
IN_RING = f"select count(*) as n from ({ties.RING_MEMBERS}) as ring where account_id = $a"


def there(held: Desk) -> bool:
    """Whether this state has a vault."""
    return (held.state / "vault.db").exists()


def reveal(
    held: Desk, account: str, token: str, *, case_id: str, who: str, reason: str, environ: Mapping[str, str] = os.environ
) -> str:  # fmt: skip
    """The value behind an account's token. Raises NotFound without a vault, NotAllowed when the case is about others."""
    name, why = person(who), line(reason, "reason")
    if not there(held):
        raise NotFound(refusals.of("no_vault"))
    _must_be_part(held, account, case_id, name)
    if not held.reading.rows(
        "select 1 from identifier_use where account_id = $a and token = $t limit 1", a=account, t=token
    ):
        raise NotFound(refusals.of("no_identifier", account=account))
    at = datetime.fromtimestamp(held.books.clock() / 1e6, UTC)
    held.books.note(name, "vault.reveal", token, why, {"account": account, "case": case_id})
    with closing(Vault(held.state / "vault.db", load_key(held.state, environ))) as vault:
        return vault.reveal(token, who=name, reason=f"{case_id}: {why}", at=at)


def _must_be_part(held: Desk, account: str, case_id: str, who: str) -> None:
    state = held.live.case(case_id)
    if state is None:
        raise NotFound(refusals.of("case_unknown", case=case_id))
    if state["state"] == "closed":
        raise NotAllowed(refusals.of("case_closed", case=case_id))
    promoter, subject = state["promoter_id"], state["subject_id"]
    with held.books.reading() as book:
        tied = ties.fault(
            book, who, state["subject_kind"], subject, promoter=promoter, finding=None, of_run=of_run(held)
        )
    if tied is not None:
        raise NotAllowed(tied)
    counts = held.reading.rows(PART_OF, a=account, p=promoter, s=subject)
    if state["subject_kind"] == "ring":
        counts += held.reading.rows(IN_RING, a=account, s=subject)
    if account not in (promoter, subject) and not any(r["n"] for r in counts):
        raise NotAllowed(refusals.of("not_part", account=account, case=case_id))

"""Who has declared a tie to a promoter stays out of everything that is about that promoter, however it is named."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

from casebook import refusals
from casebook.books import Ledgerbook
from casebook.people import same_person
from casebook.refusals import Refusal

OfRun = Callable[[str, str], Iterable[str]]
"""Promoters whom a published run ties to a subject (kind, id): by relation, by order, by group or ring."""
RING_MEMBERS = """
select unnest(list_transform(
    json_extract(case when json_valid(evidence) then evidence else '{}' end, '$[*].ids[*]'), lambda j: j ->> '$'
)) as account_id
from findings where subject_kind = 'ring' and subject_id = $s
"""
"""A query over a run's tables: the accounts that the evidence on ring `$s` names."""
OF_RUN = f"""
with account as (
    select $s as account_id where $k in ('promoter', 'invitee', 'referral')
    union select account_id from orders where $k = 'order' and order_id = $s
    union select account_id from groups where $k = 'group' and group_id = $s
    union select account_id from ({RING_MEMBERS}) as ring where $k = 'ring'
)
select account_id as promoter_id from account
union select promoter_id from findings where subject_kind = $k and subject_id = $s and promoter_id is not null
union select r.promoter_id from relations as r inner join account as a on r.invitee_id = a.account_id
"""
"""The same as a query over a run's tables, with `$k` and `$s`: one row per promoter."""
OF_BOOKS = """
select promoter_id from finding where finding_id = :f or (subject_id = :s and subject_kind in ({kinds}))
union select promoter_id from decision where subject_id = :s and subject_kind in ({kinds})
union select account_id from membership where group_id = :s and :k = 'group'
"""
FACTS = """
select e.facts
from finding_evidence as e
inner join finding as f on e.finding_id = f.finding_id
where f.subject_kind = :k and f.subject_id = :s and :k in ('group', 'ring')
"""
"""What a ring or group finding rested on, run by run: the accounts against it, and the promoters that it touched."""
ALIKE = ("invitee", "referral")


def nobody(kind: str, subject: str) -> Iterable[str]:
    """For callers who have no run at hand: the books alone tell."""
    return ()


def fault(
    book: Ledgerbook, who: str, kind: str, subject: str, *, promoter: str | None, finding: str | None, of_run: OfRun
) -> Refusal | None:
    """Why `who` must leave a subject to others, None when no tie binds. What was typed as the promoter is not relied on."""
    ties = {t["promoter_id"] for t in book.rows("select person, promoter_id from tie") if same_person(who, t["person"])}
    if not ties:
        return None
    kinds = ", ".join(f"'{k}'" for k in (ALIKE if kind in ALIKE else (kind,)))
    known = {r["promoter_id"] for r in book.rows(OF_BOOKS.format(kinds=kinds), f=finding, s=subject, k=kind)}
    for row in book.rows(FACTS, k=kind, s=subject):
        facts = json.loads(row["facts"])
        known |= {*facts.get("against", ()), *facts.get("touched", ())}
    bound = sorted(ties & {promoter, subject, *known, *of_run(kind, subject)})
    return refusals.of("tie", who=who, promoter=bound[0]) if bound else None

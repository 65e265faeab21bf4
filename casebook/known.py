"""Whether a published run knows what a person names: whoever mistypes an id is told, and nothing is recorded about nobody."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from casebook import refusals
from casebook.books import Books
from casebook.refusals import Refusal

Known = Callable[[str, str], bool]
"""Whether a published run knows a subject, an account or a month (kind, id)."""

_FOUND = "select 1 from findings where subject_kind = $k and subject_id = $s"
_INVITEE = "select 1 from relations where invitee_id = $s"
_GROUP = f"select 1 from groups where group_id = $s union all {_FOUND}"
QUERIES: Mapping[str, str] = {
    "promoter": "select 1 from promoters where promoter_id = $s union all select 1 from relations where promoter_id = $s",
    "account": "select 1 from accounts where account_id = $s",
    "invitee": _INVITEE,
    "referral": _INVITEE,
    "order": "select 1 from orders where order_id = $s",
    "coupon": "select 1 from coupons where coupon_id = $s",
    "group": _GROUP,
    "ring": _FOUND,
    "month": "select 1 from statements where month = $s",
}
"""By kind a query over a run's tables and feeds, with `$s` and for some `$k`: a row when the run knows it."""
OF_BOOKS = """
select 1 from finding where subject_kind = :k and subject_id = :s
union all select 1 from decision where subject_kind = :k and subject_id = :s
union all select 1 from finding where :k = 'promoter' and promoter_id = :s
"""


def anything(kind: str, name: str) -> bool:
    """For callers who have no run at hand."""
    return True


def asked(kind: str, name: str) -> tuple[str, dict[str, Any]]:
    """The query for a kind and its values."""
    sql = QUERIES[kind]
    return f"{sql} limit 1", {"s": name, **({"k": kind} if "$k" in sql else {})}


def missing(books: Books, known: Known, kind: str, name: str) -> Refusal | None:
    """Why a name cannot be meant: neither the run nor the books know it. None when either does."""
    if known(kind, name):
        return None
    with books.reading() as book:
        if book.value(OF_BOOKS, k=kind, s=name):
            return None
    if kind in ("promoter", "account"):
        return refusals.of(f"{kind}_unknown", **{kind: name})
    return refusals.of("subject_unknown", kind=kind, subject=name)

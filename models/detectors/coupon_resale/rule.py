"""Clause 3.4(3): coupons issued to one user and redeemed across unrelated ones."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from models.detectors.discovery import FDR
from models.detectors.families import groups
from models.detectors.given import DETECTION, Given, detection
from models.detectors.rates import combined, excess, reason, stands_out, unusual

LEAST_STRANGERS, RATIO = 3, 3.0
MOST_IDS = 50


def rule(given: Given) -> Mapping[str, pa.Table]:
    """One row per holder with unusually many coupons in strangers' hands."""
    group = groups(given["group_member"])
    redeemed: dict[str, int] = {}
    for account, count in zip(
        *(given["coupon_holder"][c].to_pylist() for c in ("account_id", "redeemed")), strict=True
    ):
        user = group.get(account, account)
        redeemed[user] = redeemed.get(user, 0) + count
    used: dict[str, list[tuple[str, str]]] = {}
    columns = (given["coupon_use"][c].to_pylist() for c in ("issued_to", "redeemed_by", "order_id"))
    for issued_to, redeemed_by, order in zip(*columns, strict=True):
        user, by = group.get(issued_to, issued_to), group.get(redeemed_by, redeemed_by)
        if user != by:
            used.setdefault(user, []).append((by, order))
    holders = np.asarray(sorted(redeemed), dtype=object)
    observed = np.array([float(len(used.get(h, ()))) for h in holders])
    trials = np.array([float(redeemed[h]) for h in holders])
    part = excess(observed, trials, np.arange(len(holders), dtype=np.int64))
    p, q = combined([part])
    inviter = dict(zip(*(given["referrals"][c].to_pylist() for c in ("invitee_id", "promoter_id")), strict=True))
    member: dict[str, str] = {}
    for account in sorted(group):
        member.setdefault(group[account], account)
    rows = []
    for n in unusual(p, q):
        holder, strangers = str(holders[n]), {by for by, _ in used.get(str(holders[n]), ())}
        if not stands_out(part, n, 1, least=LEAST_STRANGERS, ratio=RATIO) or len(strangers) < LEAST_STRANGERS:
            continue
        told = [reason("CP01", part, n, q[n], sorted(o for _, o in used[holder])[:MOST_IDS])]
        account = member.get(holder, holder)
        kind = "group" if holder in member else "invitee" if account in inviter else "promoter"
        row = detection(
            kind, holder, inviter.get(account, account), told, p=float(p[n]), q=float(q[n]), flagged=bool(q[n] <= FDR)
        )
        rows.append(row)
    return {"detection": pa.Table.from_pylist(rows, DETECTION)}

"""The measures of 3.5(2) to 3.5(4), 4.4(1) and 2.2: what each is, and what a decision on it must name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Measure:
    """One measure. `instruction` is what the outbox tells another system once it is applied, None when none acts.

    `irreversible`: a notice with a reply period goes out with the proposal. `takes_money`: it lowers entitlement that may
    be paid already. `holds`: it can be released and escalates. `needs_month`: it is about one month's rebate.
    """

    name: str
    title_en: str
    title_zh: str
    instruction: str | None = None
    irreversible: bool = False
    takes_money: bool = False
    holds: bool = False
    needs_month: bool = False
    open_ended: bool = False


_ALL = (
    Measure("warn", "Warning", "警告", instruction="warn"),
    Measure("suspend_functions", "Suspend functions", "暂停功能", instruction="suspend_functions", holds=True),
    Measure("hold_payout", "Hold payout", "暂缓付款", holds=True),
    Measure("cancel_rebate", "Cancel the month's rebate", "取消当月返利", irreversible=True, takes_money=True, needs_month=True),
    Measure("reverse_transaction", "Reverse transaction", "撤销交易",
            instruction="reverse_transaction", irreversible=True, takes_money=True),
    Measure("void_order", "Void order", "订单无效", takes_money=True),
    Measure("claw_back", "Claw back", "追回返利", irreversible=True),
    Measure("freeze_promoter", "Freeze promoter's account", "冻结推广者账号",
            instruction="freeze_promoter", irreversible=True),
    Measure("freeze_invitee", "Freeze invitee's account", "冻结被推荐账号",
            instruction="freeze_invitee", irreversible=True),
    Measure("cancel_programme", "Cancel participation", "取消推广资格", irreversible=True, open_ended=True),
    Measure("void_relation", "Void relation", "推荐关系无效", takes_money=True),
)  # fmt: skip

MEASURES: Mapping[str, Measure] = {m.name: m for m in _ALL}
SUBJECT_KINDS = ("promoter", "invitee", "referral", "order", "group", "ring", "coupon")
COLLUSION = ("2.2(3)", "3.4(1)", "3.5(3)")
"""Clauses whose finding on an invitee says that it colluded: the same user as its promoter, or part of a ring."""

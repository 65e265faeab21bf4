"""Many small worlds that share one programme and one settlement run, each with promoters, money and decisions of its own.

Nothing of one world touches another, so one run of the real stage settles them all, and each is compared with an auditor
of its own. A world keeps the list of its steps: `replay` plays it alone, `shrink` leaves out what it can do without.
"""

from __future__ import annotations

import copy
import random
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from data_contracts.dates import day_start
from tests.settlement.play import ZONE, Play, at
from tests.settlement.reference import Auditor, Rules

Documents = Sequence[Mapping[str, Any]]
Step = tuple[Any, ...]
PRODUCTS = [
    {
        "product_code": code,
        "valid_from": at("2020-01-01"),
        "category": "c",
        "promotable": promotable,
        "recharge_card": card,
    }
    for code, promotable, card in (
        ("ecs", True, False),
        ("gpu", True, False),
        ("card", True, True),
        ("old", False, False),
    )
]
MEASURES = (
    "void_relation",
    "void_order",
    "cancel_rebate",
    "hold_payout",
    "suspend_functions",
    "cancel_programme",
    "claw_back",
)
CASH = (0, 1, 99, 5_000, 12_345, 70_000, 250_001)


@dataclass
class World:
    """One world. `steps` holds ("add", table, row), ("decide", row), ("overturn", id), ("end", id, instant),
    ("group", account, group or None), ("report", payout_id, changed), ("rule", document) and ("run", day), in their order;
    an action may take two rows."""

    name: str
    documents: Documents
    feeds: dict[str, list[Any]] = field(default_factory=dict)
    decisions: dict[str, dict[str, Any]] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    count: int = 0

    def __post_init__(self) -> None:
        self.auditor = Auditor(self.documents)
        self.promoters = (f"{self.name}P", f"{self.name}Q")
        seed = Play(Path(), self.documents)
        for promoter in self.promoters:
            seed.promoter(promoter)
        self.feeds = seed.feeds
        self.feeds["products"] = list(PRODUCTS)

    def do(self, step: Step) -> None:
        """Take one step other than a run."""
        self.steps.append(copy.deepcopy(step))
        match step:
            case ("add", table, row):
                self.feeds.setdefault(table, []).append(dict(row))
            case ("decide", row):
                self.decisions[row["decision_id"]] = dict(row)
            case ("report", payout_id, changed):
                for payout in (p for p in self.feeds.get("payouts", []) if p["payout_id"] == payout_id):
                    payout.update(changed)
            case ("rule", document):
                self.documents = [*self.documents, document]
                self.auditor.rules = Rules(self.documents)
            case ("overturn", decision_id) if self.decisions.get(decision_id, {}).get("status") == "applied":
                self.decisions[decision_id]["status"] = "overturned"
            case ("end", decision_id, instant) if decision_id in self.decisions:
                self.decisions[decision_id]["effective_to"] = instant
            case ("group", account, group):
                self.groups.pop(account, None)
                if group:
                    self.groups[account] = group

    def act(self, rng: random.Random, day: date) -> None:
        """One action that is possible now, drawn at random."""
        actions: tuple[Callable[[random.Random, date], bool], ...] = (
            self._register, self._register, self._deliver, self._deliver, self._deliver, self._refund, self._decide,
            self._overturn, self._release, self._pay, self._pay, self._report, self._regroup,
        )  # fmt: skip
        while not rng.choice(actions)(rng, day):
            pass

    def _id(self, letter: str) -> str:
        self.count += 1
        return f"{self.name}{letter}{self.count:04d}"

    def _invitees(self, promoter: str | None = None) -> list[str]:
        return [r["invitee_id"] for r in self.feeds.get("referrals", []) if promoter in (None, r["promoter_id"])]

    def _register(self, rng: random.Random, day: date) -> bool:
        invitee = self._id("I")
        registered = day_start(day - timedelta(days=rng.randint(0, 3)), ZONE)
        self.do(("add", "accounts", {"account_id": invitee, "registered_at": registered, "account_type": "individual",
                                     "verified_as": "individual"}))  # fmt: skip
        self.do(
            ("add", "referrals", {"invitee_id": invitee, "promoter_id": rng.choice(self.promoters), "link_id": "l"})
        )
        return True

    def _deliver(self, rng: random.Random, day: date) -> bool:
        if not self._invitees():
            return False
        paid = day_start(day - timedelta(days=rng.choice((0, 0, 1, 5, 30, 60))), ZONE)
        paid += timedelta(seconds=rng.choice((0, 43_200, 86_399)))
        cash = rng.choice(CASH)
        self.do(("add", "orders", {
            "order_id": self._id("o"), "account_id": rng.choice(self._invitees()), "kind": "purchase", "paid_at": paid,
            "product_code": rng.choice(("ecs", "ecs", "ecs", "gpu", "card", "old")), "list_fen": cash, "cash_fen": cash,
            "activity_id": rng.choice((None, None, "flash")),
        }))  # fmt: skip
        return True

    def _refund(self, rng: random.Random, day: date) -> bool:
        if not self.feeds.get("orders"):
            return False
        order = rng.choice(self.feeds["orders"])
        gone = sum(r["cash_fen"] for r in self.feeds.get("refunds", []) if r["order_id"] == order["order_id"])
        left = order["cash_fen"] - gone
        refunded = day_start(day - timedelta(days=rng.choice((0, 0, 3, 40))), ZONE) + timedelta(seconds=43_200)
        if left:
            self.do(("add", "refunds", {
                "refund_id": self._id("r"), "order_id": order["order_id"], "kind": "refund",
                "refunded_at": max(refunded, order["paid_at"]), "cash_fen": left if rng.random() < 0.5 else -(-left // 3),
            }))  # fmt: skip
        return bool(left)

    def _decide(self, rng: random.Random, day: date) -> bool:
        measure, promoter = rng.choice(MEASURES), rng.choice(self.promoters)
        mine = self._invitees(promoter)
        orders = [o["order_id"] for o in self.feeds.get("orders", []) if o["account_id"] in mine]
        kind, subjects, clause = "promoter", [promoter], "3.5(4)"
        if measure == "void_relation":
            kind, subjects, clause = "referral", mine, rng.choice(("2.2(3)", "3.1(5)"))
        if measure == "void_order":
            kind, subjects, clause = "order", orders, "3.1(5)"
        ring = measure in ("void_relation", "void_order") and rng.random() < 0.3
        if ring:
            kind, subjects = "ring", [f"{promoter}K"] if mine else []
        if not subjects:
            return False
        month = f"2026-{rng.randint(1, 4):02d}" if measure == "cancel_rebate" or rng.random() < 0.5 else None
        self.do(("decide", {
            "decision_id": self._id("D"), "measure": measure, "subject_kind": kind, "subject_id": rng.choice(subjects),
            "promoter_id": promoter, "clause": clause, "status": "approved", "month": month,
            "effective_from": day_start(day + timedelta(days=rng.randint(-2, 10)), ZONE),
            **({"members": sorted(rng.sample(mine, rng.randint(1, len(mine))))} if ring else {}),
        }))  # fmt: skip
        return True

    def _overturn(self, rng: random.Random, day: date) -> bool:
        on = [k for k, d in self.decisions.items() if d["status"] == "applied"]
        if on:
            self.do(("overturn", rng.choice(on)))
        return bool(on)

    def _release(self, rng: random.Random, day: date) -> bool:
        holds = [d for d in self.decisions.values() if d["measure"] == "hold_payout" and d["status"] == "applied"]
        if holds:
            hold = rng.choice(holds)
            ends = max(day_start(day, ZONE), hold["effective_from"] + timedelta(seconds=1))
            self.do(("end", hold["decision_id"], ends))
        return bool(holds)

    def _pay(self, rng: random.Random, day: date) -> bool:
        owed = [k for k, s in sorted(self.auditor.statements.items()) if s["payable"]]
        if not owed:
            return False
        promoter, month = rng.choice(owed)
        gross = max(self.auditor.statements[promoter, month]["payable"] + rng.choice((0, 0, 0, 700, -100)), 1)
        self.do(("add", "payouts", {
            "payout_id": self._id("w"), "promoter_id": promoter, "month": month, "status": "paid", "gross_fen": gross,
            "paid_at": day_start(day, ZONE), "tax_fen": gross // 7, "net_fen": gross - gross // 7,
        }))  # fmt: skip
        return True

    def _report(self, rng: random.Random, day: date) -> bool:
        """The operator reports a payout anew: it failed, went through after all, or was of another amount."""
        payouts = self.feeds.get("payouts", [])
        if payouts:
            payout = rng.choice(payouts)
            changed = {"status": "paid" if payout["status"] == "failed" else "failed"}
            if rng.random() < 0.3:
                gross = payout["gross_fen"] + rng.choice((1, 900))
                changed = {"status": "paid", "gross_fen": gross, "tax_fen": gross // 7, "net_fen": gross - gross // 7}
            self.do(("report", payout["payout_id"], changed))
        return bool(payouts)

    def _regroup(self, rng: random.Random, day: date) -> bool:
        if not self._invitees():
            return False
        group = rng.choice((f"{self.name}G1", f"{self.name}G2", None))
        self.do(("group", rng.choice(self._invitees()), group))
        return True


def settle(play: Play, worlds: Sequence[World], day: date, *, publish: bool = False) -> None:
    """One run of the real stage over all worlds, and of each world's auditor."""
    tables = dict.fromkeys(t for w in worlds for t in w.feeds)
    play.feeds = {t: [r for w in worlds for r in w.feeds.get(t, [])] for t in tables}
    play.feeds["products"] = list(PRODUCTS)
    play.documents = worlds[0].documents
    play.decisions = {k: d for w in worlds for k, d in w.decisions.items()}
    play.groups = {a: g for w in worlds for a, g in w.groups.items()}
    for world in worlds:
        world.steps.append(("run", day))
    play.run(day.isoformat(), publish=publish)
    for world in worlds:
        world.auditor.run(day, world.feeds, [dict(d) for d in world.decisions.values()], world.groups)


def replay(
    documents: Documents,
    name: str,
    steps: Sequence[Step],
    differs: Callable[[Play, Sequence[World]], Mapping[str, str]],
) -> str:
    """Play one world alone; what differs after the first run in which something does, or nothing."""
    with tempfile.TemporaryDirectory() as folder:
        play, world = Play(Path(folder), documents), World(name, documents)
        for step in steps:
            if step[0] != "run":
                world.do(step)
                continue
            settle(play, [world], step[1])
            found = differs(play, [world])
            if found:
                return found[name]
    return ""


def shrink(steps: Sequence[Step], fails: Callable[[Sequence[Step]], bool]) -> list[Step]:
    """Leave out steps, first many at a time, as long as what is left still fails."""
    kept, size = list(steps), max(len(steps) // 2, 1)
    while size:
        start = 0
        while start < len(kept):
            fewer = [*kept[:start], *kept[start + size:]]  # fmt: skip
            if fails(fewer):
                kept = fewer
            else:
                start += size
        size //= 2
    return kept

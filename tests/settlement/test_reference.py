"""Random programmes, played forward: every step of the real settlement agrees with the plain-Python auditor to the fen.

`make soak` (TONGREN_SOAK) takes 100,000 steps, the test suite one in a hundred; TONGREN_SOAK_STEPS sets another number.
A step is one action on one world, or one run as it is compared with the auditor of one world: a run that settles forty
worlds counts forty times because forty auditors check it. A few steps more go through the Hypothesis machine, which shrinks.
"""

from __future__ import annotations

import os
import random
import tempfile
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from data_contracts.dates import day_start
from tests.counts import SOAK, SoakCount
from tests.settlement.play import ZONE, Play
from tests.settlement.reference import Auditor
from tests.settlement.worlds import World, replay, settle, shrink

STEPS = 20
ACTIONS = 4
ROUNDS = 12
IN_ALL = int(os.environ.get("TONGREN_SOAK_STEPS", "100000" if SOAK else "1000"))
EXAMPLES = 60 if SOAK else 4
PROMOTERS = ("P", "Q")
CASH = st.sampled_from([0, 1, 99, 5_000, 12_345, 70_000, 250_001])
COMPARED = ("status", "new_paying_users", "net", "rebate", "adjustments", "carried_in", "released", "clawback_added",
            "offset", "held", "carried_out", "payable")  # fmt: skip

PROGRAMMES: tuple[list[dict[str, Any]], ...] = (
    [{"id": "base", "level": "base", "effective_from": "2026-01-01", "statement_day": 20},
     {"id": "detail", "level": "detail", "effective_from": "2026-01-01",
      "rebate": {"tiers": [{"from": 0, "rate": "0.05"}, {"from": 2, "rate": "0.10"}, {"from": 4, "rate": "0.155"}]}}],
    [{"id": "base", "level": "base", "effective_from": "2026-01-01", "statement_day": 5, "minimum_payout": "50.00",
      "window_days": 20, "start_day_counts": True,
      "instalments": [{"share": "0.333333", "after_months": 0}, {"share": "0.333333", "after_months": 1},
                      {"share": "0.333334", "after_months": 2}]},
     {"id": "detail", "level": "detail", "effective_from": "2026-01-01",
      "rebate": {"tier_by": "net_amount", "tiers": [{"from": "0", "rate": "0.03"}, {"from": "700.00", "rate": "0.20"}],
                 "bounty_per_new_paying_user": "3.33", "invitee_month_cap": "100.00", "promoter_month_cap": "180.00"}},
     {"id": "sale", "level": "activity", "effective_from": "2026-02-10", "effective_to": "2026-03-10", "products": ["gpu"],
      "rebate": {"tiers": [{"from": 0, "rate": "0.25"}]}},
     {"id": "flash", "level": "activity", "effective_from": "2026-02-01", "effective_to": "2026-04-30",
      "activity_ids": ["flash"], "excluded": True}],
    [{"id": "base", "level": "base", "effective_from": "2026-01-01", "statement_day": 28,
      "readings": {"amount_scope": "first_order", "recharge_card_amount": "count"}},
     {"id": "detail", "level": "detail", "effective_from": "2026-01-01", "effective_to": "2026-03-31",
      "rebate": {"tiers": [{"from": 1, "rate": "0.10"}]}},
     {"id": "later", "level": "detail", "effective_from": "2026-04-01",
      "rebate": {"tiers": [{"from": 0, "rate": "0.07"}], "bounty_per_new_paying_user": "10.00"}}],
    [{"id": "base", "level": "base", "effective_from": "2026-01-01", "effective_to": "2026-03-10", "statement_day": 12,
      "minimum_payout": "10.00"},
     {"id": "detail", "level": "detail", "effective_from": "2026-01-01",
      "rebate": {"tiers": [{"from": 0, "rate": "0.10"}], "invitee_month_cap": "60.00", "bounty_per_new_paying_user": "1.00"}},
     {"id": "after", "level": "detail", "effective_from": "2026-04-10", "effective_to": "2026-05-20", "minimum_payout": "30.00",
      "statement_day": 3}],
)  # fmt: skip


def differences(play: Play, worlds: Sequence[Any]) -> dict[str, str]:
    """What the books and tables of a run differ by from each world's auditor, by the world's name."""
    found: dict[str, str] = {}
    owner = {promoter: world.name for world in worlds for promoter in world.promoters}
    told: dict[str, dict[Any, Any]] = {world.name: {} for world in worlds}
    for s in play.books["books_statement"]:
        amounts = {k.removesuffix("_fen"): v for k, v in s.items()}
        told[owner[s["promoter_id"]]]["statement", s["promoter_id"], s["month"]] = {n: amounts[n] for n in COMPARED}
    for p in play.books["books_posting"]:
        mine = told[owner[p["promoter_id"]]]
        for account, sign in ((p["debit_account"], 1), (p["credit_account"], -1)):
            if account == "clawback_receivable":
                add_to(mine, ("owed", p["promoter_id"]), sign * p["amount_fen"])
            if account == "programme_expense" and p["month"] != p["earning_month"]:
                add_to(
                    mine,
                    ("cause", p["promoter_id"], p["month"], p["earning_month"], p["cause"]),
                    sign * p["amount_fen"],
                )
    for r in play.tables["payable"]:
        status = r["status"] if r["status"] in ("paid", "cancelled", "held") else "open"
        add_to(
            told[owner[r["promoter_id"]]],
            ("part", r["promoter_id"], r["month"], r["instalment_no"], status),
            r["amount_fen"],
        )
    for r in play.tables["statement_line"]:
        if r["line_kind"] == "order":
            told[owner[r["promoter_id"]]]["line", r["order_id"]] = (
                r["qualifies"], r["clause"], r["net_fen"], r["rebate_fen"], r["governing_document"])  # fmt: skip
    for promoter, asked in play.asked().items():
        mine = told[owner[promoter]]
        if asked > mine.get(("owed", promoter), 0):
            mine["is asked for more than is owed", promoter] = asked
    months = {r["month"] for r in play.tables["statement_line"]}
    for world in worlds:
        ours, theirs = without_zero(told[world.name]), without_zero(expected(world, months))
        if ours != theirs:
            keys = [k for k in {**ours, **theirs} if ours.get(k) != theirs.get(k)]
            found[world.name] = "; ".join(f"{k}: {ours.get(k)}, auditor {theirs.get(k)}" for k in keys)
    return found


def add_to(amounts: dict[Any, Any], key: Any, amount: int) -> None:
    amounts[key] = amounts.get(key, 0) + amount


def without_zero(amounts: dict[Any, Any]) -> dict[Any, Any]:
    return {key: value for key, value in amounts.items() if value != 0}


def expected(world: Any, months: set[str]) -> dict[Any, Any]:
    """What the auditor of a world says, under the keys of `differences`."""
    auditor = world.auditor
    told: dict[Any, Any] = {("statement", *key): s for key, s in auditor.statements.items()}
    told |= {("cause", *key): amount for key, amount in auditor.causes.items()}
    told |= {("owed", promoter): amount for promoter, amount in auditor.owed.items()}
    told |= {("part", *key): amount for key, amount in auditor.payables().items()}
    for promoter in world.promoters:
        for month in months:
            for line in auditor.earned(promoter, month, auditor.now).lines:
                told["line", line.order_id] = (line.qualifies, line.clause, line.net, line.rebate, line.document)
    return told


class Programme(RuleBasedStateMachine):
    """Deliver, deliver late, refund, decide, overturn, hold, release, pay, regroup, run, run twice."""

    name, promoters = "", PROMOTERS

    @initialize(documents=st.sampled_from(PROGRAMMES))
    def begin(self, documents: list[dict[str, Any]]) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.play = Play(Path(self.folder.name), documents)
        self.auditor = Auditor(documents)
        self.day = date(2026, 1, 10)
        self.count = 0
        for promoter in PROMOTERS:
            self.play.promoter(promoter)
        for code, promotable, card in (
            ("ecs", True, False),
            ("gpu", True, False),
            ("card", True, True),
            ("old", False, False),
        ):
            self.play.add("products", product_code=code, valid_from=day_start(date(2020, 1, 1), ZONE), category="c",
                          promotable=promotable, recharge_card=card)  # fmt: skip

    def _id(self, letter: str) -> str:
        self.count += 1
        return f"{letter}{self.count:04d}"

    def _instant(self, back: int, seconds: int = 43_200) -> datetime:
        return day_start(self.day - timedelta(days=back), ZONE) + timedelta(seconds=seconds)

    def _invitees(self) -> list[str]:
        return [r["invitee_id"] for r in self.play.feeds.get("referrals", [])]

    @rule(promoter=st.sampled_from(PROMOTERS), back=st.integers(0, 3))
    def register(self, promoter: str, back: int) -> None:
        invitee = self._id("I")
        self.play.add("accounts", account_id=invitee, registered_at=self._instant(back, 0), account_type="individual",
                      verified_as="individual")  # fmt: skip
        self.play.add("referrals", invitee_id=invitee, promoter_id=promoter, link_id="l")

    @precondition(lambda self: self._invitees())
    @rule(data=st.data(), back=st.sampled_from([0, 0, 1, 5, 30, 60]), cash=CASH,
          product=st.sampled_from(["ecs", "ecs", "ecs", "gpu", "card", "old"]),
          activity=st.sampled_from([None, None, "flash"]))  # fmt: skip
    def deliver(self, data: st.DataObject, back: int, cash: int, product: str, activity: str | None) -> None:
        invitee = data.draw(st.sampled_from(self._invitees()))
        self.play.add("orders", order_id=self._id("o"), account_id=invitee, product_code=product, activity_id=activity,
                      kind="purchase", paid_at=self._instant(back), list_fen=cash, cash_fen=cash)  # fmt: skip

    @precondition(lambda self: self.play.feeds.get("orders"))
    @rule(data=st.data(), back=st.sampled_from([0, 0, 3, 40]), full=st.booleans())
    def refund(self, data: st.DataObject, back: int, full: bool) -> None:
        order = data.draw(st.sampled_from(self.play.feeds["orders"]))
        gone = sum(r["cash_fen"] for r in self.play.feeds.get("refunds", []) if r["order_id"] == order["order_id"])
        left = order["cash_fen"] - gone
        if left:
            self.play.add("refunds", refund_id=self._id("r"), order_id=order["order_id"], kind="refund",
                          refunded_at=max(self._instant(back), order["paid_at"]), cash_fen=left if full else -(-left // 3))  # fmt: skip

    @precondition(lambda self: self._invitees())
    @rule(data=st.data(), measure=st.sampled_from(
        ["void_relation", "void_order", "cancel_rebate", "hold_payout", "suspend_functions", "cancel_programme", "claw_back"]),
        ahead=st.integers(-2, 10), of_month=st.booleans())  # fmt: skip
    def decide(self, data: st.DataObject, measure: str, ahead: int, of_month: bool) -> None:
        promoter = data.draw(st.sampled_from(PROMOTERS))
        mine = [r["invitee_id"] for r in self.play.feeds["referrals"] if r["promoter_id"] == promoter]
        orders = [o["order_id"] for o in self.play.feeds.get("orders", []) if o["account_id"] in mine]
        kind, subject, clause = "promoter", promoter, "3.5(4)"
        if measure == "void_relation":
            if not mine:
                return
            kind, subject = "referral", data.draw(st.sampled_from(mine))
            clause = data.draw(st.sampled_from(["2.2(3)", "3.1(5)"]))
        if measure == "void_order":
            if not orders:
                return
            kind, subject, clause = "order", data.draw(st.sampled_from(orders)), "3.1(5)"
        month = f"2026-{data.draw(st.integers(1, 4)):02d}" if of_month or measure == "cancel_rebate" else None
        decision_id = self._id("D")
        self.play.decisions[decision_id] = {
            "decision_id": decision_id, "measure": measure, "subject_kind": kind, "subject_id": subject, "promoter_id": promoter,
            "clause": clause, "status": "approved", "effective_from": self._instant(-ahead, 0), "month": month,
        }  # fmt: skip

    @precondition(lambda self: any(d["status"] == "applied" for d in self.play.decisions.values()))
    @rule(data=st.data())
    def overturn(self, data: st.DataObject) -> None:
        on = [k for k, d in self.play.decisions.items() if d["status"] == "applied"]
        self.play.overturn(data.draw(st.sampled_from(on)))

    @precondition(lambda self: any(d["measure"] == "hold_payout" for d in self.play.decisions.values()))
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        holds = [d for d in self.play.decisions.values() if d["measure"] == "hold_payout" and d["status"] == "applied"]
        if holds:
            hold = data.draw(st.sampled_from(holds))
            hold["effective_to"] = max(self._instant(0, 0), hold["effective_from"] + timedelta(seconds=1))

    @precondition(lambda self: self.auditor.statements)
    @rule(data=st.data(), extra=st.sampled_from([0, 0, 0, 700, -100]))
    def pay(self, data: st.DataObject, extra: int) -> None:
        promoter, month = data.draw(st.sampled_from(sorted(self.auditor.statements)))
        gross = self.auditor.statements[promoter, month]["payable"] + extra
        if gross > 0:
            self.play.add("payouts", payout_id=self._id("w"), promoter_id=promoter, month=month, paid_at=self._instant(0),
                          gross_fen=gross, tax_fen=gross // 7, net_fen=gross - gross // 7, status="paid")  # fmt: skip

    @precondition(lambda self: len(self._invitees()) > 1)
    @rule(data=st.data(), group=st.sampled_from(["G1", "G2", None]))
    def regroup(self, data: st.DataObject, group: str | None) -> None:
        account = data.draw(st.sampled_from(self._invitees()))
        self.play.groups.pop(account, None)
        if group:
            self.play.groups[account] = group

    @rule(days=st.sampled_from([0, 1, 6, 15, 15, 33]))
    def run(self, days: int) -> None:
        self.day += timedelta(days=days)
        self.play.run(self.day.isoformat())
        self.auditor.run(self.day, self.play.feeds, [dict(d) for d in self.play.decisions.values()], self.play.groups)

        found = differences(self.play, [self])
        assert found == {}, found

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self.folder.cleanup()


def test_random_programmes_agree_with_the_auditor_to_the_fen(soak_count: SoakCount) -> None:
    soak_count("settlement_steps", EXAMPLES * STEPS)
    run_state_machine_as_test(
        Programme,
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None, database=None, derandomize=not SOAK,
            suppress_health_check=list(HealthCheck), phases=(Phase.generate, Phase.shrink),
        ),
    )  # fmt: skip


def new_rules(rng: random.Random, day: date, number: int) -> dict[str, Any]:
    """A document that changes the terms some days from now."""
    rebate: dict[str, Any] = {"tiers": [{"from": 0, "rate": rng.choice(("0.02", "0.125"))}]}
    if rng.random() < 0.5:
        rebate["tier_by"] = rng.choice(("net_amount", "new_paying_users"))
    if rng.random() < 0.5:
        rebate |= {"bounty_per_new_paying_user": "1.01", "invitee_month_cap": rng.choice(("77.77", None))}
    more = {"minimum_payout": "20.00", "window_days": rng.choice((10, 30))} if rng.random() < 0.4 else {}
    starts = day + timedelta(days=rng.randint(1, 40))
    return {"id": f"detail-{number}", "level": "detail", "effective_from": starts.isoformat(), "rebate": rebate, **more}


def episode(seed: int, width: int, room: int) -> int:
    """Play `width` worlds for some rounds of four actions and a run; the number of steps. Fails with a world shrunk alone."""
    rng = random.Random(seed)
    documents = PROGRAMMES[seed % len(PROGRAMMES)]
    worlds = [World(f"{number:02d}", documents) for number in range(width)]
    day, steps = date(2026, 1, 10), 0
    with tempfile.TemporaryDirectory() as folder:
        play = Play(Path(folder), documents)
        for _ in range(ROUNDS):
            for world in worlds:
                for _ in range(ACTIONS):
                    world.act(rng, day)
            if rng.random() < 0.2:
                document = new_rules(rng, day, len(worlds[0].documents))
                for world in worlds:
                    world.do(("rule", document))
            day += timedelta(days=rng.choice((0, 1, 6, 15, 15, 33)))
            settle(play, worlds, day)
            steps += width * (ACTIONS + 1)
            for name, found in differences(play, worlds).items():
                log = next(w.steps for w in worlds if w.name == name)
                fewer = shrink(log, lambda kept, name=name: bool(replay(documents, name, kept, differences)))
                raise AssertionError(f"seed {seed}, world {name}: {found}\n" + "\n".join(map(repr, fewer)))
            if steps >= room:
                break
    return steps


def test_many_worlds_agree_with_their_auditors_to_the_fen(soak_count: SoakCount) -> None:
    soak_count("settlement_steps", IN_ALL)
    taken, seed = 0, int(os.environ.get("TONGREN_SOAK_SEED", "0"))
    while taken < IN_ALL:
        taken += episode(seed, 40 if SOAK else 6, IN_ALL - taken)
        seed += 1
    assert taken >= IN_ALL

"""Random programmes, played forward: every step of the real settlement agrees with the plain-Python auditor to the fen.

`make soak` (TONGREN_SOAK) takes 100,000 steps, the test suite one in a hundred; TONGREN_SOAK_STEPS sets another number.
"""

from __future__ import annotations

import os
import tempfile
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from data_contracts.dates import day_start
from tests.settlement.play import ZONE, Play
from tests.settlement.reference import Auditor

STEPS = 50
IN_ALL = int(os.environ.get("TONGREN_SOAK_STEPS", "100000" if os.environ.get("TONGREN_SOAK") else "1000"))
EXAMPLES = max(IN_ALL // STEPS, 1)
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
)  # fmt: skip


class Programme(RuleBasedStateMachine):
    """Deliver, deliver late, refund, decide, overturn, hold, release, pay, regroup, run, run twice."""

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
        self._compare()

    def _compare(self) -> None:
        books = {
            (s["promoter_id"], s["month"]): {k.removesuffix("_fen"): v for k, v in s.items()}
            for s in self.play.books["books_statement"]
        }
        ours = {key: {name: s[name] for name in COMPARED} for key, s in books.items()}
        assert ours == self.auditor.statements
        causes: dict[tuple[str, str, str, str], int] = {}
        for p in self.play.books["books_posting"]:
            sign = (p["debit_account"] == "programme_expense") - (p["credit_account"] == "programme_expense")
            if sign and p["month"] != p["earning_month"]:
                key = (p["promoter_id"], p["month"], p["earning_month"], p["cause"])
                causes[key] = causes.get(key, 0) + sign * p["amount_fen"]
        assert causes == self.auditor.causes
        for promoter in PROMOTERS:
            assert self.play.balance("clawback_receivable", promoter) == self.auditor.owed.get(promoter, 0)
        parts: dict[tuple[str, str, int, str], int] = {}
        for r in self.play.tables["payable"]:
            status = r["status"] if r["status"] in ("paid", "cancelled", "held") else "open"
            key = (r["promoter_id"], r["month"], r["instalment_no"], status)
            parts[key] = parts.get(key, 0) + r["amount_fen"]
        assert parts == self.auditor.payables()
        self._compare_lines()

    def _compare_lines(self) -> None:
        lines = {
            r["order_id"]: (r["qualifies"], r["clause"], r["net_fen"], r["rebate_fen"], r["governing_document"])
            for r in self.play.tables["statement_line"] if r["line_kind"] == "order"
        }  # fmt: skip
        expected = {}
        for promoter in PROMOTERS:
            for month in {r["month"] for r in self.play.tables["statement_line"]}:
                for line in self.auditor.earned(promoter, month, self.auditor.now).lines:
                    expected[line.order_id] = (line.qualifies, line.clause, line.net, line.rebate, line.document)
        assert lines == expected

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self.folder.cleanup()


def test_random_programmes_agree_with_the_auditor_to_the_fen() -> None:
    run_state_machine_as_test(
        Programme,
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None, database=None, derandomize=EXAMPLES < 100,
            suppress_health_check=list(HealthCheck), phases=(Phase.generate, Phase.shrink),
        ),
    )  # fmt: skip

"""Plays a programme forward in memory: rule documents, feeds and decisions in, run after run, with the books in between.

Each run is the real settlement stage on a fresh Warehouse; what its contracts record goes into the books of the next.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq

import settlement
from data_contracts.contract import contracts
from data_contracts.run import Run
from data_contracts.warehouse import Warehouse, columns_of
from settlement.entitlement import judge_now
from tests.conftest import given
from tests.settlement.rules import admit_programme

ZONE = "Asia/Shanghai"
Row = Mapping[str, Any]
RECORDED = {
    "new_issue": "books_issue", "new_statement": "books_statement", "new_posting": "books_posting",
    "new_instalment": "books_instalment", "new_known": "books_known", "settlement_instruction": "books_instruction",
}  # fmt: skip


def at(text: str) -> datetime:
    """An instant in Shanghai: `2026-03-05` is its midnight, `2026-03-05 12:00:00` a time of that day."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ZONE)).astimezone(UTC)


@dataclass
class Play:
    """Feeds, decisions and books of one programme. `feeds` holds kept rows by table; change them between runs."""

    folder: Path
    documents: Sequence[Mapping[str, Any]]
    feeds: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    decisions: dict[str, dict[str, Any]] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    books: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    run_seq: int = 0
    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def add(self, table: str, **row: Any) -> None:
        """One more kept row of a feed."""
        self.feeds.setdefault(table, []).append(row)

    def promoter(self, promoter_id: str = "P", joined: str = "2026-01-01") -> None:
        """A verified individual in good standing from its joining on."""
        self.add("accounts", account_id=promoter_id, registered_at=at("2025-06-01"), account_type="individual",
                 verified_as="individual")  # fmt: skip
        self.add("promoters", promoter_id=promoter_id, joined_at=at(joined), consented_version="base")
        self.add("standing", promoter_id=promoter_id, from_at=at(joined))

    def invitee(self, invitee_id: str, registered: str, promoter_id: str = "P") -> None:
        """An account that registered through a promoter's link."""
        self.add("accounts", account_id=invitee_id, registered_at=at(registered), account_type="individual",
                 verified_as="individual")  # fmt: skip
        self.add("referrals", invitee_id=invitee_id, promoter_id=promoter_id, link_id="l")

    def order(
        self, order_id: str, account_id: str, paid: str, cash_fen: int, product: str = "ecs", **more: Any
    ) -> None:
        """A paid order."""
        self.add("orders", **{"order_id": order_id, "account_id": account_id, "product_code": product, "kind": "purchase",
                 "paid_at": at(paid), "list_fen": cash_fen, "cash_fen": cash_fen, **more})  # fmt: skip

    def refund(self, order_id: str, refunded: str, cash_fen: int) -> None:
        """A refund of an order, in full or in part."""
        number = len(self.feeds.get("refunds", []))
        self.add("refunds", refund_id=f"r{number}", order_id=order_id, refunded_at=at(refunded), kind="refund",
                 cash_fen=cash_fen)  # fmt: skip

    def payout(
        self, month: str, paid: str, gross_fen: int, promoter_id: str = "P", status: str = "paid", tax_fen: int = 0
    ) -> None:
        """A payout that the operator reports."""
        number = len(self.feeds.get("payouts", []))
        self.add("payouts", payout_id=f"w{number}", promoter_id=promoter_id, month=month, paid_at=at(paid),
                 gross_fen=gross_fen, tax_fen=tax_fen, net_fen=gross_fen - tax_fen, status=status)  # fmt: skip

    def decide(
        self, decision_id: str, measure: str, subject_kind: str, subject_id: str, effective: str, **more: Any
    ) -> None:
        """A decision that the next run applies."""
        self.decisions[decision_id] = {
            "decision_id": decision_id, "measure": measure, "subject_kind": subject_kind, "subject_id": subject_id,
            "clause": "3.5(4)", "status": "approved", "effective_from": at(effective), "promoter_id": "P", **more,
        }  # fmt: skip

    def overturn(self, decision_id: str) -> None:
        """From the next run on the decision has no effect."""
        self.decisions[decision_id]["status"] = "overturned"

    def run(self, as_of: str, *, draft: bool = False, publish: bool = False) -> Play:
        """One run: knows what happened before the end of the day, applies what is approved, and records."""
        self.run_seq += 1
        run = Run(f"run-{self.run_seq}", self.run_seq, date.fromisoformat(as_of), ZONE)
        work = self.folder / f"run-{self.run_seq}"
        work.mkdir(parents=True)
        last = self.books.get("books_issue", [])
        if last:
            newest = max(last, key=lambda r: r["month"])
            settlement.check_as_of((newest["month"], newest["issued_on"]), run.as_of)
        with Warehouse(work, "settlement", run) as wh:
            for contract in contracts().values():
                wh.empty(contract.table)
            self._fill(wh, run)
            if draft:
                settlement.draft(wh)
            settlement.build(wh)
            ours = [c for c in contracts().values() if c.stage == "settlement" or (draft and c.stage == "draft")]
            self.tables = {c.table: rows_of(wh, c.table) for c in ours}
            if publish:
                for contract in contracts().values():
                    if contract.stage not in ("draft", "results") or draft:
                        path = self.folder / "published" / contract.stage / f"{contract.table}.parquet"
                        path.parent.mkdir(parents=True, exist_ok=True)
                        found = wh.con.sql(f"select {columns_of(contract.kept())} from {contract.table}")
                        pq.write_table(found.to_arrow_table(), path)
            for contract in ours:
                wh._check(contract)
        for table, book in RECORDED.items():
            named = set(contracts()[book].names)
            self.books.setdefault(book, []).extend(
                {k: v for k, v in {**r, "run_seq": self.run_seq}.items() if k in named} for r in self.tables[table]
            )
        return self

    def judged(self, as_of: str) -> dict[str, str | None]:
        """The clause of every order as known on a day (null: it qualifies), without issuing anything."""
        run = Run("judged", self.run_seq + 1, date.fromisoformat(as_of), ZONE)
        with Warehouse(self.folder / "judged", "settlement", run) as wh:
            for contract in contracts().values():
                wh.empty(contract.table)
            self._fill(wh, run)
            judge_now(wh, "decision")
            return dict(wh.execute("select order_id, clause from line_priced"))

    def _fill(self, wh: Warehouse, run: Run) -> None:
        admit_programme(wh, self.documents)
        waits = {"orders": "paid_at", "refunds": "refunded_at", "payouts": "paid_at", "accounts": "registered_at",
                 "promoters": "joined_at", "payout_requests": "requested_at", "identifiers": "observed_at"}  # fmt: skip
        gone: set[Any] = set()
        for table in ("accounts", *(t for t in self.feeds if t != "accounts")):
            instant = waits.get(table)
            kept = [r for r in self.feeds.get(table, []) if instant is None or r[instant] < run.cutoff_at]
            if table == "accounts":
                gone = {r["account_id"] for r in self.feeds.get(table, [])} - {r["account_id"] for r in kept}
            kept = [r for r in kept if not gone & {r.get("invitee_id"), r.get("account_id")}]
            given(wh, table, kept)
        self._fill_decisions(wh, run)
        self._fill_groups(wh)
        for book, rows in self.books.items():
            given(wh, book, rows)

    def _fill_decisions(self, wh: Warehouse, run: Run) -> None:
        for d in self.decisions.values():
            if d["status"] == "approved":
                d.update(status="applied", applied_seq=self.run_seq)
            if d["status"] == "overturned" and d.get("applied_seq") and not d.get("overturned_seq"):
                d["overturned_seq"] = self.run_seq
        told = [self._with_evidence(d) for d in self.decisions.values()]
        given(wh, "decision", told)
        given(wh, "books_decision", [
            {**d, "applied_seq": d.get("applied_seq") if d.get("applied_seq") != self.run_seq else None,
             "overturned_seq": d.get("overturned_seq") if d.get("overturned_seq") != self.run_seq else None}
            for d in told
        ])  # fmt: skip

    def _with_evidence(self, decision: dict[str, Any]) -> dict[str, Any]:
        """A decision on a ring names its invitees as `members`; the books keep them as the evidence it was proposed on."""
        row = dict(decision)
        if "members" in row:
            facts = json.dumps({"against": ["met", *row.pop("members")], "subject_id": row["subject_id"]})
            row.update(finding_id=f"F{row['decision_id']}", evidence_sha256=hashlib.sha256(facts.encode()).hexdigest())
            known = self.books.setdefault("books_finding_evidence", [])
            if all(k["finding_id"] != row["finding_id"] for k in known):
                known.append(
                    {"finding_id": row["finding_id"], "sha256": row["evidence_sha256"], "facts": facts, "run_seq": 0}
                )
        return row

    def _fill_groups(self, wh: Warehouse) -> None:
        given(
            wh, "group_member", [{"account_id": a, "group_id": g, "status": "linked"} for a, g in self.groups.items()]
        )
        known: dict[str, str | None] = {}
        for row in self.books.setdefault("books_membership", []):
            known[row["account_id"]] = row["group_id"]
        for account in sorted(set(known) | set(self.groups)):
            group = self.groups.get(account)
            if known.get(account) != group:
                self.books["books_membership"].append(
                    {"account_id": account, "run_seq": self.run_seq, "group_id": group, "status": group and "linked"}
                )

    def statement(self, month: str, promoter_id: str = "P") -> dict[str, Any]:
        """One statement of the last run: amounts that are not 0, in fen, and its status."""
        row = next(r for r in self.tables["statement"] if r["promoter_id"] == promoter_id and r["month"] == month)
        return {
            k.removesuffix("_fen"): v
            for k, v in row.items()
            if v and k not in ("promoter_id", "month", "tax_estimate_fen")
        }

    def line(self, order_id: str) -> dict[str, Any]:
        """One order's line of the last run."""
        return next(r for r in self.tables["statement_line"] if r["order_id"] == order_id)

    def payables(self, month: str, promoter_id: str = "P") -> list[tuple[int, int, str]]:
        """Parts of a statement: instalment, fen, status."""
        return [
            (r["instalment_no"], r["amount_fen"], r["status"]) for r in self.tables["payable"]
            if r["month"] == month and r["promoter_id"] == promoter_id
        ]  # fmt: skip

    def balance(self, account: str, promoter_id: str = "P") -> int:
        """What the books' ledger has on an account, debit positive."""
        return sum(
            (p["debit_account"] == account) * p["amount_fen"] - (p["credit_account"] == account) * p["amount_fen"]
            for p in self.books["books_posting"] if p["promoter_id"] == promoter_id
        )  # fmt: skip

    def asked(self) -> dict[str, int]:
        """What the recovery notices that stand ask each promoter for, in fen."""
        told = self.books.get("books_instruction", [])
        ids = {i["instruction_id"] for i in told}
        found: dict[str, int] = {}
        for i in told:
            calling = "I" + hashlib.sha256(f"{i['instruction_id']}|cancel_instruction".encode()).hexdigest()[:16]
            overturned = self.decisions.get(i["decision_id"], {}).get("status") == "overturned"
            if i["kind"] == "recovery_notice" and calling not in ids and not overturned:
                found[i["subject_id"]] = found.get(i["subject_id"], 0) + i["amount_fen"]
        return found

    def caused(self, month: str, promoter_id: str = "P") -> dict[tuple[str, str], int]:
        """What a statement posted for other months: by earning month and cause, expense positive."""
        found: dict[tuple[str, str], int] = {}
        for p in self.books["books_posting"]:
            if p["promoter_id"] != promoter_id or p["month"] != month or p["earning_month"] == month:
                continue
            sign = (p["debit_account"] == "programme_expense") - (p["credit_account"] == "programme_expense")
            if sign:
                key = (p["earning_month"], p["cause"])
                found[key] = found.get(key, 0) + sign * p["amount_fen"]
        return found


def rows_of(wh: Warehouse, table: str) -> list[dict[str, Any]]:
    """All rows of a table as dicts, in the contract's order."""
    contract = contracts()[table].kept()
    order = ", ".join(contract.order)
    found: pa.Table = wh.con.sql(f"select {columns_of(contract)} from {table} order by {order}").to_arrow_table()
    return list(found.to_pylist())


def days_after(day: str, count: int) -> str:
    """A day moved by whole days."""
    return (date.fromisoformat(day) + timedelta(days=count)).isoformat()

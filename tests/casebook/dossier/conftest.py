"""A small run, made by hand: one promoter with a void relation and a refund burst, one with a single open finding."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from data_contracts.contract import contracts
from data_contracts.run import Run
from data_contracts.warehouse import Warehouse

RUN = Run("2026-03-20-abcdef012345", 3, date(2026, 3, 20), "Asia/Shanghai")
FACTS: Mapping[str, Any] = {
    "run_id": RUN.run_id, "run_seq": 3, "as_of": "2026-03-20", "zone": RUN.zone, "programme": "5f" * 32,
    "policy": "7a" * 32, "fingerprint": "9c" * 32, "key": "k1", "code": "0.1.0", "models": {"refund_burst": "ab" * 32},
}  # fmt: skip
Rows = Mapping[str, Sequence[Mapping[str, Any]]]


def at(day: str, hour: int = 4) -> datetime:
    """An instant on a day: noon in Shanghai."""
    return datetime.fromisoformat(day).replace(hour=hour, tzinfo=UTC)


def share(kind: str, token: str, shared_by: int, weight: float) -> dict[str, Any]:
    """One piece of a link's evidence."""
    seen = {"first_seen": at("2026-01-03"), "last_seen": at("2026-02-20")}
    return {"kind": kind, "token": f"v1:k1:{token}", "shared_by": shared_by, "weight": weight, **seen}


def link(a: str, b: str, outcome: str, weight: float, *evidence: dict[str, Any]) -> dict[str, Any]:
    kinds = [e["kind"] for e in evidence]
    return {
        "account_a": a, "account_b": b, "outcome": outcome, "match_weight": weight, "match_probability": 0.999999,
        "kinds": kinds, "evidence": list(evidence),
    }  # fmt: skip


def piece(step: int, kind: str, mask: str | None, shared_by: int | None, weight: float) -> dict[str, Any]:
    """One piece of evidence on the path of a referral; without a mask it speaks against."""
    token = f"v1:k1:{kind}" if mask else None
    seen = "2026-01-03 04:00:00+00" if mask else None
    return {
        "step": step,
        "kind": kind,
        "token": token,
        "mask": mask,
        "shared_by": shared_by,
        "first_seen": seen,
        "last_seen": seen,
        "weight": weight,
    }


def coded(code: str, observed: float, expected: float, *ids: str) -> dict[str, Any]:
    """One reason of a refund burst."""
    return {
        "code": code,
        "observed": observed,
        "expected": expected,
        "ratio": observed / expected,
        "q": 0.0031,
        "ids": list(ids),
    }


def order(order_id: str, account: str, day: str, fen: int) -> dict[str, Any]:
    return {
        "order_id": order_id, "account_id": account, "product_code": "ecs", "kind": "purchase", "paid_at": at(day),
        "list_fen": fen, "cash_fen": fen,
    }  # fmt: skip


def line(
    no: int, order_id: str, invitee: str, month: str, net: int, rebate: int, clause: str | None = None
) -> dict[str, Any]:
    return {
        "line_no": no, "promoter_id": "P1", "line_kind": "order", "invitee_id": invitee, "order_id": order_id,
        "month": month, "governing_document": "detail-2025", "net_fen": net, "rebate_fen": rebate,
        "rate_ppm": None if clause else 100_000, "qualifies": clause is None, "clause": clause,
    }  # fmt: skip


def posting(no: str, month: str, debit: str, credit: str, fen: int, cause: str = "4.1") -> dict[str, Any]:
    return {
        "transaction_id": no, "posting_no": 1, "posted_on": date(2026, 2, 20), "month": month, "earning_month": "2026-01",
        "promoter_id": "P1", "debit_account": debit, "credit_account": credit, "amount_fen": fen, "cause": cause,
    }  # fmt: skip


INVITEES = ("I1", "I2", "I3", "I4", "I5", "I6")
SOUND = {
    "clause_register": [
        {"position": n, "clause": c, "title_zh": zh, "title_en": en, "text_zh": f"{zh}。", "text_en": f"{en}.", "mode": "rule",
         "measures": []}
        for n, (c, zh, en) in enumerate(
            [("1.2(3)", "员工及亲属", "Staff and relatives"), ("2.2(3)", "同一用户", "Same user"),
             ("3.5(2)", "异常情形", "Abnormal situations"), ("4.3(2)", "全额退款", "Refunded in full")], start=1)
    ],
    "accounts": [
        {"account_id": a, "registered_at": at(d), "account_type": "individual", "verified_as": "individual"}
        for a, d in (("P1", "2025-11-01"), ("P2", "2025-12-01"), ("X9", "2025-12-20"), *((i, "2026-01-03") for i in INVITEES))
    ],
    "promoters": [
        {"promoter_id": p, "joined_at": at("2025-12-01"), "consented_version": "base"} for p in ("P1", "P2")
    ],
    "referrals": [{"invitee_id": i, "promoter_id": "P1", "link_id": "l1"} for i in INVITEES],
    "orders": [
        order("O1", "I1", "2026-01-05", 120_000), order("O2", "I2", "2026-01-09", 80_000),
        order("O3", "I3", "2026-01-12", 300_000), order("O4", "I4", "2026-01-15", 45_000),
        order("O5", "I5", "2026-02-02", 99_900), order("O6", "I6", "2026-02-01", 99_900),
    ],
    "refunds": [
        {"refund_id": f"R{n}", "order_id": f"O{n}", "refunded_at": at(d), "kind": "refund", "cash_fen": fen}
        for n, d, fen in ((3, "2026-02-22", 300_000), (4, "2026-02-23", 45_000), (5, "2026-02-23", 99_900), (6, "2026-02-24", 99_900))
    ],
    "payouts": [
        {"payout_id": "Y1", "promoter_id": "P1", "month": "2026-01", "paid_at": at("2026-02-25"), "gross_fen": 54_500,
         "tax_fen": 0, "net_fen": 54_500, "status": "paid"},
    ],
    "feed_fact": [
        {"feed": "orders", "file": "orders.parquet", "rows_in": 6, "kept": 6},
        {"feed": "refunds", "file": "refunds.parquet", "rows_in": 5, "kept": 4, "quarantined": 1},
    ],
    "quarantined_money": [
        {"feed": "refunds", "file": "refunds.parquet", "row_number": 5, "rule": "refund.over_order", "promoter_id": "P1"},
    ],
    "standing": [{"promoter_id": "P1", "from_at": at("2025-12-01")}, {"promoter_id": "P2", "from_at": at("2025-12-01")}],
    "programme_document": [
        {"document_id": "base", "level": "base", "effective_from": date(2024, 1, 1), "announced_on": date(2023, 12, 1)},
        {"document_id": "detail-2025", "level": "detail", "level_rank": 1, "position": 1, "effective_from": date(2025, 1, 1),
         "announced_on": date(2024, 12, 1)},
    ],
    "identifier_value": [
        {"kind": "phone", "token": "v1:k1:ph1", "mask": "138****1234", "accounts": 2, "entities": 2},
        {"kind": "device", "token": "v1:k1:dv1", "mask": "dev-…9f2c", "accounts": 3, "entities": 2},
        {"kind": "ip", "token": "v1:k1:ip1", "mask": "203.0.113.*", "accounts": 20_000, "entities": 18_000},
        {"kind": "payment", "token": "v1:k1:pay1", "mask": "6222…8830", "accounts": 2, "entities": 2},
    ],
    "link": [
        link("I1", "P1", "same_person", 31.5,
             share("phone", "ph1", 2, 18.0), share("device", "dv1", 2, 12.2), share("ip", "ip1", 18_000, 1.3)),
        link("I2", "X9", "same_controller", 20.1, share("payment", "pay1", 2, 20.1)),
        link("P1", "X9", "same_controller", 14.8, share("device", "dv1", 2, 14.8)),
        link("I3", "I4", "related", 2.0, share("ip", "ip1", 18_000, 2.0)),
    ],
    "group_member": [
        {"account_id": a, "group_id": "G7", "group_size": 4, "cohesion": 14.8, "status": "linked"} for a in ("I1", "I2", "P1", "X9")
    ],
    "referral_same": [
        {"invitee_id": "I1", "promoter_id": "P1", "group_id": "G7", "group_status": "linked", "outcome": "same_person",
         "match_weight": 31.5, "match_probability": 0.999999, "hops": 1,
         "evidence": json.dumps([piece(1, "phone", "138****1234", 2, 18.0), piece(1, "device", "dev-…9f2c", 2, 12.2),
                                 piece(1, "ip", "203.0.113.*", 18_000, 1.3), piece(1, "id_doc", None, None, -1.0)])},
        {"invitee_id": "I2", "promoter_id": "P1", "group_id": "G7", "group_status": "linked", "outcome": "same_controller",
         "match_weight": 14.8, "match_probability": 0.9999, "hops": 2,
         "evidence": json.dumps([piece(1, "device", "dev-…9f2c", 2, 14.8), piece(2, "payment", "6222…8830", 2, 20.1)])},
    ],
    "burst": [
        {"promoter_id": "P1", "window_start": date(2026, 2, 22), "window_end": date(2026, 2, 24), "refund_orders": 4,
         "refund_fen": 544_800, "expected_orders": 0.4, "expected_amount": 410.5, "p_value": 0.00002, "q_value": 0.0031,
         "anomaly_score": 0.71, "flagged": True, "reasons": ["RB01", "RB04"]},
    ],
    "finding": [
        {"finding_id": "F1", "status": "met", "subject_kind": "referral", "subject_id": "I1", "promoter_id": "P1", "clause": "2.2(3)",
         "detector": "c2_2_3_same_user", "detector_version": "1", "confidence": 0.999999, "amount_at_stake_fen": 12_000,
         "evidence": json.dumps({"outcome": "same_person", "match_weight": 31.5}), "first_seen": date(2026, 2, 20), "reason": "SU02"},
        {"finding_id": "F2", "status": "met", "subject_kind": "promoter", "subject_id": "P1", "promoter_id": "P1", "clause": "3.5(2)",
         "detector": "refund_burst", "detector_version": "1", "confidence": 0.9969, "amount_at_stake_fen": 54_480,
         "evidence": json.dumps([coded("RB01", 4.0, 0.4, "O3", "O4", "O5", "O6"), coded("RB04", 3.0, 0.3, "O3", "O4", "O5")]),
         "first_seen": date(2026, 3, 20), "window_start": date(2026, 2, 22), "window_end": date(2026, 2, 24), "reason": "RB01"},
        {"finding_id": "F3", "status": "unknown", "subject_kind": "promoter", "subject_id": "P2", "promoter_id": "P2", "clause": "1.2(3)",
         "detector": "c1_2_3_staff", "detector_version": "1", "evidence": "{}", "first_seen": date(2026, 3, 20), "reason": "EL03"},
    ],
    "books_decision": [
        {"decision_id": "D1", "finding_id": "F1", "subject_kind": "referral", "subject_id": "I1", "promoter_id": "P1",
         "clause": "2.2(3)", "measure": "void_relation", "status": "applied", "effective_from": at("2026-02-20", 16),
         "decided_by": "policy", "reason": "policy of 2024-01-01", "proposed_by": "policy", "proposed_on": date(2026, 2, 20),
         "approvals": 0, "needed": 0, "applied_seq": 2},
    ],
    "books_decision_event": [
        {"decision_id": "D1", "entry_no": 1, "action": "propose", "by_whom": "policy", "reason": "policy of 2024-01-01",
         "at": at("2026-02-20")},
    ],
    "books_run": [{"run_seq": 2, "run_id": "r2", "as_of": date(2026, 2, 20), "cutoff_at": at("2026-02-20", 16)}],
    "new_decision": [
        {"decision_id": "D2", "finding_id": "F2", "subject_kind": "promoter", "subject_id": "P1", "promoter_id": "P1",
         "clause": "3.5(2)", "measure": "cancel_rebate", "status": "proposed", "effective_from": at("2026-03-20", 16), "month": "2026-02",
         "amount_fen": 19_980, "decided_by": "policy", "reason": "policy of 2024-01-01", "proposed_by": "policy",
         "proposed_on": date(2026, 3, 20), "needed": 2},
    ],
    "decision_step": [{"decision_id": "D1", "action": "apply", "reason": "effective"}],
    "policy_rule": [
        {"policy_no": n, "rule_no": 1, "effective_from": day, "clause": "3.5(2)", "measure": "hold_payout", "do": "auto"}
        for n, day in enumerate([date(2024, 1, 1), date(2025, 6, 1), date(2026, 7, 1)], start=1)
    ],
    "policy_match": [
        {"which": "previous", "effective_from": date(2024, 1, 1), "finding_id": "F1", "measure": "void_relation", "effect": "propose"},
        {"which": "now", "effective_from": date(2025, 6, 1), "finding_id": "F1", "measure": "void_relation", "effect": "auto"},
    ],
    "books_case": [
        {"case_id": "C1", "subject_kind": "promoter", "subject_id": "P1", "promoter_id": "P1", "opened_on": date(2026, 2, 20),
         "deadline_on": date(2026, 3, 6), "state": "appealed", "owner": "li.wei"},
    ],
    "books_case_event": [
        {"case_id": "C1", "entry_no": 1, "kind": "appeal", "item": "A1", "before": None, "after": "D1", "by_whom": "li.wei",
         "reason": "says I1 is a customer", "at": at("2026-02-26")},
        {"case_id": "C1", "entry_no": 2, "kind": "appeal", "item": "A1", "before": "D1", "after": "upheld", "by_whom": "zhao",
         "reason": "no papers came", "at": at("2026-03-02")},
        {"case_id": "C1", "entry_no": 3, "kind": "appeal", "item": "A2", "before": None, "after": "D1", "by_whom": "li.wei",
         "reason": "sends papers of I1", "at": at("2026-03-05")},
    ],
    "instruction": [
        {"instruction_id": "N1", "kind": "notice", "subject_id": "P1", "decision_id": "D2", "created_on": date(2026, 3, 20),
         "reply_by": date(2026, 3, 27)},
    ],
    "relation": [
        {"invitee_id": i, "promoter_id": "P1", "established": i != "I1", "starts_at": None if i == "I1" else at("2026-01-03"),
         "ends_at": None if i == "I1" else at("2026-02-02", 16), "reason": "2.2(3)" if i == "I1" else "2.3(1)"}
        for i in INVITEES
    ],
    "statement_line": [
        line(1, "O1", "I1", "2026-01", 120_000, 0, "2.2(3)"), line(2, "O2", "I2", "2026-01", 80_000, 8_000),
        line(3, "O3", "I3", "2026-01", 0, 0, "4.3(2)"), line(4, "O4", "I4", "2026-01", 0, 0, "4.3(2)"),
        line(5, "O5", "I5", "2026-02", 0, 0, "4.3(2)"), line(6, "O6", "I6", "2026-02", 0, 0, "4.3(2)"),
    ],
    "statement": [
        {"promoter_id": "P1", "month": "2026-01", "status": "issued", "new_paying_users": 4, "net_fen": 545_000,
         "rebate_fen": 54_500, "payable_fen": 54_500, "tax_estimate_fen": 0},
        {"promoter_id": "P1", "month": "2026-02", "status": "issued", "adjustments_fen": -46_500, "clawback_added_fen": 46_500,
         "tax_estimate_fen": 0},
        {"promoter_id": "P2", "month": "2026-02", "status": "issued", "tax_estimate_fen": 0},
    ],
    "draft_month": [
        {"promoter_id": "P1", "month": "2026-01", "entitlement_fen": 8_000, "issued": True, "paid_fen": 54_500},
        {"promoter_id": "P1", "month": "2026-02", "entitlement_fen": 0, "issued": False},
    ],
    "books_issue": [{"month": "2026-01", "run_seq": 2, "issued_on": date(2026, 2, 20)}],
    "new_issue": [{"month": "2026-02", "issued_on": date(2026, 3, 20)}],
    "books_posting": [posting("T1", "2026-01", "programme_expense", "promoter_payable", 54_500)],
    "new_posting": [
        posting("T2", "2026-01", "promoter_payable", "cash", 54_500, "5.1"),
        posting("T3", "2026-02", "clawback_receivable", "programme_expense", 12_000, "D1"),
        posting("T4", "2026-02", "clawback_receivable", "programme_expense", 34_500, "4.2(4)"),
    ],
    "payable": [
        {"promoter_id": "P1", "month": "2026-01", "instalment_no": 1, "part_no": 1, "due_on": date(2026, 2, 28), "amount_fen": 54_500,
         "payer": "vendor-a", "status": "paid"},
    ],
}  # fmt: skip
for _decision in (SOUND["books_decision"][0], SOUND["new_decision"][0]):
    _latest = {c.name: _decision.get(c.name) for c in contracts()["decision"].columns}
    SOUND.setdefault("decision", []).append(_latest)

MakeRun = Callable[..., Path]


def publish(folder: Path, rows: Rows, given: Callable[..., None]) -> Path:
    """Write the work tables of a run in which only `rows` are there: a table without rows is a file that is not there."""
    folder.mkdir(parents=True)
    with Warehouse(folder, "results", RUN) as wh:
        for table, wanted in rows.items():
            given(wh, table, wanted)
            contract = contracts()[table].kept()
            path = folder / contract.stage / f"{table}.parquet"
            path.parent.mkdir(exist_ok=True)
            order = ", ".join(f'"{name}"' for name in contract.order)
            wh.con.sql(f"select * from {table} order by {order}").write_parquet(str(path))
    return folder


_SOUND: list[Path] = []


@pytest.fixture
def sound_run(tmp_path_factory: pytest.TempPathFactory, given: Callable[..., None]) -> Path:
    """The work tables of the small run, made once; nobody may change them."""
    if not _SOUND:
        _SOUND.append(publish(tmp_path_factory.mktemp("sound") / "tables", SOUND, given))
    return _SOUND[0]


@pytest.fixture
def facts() -> Mapping[str, Any]:
    """What the caller knows of the small run."""
    return FACTS


@pytest.fixture
def made_run(tmp_path: Path, given: Callable[..., None]) -> MakeRun:
    """`made_run(**tables)`: the work tables of the small run, with whole tables replaced."""

    def make(**tables: Sequence[Mapping[str, Any]]) -> Path:
        return publish(tmp_path / "tables", {**SOUND, **tables}, given)

    return make

"""Orders of the invitees of P, what was refunded and paid, two statements, and a burst of refunds."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from tests.console.world.said import AT, DAY, Rows


def rows(hostile: str) -> dict[str, Rows]:
    """Rows per table."""
    statement = {"promoter_id": "P", "new_paying_users": 2, "tax_estimate": Decimal("0.00")}
    return {
        "orders": [
            {
                "order_id": f"o{i}",
                "account_id": f"I{i}",
                "product_code": hostile,
                "kind": "purchase",
                "paid_at": AT,
                "list_fen": 50_000,
                "cash_fen": 50_000,
            }
            for i in (1, 2, 3)
        ],
        "refunds": [{"refund_id": "r1", "order_id": "o2", "refunded_at": AT, "kind": "refund", "cash_fen": 1_000}],
        "payouts": [
            {
                "payout_id": "w1",
                "promoter_id": "P",
                "month": "2026-03",
                "paid_at": AT,
                "gross_fen": 9_700,
                "net_fen": 9_700,
                "status": "paid",
            }
        ],
        "statements": [
            {
                **statement,
                "month": "2026-03",
                "status": "held",
                "net_amount": Decimal("970.00"),
                "rebate": Decimal("97.00"),
                "held": Decimal("97.00"),
            },
            {
                **statement,
                "month": "2026-04",
                "status": "provisional",
                "net_amount": Decimal("500.00"),
                "rebate": Decimal("50.00"),
                "payable": Decimal("50.00"),
            },
        ],
        "new_issue": [{"month": "2026-03", "cutoff_at": AT, "issued_on": DAY}],
        "statement_lines": [
            {
                "promoter_id": "P",
                "line_kind": "order",
                "invitee_id": f"I{i}",
                "order_id": f"o{i}",
                "month": "2026-03" if i < 3 else "2026-04",
                "governing_document": hostile,
                "net_amount": Decimal("485.00"),
                "rate": Decimal("0.10"),
                "rebate": Decimal("48.50"),
                "qualifies": True,
                "line_no": i,
            }
            for i in (1, 2, 3)
        ]
        + [
            {
                "promoter_id": "P",
                "line_kind": "order",
                "invitee_id": "I2",
                "order_id": "o4",
                "month": "2026-04",
                "clause": "4.3(1)",
                "net_amount": Decimal("10.00"),
                "qualifies": False,
                "line_no": 4,
            }
        ],
        "ledger": [
            {
                "entry_id": "e1",
                "transaction_id": "t1",
                "posted_on": DAY,
                "month": "2026-03",
                "earning_month": "2026-03",
                "promoter_id": "P",
                "ledger_account": "promoter_payable",
                "amount": Decimal("-97.00"),
                "cause": hostile,
            }
        ],
        "payables": [
            {
                "promoter_id": "P",
                "month": "2026-03",
                "instalment_no": 1,
                "due_on": DAY,
                "amount": Decimal("97.00"),
                "payer": hostile,
                "status": "held",
                "part_no": 1,
            },
            {
                "promoter_id": "P",
                "month": "2026-03",
                "instalment_no": 2,
                "due_on": DAY,
                "amount": Decimal("3.00"),
                "payer": hostile,
                "status": "due",
                "part_no": 1,
            },
        ],
        "bursts": [
            {
                "promoter_id": "P",
                "window_start": date(2026, 3, 1),
                "window_end": date(2026, 3, 7),
                "refund_orders": 20,
                "refund_amount": Decimal("900.00"),
                "expected_orders": 0.3,
                "flagged": True,
                "reasons": [hostile],
            }
        ],
    }

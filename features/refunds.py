"""How a promoter's invitees buy and refund: exposure, refunds and behaviour, set-based over orders and refunds (3.4, 3.5(2))."""

from __future__ import annotations

from pathlib import Path

from data_contracts.warehouse import Warehouse

SQL = Path(__file__).parent / "sql"
TABLES = (
    "statement_date",
    "refund_product",
    "promoter_number",
    "referred_account",
    "referred_order",
    "refund_order",
    "refund_day",
    "refund_conduct",
    "first_purchase",
    "cap_month",
    "promoter_conduct",
    "conduct_trace",
    "invitee_life",
    "coupon_holder",
    "coupon_use",
)


def build(wh: Warehouse) -> None:
    """Make the refund and conduct tables of the features stage, in the order of `TABLES`."""
    wh.make_all(SQL, TABLES)

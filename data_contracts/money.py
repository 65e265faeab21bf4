"""Money is whole fen (0.01 CNY) inside and DECIMAL(18,2) at the edges; rates are parts per million.

One rounding exists: half up to whole fen, and it lives here, once for Python and once as the SQL macro `round_ppm`
(`data_contracts/warehouse.py` creates it on every connection).
"""

from __future__ import annotations

import re
from decimal import Decimal

PPM = 1_000_000
_AMOUNT = re.compile(r"-?\d+(\.\d{1,2})?")
_RATE = re.compile(r"\d+(\.\d{1,6})?")

ROUND_PPM_SQL = """
create or replace macro round_ppm(fen, ppm) as
    cast((cast(fen as hugeint) * cast(ppm as hugeint) + 500000) // 1000000 as bigint)
"""

# Decimal division gives DOUBLE in DuckDB; a product with 0.01 stays DECIMAL and is exact.
MONEY_SQL = """
create or replace macro money(fen) as
    cast(cast(fen as decimal(18, 0)) * cast(0.01 as decimal(2, 2)) as decimal(18, 2))
"""


def round_ppm(fen: int, ppm: int) -> int:
    """`fen * ppm / 1e6` rounded half up to whole fen. Both must be non-negative; the result is exact."""
    if fen < 0 or ppm < 0:
        raise ValueError(f"round_ppm takes non-negative numbers, got {fen} and {ppm}")
    return (fen * ppm + PPM // 2) // PPM


def fen(amount: str | Decimal | int) -> int:
    """Whole fen of an amount in yuan written with at most two decimals. Raises ValueError for anything else."""
    text = str(amount)
    if not _AMOUNT.fullmatch(text):
        raise ValueError(f"{text!r} is not an amount with at most two decimals")
    return int(Decimal(text).scaleb(2))


def ppm(rate: str | Decimal | int) -> int:
    """Parts per million of a rate such as "0.15". Raises ValueError beyond six decimals."""
    text = str(rate)
    if not _RATE.fullmatch(text):
        raise ValueError(f"{text!r} is not a rate with at most six decimals")
    return int(Decimal(text).scaleb(6))


def yuan(amount_fen: int) -> Decimal:
    """The edge form of whole fen: a Decimal with exactly two decimals."""
    return Decimal(amount_fen).scaleb(-2)


def show(amount_fen: int) -> str:
    """What a person reads: `1,234.50`."""
    return f"{yuan(amount_fen):,.2f}"

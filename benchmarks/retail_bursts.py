"""Bursts on real refunds: honest cohorts of a real shop flagged, and recall on bursts planted into them.

    python -m benchmarks.retail_bursts --data ../shared/data/online_retail.parquet

Customers of the public Online Retail file are the invitees of cohorts (week of the first invoice, in four parts), which
stand in for promoters; invoices are orders, cancellation lines their refunds. Nobody is known to cheat, so that every
flag counts as false. A planted burst refunds orders of one cohort within three days, `strength` of them.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from benchmarks import naive
from benchmarks.record import as_table, record
from data_contracts.contract import contracts
from data_contracts.run import Run
from data_contracts.warehouse import Warehouse
from features import refunds
from models.detectors.feedback import interval
from models.detectors.refund_burst.judge import judge

AS_OF, ZONE = date(2011, 12, 9), "Europe/London"
LINES = """
create table line as
select InvoiceNo, StockCode, Quantity, UnitPrice, cast(CustomerID as bigint) as customer,
    timezone('Europe/London', InvoiceDate) as happened_at, starts_with(InvoiceNo, 'C') as cancelled
from read_parquet($data) where CustomerID is not null
"""
FEEDS = {
    "accounts": """select concat('C', customer) as account_id, min(happened_at) as registered_at, 'individual' as account_type,
        'individual' as verified_as from line group by customer""",
    "referrals": """select concat('C', customer) as invitee_id,
        concat('cohort-', strftime(min(happened_at), '%G-W%V'), '-', customer % 4) as promoter_id, 'none' as link_id,
        cast(null as timestamptz) as clicked_at from line group by customer""",
    "orders": """select InvoiceNo as order_id, concat('C', min(customer)) as account_id, 'invoice' as product_code,
        cast(null as varchar) as activity_id, 'purchase' as kind, min(happened_at) as paid_at,
        cast(round(100 * sum(Quantity * UnitPrice)) as bigint) as cash_fen,
        cast(round(100 * sum(Quantity * UnitPrice)) as bigint) as list_fen, cast(0 as bigint) as coupon_fen,
        cast(0 as bigint) as voucher_fen
        from line where not cancelled and Quantity > 0 group by InvoiceNo having cash_fen > 0""",
    "refunds": """select concat(c.InvoiceNo, '-', p.InvoiceNo) as refund_id, p.InvoiceNo as order_id, min(c.happened_at) as refunded_at,
        'refund' as kind, cast(round(100 * sum(-c.Quantity * c.UnitPrice)) as bigint) as cash_fen
        from line as c asof join (select InvoiceNo, StockCode, customer, happened_at from line where not cancelled and Quantity > 0) as p
        on c.customer = p.customer and c.StockCode = p.StockCode and c.happened_at >= p.happened_at
        where c.cancelled and c.UnitPrice > 0 group by all""",
}


def build(data: Path, work: Path) -> Warehouse:
    """The features of the shop's cohorts."""
    shop = duckdb.connect()
    shop.execute("set TimeZone = 'UTC'")
    shop.execute(LINES, {"data": str(data)})
    wh = Warehouse(work, "models", Run("retail", 1, AS_OF, ZONE))
    for contract in contracts().values():
        wh.empty(contract.table)
    for table, sql in FEEDS.items():
        wh.admit(table, shop.sql(sql).to_arrow_table())
    wh.execute(
        "insert into parameter_span by name select 'statement_day' as path, date '2000-01-01' as from_day,"
        " cast(null as date) as to_day, 'd' as document_id, '20' as value"
    )
    for table in set(refunds.TABLES) & set(contracts()):
        wh.execute(f"drop table {table}")
    refunds.build(wh)
    return wh


def tables(wh: Warehouse) -> dict[str, pa.Table]:
    """What the burst test reads."""
    names = ("refund_day", "refund_order", "group_member")
    return {
        t: wh.con.sql(f"select * from {t} order by {', '.join(contracts()[t].key)}").to_arrow_table() for t in names
    }


def plant(
    wh: Warehouse, found: dict[str, pa.Table], cohorts: list[str], strength: int, seed: int
) -> tuple[dict[str, pa.Table], dict[str, date]]:
    """The tables with a burst in each of `cohorts`: `strength` of its orders refunded in full within three days."""
    rng = np.random.default_rng(seed)
    rows, days = [], {}
    for cohort in cohorts:
        orders = wh.execute(
            "select o.order_id, o.account_id, natural_day(o.paid_at, $zone), o.cash_fen from orders as o join referrals on"
            " invitee_id = account_id where promoter_id = $p and o.cash_fen > 0 and o.order_id not in"
            " (select order_id from refund_order) order by 1", p=cohort,
        )  # fmt: skip
        latest = max(o[2] for o in orders)
        day = min(latest + timedelta(days=3), AS_OF - timedelta(days=3))
        picked = [orders[n] for n in rng.permutation(len(orders)) if orders[n][2] < day][:strength]
        days[cohort] = day
        for order_id, account, paid_on, fen in picked:
            on = day + timedelta(days=int(rng.integers(0, 3)))
            rows.append({"order_id": order_id, "promoter_id": cohort, "account_id": account, "paid_on": paid_on,
                         "refunded_on": on, "age_days": (on - paid_on).days, "paid_fen": fen, "refund_fen": fen})  # fmt: skip
    base = found["refund_order"]
    extra = pa.table({f.name: pa.array([r.get(f.name) for r in rows], f.type) for f in base.schema})
    return {**found, "refund_order": pa.concat_tables([base, extra])}, days


def measured(wh: Warehouse, least_orders: int) -> dict[str, Any]:
    """Honest flags, the naive rules' flags, and the recall by strength among cohorts of `least_orders` orders or more."""
    honest = tables(wh)
    verdict = judge(honest["refund_day"], honest["refund_order"], honest["group_member"], AS_OF)
    tested, flagged = int(verdict.tested.sum()), int((verdict.q <= 0.05).sum())
    levels = (0.01, 0.05, 0.1, 0.5)
    return {
        "cohorts": tested,
        "returns": int(verdict.standard.refunds.sum()),
        "flagged": flagged,
        "flagged_share": round(flagged / tested, 4),
        "interval": [round(v, 4) for v in interval(flagged, tested)],
        "who": [str(p) for p in verdict.promoters[verdict.q <= 0.05]],
        "p_below": {str(a): round(float((verdict.p[verdict.tested] <= a).mean()), 4) for a in levels},
        "naive": {
            name: [sum(flag for _, flag in found.values()), len(found)] for name, found in naive.rules(wh).items()
        },
        "recall": {str(strength): recall(wh, honest, strength, least_orders) for strength in (4, 6, 8, 12, 16)},
    }


def recall(wh: Warehouse, honest: dict[str, pa.Table], strength: int, least_orders: int) -> list[int]:
    """Of the bursts planted into thirty cohorts, ten at a time: how many were found, how many there were."""
    large = "select promoter_id from promoter_conduct where orders >= $n order by 1"
    big = [r[0] for r in wh.execute(large, n=least_orders)]
    hits = trials = 0
    for seed in range(3):
        chosen = [big[n] for n in np.random.default_rng([seed, 7]).permutation(len(big))[:10]]
        planted, days = plant(wh, honest, chosen, strength, seed)
        told = judge(planted["refund_day"], planted["refund_order"], planted["group_member"], AS_OF)
        hits, trials = hits + len(set(told.promoters[told.q <= 0.05]) & set(days)), trials + len(days)
    return [hits, trials]


def section(report: dict[str, Any], least_orders: int) -> str:
    """The report as a section of RESULTS.md."""
    ours = {"ours": [report["flagged"], report["cohorts"]]}
    shares = [
        {"rule": name, "honest cohorts flagged": f"{a} of {b}", "share": f"{a / b:.1%}",
         "95 % interval": "{:.1%} to {:.1%}".format(*interval(a, b))}
        for name, (a, b) in (ours | report["naive"]).items()
    ]  # fmt: skip
    rows = [{"orders planted": k, "found": f"{a} of {b}"} for k, (a, b) in report["recall"].items()]
    return (
        f"{report['cohorts']} cohorts with {report['returns']} returns; flagged {report['flagged']}"
        f" ({report['flagged_share']:.1%}, 95 % interval {report['interval'][0]:.1%} to {report['interval'][1]:.1%}); wanted:"
        f" at most 1 %. p at most 0.01, 0.05, 0.1, 0.5: {list(report['p_below'].values())}."
        f"\n\n{as_table(shares)}\n\nBursts planted within three days into cohorts of {least_orders} orders or more:"
        f"\n\n{as_table(rows)}"
    )


def main() -> None:
    """Print the honest flags, the naive rules' flags and the recall by strength, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--least-orders", type=int, default=20)
    parser.add_argument("--record", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        report = measured(build(asked.data, Path(work)), asked.least_orders)
    print(json.dumps(report, indent=1))
    if asked.record:
        command = "python -m benchmarks.retail_bursts --data FILE --record"
        record("Refund bursts: real refunds (Online Retail)", command, section(report, asked.least_orders))


if __name__ == "__main__":
    main()

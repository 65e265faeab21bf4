"""The rows that were not kept: counted per file, written with their rule, and held against the limits."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pyarrow as pa

from data_contracts.contract import Contract
from data_contracts.errors import InputRefused
from data_contracts.rows import kept_name
from data_contracts.shown import masked
from data_contracts.warehouse import Warehouse
from pipelines.ingest.sources import ROW_BITS, ROWS_PER_FILE, SourceFile

MOST_MONEY_ROWS = 100


def close(wh: Warehouse, active: Sequence[Contract], files: Sequence[SourceFile]) -> None:
    """Make `quarantined_row`, `feed_fact`, `feed_fault` and `quarantined_money` from what every feed's steps decided."""
    facts = {"file_no": range(len(files)), "feed": [f.table for f in files], "file": [f.name for f in files]}
    wh.con.register("facts", pa.table({k: pa.array(list(v)) for k, v in facts.items()}) if files else None)
    wh.execute("create table source_file as select cast(file_no as bigint) as file_no, feed, file from facts")
    wh.con.unregister("facts")
    wh.execute(
        "create table quarantined_row (feed varchar, rid bigint, file varchar, row_number bigint, rule varchar, "
        "detail varchar, row varchar, counted boolean, closed_by varchar)"
    )
    wh.empty("feed_fact")
    for contract in active:
        if sum(f.table == contract.table for f in files):
            wh.execute(_rows(contract))
            wh.execute(_facts(contract.table))
        if sum(f.table == contract.table for f in files) > 1 and contract.table != "identifiers":
            wh.execute(_mended(contract))
    wh.execute(_FAULTS)
    wh.execute(_MONEY)


def _shown(contract: Contract) -> str:
    if contract.table == "identifiers":
        pairs = [
            f"'account_id': {masked('account_id')}",
            "'kind': kind",
            "'value': mask",
            "'observed_at': cast(observed_at as varchar)",
        ]
        return "{" + ", ".join([*pairs, "'source': source"]) + "}"
    pairs = []
    for c in contract.columns:
        if c.extra.get("personal") == "raw":
            pairs.append(f"'{c.name}': case when {c.extra['kept_as']} is not null then '****' end")
        elif c.type == "money":
            fen = kept_name(c)
            pairs.append(
                f"'{c.name}': case when {fen} is not null then printf('%d.%02d', {fen} // 100, {fen} % 100) end"
            )
        elif not c.extra.get("dropped"):
            pairs.append(f"'{c.name}': {masked(f'cast({c.name} as varchar)')}")
    return "{" + ", ".join(pairs) + "}"


def _rows(contract: Contract) -> str:
    table = contract.table
    return f"""
insert into quarantined_row
select '{table}' as feed, rid, source_file.file, rid & {ROWS_PER_FILE - 1} as row_number, gone.rule, gone.detail,
    coalesce(judged.row_json, cast(to_json({_shown(contract)}) as varchar)) as row, gone.counted, null as closed_by
from judged_{table} as judged
join (select rid, rule, detail, counted from gone_{table} where what = 'quarantined') as gone using (rid)
join source_file on source_file.file_no = rid >> {ROW_BITS}"""


def _mended(contract: Contract) -> str:
    """A row that another file brings again, corrected: the entry is closed by reference, never edited away."""
    table, keys = contract.table, ", ".join(contract.key)
    return f"""
update quarantined_row set closed_by = again.reference
from (
    select bad.rid, min(source_file.file || ':' || (good.rid & {ROWS_PER_FILE - 1})) as reference
    from (select rid, {keys} from judged_{table} semi join (from quarantined_row where feed = '{table}') using (rid)) as bad
    join (select rid, {keys} from judged_{table} anti join gone_{table} using (rid)) as good using ({keys})
    join source_file on source_file.file_no = good.rid >> {ROW_BITS}
    where good.rid >> {ROW_BITS} <> bad.rid >> {ROW_BITS}
    group by bad.rid
) as again
where feed = '{table}' and quarantined_row.rid = again.rid"""


def _facts(table: str) -> str:
    return f"""
insert into feed_fact
select '{table}' as feed, source_file.file, count(rid) as rows_in, count(rid) - count(gone.what) as kept,
    count(*) filter (where gone.what = 'quarantined') as quarantined,
    count(*) filter (where gone.what = 'waiting') as waiting,
    count(*) filter (where gone.what = 'duplicate') as duplicates
from source_file
left join judged_{table} as judged on judged.rid >> {ROW_BITS} = source_file.file_no
left join (select rid, what from gone_{table}) as gone using (rid)
where source_file.feed = '{table}'
group by source_file.file"""


_FAULTS = """
create or replace table feed_fault as
select feed, rule, count(*) as quarantined, count(closed_by) as mended
from quarantined_row
group by all
"""

_MONEY = """
create or replace table quarantined_money as
with sent as (
    select invitee_id, promoter_id from referrals
    union
    select judged.invitee_id, judged.promoter_id
    from judged_referrals as judged
    join (select rid from gone_referrals where rule = 'acct.unknown') as gone using (rid)
    where judged.invitee_id is not null and judged.promoter_id is not null
), bought as (
    select distinct order_id, account_id, natural_month(paid_at, $zone) as month
    from judged_orders
    where order_id is not null
), traced as (
    select q.rid, o.account_id, cast(null as varchar) as promoter_id, natural_month(o.paid_at, $zone) as month
    from quarantined_row as q join judged_orders as o on q.feed = 'orders' and o.rid = q.rid
    union all
    select q.rid, bought.account_id, null, bought.month
    from quarantined_row as q join judged_refunds as r on q.feed = 'refunds' and r.rid = q.rid
    join bought on bought.order_id = r.order_id
    union all
    select q.rid, coalesce(bought.account_id, c.issued_to), null, bought.month
    from quarantined_row as q join judged_coupons as c on q.feed = 'coupons' and c.rid = q.rid
    left join bought on bought.order_id = c.redeemed_order_id
    union all
    select q.rid, null, p.promoter_id, p.month
    from quarantined_row as q join judged_payouts as p on q.feed = 'payouts' and p.rid = q.rid
), found as (
    select rid, promoter_id, month
    from (
        select traced.rid, coalesce(traced.promoter_id, sent.promoter_id) as promoter_id, traced.month
        from traced left join sent on sent.invitee_id = traced.account_id
    )
    where promoter_id in (select id from known_accounts)
)
select q.feed, q.file, q.row_number, q.rule, min(found.promoter_id) as promoter_id, min(found.month) as month
from quarantined_row as q join found using (rid)
where q.feed in ('orders', 'refunds', 'coupons', 'payouts') and q.closed_by is null
group by all
"""


def enforce(wh: Warehouse, most: Decimal) -> None:
    """Refuse a feed of which too much is bad, and a promoter with too many bad money rows."""
    for feed, bad, rows in wh.execute(
        "select f.feed, coalesce(any_value(q.bad), 0), sum(f.rows_in) from feed_fact as f left join (select feed, count(*) as bad "
        "from quarantined_row where counted and closed_by is null group by feed) as q on q.feed = f.feed "
        "group by f.feed order by f.feed"
    ):
        if rows and Decimal(int(bad)) > most * int(rows):
            raise InputRefused(
                "feed.share",
                f"{bad} of {rows} rows of {feed} are bad ({_by_rule(wh, feed)}), above max_quarantine_share {most}; "
                "mend the feed or raise the limit in the programme",
                where=feed,
            )
    many = wh.execute(
        "select m.promoter_id, count(*) from quarantined_money as m join quarantined_row as q "
        "using (feed, file, row_number, rule) where q.counted group by m.promoter_id "
        f"having count(*) > {MOST_MONEY_ROWS} order by all limit 1"
    )
    if many:
        promoter, count = many[0]
        raise InputRefused(
            "feed.money_rows",
            f"{count} money rows of promoter {promoter} are bad, above {MOST_MONEY_ROWS}; mend the feeds",
        )


def _by_rule(wh: Warehouse, feed: str) -> str:
    rules = wh.execute(
        "select rule, count(*) as n from quarantined_row where feed = $feed and counted and closed_by is null "
        "group by rule order by n desc, rule limit 5",
        feed=feed,
    )
    return ", ".join(f"{rule} {count}" for rule, count in rules)


def write(wh: Warehouse, delivered: frozenset[str]) -> None:
    """`<folder>/quarantine/TABLE.parquet` of every feed that was delivered, with rows or without."""
    folder = wh.folder / "quarantine"
    folder.mkdir(parents=True, exist_ok=True)
    for feed in sorted(delivered):
        wh.con.sql(
            'select feed as "table", file, row_number, rule, detail, row, closed_by from quarantined_row '
            f"where feed = '{feed}' order by file, row_number"
        ).write_parquet(str(folder / f"{feed}.parquet"), compression="zstd")

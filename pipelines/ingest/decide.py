"""Decides for every row of a feed: kept, waiting, an identical repeat, or quarantined; and by which rule.

A row is first judged alone (data_contracts/rows.py). Then, in this order: what is not yet known waits; repeats collapse
or conflict; references are followed; events are held against their account's registration; refunds against their order.
A row that has gone is not seen by the steps after it. SQL here is built from contract names alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from data_contracts.contract import Contract, contracts
from data_contracts.rows import kept_name
from data_contracts.warehouse import Warehouse

KEPT, WAITING, QUARANTINED = 3, 2, 1
WAITING_DAYS = 35


def in_order(feeds: Sequence[Contract]) -> tuple[Contract, ...]:
    """Feeds so that each stands after those that it refers to."""
    placed: list[Contract] = []
    rest = list(feeds)
    while rest:
        names = {c.table for c in rest}
        ready = [c for c in rest if not (_targets(c) & names)]
        placed += ready
        rest = [c for c in rest if c not in ready]
    return tuple(placed)


def _targets(contract: Contract) -> set[str]:
    return {str(c.extra["refers"]).split(".")[0] for c in contract.columns if "refers" in c.extra}


def decide(wh: Warehouse, contract: Contract, delivered: frozenset[str]) -> None:
    """Make `gone_<table>`, `known_<table>` and the kept table from `judged_<table>`."""
    table = contract.table
    wh.execute(_alone(contract))
    wh.execute(_repeats(contract))
    for column in contract.columns:
        target = str(column.extra.get("refers", "")).split(".")[0]
        if target and (target in delivered or contracts()[target].extra["required"]):
            wh.execute(_reference(contract, column.name, target, str(column.extra["orphan"])))
    if event := contract.extra.get("event"):
        wh.execute(_before_registration(table, event["account"], event["at"]))
    if table == "refunds":
        for statement in _REFUNDS:
            wh.execute(statement)
    if len(contract.key) == 1:
        wh.execute(_known(contract, contract.key[0]))
    elif table == "products":
        wh.execute(_known(contract, "product_code"))
    wh.execute(_kept(contract))


def live(table: str) -> str:
    """The rows that nothing has taken away yet, as a FROM item named `live`."""
    return f"(select * from judged_{table} anti join gone_{table} using (rid)) as live"


def instant(contract: Contract) -> str | None:
    """The column that tells when a row happened, for waiting and for the age of orphans."""
    return contract.extra.get("waits_on") or contract.extra.get("aged_by")


def _alone(contract: Contract) -> str:
    at = contract.extra.get("waits_on")
    waits = f"coalesce({at} >= $cutoff_at and not starts_with(coalesce(rule, ''), 'ts.'), false)" if at else "false"
    if contract.extra.get("kept_whole"):
        waits = "false"
    return f"""
create table gone_{contract.table} as
select rid, case when waits then 'waiting' else 'quarantined' end as what,
    case when not waits then rule end as rule, case when not waits then coalesce(reason, column_at) end as detail,
    not waits as counted
from (select rid, rule, column_at, reason, {waits} as waits from judged_{contract.table})
where waits or rule is not null"""


def columns_inside(contract: Contract) -> list[str]:
    """Names in `judged_<table>` of what is kept of a row (of identifiers, what makes a sighting)."""
    if contract.table == "identifiers":
        return list(contract.kept().key)
    return [
        str(c.extra.get("kept_as", f"{c.name}_token")) if c.extra.get("personal") == "raw" else kept_name(c)
        for c in contract.columns
        if not c.extra.get("dropped")
    ]


def _repeats(contract: Contract) -> str:
    key = ", ".join(contract.kept().key)
    content = ", ".join(f"'{n}': {n}" for n in columns_inside(contract))
    return f"""
insert into gone_{contract.table}
with hashed as (
    select rid, hash({key}) as key_hash from {live(contract.table)}
), twice as (
    select key_hash from hashed group by key_hash having count(*) > 1
), suspects as (
    select live.rid, {key}, cast(to_json({{{content}}}) as varchar) as content
    from {live(contract.table)}
    where rid in (select rid from hashed semi join twice using (key_hash))
), compared as (
    select rid, min(content) over same <> max(content) over same as differs,
        row_number() over (partition by {key} order by rid) as place
    from suspects
    window same as (partition by {key})
)
select rid, case when differs then 'quarantined' else 'duplicate' end as what,
    case when differs then 'ev.conflict' end as rule,
    case when differs then 'the same key with other content' end as detail, true as counted
from compared
where differs or place > 1"""


def _reference(contract: Contract, column: str, target: str, code: str) -> str:
    at = instant(contract)
    young = f"coalesce($as_of - natural_day({at}, $zone) < {WAITING_DAYS}, false)" if at else "false"
    tolerated = WAITING if "when_waiting" in contract.column(column).extra else KEPT
    return f"""
insert into gone_{contract.table}
select rid, case when state = {WAITING} then 'waiting' else 'quarantined' end as what,
    case when state = {WAITING} then null else '{code}' end as rule,
    case when state = {WAITING} then null
        when state = {QUARANTINED} then '{column} refers to a quarantined row of {target}'
        when young then 'waiting'
        else '{column} is not in {target}' end as detail,
    state is null and not young as counted
from (
    select live.rid, known.state, {young} as young
    from {live(contract.table)}
    left join known_{target} as known on known.id = live.{column}
    where live.{column} is not null and coalesce(known.state, 0) < {tolerated}
)"""


def _before_registration(table: str, account: str, at: str) -> str:
    return f"""
insert into gone_{table}
select live.rid, 'quarantined' as what, 'ev.before_registration' as rule, '{at}' as detail, true as counted
from {live(table)}
join known_accounts as known on known.id = live.{account}
where live.{at} < known.registered_at - interval 5 minutes"""


_REFUNDS = (
    f"""
insert into gone_refunds
select live.rid, 'quarantined' as what, 'ref.before_payment' as rule, 'refunded_at' as detail, true as counted
from {live("refunds")}
join orders on orders.order_id = live.order_id
where live.refunded_at < orders.paid_at""",
    # In time order: a refund that would pass its order's cash goes, and does not count for the ones after it.
    f"""
insert into gone_refunds
with recursive sums as (
    select order_id from {live("refunds")} group by order_id having count(*) > 0
), passing as (
    select live.order_id, any_value(orders.cash_fen) as cash_fen
    from {live("refunds")} join orders on orders.order_id = live.order_id
    group by live.order_id having sum(live.cash_fen) > any_value(orders.cash_fen)
), queue as (
    select live.rid, live.order_id, live.cash_fen as refund_fen, passing.cash_fen,
        row_number() over (partition by live.order_id order by live.refunded_at, live.refund_id) as place
    from {live("refunds")} join passing on passing.order_id = live.order_id
), walk as (
    select order_id, cast(0 as bigint) as place, cast(0 as bigint) as taken_fen, cast(null as bigint) as refused
    from passing
    union all
    select queue.order_id, queue.place,
        case when walk.taken_fen + queue.refund_fen <= queue.cash_fen
            then walk.taken_fen + queue.refund_fen else walk.taken_fen end as taken_fen,
        case when walk.taken_fen + queue.refund_fen > queue.cash_fen then queue.rid end as refused
    from walk join queue on queue.order_id = walk.order_id and queue.place = walk.place + 1
)
select refused as rid, 'quarantined' as what, 'ref.excess' as rule, 'cash_amount' as detail, true as counted
from walk where refused is not null""",
)


def _known(contract: Contract, key: str) -> str:
    table = contract.table
    more = ", any_value(registered_at) filter (where what is null) as registered_at" if table == "accounts" else ""
    return f"""
create table known_{table} as
select {key} as id,
    max(case when what is null then {KEPT} when what = 'waiting' then {WAITING} else {QUARANTINED} end) as state{more}
from judged_{table}
left join (select rid, what from gone_{table}) using (rid)
where {key} is not null
group by {key}"""


def _kept(contract: Contract) -> str:
    table, kept = contract.table, contract.kept()
    if table == "identifiers":
        return _KEPT_IDENTIFIERS
    if table == "coupons":
        columns = ", ".join(
            f"case when known.state = {WAITING} then null else live.{n} end as {n}"
            if n == "redeemed_order_id"
            else f"live.{n}"
            for n in kept.names
        )
        return f"""
create or replace table coupons as
select {columns} from {live(table)} left join known_orders as known on known.id = live.redeemed_order_id"""
    return f"create or replace table {table} as select {', '.join(kept.names)} from {live(table)}"


# A door brings its building along as a sighting of its own, unless the same instant shows that building already.
_KEPT_IDENTIFIERS = f"""
create or replace table identifiers as
with sighted as (
    select account_id, kind, token, observed_at, source, mask, class, links from {live("identifiers")}
), coarser as (
    select distinct live.account_id, live.kind, also.token, live.observed_at, live.source, also.mask, also.cls as class,
        also.links
    from {live("identifiers")} join also_identifiers as also using (rid)
)
select account_id, kind, token, observed_at, source, mask, class, links from sighted
union all
select account_id, kind, token, observed_at, source, mask, class, links
from coarser anti join (select account_id, kind, token, observed_at, source from sighted where kind = 'address')
    using (account_id, kind, token, observed_at, source)"""

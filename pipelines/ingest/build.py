"""The ingestion stage: sources in, checked feed tables out; every row is accounted for."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import pyarrow as pa

from data_contracts.contract import Contract, contracts
from data_contracts.errors import InputRefused
from data_contracts.raw_vault import Vault
from data_contracts.rows import judge_sql, judged_columns, text_instants
from data_contracts.shown import like_identifier
from data_contracts.vault import Key
from data_contracts.warehouse import Warehouse
from pipelines.ingest import delivery, health, quarantine, raw_rows
from pipelines.ingest.child import read_all
from pipelines.ingest.decide import decide, in_order
from pipelines.ingest.delivery import Alarm
from pipelines.ingest.shelf import Shelf
from pipelines.ingest.sources import ROWS_PER_FILE, SourceFile, feeds, find, unread
from pipelines.ingest.tokens import tokenise
from pipelines.reading.arrow_form import form_of

log = logging.getLogger("tongren")

ALWAYS = frozenset({"coupons", "payouts"})  # absent money feeds are judged as empty ones
MOST_VOLUMES = 200


@dataclass(frozen=True)
class IngestSummary:
    """What an ingestion did, per feed: rows in, kept, quarantined (and by rule), waiting, collapsed."""

    rows_in: Mapping[str, int]
    kept: Mapping[str, int]
    quarantined: Mapping[str, int]
    waiting: Mapping[str, int]
    duplicates: Mapping[str, int]
    by_rule: Mapping[str, Mapping[str, int]]
    alarms: tuple[Alarm, ...] = ()


def build(
    wh: Warehouse,
    *,
    sources: Path,
    key: Key,
    zone: str,
    max_quarantine_share: Decimal | str | float = "0.005",
    allow_read: Sequence[Path] = (),
    require_manifest: bool = False,
    vault: Vault | None = None,
    earlier: Sequence[health.Earlier] = (),
    history: pa.Table | None = None,
    accepted: Collection[str] = (),
    delivered_as: str = "",
    shelf_in: Path | None = None,
) -> IngestSummary:
    """Make the 15 feeds in kept form, `feed_fact`, `feed_fault`, `quarantined_money`; write `<folder>/quarantine/TABLE.parquet`.

    Raises InputRefused, before anything is kept, for whatever docs/feeds.md calls fatal: exit 3, nothing published.
    `earlier` are the published runs, oldest first, the last of which gaps are held against; `history` has the volumes of
    runs in the shape of `feed_volume`, and `accepted` the deliveries with an alarm that a person accepted. What is unusual is
    in the table `feed_alarm`, under `delivered_as`, the SHA-256 of the delivery: nothing is issued until a person accepts it.
    Files of identifiers whose kept form is in the folder `shelf_in` are neither read nor tokenised again; with a vault, which
    seals raw values, all of them are.
    """
    files = find(sources)
    promised = delivery.read(sources, required=require_manifest, cutoff_at=wh.run.cutoff_at)
    alarms = health.gaps(promised, delivery.kept(earlier[-1].tables) if earlier else None)
    if promised:
        delivery.check_files(promised, files)
    delivered = frozenset(f.table for f in files)
    numbers = {f.name: i for i, f in enumerate(files)}
    shelf = Shelf(shelf_in, key, zone, files) if shelf_in and vault is None else None
    if shelf_in and not shelf:
        shutil.rmtree(shelf_in, ignore_errors=True)
    held = shelf.held if shelf else {}
    active = [c for c in feeds() if c.table in delivered | ALWAYS]
    _read(wh, active, [f for f in files if f.name not in held], numbers, zone, promised, sources, allow_read)
    for contract in active:
        _refuse_empty(wh, contract, files)
        wh.execute(f"alter table judged_{contract.table} drop column zones")
    tokenise(wh.con, key, delivered, vault)
    if shelf:
        shelf.load(wh, numbers)
    if promised:
        delivery.check_contents(wh, promised, [f for f in files if f.name in held], numbers)
    for contract in in_order(active):
        decide(wh, contract, delivered)
    quarantine.close(wh, active, files)
    summary = _summary(wh)
    _say_odd(wh, sources, summary)
    if history is not None:
        past = health.series(history, accepted)
        alarms += health.gone(summary.rows_in, past) + health.volumes(summary.rows_in, wh.run.as_of, past)
    quarantine.enforce(wh, Decimal(str(max_quarantine_share)))
    quarantine.write(wh, delivered)
    if vault is not None:
        raw_rows.keep(wh, vault, delivered_as, files, sources, allow_read, read_all)
    if shelf:
        shelf.keep(wh, numbers)
    _clean(wh)
    delivery.keep(wh.folder, promised)
    _sound(wh, alarms, delivered_as)
    _note_volumes(wh, history, delivered_as, alarmed=bool(alarms))
    return replace(summary, alarms=alarms)


def _read(
    wh: Warehouse, active: Sequence[Contract], files: Sequence[SourceFile], numbers: Mapping[str, int], zone: str,
    promised: delivery.Delivery | None, sources: Path, allow_read: Sequence[Path],
) -> None:  # fmt: skip
    """Read `files`, each row judged alone into `judged_TABLE`, and hold them to the manifest where there is one."""
    for contract in feeds():
        wh.empty(contract.table)
    for contract in active:
        _empty_judged(wh, contract)

    def take(file: SourceFile, rows: pa.RecordBatchReader) -> None:
        _judge(wh, contracts()[file.table], numbers[file.name], rows, zone)

    read_all(files, sources, allow_read, take)
    if promised:
        delivery.check_contents(wh, promised, files, numbers)


def _say_odd(wh: Warehouse, sources: Path, summary: IngestSummary) -> None:
    """What wants a look whatever becomes of the run: data that is not read, refunds beyond what was paid, ids that are a person's own."""
    for name in unread(sources):
        log.warning("stage=feeds code=file.unknown file=%s: not read, for no feed has this name", name)
    if excess := summary.by_rule.get("refunds", {}).get("ref.excess"):
        log.warning(
            "stage=feeds code=ref.excess rows=%d: more is refunded than was paid; ask the sender of refunds", excess
        )
    ((count,),) = wh.execute(f"select count(*) from accounts where {like_identifier('account_id')}")
    if count:
        log.warning(
            "stage=feeds code=id.personal table=accounts rows=%d: account ids that look like a mobile number, an identity card, a"
            " card, an e-mail or IP address; ids are shown as they come, so deliver others",
            count,
        )


def _sound(wh: Warehouse, alarms: Sequence[Alarm], delivered_as: str) -> None:
    wh.empty("feed_alarm")
    for alarm in alarms:
        log.warning("stage=feeds code=%s: %s; no month is issued until a person accepts it", alarm.code, alarm.sentence)
        wh.execute(
            "insert into feed_alarm values ($code, $feed, $sentence, $delivery)",
            code=alarm.code, feed=alarm.feed, sentence=alarm.sentence, delivery=delivered_as,
        )  # fmt: skip


def _note_volumes(wh: Warehouse, history: pa.Table | None, delivered_as: str, *, alarmed: bool) -> None:
    wh.empty("feed_volume")
    if history is not None:
        wh.con.register("history", history)
        wh.execute(f"insert into feed_volume by name from history where run_seq > $run_seq - {MOST_VOLUMES}")
        wh.con.unregister("history")
    wh.execute(
        "insert into feed_volume select $run_seq, $as_of, feed, sum(rows_in), $delivery, $alarmed from feed_fact group by feed",
        delivery=delivered_as, alarmed=alarmed,
    )  # fmt: skip


def _empty_judged(wh: Warehouse, contract: Contract) -> None:
    columns = judged_columns(contract) | {"reason": "varchar", "rid": "bigint"}
    listed = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
    wh.execute(f"create table judged_{contract.table} ({listed})")


def _judge(wh: Warehouse, contract: Contract, number: int, rows: pa.RecordBatchReader, zone: str) -> None:
    physical = {f.name: form_of(f.type) for f in rows.schema if f.name in contract.names}
    wh.con.register("incoming", rows)
    try:
        judged = judge_sql(contract, physical, "incoming")
        wh.execute(
            f"insert into judged_{contract.table} by name select * exclude (row_number), "
            f"row_number + {number * ROWS_PER_FILE} as rid from ({judged})",
            zone=zone,
        )
    finally:
        wh.con.unregister("incoming")
    _note_zones(wh, contract, number, text_instants(contract, physical))


def _note_zones(wh: Warehouse, contract: Contract, number: int, instants: Sequence[str]) -> None:
    """An instant without offset beside instants with one, in one column of one file, cannot be placed in time."""
    table, first = contract.table, number * ROWS_PER_FILE
    for i, name in enumerate(instants):
        bare, with_offset = 1 << (2 * i), 2 << (2 * i)
        where = f"rid >= {first} and rid < {first + ROWS_PER_FILE}"
        both = wh.execute(
            f"select bool_or(zones & {bare} > 0) and bool_or(zones & {with_offset} > 0) from judged_{table} where {where}"
        )[0][0]
        if both:
            wh.execute(
                f"update judged_{table} set rule = 'ts.zone', column_at = '{name}', row_json = null "
                f"where {where} and rule is null and zones & {bare} > 0"
            )


def _refuse_empty(wh: Warehouse, contract: Contract, files: Sequence[SourceFile]) -> None:
    if contract.extra["required"] and not contract.extra["may_be_empty"]:
        (count,) = wh.execute(f"select count(*) from judged_{contract.table}")[0]
        if not count:
            first = next(f.name for f in files if f.table == contract.table)
            raise InputRefused("file.norows", f"{contract.table} has no rows", where=first)


def _summary(wh: Warehouse) -> IngestSummary:
    sums: dict[str, dict[str, int]] = {}
    for feed, *counts in wh.execute(
        "select feed, sum(rows_in), sum(kept), sum(quarantined), sum(waiting), sum(duplicates) "
        "from feed_fact group by feed order by feed"
    ):
        sums[feed] = dict(zip(("in", "kept", "quarantined", "waiting", "duplicates"), map(int, counts), strict=True))
        log.info("stage=feeds table=%s %s", feed, " ".join(f"rows_{k}={v}" for k, v in sums[feed].items()))
    rules: dict[str, dict[str, int]] = {}
    for feed, rule, count in wh.execute(
        "select feed, rule, count(*) from quarantined_row group by feed, rule order by feed, rule"
    ):
        rules.setdefault(feed, {})[rule] = count
    of = {
        part: {t: c[part] for t, c in sums.items()} for part in ("in", "kept", "quarantined", "waiting", "duplicates")
    }
    return IngestSummary(of["in"], of["kept"], of["quarantined"], of["waiting"], of["duplicates"], rules)


def _clean(wh: Warehouse) -> None:
    """Drop the working tables: the stage leaves nothing but what its contracts name."""
    keep = {c.table for c in contracts().values()}
    for (name,) in wh.execute("select table_name from duckdb_tables() where not internal order by table_name"):
        if name not in keep:
            wh.execute(f"drop table {name}")

"""The contract report of a run: one self-contained HTML page of counts. It shows no value of any row.

Rows in, kept, quarantined by rule, waiting; what is unusual about the volume, and the volume of earlier runs; how lists,
amounts and instants are distributed; and what moved since the run before. Great Expectations' own pages load scripts from
elsewhere and print raw values, so this is ours.
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb

from data_contracts.contract import Contract, contracts
from data_contracts.warehouse import connect
from pipelines.deliveries import alarms
from pipelines.ingest.sources import feeds

NOTABLE_PSI = 0.2
SHOWN_RUNS = 8
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#1c2430}
table{border-collapse:collapse;margin:.5rem 0 1.5rem}caption{text-align:left;font-weight:600;padding:.3rem 0}
th,td{padding:.25rem .7rem;border-bottom:1px solid #d9dee6;text-align:right}th:first-child,td:first-child{text-align:left}
.notable{background:#fdf0d5}.bar{display:inline-block;height:.7em;background:#7a96c2;vertical-align:middle}
"""


def write(run: Path, out: Path, *, before: Path | None = None, unread: Sequence[str] = ()) -> Path:
    """Write `contract_report.html` into `out` for a run folder (`tables/feeds/`, `quarantine/`).

    `before` is the run folder to compare with, `unread` what stands in the source folder and is no feed. Gives the page's path.
    """
    folders = [run] if before is None else [run, before]
    with connect(folders) as con:
        parts = [_alarms(run), _unread(unread), _summary(con, run, before), _volumes(con, run), _quarantine(con, run)]
        for contract in feeds():
            parts += _feed(con, contract, run, before)
    out.mkdir(parents=True, exist_ok=True)
    page = out / "contract_report.html"
    page.write_text(
        "<!doctype html><html lang=en><meta charset=utf-8><title>Contract report</title>"
        f"<style>{_STYLE}</style><h1>Contract report 数据契约报告</h1>{''.join(parts)}</html>\n",
        encoding="utf-8",
    )
    return page


def _parquet(run: Path, table: str) -> Path:
    return run / "tables" / "feeds" / f"{table}.parquet"


def _table(caption: str, head: Sequence[str], rows: Sequence[Sequence[object]], notable: Sequence[bool] = ()) -> str:
    if not rows:
        return ""
    marks = [*notable, *[False] * (len(rows) - len(notable))]
    cells = "".join(f"<th scope=col>{html.escape(h)}</th>" for h in head)
    lines = "".join(
        f"<tr{' class=notable' if mark else ''}>" + "".join(f"<td>{html.escape(_shown(v))}</td>" for v in row) + "</tr>"
        for row, mark in zip(rows, marks, strict=True)
    )
    return f"<table><caption>{html.escape(caption)}</caption><tr>{cells}</tr>{lines}</table>"


def _shown(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _summary(con: duckdb.DuckDBPyConnection, run: Path, before: Path | None) -> str:
    query = (
        "select feed, sum(rows_in)::bigint, sum(kept)::bigint, sum(quarantined)::bigint, sum(waiting)::bigint, "
        "sum(duplicates)::bigint from read_parquet($path) group by feed order by feed"
    )
    rows = con.execute(query, {"path": str(_parquet(run, "feed_fact"))}).fetchall()
    earlier: dict[str, int] = {}
    if before is not None and _parquet(before, "feed_fact").exists():
        earlier = {r[0]: r[1] for r in con.execute(query, {"path": str(_parquet(before, "feed_fact"))}).fetchall()}
    made = [(*row, row[1] - earlier[row[0]] if row[0] in earlier else None) for row in rows]
    head = ("feed", "rows in", "kept", "quarantined", "waiting", "collapsed", "since the run before")
    return _table("Rows of each feed", head, made, [row[3] > 0 for row in rows])


def _alarms(run: Path) -> str:
    found = [(a["code"], a["feed"], a["sentence"]) for a in alarms(run / "tables")]
    caption = "Unusual: no month is issued until a person accepts this delivery"
    return _table(caption, ("code", "feed", "what"), found, [True] * len(found))


def _unread(names: Sequence[str]) -> str:
    return _table(
        "Not read: no feed has these names", ("in the source folder",), [(n,) for n in names], [True] * len(names)
    )


def _volumes(con: duckdb.DuckDBPyConnection, run: Path) -> str:
    rows = con.execute(
        "select run_seq, as_of, feed, rows_in from read_parquet($path) where run_seq < (select max(run_seq) from "
        "read_parquet($path)) order by run_seq, feed",
        {"path": str(_parquet(run, "feed_volume"))},
    ).fetchall()
    seqs = sorted({seq for seq, *_ in rows})[-SHOWN_RUNS:]
    days, counts = {seq: day for seq, day, *_ in rows}, {(seq, feed): count for seq, _, feed, count in rows}
    head = ("feed", *(days[seq].isoformat() for seq in seqs))
    names = sorted({feed for seq, feed in counts if seq in seqs})
    return _table("Rows in, of earlier runs", head, [(n, *(counts.get((seq, n)) for seq in seqs)) for n in names])


def _quarantine(con: duckdb.DuckDBPyConnection, run: Path) -> str:
    if not any((run / "quarantine").glob("*.parquet")):
        return ""
    rows = con.execute(
        "select \"table\", rule, count(*), count(*) filter (where detail = 'waiting'), count(closed_by) "
        "from read_parquet($path) group by all order by 1, 3 desc, 2",
        {"path": str(run / "quarantine" / "*.parquet")},
    ).fetchall()
    return _table("Quarantined rows by rule", ("feed", "rule", "rows", "waiting", "closed by a later file"), rows)


def _feed(con: duckdb.DuckDBPyConnection, contract: Contract, run: Path, before: Path | None) -> Iterator[str]:
    path = _parquet(run, contract.table)
    if not path.exists():
        return
    kept = contracts()[contract.table].kept()
    (count,) = con.execute("select count(*) from read_parquet($path)", {"path": str(path)}).fetchall()[0]
    if not count:
        return
    yield f"<h2>{contract.table}</h2>"
    amounts = [c.name for c in kept.columns if c.type == "fen"]
    yield _table(
        "Amounts, in yuan", ("column", "lowest", "median", "99 %", "highest"), [_amount(con, path, n) for n in amounts]
    )
    instants = [c.name for c in kept.columns if c.type == "ts"]
    yield _table("Instants", ("column", "without", "first day", "last day"), [_instant(con, path, n) for n in instants])
    earlier = _parquet(before, contract.table) if before is not None else None
    listed = [c.name for c in kept.columns if c.enum or c.type == "bool" or c.name == "class"]
    for name in listed:
        yield _shares(con, path, earlier if earlier and earlier.exists() else None, name)


def _amount(con: duckdb.DuckDBPyConnection, path: Path, name: str) -> tuple[object, ...]:
    found = con.execute(
        f"select min({name}), quantile_disc({name}, 0.5), quantile_disc({name}, 0.99), max({name}) from read_parquet($path)",
        {"path": str(path)},
    ).fetchall()[0]
    return (name, *(None if v is None else f"{v // 100:,}.{v % 100:02d}" for v in found))


def _instant(con: duckdb.DuckDBPyConnection, path: Path, name: str) -> tuple[object, ...]:
    found = con.execute(
        f"select count(*) - count({name}), min({name})::date, max({name})::date from read_parquet($path)",
        {"path": str(path)},
    ).fetchall()[0]
    return (name, *found)


def _shares(con: duckdb.DuckDBPyConnection, path: Path, before: Path | None, name: str) -> str:
    query = (
        f"select {name}::varchar, count(*) from read_parquet($path) group by all order by 2 desc, 1 nulls last limit 30"
    )
    now = dict(con.execute(query, {"path": str(path)}).fetchall())
    then = dict(con.execute(query, {"path": str(before)}).fetchall()) if before is not None else {}
    total, former = sum(now.values()), sum(then.values())
    rows = [
        (value or "(none)", n, f"{n / total:.1%}", f"{then.get(value, 0) / former:.1%}" if former else None)
        for value, n in now.items()
    ]
    moved = psi(now, then)
    caption = f"{name}: shares" + (f" (moved since the run before: PSI {moved:.2f})" if former else "")
    return _table(caption, ("value", "rows", "share", "before"), rows, [moved > NOTABLE_PSI] * len(rows))


def psi(now: dict[str, int], then: dict[str, int]) -> float:
    """Population stability index of two counts by value: 0 when the shares are the same, above 0.2 they have moved."""
    total, former = sum(now.values()), sum(then.values())
    if not total or not former:
        return 0.0
    moved = 0.0
    for value in sorted(now.keys() | then.keys(), key=str):
        a, b = max(now.get(value, 0), 0.5) / total, max(then.get(value, 0), 0.5) / former
        moved += (a - b) * math.log(a / b)
    return moved

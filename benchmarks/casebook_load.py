"""Books as large as years of work leave them, and how long the casebook takes over them.

    python -m benchmarks.casebook_load --cases 20000 --audit-rows 1000000

`fill` writes the books in bulk with an audit chain that verifies; `open_cases` gives a published run the same cases.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb

from casebook import chain
from casebook.books import Books, Ledgerbook, open_books
from data_contracts.run import Run

ZONE = "Asia/Shanghai"
DAY = date(2026, 1, 31)
CHUNK = 50_000
PEOPLE = ("li", "wang", "zhao", "chen", "zhou")
EVENT = ("case_id", "kind", "item", "before", "after", "by_whom", "reason", "at", "run_seq")
AUDIT = "insert into audit (seq, at, actor, action, object, payload, prev, hash) values (?, ?, ?, ?, ?, ?, ?, ?)"
NOTES = f"insert into case_event ({', '.join(EVENT)}, seq) values ({', '.join('?' * (len(EVENT) + 1))})"


def case_id(number: int) -> str:
    """The id of one of our cases."""
    return f"CL{number:014d}"


def promoter_id(number: int) -> str:
    """The promoter of one of our cases."""
    return f"PL{number:06d}"


def fill(books_path: Path | str, cases: int = 20_000, audit_rows: int = 1_000_000) -> None:
    """Add open cases, each with a finding, one in five with a proposal, and entries until the chain has `audit_rows`.

    The books (SQLite) are made when they are not there. One entry in five is a note on a case, the others are looks at one.
    """
    books = open_books(books_path)
    try:
        last = books.last_run()
        seq = last.run_seq if last else 1
        if last is None:
            books.commit(Run(f"{DAY}-load", 1, DAY, ZONE), {}, fingerprint="load", models={})
        with books.writing() as book:
            book.append(
                chain.Entry("load", "load.cases", f"{cases} cases"), _cases(cases, last.as_of if last else DAY, seq)
            )
        _entries(books, cases, audit_rows)
    finally:
        books.close()


def _cases(count: int, day: date, run_seq: int) -> dict[str, tuple[tuple[str, ...], list[tuple[Any, ...]]]]:
    opened, deadline = day.isoformat(), (day + timedelta(days=14)).isoformat()
    at = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1_000_000
    numbers = range(count)
    findings = [
        (f"FL{n:014d}", "3.5(2)", "refund_burst", "promoter", promoter_id(n), promoter_id(n), opened, run_seq)
        for n in numbers
    ]
    files = [(case_id(n), "promoter", promoter_id(n), promoter_id(n), opened, deadline, 0, run_seq) for n in numbers]
    joined = [
        (case_id(n), "finding", f"FL{n:014d}", None, f"FL{n:014d}", "policy", "found", at, run_seq) for n in numbers
    ]
    proposed = [
        (f"DL{n:014d}", f"FL{n:014d}", "promoter", promoter_id(n), promoter_id(n), "3.5(2)", "hold_payout", "proposed", at,
         "policy", "a burst of refunds", "policy", opened, 1, run_seq)
        for n in numbers[::5]
    ]  # fmt: skip
    return {
        "finding": (("finding_id", "clause", "detector", "subject_kind", "subject_id", "promoter_id", "first_seen", "run_seq"),
                    findings),
        "case_file": (("case_id", "subject_kind", "subject_id", "promoter_id", "opened_on", "deadline_on", "blind", "run_seq"),
                      files),
        "case_event": (EVENT, joined),
        "decision": (("decision_id", "finding_id", "subject_kind", "subject_id", "promoter_id", "clause", "measure", "status",
                      "effective_from", "decided_by", "reason", "proposed_by", "proposed_on", "needed", "run_seq"), proposed),
    }  # fmt: skip


def _entries(books: Books, cases: int, audit_rows: int) -> None:
    """Notes and looks, chunk by chunk, each chunk one transaction."""
    with books.reading() as book:
        head = book.rows("select seq, hash, at from audit order by seq desc limit 1")[0]
    made = _chain(head["seq"], head["hash"], head["at"], cases, audit_rows)
    while chunk := list(islice(made, CHUNK)):
        with books.writing() as book:
            _insert(book, AUDIT, [entry for entry, _ in chunk])
            _insert(book, NOTES, [note for _, note in chunk if note])


def _chain(
    seq: int, prev: str, at: int, cases: int, until: int
) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...] | None]]:
    for number in range(seq + 1, until + 1):
        who, what, at = PEOPLE[number % len(PEOPLE)], case_id(number * 7919 % cases), at + 1_000_000
        note, effects = None, {}
        if number % 5 == 0:
            row = (what, "note", "", None, "note", who, "looked at the orders", at, None)
            note, effects = (*row, number), {"case_event": chain.digest(EVENT, [row])}
        entry = chain.Entry(who, "case.note" if note else "look", what)
        text = chain.payload(entry, seq=number, ts=at, prev=prev, effects=effects)
        hashed = chain.link(prev, text)
        yield (number, at, who, entry.action, what, text, prev, hashed), note
        prev = hashed


def _insert(book: Ledgerbook, sql: str, rows: list[tuple[Any, ...]]) -> None:
    if rows:
        book.con.exec_driver_sql(sql, rows)


def open_cases(tables: Path, cases: int = 20_000) -> None:
    """Add the same cases to `case_money` of a published run's table folder (`runs/ID/tables`), so that the queue lists them."""
    path = tables / "casebook" / "case_money.parquet"
    con = duckdb.connect()
    kept = con.execute("select * from read_parquet($p)", {"p": str(path)}).to_arrow_table()
    con.register("kept", kept)
    con.execute(
        "create table more as select 'CL' || lpad(cast(n as varchar), 14, '0') as case_id, 'promoter' as subject_kind,"
        " 'PL' || lpad(cast(n as varchar), 6, '0') as subject_id, 'PL' || lpad(cast(n as varchar), 6, '0') as promoter_id,"
        " 'open' as state, cast(null as varchar) as owner, $d as opened_on, cast($d + interval 14 days as date) as deadline_on,"
        " cast(null as date) as escalated_on, 0 as blind, 1 as findings, 1 as promoters, 1000 * (n % 977) as stake_fen,"
        " (n % 100) / 100.0 as confidence, 10 * (n % 977) * (n % 100) as priority_fen, $d as cutoff_on, 9 as days_left"
        " from range($n) as t(n)", {"d": DAY, "n": cases},
    )  # fmt: skip
    part = path.with_suffix(".part")
    con.execute(
        "copy (select * from kept union all by name select * from more order by case_id) to '"
        + str(part).replace("'", "''") + "' (format parquet)"
    )  # fmt: skip
    part.replace(path)

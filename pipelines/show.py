"""What the command line prints of a published run. Everything shown is masked or a token."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import duckdb

from data_contracts.errors import NotFound
from data_contracts.warehouse import connect
from pipelines import manifest
from pipelines.run import Outcome
from pipelines.state import State
from pipelines.verify import verified


def _open(folder: Path) -> duckdb.DuckDBPyConnection:
    con = connect([folder])
    for path in sorted(folder.glob("*.parquet")):
        con.read_parquet(str(path)).create_view(path.stem)
    for path in sorted((folder / "tables").glob("*/*.parquet")):
        con.read_parquet(str(path)).create_view(path.stem, replace=False)
    return con


def _rows(con: duckdb.DuckDBPyConnection, sql: str, *values: Any) -> list[dict[str, Any]]:
    result = con.execute(sql, list(values))
    names = [d[0] for d in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def table(rows: list[dict[str, Any]], *, limit: int = 40) -> str:
    """Rows as aligned text; says how many were left off."""
    if not rows:
        return "  (none)"
    names = list(dict.fromkeys(n for r in rows for n in r))
    cells = [["" if r.get(n) is None else str(r[n]) for n in names] for r in rows[:limit]]
    wide = [max(len(n), *(len(c[i]) for c in cells)) for i, n in enumerate(names)]
    lines = ["  " + "  ".join(n.ljust(w) for n, w in zip(names, wide, strict=True)).rstrip()]
    lines += ["  " + "  ".join(v.ljust(w) for v, w in zip(c, wide, strict=True)).rstrip() for c in cells]
    if len(rows) > limit:
        lines.append(f"  ... and {len(rows) - limit} more")
    return "\n".join(lines)


SUMMARY = """
select
    (select sum(rows_in) from feed_fact) as rows_in,
    (select sum(quarantined) from feed_fact) as quarantined,
    (select sum(waiting) from feed_fact) as waiting,
    (select count(*) from accounts) as accounts,
    (select count(distinct group_id) from groups) as groups,
    (select count(*) from groups) as grouped,
    (select count(distinct promoter_id) from bursts where flagged) as burst_promoters,
    (select count(distinct promoter_id) from findings) as found_promoters,
    (select count(*) from findings) as findings,
    (select coalesce(sum(amount_at_stake), 0) from findings) as stake,
    (select count(*) from decisions where status = 'applied') as applied,
    (select count(*) from decisions where status = 'proposed') as proposed,
    (select count(*) from statements where status <> 'provisional') as issued,
    (select coalesce(sum(payable), 0) from statements where status <> 'provisional') as payable,
    (select coalesce(sum(held), 0) from statements where status <> 'provisional') as held
"""

WORST = """
select promoter_id, max(amount_at_stake) as at_stake, string_agg(distinct clause, ' ' order by clause) as clauses
from findings where promoter_id is not null
group by all order by at_stake desc, promoter_id limit 5
"""


def summary(outcome: Outcome) -> str:
    """What an analyst wants to know at the end of a run."""
    if not outcome.manifest:
        return f"already published: {outcome.run_id} ({outcome.folder}); nothing was changed"
    with _open(outcome.folder) as con:
        s = _rows(con, SUMMARY)[0]
        worst = _rows(con, WORST)
    seconds = sum(outcome.manifest["seconds"].values())
    head = "published" if outcome.published else "dry run, not published"
    lines = [
        f"run {outcome.run_id}: {head} in {seconds:.1f} s",
        f"  feeds       {s['rows_in']:,} rows in, {s['quarantined']:,} quarantined, {s['waiting']:,} not yet known",
        f"  groups      {s['groups']:,} same-user groups over {s['grouped']:,} of {s['accounts']:,} accounts",
        f"  findings    {s['findings']:,} on {s['found_promoters']:,} promoters"
        f" ({s['burst_promoters']:,} with refund bursts), {s['stake']:,.2f} CNY at stake",
        f"  decisions   {s['applied']:,} applied, {s['proposed']:,} waiting for people",
        f"  statements  {s['issued']:,} issued so far, payable {s['payable']:,.2f} CNY, held {s['held']:,.2f} CNY",
        f"  look next   {outcome.folder / 'reports' / 'index.html'}",
    ]
    lines += [f"  no month is issued: {a['code']}, {a['sentence']}" for a in outcome.manifest.get("alarms", ())]
    if outcome.manifest.get("alarms"):
        lines.append(f"  look, then  tongren feeds accept {outcome.run_id} --by WHO --reason TEXT")
    if outcome.manifest.get("not_read"):
        lines.append(f"  not read    {', '.join(outcome.manifest['not_read'])}: no feed has such a name")
    if worst:
        lines += ["  most at stake:", table(worst).replace("\n", "\n  ")]
    return "\n".join(lines)


def explain(state: Path, a: str, b: str, lang: str, form: str) -> str:
    """The waterfall of a pair."""
    from models.same_user import explain as same_user

    told = same_user.explain_pair(State(state).current() / "tables", a, b)
    return (
        told.as_text(lang) if form == "text" else json.dumps(told.as_dict(), indent=2, ensure_ascii=False, default=str)
    )


def group(state: Path, group_id: str, lang: str, form: str) -> str:
    """A group, with what holds it together."""
    from models.same_user import explain as same_user

    told = same_user.explain_group(State(state).current() / "tables", group_id)
    return (
        told.as_text(lang) if form == "text" else json.dumps(told.as_dict(), indent=2, ensure_ascii=False, default=str)
    )


PROMOTER = {
    "memberships": "select joined_at, left_at, consented_version from promoters where promoter_id = ? order by joined_at",
    "standing": "select from_at, to_at, ended_by from standing where promoter_id = ? order by from_at",
    "same user as": "select invitee_id, outcome, match_weight, group_id, group_status from referral_same "
    "where promoter_id = ? order by match_weight desc, invitee_id",
    "relations": "select established, reason, count(*) as invitees from relations where promoter_id = ? "
    "group by all order by established desc, reason",
    "bursts": "select window_start, window_end, refund_orders, round(expected_orders, 2) as expected, "
    "refund_amount, q_value, flagged from bursts where promoter_id = ? order by q_value, window_start",
    "findings": "select finding_id, clause, status, subject_kind, subject_id, confidence, amount_at_stake "
    "from findings where promoter_id = ? order by amount_at_stake desc, finding_id",
    "decisions": "select decision_id, clause, measure, status, decided_by, month from decisions "
    "where promoter_id = ? order by decision_id",
    "statements": "select month, status, new_paying_users as users, rebate, adjustments, clawback_added, "
    '"offset", held, payable from statements where promoter_id = ? order by month',
    "payables": "select month, instalment_no, due_on, amount, payer, status from payables where promoter_id = ? "
    "order by month, instalment_no, part_no",
}


def promoter(state: Path, promoter_id: str, form: str) -> str:
    """Everything about one promoter."""
    folder = State(state).current()
    with _open(folder) as con:
        known = _rows(con, "select count(*) as n from accounts where account_id = ?", promoter_id)[0]["n"]
        if not known:
            raise NotFound(f"no account {promoter_id} in run {folder.name}: check the id in the accounts feed")
        parts = {name: _rows(con, sql, promoter_id) for name, sql in PROMOTER.items()}
    if form == "json":
        return json.dumps({"promoter_id": promoter_id, "run_id": folder.name, **parts}, indent=2, default=str)
    lines = [f"promoter {promoter_id} as of run {folder.name}"]
    for name, rows in parts.items():
        lines += [f"\n{name}", table(rows)]
    return "\n".join(lines)


def statement(state: Path, promoter_id: str, month: str, form: str, out: Path | None) -> None:
    """Print a statement, or write it to a folder and print its path."""
    from casebook.dossier.press import file_name
    from settlement import statements

    data = statements.render(State(state).current(), promoter_id, month, form)
    if out is None and form != "xlsx":
        click.echo(data.decode("utf-8"))
        return
    folder = out or Path()
    folder.mkdir(parents=True, exist_ok=True)
    suffix = "txt" if form == "text" else form
    path = folder / f"statement-{file_name(promoter_id)}-{month}.{suffix}"
    path.write_bytes(data)
    click.echo(path)


def finance(state: Path, books_url: str | None, out: Path) -> str:
    """Write the files for finance; their paths, what is in none of them and why, and the trial balance."""
    from casebook import standing
    from casebook.books import open_books
    from data_contracts import money
    from settlement import finance as settlement_finance

    place = State(state, books_url)
    folder = place.current()
    books = open_books(place.books)
    try:
        holds = standing.holds_to_come(books)
    finally:
        books.close()
    written = settlement_finance.write_payment_files(folder, out, holds)
    checked = out / "payouts-reconciled.csv"
    checked.write_text(settlement_finance.reconciliation(folder), encoding="utf-8", newline="")
    waiting = [
        {"promoter_id": p, "month": m, "instalment": n, "gross": money.show(g), "why": why}
        for p, m, n, g, why in settlement_finance.left_out(folder, holds)
    ]
    trial = settlement_finance.trial_balance(folder)
    rows = [{"account": a, "debit": money.show(d), "credit": money.show(c)} for a, d, c in trial]
    paths = [str(p) for p in [*written, checked]]
    return "\n".join([*paths, "not to be paid now", table(waiting), "trial balance", table(rows)])


def report(
    state: Path,
    books_url: str | None,
    promoter_id: str | None,
    out: Path,
    *,
    forms: Sequence[str],
    edition: str,
    lang: str,
    processes: int,
) -> list[Path]:
    """Write the evidence report of one promoter, or of all with an index; the paths to look at."""
    from casebook import dossier
    from casebook.dossier import batch

    place = State(state, books_url)
    folder = place.current()
    tables, facts, formats = folder / "tables", report_facts(place), tuple(forms) or ("html",)
    if promoter_id is None:
        return batch.write(batch.Order(tables, out, facts, formats, edition, lang), processes)[-1:]
    return [
        dossier.write_one(tables, promoter_id, out, format=form, edition=edition, lang=lang, run_facts=facts)
        for form in formats
    ]


def report_facts(place: State) -> dict[str, Any]:
    """What reports on the current run are made from besides its tables: the manifest, and what is known after the run."""
    from casebook.books import open_books
    from casebook.dossier import position
    from pipelines.versions import replay

    folder = place.current()
    books = open_books(place.books)
    try:
        chain = position.of(books, folder.name, place.checkpoints)
    finally:
        books.close()
    return {**manifest.read(folder), "chain": chain, "versions": replay(folder)}


def export(state: Path, books_url: str | None, out: Path, forms: Sequence[str], processes: int) -> str:
    """Write the auditor's folder of the current run; says how many reports it holds. No `forms` means all of them.

    Raises VerificationFailed when the run is not as its manifest says.
    """
    from casebook.dossier import export as folder
    from casebook.dossier.press import FORMATS

    place = State(state, books_url)
    run = place.current()
    verified(run.name, manifest.faults(run))
    count = folder.write(
        run, out, report_facts(place), books=place.books, checkpoints=place.checkpoints, formats=forms or FORMATS,
        processes=processes,
    )  # fmt: skip
    return f"reports of {count} promoters in {out}; README.md there says how to check them"


def runs(state: Path) -> str:
    """The published runs, newest last."""
    place = State(state)
    current = place.current().name
    rows = []
    for folder in manifest.run_folders(place.runs):
        m = manifest.read(folder)
        rows.append({
            "seq": m["run_seq"], "run_id": m["run_id"], "as_of": m["as_of"], "seconds": round(sum(m["seconds"].values()), 1),
            "current": "yes" if m["run_id"] == current else "",
        })  # fmt: skip
    return table(rows, limit=10_000)

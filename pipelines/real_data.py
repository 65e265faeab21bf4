"""`make real-data`: run the two examples on public files, and measure what came out against what the files know.

The files are found through TONGREN_PUBLIC_DATA (default `../shared/data`, beside the project) and are only read.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import click

from data_contracts.errors import TongrenError, UsageError
from data_contracts.warehouse import connect
from pipelines import show
from pipelines.progress import set_up
from pipelines.run import Order, run
from pipelines.state import State

ROOT = Path(__file__).parents[1]
DEFAULT_DATA = Path("../shared/data")
WRITTEN = "'../../../shared/data/"  # how the source queries name the folder, from their own


@dataclass(frozen=True)
class Example:
    """One folder of examples/: the file it reads, the day to run it for, and the questions asked afterwards."""

    name: str
    file: str
    as_of: date
    questions: Mapping[str, str]


QUARANTINED = """
select feed, rule, detail, count(*) as rows from quarantined group by all order by rows desc, feed, rule, detail limit 12
"""
BURSTS = """
select
    flagged,
    count(*) as windows,
    count(distinct promoter_id) as cohorts,
    sum(refund_orders) as refunded_orders,
    sum(refund_amount) as refunded,
    round(sum(expected_orders), 1) as expected_orders
from bursts
group by flagged order by flagged
"""
FLAGGED = """
select promoter_id, window_start, window_end, refund_orders, round(expected_orders, 2) as expected, refund_amount,
    round(q_value, 6) as q_value, array_to_string(reasons, ' ') as reasons
from bursts where flagged order by q_value, promoter_id, window_start
"""
# Labels are joined here and nowhere else: no run has seen them.
LABELLED = """
with label as (select concat('U', user_id) as account_id, class from public_file),
size as (
    select l.account_id, l.class, coalesce(g.group_size, 1) as group_size, g.group_id
    from label as l left join groups as g on l.account_id = g.account_id
)
select
    case when group_size >= 5 then '5 and more' else cast(group_size as varchar) end as accounts_in_group,
    count(distinct group_id) as groups,
    count(*) as accounts,
    count(class) as labelled,
    sum(class) as fraud,
    round(100.0 * avg(class), 1) as fraud_percent
from size group by all order by accounts_in_group
"""
OUTCOMES = """
with label as (select concat('U', user_id) as account_id, class from public_file)
select
    l.outcome,
    count(*) as pairs,
    count(a.class + b.class) as both_labelled,
    round(100.0 * avg(case when a.class = 1 and b.class = 1 then 1 when a.class + b.class is not null then 0 end), 1)
        as both_fraud_percent
from links as l
inner join label as a on l.account_a = a.account_id
inner join label as b on l.account_b = b.account_id
group by all order by all
"""

EXAMPLES = (
    Example(
        "online_retail", "online_retail.parquet", date(2012, 1, 20),
        {"Quarantined rows, and why": QUARANTINED, "Bursts of cancellations": BURSTS, "Flagged windows": FLAGGED},
    ),
    Example(
        "fraud_ecommerce", "fraud_ecommerce.parquet", date(2015, 12, 31),
        {"Quarantined rows, and why": QUARANTINED, "Groups against the labels": LABELLED, "Links against the labels": OUTCOMES},
    ),
)  # fmt: skip


def data_folder(environ: Mapping[str, str]) -> Path:
    """Where the public files are. Raises UsageError when the folder is not there."""
    folder = Path(environ["TONGREN_PUBLIC_DATA"]) if "TONGREN_PUBLIC_DATA" in environ else ROOT / DEFAULT_DATA
    if not folder.is_dir():
        raise UsageError(f"the public files are not in {folder}: name their folder in TONGREN_PUBLIC_DATA")
    return folder.resolve()


def sources(example: Example, data: Path, scratch: Path) -> Path:
    """The example's own folder where its queries find the files; else a copy of it that names the folder given."""
    home = ROOT / "examples" / example.name
    if data == (ROOT / DEFAULT_DATA).resolve():
        return home
    copy = scratch / "sources" / example.name
    shutil.copytree(home, copy, dirs_exist_ok=True)
    for query in sorted(copy.glob("*.sql")):
        text = query.read_text(encoding="utf-8")
        query.write_text(text.replace(WRITTEN, f"'{data.as_posix()}/"), encoding="utf-8")
    return copy


def answers(example: Example, folder: Path, data: Path) -> dict[str, list[dict[str, Any]]]:
    """The rows that answer each question, over the published run and the public file."""
    con = connect([folder, data])
    for path in sorted(folder.glob("*.parquet")):
        con.read_parquet(str(path)).create_view(path.stem)
    con.read_parquet(str(data / example.file)).create_view("public_file")
    con.execute("create table quarantined (feed varchar, rule varchar, detail varchar)")
    for path in sorted((folder / "quarantine").glob("*.parquet")):
        con.execute(
            'insert into quarantined select "table", rule, detail from read_parquet($path)', {"path": str(path)}
        )
    out = {}
    for title, question in example.questions.items():
        relation = con.sql(question)
        out[title] = [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]
    con.close()
    return out


@click.command()
@click.argument("names", nargs=-1, type=click.Choice([e.name for e in EXAMPLES]))
@click.option("--state", type=click.Path(path_type=Path), default=Path("state/real-data"), show_default=True)
def main(names: tuple[str, ...], state: Path) -> None:
    """Run the examples NAMES (all of them without) and print what came out."""
    set_up("text")
    try:
        data = data_folder(os.environ)
        for example in (e for e in EXAMPLES if not names or e.name in names):
            outcome = run(
                Order(sources(example, data, state), State(state / example.name), example.as_of, allow_read=(data,))
            )
            click.echo(f"\n== {example.name}\n{show.summary(outcome)}")
            for title, rows in answers(example, outcome.folder, data).items():
                click.echo(f"\n{title}\n{show.table(rows)}")
    except TongrenError as error:
        click.echo(f"error: {error}", err=True)
        raise SystemExit(error.exit_code) from None


if __name__ == "__main__":
    main()

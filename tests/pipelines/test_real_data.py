"""The examples on public files: what their queries yield, and what is asked of the result."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import duckdb
import pytest

from data_contracts.contract import contracts
from data_contracts.errors import UsageError
from data_contracts.warehouse import connect
from pipelines.ingest.sources import feeds
from pipelines.real_data import DEFAULT_DATA, EXAMPLES, ROOT, WRITTEN, Example, data_folder, sources
from rulebook import programme

DATA = Path(os.environ.get("TONGREN_PUBLIC_DATA", ROOT / DEFAULT_DATA))
public_data = pytest.mark.skipif(
    not DATA.is_dir(), reason="the public files are not here; TONGREN_PUBLIC_DATA names them"
)


def queries(example: Example) -> list[Path]:
    return sorted((ROOT / "examples" / example.name).glob("*.sql"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: e.name)
def test_an_example_has_the_required_feeds_and_a_programme(example: Example) -> None:
    assert {q.stem for q in queries(example)} >= {c.table for c in feeds() if c.extra["required"]}
    loaded = programme.load(ROOT / "examples" / example.name / "programme.yaml")
    assert loaded.first_day < example.as_of


def test_without_the_files_one_sentence_says_where_to_put_them(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="TONGREN_PUBLIC_DATA"):
        data_folder({"TONGREN_PUBLIC_DATA": str(tmp_path / "nowhere")})


def test_files_in_another_folder_are_read_from_there(tmp_path: Path) -> None:
    copy = sources(EXAMPLES[0], tmp_path, tmp_path / "scratch")
    text = (copy / "orders.sql").read_text(encoding="utf-8")
    assert WRITTEN not in text
    assert f"'{tmp_path.as_posix()}/online_retail.parquet'" in text


@public_data
@pytest.mark.public_data
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: e.name)
def test_the_queries_yield_the_columns_of_their_contracts(example: Example, tmp_path: Path) -> None:
    for query in queries(example):
        wanted = {c.name for c in contracts()[query.stem].columns if not c.extra.get("optional")}
        assert set(run(example, query.stem).columns) == wanted, query.name


@public_data
@pytest.mark.public_data
def test_every_sign_up_is_an_account_and_an_invitee_with_one_order() -> None:
    (example,) = (e for e in EXAMPLES if e.name == "fraud_ecommerce")
    counts = {t: run(example, t).aggregate("count(*)").fetchall()[0][0] for t in ("referrals", "orders", "identifiers")}
    assert counts == {"referrals": 72_055, "orders": 72_055, "identifiers": 72_055 + 55_034}
    before = run(example, "orders").filter(f"paid_at < timestamp '{date(2015, 1, 1)}'").aggregate("count(*)").fetchall()
    assert before == [(0,)]


@public_data
@pytest.mark.public_data
def test_no_cancellation_is_lost_on_the_way_to_refunds() -> None:
    (example,) = (e for e in EXAMPLES if e.name == "online_retail")
    refunded = run(example, "refunds").aggregate("sum(cash_amount)").fetchall()[0][0]
    con = connect([DATA])
    lines = con.read_parquet(str(DATA.resolve() / example.file)).filter("InvoiceNo like 'C%'")
    assert refunded == lines.aggregate("sum(cast(round(-Quantity * UnitPrice, 2) as decimal(18, 2)))").fetchall()[0][0]


def run(example: Example, table: str) -> duckdb.DuckDBPyRelation:
    """The result of one source query, its paths read from the folder of the public files."""
    text = (ROOT / "examples" / example.name / f"{table}.sql").read_text(encoding="utf-8")
    return duckdb.connect().sql(text.replace(WRITTEN, f"'{DATA.resolve().as_posix()}/"))

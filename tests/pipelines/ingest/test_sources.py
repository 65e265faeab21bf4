"""Source queries, folders and Parquet; and what a query cannot reach."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data_contracts.errors import InputRefused, UsageError
from pipelines import ingest as ingestion
from pipelines import run, stages
from pipelines.ingest import fingerprint, sources
from pipelines.state import State
from tests.pipelines.ingest.conftest import AS_OF

READER_APART = True


@pytest.fixture
def folder(deliver: Any, feeds: Any) -> Path:
    """A good delivery whose orders come by a source query over another file of the folder."""
    path: Path = deliver(feeds)
    (path / "raw").mkdir()
    (path / "orders.csv").rename(path / "raw" / "o.csv")
    (path / "orders.sql").write_text("select * from read_csv('raw/o.csv', all_varchar = true) order by order_id\n")
    return path


def query(folder: Path, text: str) -> None:
    """Replace the source query of orders."""
    (folder / "orders.sql").write_text(text)


def test_a_source_query_is_a_feed_and_its_rows_are_numbered(folder: Path, ingest: Any) -> None:
    text = (folder / "raw" / "o.csv").read_text().replace("O2,A2", "O2,nobody")
    (folder / "raw" / "o.csv").write_text(text)
    done = ingest(folder)
    assert done.broken("orders") == [(2, "acct.unknown")]
    assert done.quarantine("orders")[0]["file"] == "orders.sql"


def test_typed_columns_of_a_query_are_judged_like_text(folder: Path, ingest: Any) -> None:
    query(
        folder,
        """
select order_id, account_id, product_code, activity_id, kind, cast(paid_at as timestamptz) as paid_at,
    cast(list_amount as double) as list_amount, cast(coupon_amount as decimal(10, 3)) as coupon_amount,
    cast(cast(voucher_amount as double) as integer) as voucher_amount,
    case order_id when 'O2' then 10.005::double when 'O3' then 'nan'::double else 99.99::double end as cash_amount
from read_csv('raw/o.csv', all_varchar = true) order by order_id""",
    )
    done = ingest(folder)
    assert done.broken("orders") == [(2, "amt.scale"), (3, "amt.nan")]
    assert done.rows("select cash_fen, list_fen, coupon_fen, voucher_fen from orders") == [(9999, 12000, 1000, 1000)]


def test_two_files_in_a_folder_and_integers_as_ids(folder: Path, feeds: Any, ingest: Any) -> None:
    (folder / "orders.sql").unlink()
    (folder / "orders").mkdir()
    rows = [r | {"order_id": i} for i, r in enumerate(feeds["orders"], start=1)]
    pq.write_table(pa.Table.from_pylist(rows[:1]), folder / "orders" / "a.parquet")
    pq.write_table(
        pa.Table.from_pylist([*rows[1:], rows[1] | {"order_id": 9, "kind": "x"}]), folder / "orders" / "b.parquet"
    )
    (folder / "refunds.csv").write_text((folder / "refunds.csv").read_text().replace("O1", "1"))
    done = ingest(folder)
    assert done.rows("select order_id from orders order by 1") == [("1",), ("2",), ("3",)]
    assert [(r["file"], r["row_number"]) for r in done.quarantine("orders")] == [("orders/b.parquet", 3)]
    facts = done.rows("select file, rows_in, kept, quarantined from feed_fact where feed = 'orders' order by file")
    assert facts == [("orders/a.parquet", 1, 1, 0), ("orders/b.parquet", 3, 2, 1)]


def test_types_that_a_frame_library_writes(folder: Path, feeds: Any, ingest: Any) -> None:
    (folder / "orders.sql").unlink()
    paid = pa.array([1764554400_123456789] * 3, pa.timestamp("ns", "Asia/Shanghai"))
    frame = pa.Table.from_pylist(feeds["orders"]).drop_columns(["order_id", "paid_at", "kind", "activity_id"])
    frame = frame.append_column("order_id", pa.array([1.0, 2.0, 3.5])).append_column("paid_at", paid)
    frame = frame.append_column("kind", pa.array(["purchase"] * 3).dictionary_encode())
    pq.write_table(frame.append_column("activity_id", pa.nulls(3)), folder / "orders.parquet")
    (folder / "refunds.csv").write_text((folder / "refunds.csv").read_text().splitlines()[0] + "\n")
    done = ingest(folder)
    assert done.broken("orders") == [(3, "id.excel")]
    assert done.rows("select order_id, epoch_us(paid_at) from orders order by 1") == [
        ("1", 1764554400_123456),
        ("2", 1764554400_123456),
    ]


def test_a_corrected_row_in_a_new_file_closes_the_entry_of_the_bad_one(folder: Path, feeds: Any, ingest: Any) -> None:
    (folder / "orders.sql").unlink()
    (folder / "orders").mkdir()
    bad = [r | {"cash_amount": "12.345"} if r["order_id"] == "O2" else r for r in feeds["orders"]]
    pq.write_table(pa.Table.from_pylist(bad), folder / "orders" / "day1.parquet")
    assert ingest(folder).rows("select count(*) from quarantined_money") == [(1,)]
    pq.write_table(pa.Table.from_pylist([feeds["orders"][1]]), folder / "orders" / "day2.parquet")
    done = ingest(folder, share="0")
    assert [(r["rule"], r["closed_by"]) for r in done.quarantine("orders")] == [("amt.scale", "orders/day2.parquet:1")]
    assert done.rows("select count(*) from quarantined_money") == [(0,)]


ATTACKS = [
    ("sql.reach", "select * from read_csv('../secret.csv')"),
    ("sql.reach", "select * from read_csv('/etc/passwd')"),
    ("sql.reach", "select * from read_text('raw/link')"),
    ("sql.reach", "select * from read_blob('/proc/self/environ')"),
    ("sql.reach", "select * from glob('/etc/*')"),
    ("sql.reach", "select * from read_parquet('https://example.com/x.parquet')"),
    ("sql.reach", "from read_csv(['raw/o.csv', 'raw/../../secret.csv'], union_by_name = true)"),
    ("sql.reach", "select * from read_csv('raw/o.csv') where exists (from read_text('../secret.csv'))"),
    ("sql.reach", "with x as (from query('from read_text(''../secret.csv'')')) select * from x"),
    ("sql.reach", "from read_csv('raw/*')"),
    ("sql.reach", "from read_csv('raw/folder/secret.csv')"),
    ("sql.reach", "from sniff_csv('../secret.csv')"),
    ("sql.reach", "from '../secret.csv'"),
    ("sql.statement", "copy (select 1) to 'raw/out.csv'"),
    ("sql.statement", "attach '/tmp/x.db' as x"),
    ("sql.statement", "install httpfs"),
    ("sql.statement", "load httpfs"),
    ("sql.statement", "set enable_external_access = true"),
    ("sql.statement", "select 1; select 2"),
    ("sql.statement", "pragma database_list"),
    ("sql.statement", "create table x as select 1"),
    ("sql.failed", "select * from wh"),
    ("sql.failed", "select nothing from read_csv('raw/o.csv')"),
]


@pytest.mark.parametrize(("code", "text"), ATTACKS, ids=[f"{c}-{i}" for i, (c, _) in enumerate(ATTACKS)])
def test_a_query_that_wants_more_than_its_folder_is_refused(code: str, text: str, folder: Path) -> None:
    from pipelines.reading import query_form

    (folder.parent / "secret.csv").write_text("order_id\nsecret\n")
    (folder / "raw" / "link").symlink_to(folder.parent / "secret.csv")
    (folder / "raw" / "folder").symlink_to(folder.parent)
    query(folder, text)
    here = Path.cwd()
    try:
        with pytest.raises(InputRefused) as caught:
            _, rows = query_form.batches(
                ("order_id",), folder / "orders.sql", {"sources": str(folder), "allow_read": []}
            )
            list(rows)
    finally:
        os.chdir(here)
    assert caught.value.code == code, str(caught.value)
    assert "secret" not in str(caught.value).replace("secret.csv", "")


def test_allow_read_opens_one_more_folder(folder: Path, ingest: Any, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (folder / "raw" / "o.csv").rename(other / "o.csv")
    query(folder, f"select * from read_csv('{other}/o.csv', all_varchar = true)")
    with pytest.raises(InputRefused, match=r"sql\.reach.*--allow-read"):
        ingest(folder)
    assert ingest(folder, allow_read=[other]).summary.kept["orders"] == 3


def test_the_fingerprint_follows_content_and_what_a_query_may_read(folder: Path, tmp_path: Path) -> None:
    first = fingerprint(folder)
    assert fingerprint(folder) == first
    for name in ("raw/o.csv", ".hidden/o.csv", "truth/o.csv", "raw/.o.csv"):
        before = fingerprint(folder)["sha256"]
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text((folder / "raw" / "o.csv").read_text() + "\n")
        assert fingerprint(folder)["sha256"] != before, name
    assert [f["path"] for f in first["files"]] == sorted(f["path"] for f in first["files"])


def test_two_folders_of_one_name_both_count(folder: Path, tmp_path: Path) -> None:
    more = [tmp_path / side / "data" for side in ("left", "right")]
    for one in more:
        one.mkdir(parents=True)
        (one / "o.csv").write_text("order_id\n", encoding="utf-8")
    first = fingerprint(folder, more)
    assert {"data-1/o.csv", "data-2/o.csv"} <= {f["path"] for f in first["files"]}
    for one in more:
        (one / "o.csv").write_text(f"order_id\n{one.parent.name}\n", encoding="utf-8")
        second = fingerprint(folder, more)
        assert second["sha256"] != first["sha256"]
        first = second


@pytest.mark.parametrize("name", ["refunds.csv", "raw/o.csv", "raw/new.csv"])
def test_file_race_between_the_hash_of_a_file_and_the_end_of_reading(
    name: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another file put in place after the run was named by what the first one held: also one that only a query reads."""

    def swapped(_: object, **__: object) -> None:
        fresh = tmp_path / "fresh"
        fresh.write_bytes((folder / name).read_bytes() if (folder / name).exists() else b"x")
        fresh.replace(folder / name)

    books = SimpleNamespace(accepted_deliveries=frozenset)
    job: Any = SimpleNamespace(
        sources=folder, allow_read=(), stamps=sources.stamps(folder), state=State(tmp_path), key=None, vault=False, books=books,
        run=SimpleNamespace(zone="UTC"), programme=SimpleNamespace(max_quarantine_share=1), require_manifest=False, earlier=[],
        delivered_as="", remember=False,
    )  # fmt: skip
    monkeypatch.setattr(ingestion, "build", lambda *_, **__: None)
    stages.feeds(job, cast(Any, None))
    monkeypatch.setattr(ingestion, "build", swapped)
    with pytest.raises(InputRefused, match=r"file\.race"):
        stages.feeds(job, cast(Any, None))


def test_a_state_that_a_source_query_could_read_is_refused(folder: Path, tmp_path: Path) -> None:
    for state, beside in ((folder / "state", ()), (tmp_path / "data" / "state", (tmp_path / "data",))):
        with pytest.raises(UsageError, match="source queries may read"):
            run._keep_queries_out(run.Order(folder, State(state), AS_OF, allow_read=beside))
    run._keep_queries_out(run.Order(folder, State(tmp_path / "state"), AS_OF))
    (folder / "orders.sql").unlink()
    (folder / "orders.csv").write_text("order_id\n", encoding="utf-8")
    run._keep_queries_out(run.Order(folder, State(folder / "state"), AS_OF))

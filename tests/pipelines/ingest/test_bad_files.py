"""A file that cannot be trusted refuses the whole delivery, by its code, before anything is kept."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data_contracts.errors import InputRefused
from pipelines.ingest import sources
from tests.pipelines.ingest.conftest import csv_text

READER_APART = True


def refused(ingest: Any, folder: Path, code: str, **more: Any) -> InputRefused:
    """The refusal that ingesting `folder` meets."""
    with pytest.raises(InputRefused) as caught:
        ingest(folder, **more)
    assert caught.value.code == code, str(caught.value)
    assert caught.value.exit_code == 3
    return caught.value


@pytest.fixture
def folder(deliver: Any, feeds: Any) -> Path:
    """A good delivery."""
    path: Path = deliver(feeds)
    return path


def parquet(folder: Path, table: str, rows: list[dict[str, Any]], **options: Any) -> Path:
    """Write a feed as Parquet instead of CSV."""
    (folder / f"{table}.csv").unlink(missing_ok=True)
    path = folder / f"{table}.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path, **options)
    return path


def test_file_missing(folder: Path, ingest: Any) -> None:
    (folder / "orders.csv").unlink()
    refused(ingest, folder, "file.missing")


def test_file_empty(folder: Path, ingest: Any) -> None:
    (folder / "refunds.csv").write_bytes(b"")
    refused(ingest, folder, "file.empty")


def test_file_norows_of_a_feed_that_must_have_some(folder: Path, ingest: Any) -> None:
    (folder / "orders.csv").write_text((folder / "orders.csv").read_text().splitlines()[0] + "\n")
    refused(ingest, folder, "file.norows")


def test_file_norows_is_accepted_of_identifiers_refunds_and_optional_feeds(folder: Path, ingest: Any) -> None:
    for table in ("identifiers", "refunds"):
        (folder / f"{table}.csv").write_text((folder / f"{table}.csv").read_text().splitlines()[0] + "\n")
    (folder / "coupons.csv").write_text("coupon_id,issued_to,issued_at,face_amount,redeemed_order_id\n")
    assert ingest(folder).summary.rows_in["coupons"] == 0


def test_file_conflict_two_forms_of_one_feed(folder: Path, feeds: Any, ingest: Any) -> None:
    pq.write_table(pa.Table.from_pylist(feeds["orders"]), folder / "orders.parquet")
    refused(ingest, folder, "file.conflict")


def test_pq_trunc(folder: Path, feeds: Any, ingest: Any) -> None:
    path = parquet(folder, "orders", feeds["orders"])
    path.write_bytes(path.read_bytes()[:-20])
    refused(ingest, folder, "pq.trunc")


def test_pq_trunc_of_pages_that_are_noise(folder: Path, feeds: Any, ingest: Any) -> None:
    path = parquet(folder, "orders", feeds["orders"])
    data = bytearray(path.read_bytes())
    data[4:60] = b"\xff" * 56
    path.write_bytes(bytes(data))
    refused(ingest, folder, "pq.trunc")


def test_pq_bomb_of_many_columns(folder: Path, feeds: Any, ingest: Any) -> None:
    parquet(folder, "orders", [r | {f"x{i}": 1 for i in range(500)} for r in feeds["orders"]])
    refused(ingest, folder, "pq.bomb")


def test_pq_bomb_of_rows_that_take_no_room(folder: Path, ingest: Any) -> None:
    (folder / "orders.csv").unlink()
    rows = 5_000_000
    table = pa.table({"order_id": pa.nulls(rows, pa.bool_())})
    pq.write_table(
        table, folder / "orders.parquet", row_group_size=rows, data_page_size=1 << 30, max_rows_per_page=rows
    )
    assert (folder / "orders.parquet").stat().st_size * 1000 < rows
    refused(ingest, folder, "pq.bomb")


def test_pq_bomb_of_nesting(folder: Path, feeds: Any, ingest: Any) -> None:
    parquet(folder, "orders", [r | {"product_code": [["ecs"]]} for r in feeds["orders"]])
    refused(ingest, folder, "pq.bomb")


def test_pq_feature_encrypted(folder: Path, feeds: Any, ingest: Any) -> None:
    path = parquet(folder, "orders", feeds["orders"])
    path.write_bytes(path.read_bytes()[:-4] + b"PARE")
    refused(ingest, folder, "pq.feature")


def test_pq_feature_of_a_codec_that_nobody_has(folder: Path, feeds: Any, ingest: Any) -> None:
    path = parquet(folder, "orders", feeds["orders"], compression="snappy")
    data = path.read_bytes()
    spoilt = data.replace(b"order_id\x15\x02", b"order_id\x15\x06")  # the column's codec: LZO, which none of us reads
    assert spoilt != data
    path.write_bytes(spoilt)
    refused(ingest, folder, "pq.feature")


def test_pq_feature_of_a_footer_that_points_elsewhere(folder: Path, feeds: Any, ingest: Any) -> None:
    path = parquet(folder, "orders", feeds["orders"])
    footer = pq.read_metadata(path)
    footer.set_file_path("../../secret.parquet")
    footer.write_metadata_file(path)
    refused(ingest, folder, "pq.feature")


def test_csv_header_missing(folder: Path, feeds: Any, ingest: Any) -> None:
    without = [{k: v for k, v in r.items() if k != "cash_amount"} for r in feeds["orders"]]
    (folder / "orders.csv").write_text(csv_text(without), encoding="utf-8")
    assert "cash_amount" in str(refused(ingest, folder, "csv.header.missing"))


def test_file_type_when_the_ending_lies(folder: Path, ingest: Any) -> None:
    (folder / "orders.csv").rename(folder / "orders.parquet")
    refused(ingest, folder, "file.type")


def test_file_type_of_a_column_that_cannot_be_cast(folder: Path, feeds: Any, ingest: Any) -> None:
    parquet(folder, "orders", [r | {"paid_at": 1764554400} for r in feeds["orders"]])
    assert "paid_at" in str(refused(ingest, folder, "file.type"))


@pytest.mark.parametrize("to", ["../secret.csv", "/etc/hostname"])
def test_file_type_of_a_link(to: str, folder: Path, ingest: Any) -> None:
    (folder.parent / "secret.csv").write_text("order_id\n")
    (folder / "orders.csv").unlink()
    (folder / "orders.csv").symlink_to(to)
    refused(ingest, folder, "file.type")


def test_file_type_of_a_pipe(folder: Path, ingest: Any) -> None:
    (folder / "orders.csv").unlink()
    os.mkfifo(folder / "orders.csv")
    refused(ingest, folder, "file.type")


@pytest.mark.parametrize("name", ["*.csv", "a'b.csv", 'a"b.csv', "..csv", "a" * 201 + ".csv", "[a].parquet", "a;b.csv"])
def test_file_name(name: str, folder: Path, ingest: Any) -> None:
    text = (folder / "orders.csv").read_text()
    (folder / "orders.csv").unlink()
    (folder / "orders").mkdir()
    (folder / "orders" / name).write_text(text)
    refused(ingest, folder, "file.name")


@pytest.mark.parametrize(
    "name", ["payout.csv", "Payouts.CSV", "payouts.xlsx", "payout_request.parquet", "coupon-s.csv"]
)
def test_file_name_with_a_slip_is_not_taken_for_an_absent_feed(name: str, folder: Path, ingest: Any) -> None:
    (folder / name).write_text("payout_id\n")
    said = str(refused(ingest, folder, "file.name"))
    assert name in said and f"name it {'coupons' if 'coupon' in name else 'payout'}" in said


@pytest.mark.parametrize(("right", "slip"), [("refunds.csv", "refund.csv"), ("orders.csv", "Orders.csv")])
def test_file_name_with_a_slip_is_told_before_its_feed_is_missed(
    right: str, slip: str, folder: Path, ingest: Any
) -> None:
    (folder / right).rename(folder / slip)
    assert f"name it {right}" in str(refused(ingest, folder, "file.name"))


def test_file_unknown_is_told_of_and_not_read(
    folder: Path, feeds: Any, ingest: Any, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "orders_2025.csv").write_text("order_id\n")
    (folder / "invoices").mkdir()
    for name in ("invoices/a.parquet", "README.md", "programme.yaml", ".hidden.csv"):
        (folder / name).write_text("x")
    (folder / "truth").mkdir()
    (folder / "truth" / "orders.parquet").write_text("x")
    caplog.set_level("WARNING", "tongren")
    done = ingest(folder)
    assert sources.unread(folder) == ["invoices", "orders_2025.csv"]
    assert [r.getMessage().split(":")[0] for r in caplog.records if "file.unknown" in r.getMessage()] == [
        f"stage=feeds code=file.unknown file={name}" for name in ("invoices", "orders_2025.csv")
    ]
    assert done.summary.kept["orders"] == 3
    text = (folder / "orders.csv").read_text()
    (folder / "orders_2025.csv").write_text(text)
    (folder / "orders.csv").unlink()
    (folder / "orders.sql").write_text("select * from read_csv('orders_2025.csv', all_varchar = true)")
    assert sources.unread(folder) == []  # a query may read what stands beside it
    assert ingest(folder).summary.kept["orders"] == 3


def test_zip_bomb(folder: Path, ingest: Any) -> None:
    (folder / "orders.csv.gz").write_bytes(gzip.compress(b"0" * 10_000_000))
    refused(ingest, folder, "zip.bomb")


def test_zip_path(folder: Path, ingest: Any) -> None:
    with zipfile.ZipFile(folder / "orders.zip", "w") as archive:
        archive.writestr("../orders.csv", "order_id\n")
    refused(ingest, folder, "zip.path")


def test_file_race(folder: Path, ingest: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from sys import modules

    build = modules["pipelines.ingest.build"]

    def grows(wh: Any, contract: Any, *rest: Any) -> None:
        judge(wh, contract, *rest)
        if contract.table == "orders":
            with (folder / "orders.csv").open("a") as file:
                file.write("more\n")

    judge = build._judge
    monkeypatch.setattr(build, "_judge", grows)
    refused(ingest, folder, "file.race")


@pytest.mark.parametrize("limit", [{"MEMORY": 64 << 20}, {"SECONDS": 0}])
def test_file_crash_when_the_parser_passes_its_limits(
    limit: dict[str, int], folder: Path, ingest: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in limit.items():
        monkeypatch.setattr(f"pipelines.ingest.child.{name}", value)
    refused(ingest, folder, "file.crash")


def manifest(folder: Path, **changes: Any) -> dict[str, Any]:
    """A manifest that is true of the folder, and what is changed in it."""
    files = {
        p.name: {"sha256": hashlib.sha256(p.read_bytes()).hexdigest(), "rows": len(p.read_text().splitlines()) - 1}
        for p in sorted(folder.glob("*.csv"))
    }
    files["orders.csv"]["money"] = {"cash_amount": "300.00"}  # type: ignore[assignment]
    said = {"created_at": "2026-01-31T23:00:00+08:00", "version": 1, "sequence": 1, "files": files} | changes
    (folder / "MANIFEST.json").write_text(json.dumps(said))
    return said


def test_a_true_manifest_is_accepted(folder: Path, ingest: Any) -> None:
    manifest(folder)
    assert ingest(folder).summary.kept["orders"] == 3


def test_file_hash(folder: Path, ingest: Any) -> None:
    manifest(folder)
    path = folder / "orders.csv"
    path.write_text(path.read_text().replace("100.00", "900.00", 1))
    refused(ingest, folder, "file.hash")


@pytest.mark.parametrize(
    "spoil",
    [
        {"rows": 4},
        {"money": {"cash_amount": "300.01"}},
        {"money": {"paid_at": "1"}},
        {"sha256": "short"},
        {"rows": "3"},
    ],
)
def test_file_manifest_that_differs(spoil: dict[str, Any], folder: Path, ingest: Any) -> None:
    files = manifest(folder)["files"]
    files["orders.csv"] |= spoil
    manifest(folder, files=files)
    refused(ingest, folder, "file.manifest")


def test_file_manifest_names_what_is_there_and_nothing_else(folder: Path, ingest: Any) -> None:
    files = manifest(folder)["files"]
    manifest(folder, files=files | {"coupons.csv": files["orders.csv"]})
    refused(ingest, folder, "file.manifest")
    manifest(folder, files={n: f for n, f in files.items() if n != "orders.csv"})
    refused(ingest, folder, "file.manifest")


def test_file_manifest_required(folder: Path, ingest: Any) -> None:
    refused(ingest, folder, "file.manifest", require_manifest=True)


def test_file_dup_a_file_listed_twice_is_read_once(folder: Path, ingest: Any) -> None:
    said = manifest(folder)
    entry = json.dumps(said["files"]["orders.csv"])
    text = (folder / "MANIFEST.json").read_text()
    (folder / "MANIFEST.json").write_text(text.replace('"orders.csv":', f'"orders.csv": {entry}, "orders.csv":'))
    assert ingest(folder).summary.rows_in["orders"] == 3


def test_feed_future(folder: Path, ingest: Any) -> None:
    manifest(folder, created_at="2026-02-01T00:00:00+08:00")
    refused(ingest, folder, "feed.future")

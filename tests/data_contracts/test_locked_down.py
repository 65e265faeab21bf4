"""Attacks on a locked DuckDB connection: by file names, globs, links, writing, settings, extensions, local variables."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from data_contracts.errors import UsageError
from data_contracts.warehouse import connect

READS = [
    "from read_csv('{out}/secret.csv')",
    "from '{out}/secret.csv'",
    "from read_csv('{own}/../secret.csv')",
    "from read_csv('{own}//../secret.csv')",
    "from read_csv('{own}/folder/../../secret.csv')",
    "from read_csv('file://{out}/secret.csv')",
    "from read_csv(['{own}/good.csv', '{out}/secret.csv'])",
    "from read_text('{own}/link.csv')",
    "from read_csv('{own}/folder/other.csv')",
    "from read_csv('{own}/*.csv')",  # one of them is a link that leads out
    "from read_csv('{out}/o*/*.csv')",
    "from read_csv('{own}-beside/other.csv')",
    "from glob('{own}/../*')",
    "from glob('/etc/*')",
    "from sniff_csv('{out}/secret.csv')",
    "from parquet_metadata('{out}/secret.csv')",
    "from read_json('{out}/secret.csv')",
    "from query('from read_csv(''{out}/secret.csv'')')",
    "from read_blob('/proc/self/environ')",
    "from read_text('/dev/stdin')",
    "from read_parquet('https://127.0.0.1:1/x.parquet')",
    "from read_parquet('s3://bucket/x')",
    "from here",  # a variable of the caller
]
WRITES = [
    "copy (select 1) to '{out}/made.csv'",
    "copy (select 1) to '{own}/../made.csv'",
    "copy (select 1) to '{own}/folder/made.csv'",
    "attach '{out}/made.db'",
    "export database '{out}/made'",
]
SETTINGS = [
    "set lock_configuration = false",
    "reset lock_configuration",
    "set enable_external_access = true",
    "set allowed_directories = ['/']",
    "set allowed_paths = ['/etc/passwd']",
    "set temp_directory = '/tmp'",
    "set memory_limit = '100GB'",
    "set threads = 99",
    "set TimeZone = 'Asia/Tokyo'",
    "set python_enable_replacements = true",
    "set autoload_known_extensions = true",
    "set secret_directory = '{out}'",
    "set log_query_path = '{out}/made.log'",
    "pragma profiling_output = '{out}/made.json'",
    "call enable_logging(storage = 'file', storage_config = {{'path': '{out}/made'}})",
    "install httpfs",
    "load httpfs",
    "load '{own}/x.duckdb_extension'",
]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A folder with a secret; `own` in it may be read, and holds links that lead out."""
    own = tmp_path / "own"
    own.mkdir()
    (own / "good.csv").write_text("a\n1\n")
    (tmp_path / "secret.csv").write_text("a\nhush\n")
    (tmp_path / "own-beside").mkdir()
    (tmp_path / "own-beside" / "other.csv").write_text("a\nhush\n")
    (own / "link.csv").symlink_to(tmp_path / "secret.csv")
    (own / "folder").symlink_to(tmp_path / "own-beside")
    return tmp_path


@pytest.mark.parametrize("attack", [*READS, *WRITES, *SETTINGS])
def test_an_attack_is_refused_shows_nothing_and_leaves_nothing(attack: str, out: Path) -> None:
    here = pa.table({"a": ["hush"]})
    before = sorted(out.rglob("*"))
    with connect([out / "own"]) as con, pytest.raises(duckdb.Error) as caught:
        con.execute(attack.format(out=out, own=out / "own")).fetchall()
    assert "hush" not in str(caught.value)
    assert sorted(out.rglob("*")) == before and here.num_rows == 1


def test_its_own_folder_can_be_read_and_written(out: Path) -> None:
    with connect([out / "own"]) as con:
        con.execute(f"copy (from read_csv('{out}/own/good.csv')) to '{out}/own/made.csv'")
        assert con.execute(f"from read_csv('{out}/own/made.csv')").fetchall() == [(1,)]


@pytest.mark.parametrize("name", ["it's", 'a"b', "a;b", "汉字 -- x"])
def test_a_folder_with_strange_signs_in_its_name_is_one_folder(name: str, tmp_path: Path) -> None:
    (tmp_path / name).mkdir()
    with connect([tmp_path / name]) as con:
        con.sql("select 1 as a").write_parquet(str(tmp_path / name / "x.parquet"))
        assert con.read_parquet(str(tmp_path / name / "x.parquet")).fetchall() == [(1,)]


@pytest.mark.parametrize("name", ["a*b", "[1]", "a?b"])
def test_a_folder_whose_name_is_a_pattern_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="signs"):
        connect([tmp_path / name])

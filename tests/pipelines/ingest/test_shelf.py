"""What was tokenised on an earlier day is not tokenised again, and nothing of the results shows it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from data_contracts.errors import InputRefused
from data_contracts.raw_vault import Vault
from data_contracts.vault import Key, hasher
from pipelines.ingest import shelf, tokens
from pipelines.ingest.sources import find, sha256
from tests.pipelines import canary
from tests.pipelines.ingest.conftest import KEY, Row, csv_text

OLD, NEW = "identifiers/2025-11.csv", "identifiers/2025-12.csv"


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The normal forms that were hashed, in the order of their hashing; a test may clear it."""
    seen: list[str] = []

    def counting(key: Key, kind: str) -> Callable[[Iterable[bytes]], bytes]:
        def digests(values: Sequence[bytes]) -> bytes:
            seen.extend(v.decode() for v in values)
            return hasher(key, kind)(values)

        return digests

    monkeypatch.setattr(tokens, "hasher", counting)
    return seen


@pytest.fixture
def old(feeds: Any, deliver: Any) -> Path:
    """A delivery whose identifiers are a folder with one file: phones, a door (which brings its building) and a bad number."""
    sightings = [
        *feeds.pop("identifiers"),
        feeds_row("A2", "address", "湖北省武汉市洪山区关山大道77号书香名邸17栋1单元1002室"),
        feeds_row("A3", "phone", "1390000"),
    ]
    folder: Path = deliver(feeds)
    (folder / "identifiers").mkdir()
    (folder / OLD).write_text(csv_text(sightings), encoding="utf-8")
    return folder


def feeds_row(account: str, kind: str, value: str) -> Row:
    return {"account_id": account, "kind": kind, "value": value, "observed_at": "2025-12-01T10:00:00+08:00",
            "source": "login"}  # fmt: skip


def grown(folder: Path) -> Path:
    """The day after: one file more, which stands before the old one, so that every row id of that one moves."""
    more = [feeds_row("A3", "phone", "13712340003"), feeds_row("A1", "phone", "13812340001")]
    (folder / "identifiers" / "2025-10.csv").write_text(csv_text(more), encoding="utf-8")
    return folder


def outcome(done: Any) -> dict[str, bytes]:
    """Every file that the ingestion leaves, as bytes."""
    done.wh.publish()
    return {p.relative_to(done.wh.folder).as_posix(): p.read_bytes() for p in done.wh.folder.rglob("*.parquet")}


def test_a_grown_delivery_is_tokenised_only_where_it_is_new(
    old: Path, ingest: Any, tmp_path: Path, hashed: list[str]
) -> None:
    ingest(old, shelf_in=tmp_path / "shelf")
    assert "+8613812340001" in hashed and len(hashed) == 4, "two phones, a door, its building"
    hashed.clear()
    second = ingest(grown(old), shelf_in=tmp_path / "shelf")
    assert sorted(hashed) == ["+8613712340003", "+8613812340001"], "the values of the new file alone"
    assert second.quarantine("identifiers")[0]["file"] == OLD
    assert outcome(second) == outcome(ingest(old)), "the same bytes as without a shelf"


def test_the_same_delivery_is_not_tokenised_at_all(old: Path, ingest: Any, tmp_path: Path, hashed: list[str]) -> None:
    first = outcome(ingest(old, shelf_in=tmp_path / "shelf"))
    hashed.clear()
    assert outcome(ingest(old, shelf_in=tmp_path / "shelf")) == first
    assert hashed == []


def spoil(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)


@pytest.mark.parametrize("harm", [spoil, lambda p: p.write_bytes(p.read_bytes()[:-9]), lambda p: p.write_bytes(b"")])
def test_an_entry_that_is_not_as_it_was_left_is_made_again(
    harm: Callable[[Path], object], old: Path, ingest: Any, tmp_path: Path, hashed: list[str]
) -> None:
    first = outcome(ingest(old, shelf_in=tmp_path / "shelf"))
    hashed.clear()
    harm(next((tmp_path / "shelf").iterdir()))
    assert outcome(ingest(old, shelf_in=tmp_path / "shelf")) == first
    assert len(hashed) == 4
    assert len(list((tmp_path / "shelf").iterdir())) == 1


def test_an_entry_that_cannot_be_read_is_made_again_and_strangers_beside_it_stay(
    old: Path, ingest: Any, tmp_path: Path, hashed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = outcome(ingest(old, shelf_in=tmp_path / "shelf"))
    (entry,) = (tmp_path / "shelf").iterdir()
    (tmp_path / "shelf" / "lost+found").mkdir()
    (tmp_path / "shelf" / "notes.txt").write_text("not ours", encoding="utf-8")
    hashed.clear()

    def failing(path: Path) -> str:
        if path == entry:
            raise OSError(5, "the disk fails")
        return sha256(path)

    monkeypatch.setattr(shelf, "sha256", failing)
    assert outcome(ingest(old, shelf_in=tmp_path / "shelf")) == first
    assert len(hashed) == 4
    assert {p.name for p in (tmp_path / "shelf").iterdir()} == {entry.name, "lost+found", "notes.txt"}


def test_an_entry_of_another_file_or_another_key_is_not_taken(
    old: Path, ingest: Any, tmp_path: Path, hashed: list[str]
) -> None:
    """Whoever can write the folder cannot make an entry, and cannot give one file the tokens of another."""
    ingest(old, shelf_in=tmp_path / "shelf", key=Key(bytes(range(9, 41))))
    (foreign,) = (tmp_path / "shelf").iterdir()
    bytes_of_another_key = foreign.read_bytes()
    first = outcome(ingest(old, shelf_in=tmp_path / "shelf"))
    (own,) = (tmp_path / "shelf").iterdir()
    own.write_bytes(bytes_of_another_key)
    hashed.clear()
    assert outcome(ingest(old, shelf_in=tmp_path / "shelf")) == first and len(hashed) == 4
    twice = grown(old)
    clean = outcome(ingest(twice))
    ingest(twice, shelf_in=tmp_path / "shelf")
    one, two = sorted((tmp_path / "shelf").iterdir())
    content = one.read_bytes(), two.read_bytes()
    one.write_bytes(content[1])
    two.write_bytes(content[0])
    hashed.clear()
    assert outcome(ingest(twice, shelf_in=tmp_path / "shelf")) == clean and len(hashed) == 5


@pytest.mark.parametrize("change", ["key", "code", "bytes", "zone"])
def test_another_key_code_or_content_is_read_anew(
    change: str, old: Path, ingest: Any, tmp_path: Path, hashed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest(old, shelf_in=tmp_path / "shelf")
    before = {p.name for p in (tmp_path / "shelf").iterdir()}
    hashed.clear()
    more: dict[str, Any] = {}
    if change == "key":
        more = {"key": Key(bytes(range(9, 41)))}
    elif change == "zone":
        assert shelf.Shelf(tmp_path / "shelf", KEY, "UTC", find(old)).held == {}
        return
    elif change == "code":
        monkeypatch.setattr(shelf, "reader_version", lambda: "a later one")
    else:
        (old / OLD).write_text((old / OLD).read_text(encoding="utf-8") + "\n", encoding="utf-8")
    ingest(old, shelf_in=tmp_path / "shelf", **more)
    after = {p.name for p in (tmp_path / "shelf").iterdir()}
    assert len(hashed) == 4
    assert len(after) == 1 and not after & before, "what no delivered file needs has gone"


def test_the_shelf_holds_no_raw_value_and_is_for_its_owner_alone(old: Path, ingest: Any, tmp_path: Path) -> None:
    ingest(old, shelf_in=tmp_path / "shelf")
    said = [
        "13812340001",
        "+8613812340001",
        "+86 139 1234 0002",
        "湖北省武汉市洪山区关山大道77号书香名邸17栋1单元1002室",
        "1390000",
    ]
    whole = canary.everything_below(tmp_path / "shelf")
    assert b"138****0001" in whole
    assert canary.leaked(whole, [v for v in said if len(v) > 8]) == []
    assert b"'1390000'" not in whole
    assert (tmp_path / "shelf").stat().st_mode & 0o077 == 0
    assert all(p.stat().st_mode & 0o077 == 0 for p in (tmp_path / "shelf").iterdir())


def test_a_vault_needs_every_value_and_clears_the_shelf(
    old: Path, ingest: Any, tmp_path: Path, hashed: list[str]
) -> None:
    ingest(old, shelf_in=tmp_path / "shelf")
    hashed.clear()
    vault = Vault(tmp_path / "vault.db", KEY)
    ingest(old, shelf_in=tmp_path / "shelf", vault=vault)
    vault.close()
    assert len(hashed) == 4
    assert not (tmp_path / "shelf").exists()


def test_a_manifest_is_held_against_files_of_the_shelf_too(old: Path, ingest: Any, tmp_path: Path) -> None:
    ingest(old, shelf_in=tmp_path / "shelf")
    said = {f.name: {"sha256": sha256(f.path)} for f in find(old)}
    said[OLD] |= {"rows": 4}
    (old / "MANIFEST.json").write_text(json.dumps({"files": said}), encoding="utf-8")
    ingest(old, shelf_in=tmp_path / "shelf")
    said[OLD] |= {"rows": 5}
    (old / "MANIFEST.json").write_text(json.dumps({"version": 2, "files": said}), encoding="utf-8")
    with pytest.raises(InputRefused, match="number of rows"):
        ingest(old, shelf_in=tmp_path / "shelf")

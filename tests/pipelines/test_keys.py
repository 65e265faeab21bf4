"""Rotation of the token key: the vault first, then the file; a crash between them loses nothing."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from data_contracts.errors import InputRefused, NotFound, UsageError
from data_contracts.raw_vault import Vault, packed
from data_contracts.vault import load_key, next_key, token
from pipelines import keys
from pipelines.run import Order, run
from pipelines.state import State
from tests.pipelines.test_whole_run import written

NEW = "7b2e00d94c11aa63f80517e2c9b64d3f08a1925edc7743b6e10f8a5c2d94b7e3"
AT = datetime(2026, 1, 5, tzinfo=UTC)


def stocked(state: Path) -> str:
    """A state folder with a key and a vault that holds one phone; gives its token."""
    key = load_key(state, {})
    tok = token(key, "phone", "+8613812340001")
    vault = Vault(state / "vault.db", key)
    vault.store([("A1", "phone", tok, packed("13812340001", "+8613812340001"))])
    vault.close()
    return tok


def revealed(state: Path, tok: str) -> str:
    """What the vault says of a token under the key of today."""
    vault = Vault(state / "vault.db", load_key(state, {}))
    try:
        return vault.reveal(tok, who="li", reason="case 7", at=AT)
    finally:
        vault.close()


def test_rotation_moves_the_vault_and_keeps_the_old_key_by_its_name(tmp_path: Path) -> None:
    tok = stocked(tmp_path)
    done = keys.rotate(tmp_path, {}, who="li", reason="yearly", at=AT)
    assert load_key(tmp_path, {}).kid == done.new_kid != done.old_kid
    assert (tmp_path / f"token.key.{done.old_kid}").stat().st_mode & 0o777 == 0o600
    assert revealed(tmp_path, done.moved[tok]) == "13812340001"


def test_a_crash_between_vault_and_key_file_is_finished_by_the_next_call(tmp_path: Path) -> None:
    tok = stocked(tmp_path)
    old, new = load_key(tmp_path, {}), next_key(tmp_path / "token.key")
    vault = Vault(tmp_path / "vault.db", old)
    moved = vault.rotate(new, who="li", reason="yearly", at=AT)
    vault.close()
    assert keys.rotate(tmp_path, {}, who="li", reason="again", at=AT).new_kid == new.kid
    assert revealed(tmp_path, moved[tok]) == "13812340001"


def test_rotation_without_a_file_to_rotate_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="first run"):
        keys.rotate(tmp_path, {}, who="li", reason="x", at=AT)
    with pytest.raises(UsageError, match="its store"):
        keys.rotate(tmp_path, {"TONGREN_KEY": "ab" * 32}, who="li", reason="x", at=AT)


def test_a_key_of_the_environment_is_rotated_with_the_new_one_beside_it(tmp_path: Path) -> None:
    tok = stocked(tmp_path)
    now = (tmp_path / "token.key").read_text().strip()
    done = keys.rotate(tmp_path, {"TONGREN_KEY": now, "TONGREN_NEW_KEY": NEW}, who="li", reason="yearly", at=AT)
    assert (tmp_path / "token.key").read_text().strip() == now
    vault = Vault(tmp_path / "vault.db", load_key(tmp_path, {"TONGREN_KEY": NEW}))
    assert vault.reveal(done.moved[tok], who="li", reason="case 7", at=AT) == "13812340001"
    vault.close()


@pytest.mark.parametrize("text", ["ab" * 31, "ab" * 32, "not a key at all, but long enough for it", ""])
def test_a_key_below_256_bits_or_trivial_is_refused_wherever_it_comes_from(text: str, tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(text)
    path.chmod(0o600)
    handle = os.open(path, os.O_RDONLY)
    try:
        for given in ({"TONGREN_KEY": text}, {"TONGREN_KEY_FILE": str(path)}, {"TONGREN_KEY_FD": str(handle)}):
            with pytest.raises(InputRefused, match=r"vault\.key"):
                load_key(tmp_path, given)
    finally:
        os.close(handle)


def test_the_three_places_of_a_key_give_the_same_key(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(NEW)
    path.chmod(0o600)
    reader, writer = os.pipe()
    os.write(writer, NEW.encode())
    os.close(writer)
    kids = {
        load_key(tmp_path, given).kid
        for given in ({"TONGREN_KEY": NEW}, {"TONGREN_KEY_FILE": str(path)}, {"TONGREN_KEY_FD": str(reader)})
    }
    os.close(reader)
    assert len(kids) == 1
    path.chmod(0o640)
    with pytest.raises(InputRefused, match="chmod 600"):
        load_key(tmp_path, {"TONGREN_KEY_FILE": str(path)})


def test_a_run_with_a_bad_key_ends_before_anything_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = written(tmp_path / "sources")
    monkeypatch.setenv("TONGREN_KEY", "ab" * 31)
    with pytest.raises(InputRefused, match=r"vault\.key"):
        run(Order(sources, State(tmp_path / "state"), date(2026, 4, 20)))
    assert not (tmp_path / "state" / "current").exists()

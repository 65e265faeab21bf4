"""Rotation of the token key: the vault first, then the file; a crash between them loses nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from data_contracts.errors import NotFound, UsageError
from data_contracts.raw_vault import Vault, packed
from data_contracts.vault import load_key, next_key, token
from pipelines import keys

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

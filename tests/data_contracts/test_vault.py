"""Keys that are refused, tokens that are what they promise, and a vault that logs before it opens."""

from __future__ import annotations

import base64
import hmac
import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from data_contracts.errors import InputRefused, NotAllowed, NotFound
from data_contracts.raw_vault import Vault, packed
from data_contracts.vault import Key, hasher, load_key, rotate_key_file, token, token_text

SECRET = bytes(range(11, 43))
KEY = Key(SECRET)
AT = datetime(2026, 1, 5, tzinfo=UTC)


def test_a_token_is_hmac_sha256_under_the_subkey_of_its_kind() -> None:
    digest = hmac.digest(KEY.subkey("token/phone"), b"+8613812340001", "sha256")
    expected = base64.b32encode(digest[:16]).decode().lower().rstrip("=")
    assert token(KEY, "phone", "+8613812340001") == f"v1:{KEY.kid}:{expected}"
    assert token(KEY, "payment", "+8613812340001") != token(KEY, "phone", "+8613812340001")


def test_many_tokens_at_once_are_the_same_tokens() -> None:
    values = [os.urandom(n % 90 + 1) for n in range(300)]
    many = token_text(KEY, hasher(KEY, "device")(values))
    for value, row in zip(values, many, strict=True):
        digest = hmac.digest(KEY.subkey("token/device"), value, "sha256")
        assert row.tobytes().decode().split(":")[2] == base64.b32encode(digest[:16]).decode().lower().rstrip("=")


def test_the_key_never_shows_itself() -> None:
    assert SECRET.hex() not in repr(KEY) and str(SECRET) not in repr(KEY)


@pytest.mark.parametrize("text", ["", "ab" * 31, "zz" * 40, "00" * 32, base64.b64encode(b"x" * 20).decode()])
def test_vault_key_short_or_trivial_keys_are_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(InputRefused) as caught:
        load_key(tmp_path, {"TONGREN_KEY": text})
    assert caught.value.code == "vault.key" and (not text or text not in str(caught.value))


def test_the_key_comes_as_hex_or_base64_from_environment_descriptor_or_file(tmp_path: Path) -> None:
    assert load_key(tmp_path, {"TONGREN_KEY": SECRET.hex()}) == KEY
    assert load_key(tmp_path, {"TONGREN_KEY": base64.urlsafe_b64encode(SECRET).decode().rstrip("=")}) == KEY
    path = tmp_path / "key"
    path.write_text(SECRET.hex())
    path.chmod(0o600)
    assert load_key(tmp_path, {"TONGREN_KEY_FILE": str(path)}) == KEY
    with path.open("rb") as file:
        assert load_key(tmp_path, {"TONGREN_KEY_FD": str(file.fileno())}) == KEY


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_vault_key_a_file_that_others_may_read_is_refused(mode: int, tmp_path: Path) -> None:
    path = tmp_path / "token.key"
    path.write_text(SECRET.hex())
    path.chmod(mode)
    with pytest.raises(InputRefused, match=r"vault\.key.*chmod 600"):
        load_key(tmp_path, {})


def test_vault_key_a_link_or_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "token.key").symlink_to("/etc/hostname")
    for environ in (
        {},
        {"TONGREN_KEY_FILE": str(tmp_path / "none")},
        {"TONGREN_KEY_FD": "x"},
        {"TONGREN_KEY_FD": "999"},
    ):
        with pytest.raises(InputRefused, match=r"vault\.key"):
            load_key(tmp_path, environ)


def test_the_first_run_makes_a_key_that_only_its_owner_reads(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    first = load_key(tmp_path, {})
    assert (tmp_path / "token.key").stat().st_mode & 0o777 == 0o600
    assert "move it out" in caplog.text and first.secret.hex() not in caplog.text
    assert load_key(tmp_path, {}) == first


def test_a_descriptor_gives_its_key_as_often_as_it_is_asked(tmp_path: Path) -> None:
    """Of several days in one call, each loads the key; a pipe has it once."""
    path = tmp_path / "key"
    path.write_text(SECRET.hex())
    reading, writing = os.pipe()
    os.write(writing, SECRET.hex().encode())
    os.close(writing)
    with path.open("rb") as file, os.fdopen(reading, "rb") as pipe:
        for one in (file, pipe):
            environ = {"TONGREN_KEY_FD": str(one.fileno())}
            assert [load_key(tmp_path, environ) for _ in range(3)] == [KEY] * 3


def test_a_key_file_is_there_whole_or_not_at_all_and_its_folder_is_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[bool] = []

    def watched(handle: int) -> None:
        synced.append(stat.S_ISDIR(os.fstat(handle).st_mode))

    def failing(handle: int) -> None:
        raise OSError(5, "the disk fails")

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(OSError, match="the disk fails"):
        load_key(tmp_path, {})
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(os, "fsync", watched)
    made = load_key(tmp_path, {})
    assert synced == [False, True], "the file, then the folder that names it"
    assert [p.name for p in tmp_path.iterdir()] == ["token.key"] and load_key(tmp_path, {}) == made


def test_rotating_a_key_file_keeps_the_old_one_beside_it(tmp_path: Path) -> None:
    first = load_key(tmp_path, {})
    old, new = rotate_key_file(tmp_path / "token.key")
    assert old == first and new != first and load_key(tmp_path, {}) == new
    assert load_key(tmp_path, {"TONGREN_KEY_FILE": str(tmp_path / f"token.key.{old.kid}")}) == first


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    """A vault with one phone that two accounts share."""
    vault = Vault(tmp_path / "vault.db", KEY)
    tok = token(KEY, "phone", "+8613812340001")
    assert vault.store([(a, "phone", tok, packed("138 1234 0001", "+8613812340001")) for a in ("A1", "A2")]) == 2
    return vault


PHONE = token(KEY, "phone", "+8613812340001")


def test_the_vault_opens_for_a_named_person_with_a_reason_and_says_so_first(vault: Vault) -> None:
    for who, reason in (("", "case 7"), ("li", " ")):
        with pytest.raises(NotAllowed):
            vault.reveal(PHONE, who=who, reason=reason, at=AT)
    assert vault.reveal(PHONE, who="li", reason="case 7", at=AT) == "138 1234 0001"
    with pytest.raises(NotFound):
        vault.reveal("v1:x:y", who="li", reason="case 8", at=AT)
    assert [(s.who, s.action, s.reason) for s in vault.sights()] == [
        ("li", "reveal", "case 7"),
        ("li", "reveal", "case 8"),
    ]


def test_erasing_every_holder_makes_the_value_unreadable_for_ever(vault: Vault) -> None:
    vault.erase("A1", who="li", reason="request 3", at=AT)
    assert vault.reveal(PHONE, who="li", reason="still of A2", at=AT) == "138 1234 0001"
    vault.erase("A2", who="li", reason="request 4", at=AT)
    assert vault.store([("A1", "phone", PHONE, packed("x", "x"))]) == 0
    with pytest.raises(NotFound):
        vault.reveal(PHONE, who="li", reason="too late", at=AT)
    assert len(vault.sights()) == 4


def test_nothing_in_the_file_shows_a_value(vault: Vault, tmp_path: Path) -> None:
    vault.close()
    data = b"".join(p.read_bytes() for p in tmp_path.glob("vault.db*"))
    assert b"13812340001" not in data and b"138 1234 0001" not in data and SECRET not in data


def test_rotation_moves_every_value_under_the_new_token(vault: Vault, tmp_path: Path) -> None:
    new = Key(bytes(range(60, 92)))
    moved = vault.rotate(new, who="li", reason="yearly", at=AT)
    assert moved == {PHONE: token(new, "phone", "+8613812340001")}
    assert vault.reveal(moved[PHONE], who="li", reason="case 9", at=AT) == "138 1234 0001"
    vault.close()
    with pytest.raises(InputRefused, match=r"vault\.key"):
        Vault(tmp_path / "vault.db", KEY)
    assert len(Vault(tmp_path / "vault.db", new).sights()) == 2


def test_an_altered_log_is_seen(vault: Vault, tmp_path: Path) -> None:
    import sqlite3

    vault.reveal(PHONE, who="li", reason="case 7", at=AT)
    con = sqlite3.connect(tmp_path / "vault.db")
    with pytest.raises(sqlite3.IntegrityError):
        con.execute("update sight set who = 'wang'")
    con.execute("drop trigger sight_stays")
    con.execute("update sight set who = 'wang'")
    con.commit()
    con.close()
    with pytest.raises(NotAllowed, match="entry 1"):
        vault.sights()

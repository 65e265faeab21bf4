"""Keyed tokens: with the normalisers handed to it, this is all that ever sees a raw identifier.

A token is `v1:<kid>:` and base32 of 128 bits of HMAC-SHA256 under a subkey of its kind, so that a phone never has the
token of a card. A plain hash of a phone is reversed in minutes; this one not without the key.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import logging
import os
import secrets
import stat
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from data_contracts import disk
from data_contracts.errors import InputRefused

log = logging.getLogger("tongren")

KEY_BYTES = 32
_TOKEN_CHARACTERS = 26  # 128 bits in base32 without padding
_BASE32 = np.frombuffer(b"abcdefghijklmnopqrstuvwxyz234567", dtype=np.uint8)
_PAIRS = np.stack([np.repeat(_BASE32, 32), np.tile(_BASE32, 32)], axis=1).view(np.uint16).ravel()
_CACHED = 16_384  # digests whose text is made at once: what stays in the processor's cache
_BLOCK = 64  # of SHA-256
_PIPES: dict[tuple[int, int, int], str] = {}  # what came out of descriptors that can be read once


@dataclass(frozen=True)
class Key:
    """The master key of one installation. `kid` names it without telling anything about it."""

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) < KEY_BYTES or len(set(self.secret)) < 8:
            raise InputRefused(
                "vault.key", "the token key is shorter than 256 bits or trivial; make one with `openssl rand -hex 32`"
            )

    @property
    def kid(self) -> str:
        """Eight characters that name the key."""
        return base64.b32encode(hmac.digest(self.secret, b"tongren/kid/v1", "sha256"))[:8].decode().lower()

    def subkey(self, purpose: str) -> bytes:
        """256 bits for one purpose (HKDF-SHA256), such as `token/phone` or `vault`."""
        return HKDF(SHA256(), KEY_BYTES, salt=None, info=f"tongren/v1/{purpose}".encode()).derive(self.secret)


def load_key(state: Path, environ: Mapping[str, str]) -> Key:
    """The key from TONGREN_KEY (hex or base64), TONGREN_KEY_FD, TONGREN_KEY_FILE, else `state/token.key`.

    The last is made, mode 0600, on the first run. Raises InputRefused `vault.key` for a key that is short, or a file
    that another user owns or may read.
    """
    if "TONGREN_KEY" in environ:
        return Key(_decoded(environ["TONGREN_KEY"], "TONGREN_KEY"))
    if "TONGREN_KEY_FD" in environ:
        return Key(_decoded(_from_descriptor(environ["TONGREN_KEY_FD"]), "TONGREN_KEY_FD"))
    if "TONGREN_KEY_FILE" in environ:
        return Key(_decoded(_from_file(Path(environ["TONGREN_KEY_FILE"])), "TONGREN_KEY_FILE"))
    path = state / "token.key"
    if not path.exists() and not path.is_symlink():
        _make_key_file(path)
        log.warning(
            "a new token key was made in %s: move it out of the state folder and name it in TONGREN_KEY_FILE", path
        )
    return Key(_decoded(_from_file(path), path.name))


def key_from(text: str, source: str) -> Key:
    """A key out of text in hex or base64; `source` names it in the refusal."""
    return Key(_decoded(text, source))


def is_token(text: str, kid: str) -> bool:
    """Whether a text has the form of a token under the key of that id."""
    head, _, digest = text.rpartition(":")
    return head == f"v1:{kid}" and len(digest) == _TOKEN_CHARACTERS and set(digest.encode()) <= set(_BASE32.tolist())


def _from_descriptor(text: str) -> str:
    if not text.isdigit():
        raise InputRefused("vault.key", "TONGREN_KEY_FD must be the number of an open descriptor")
    try:
        handle = int(text)
        facts = os.fstat(handle)
        place = (handle, facts.st_dev, facts.st_ino)
        if place not in _PIPES:  # what a pipe gave it does not give again, and a command may ask twice
            if stat.S_ISREG(facts.st_mode):
                return os.pread(handle, 4096, 0).decode("ascii", "replace")
            with os.fdopen(os.dup(handle), "rb") as pipe:
                _PIPES[place] = pipe.read(4096).decode("ascii", "replace")
        return _PIPES[place]
    except OSError as error:
        raise InputRefused("vault.key", f"the descriptor in TONGREN_KEY_FD cannot be read: {error.strerror}") from None


def _from_file(path: Path) -> str:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise InputRefused("vault.key", f"the key file cannot be opened: {error.strerror}", where=path) from None
    with os.fdopen(handle, "rb") as file:
        facts = os.fstat(file.fileno())
        if not stat.S_ISREG(facts.st_mode):
            raise InputRefused("vault.key", "the key must be a regular file", where=path)
        if facts.st_uid not in (os.geteuid(), 0):
            raise InputRefused("vault.key", "the key file belongs to another user", where=path)
        if facts.st_mode & 0o077:
            raise InputRefused("vault.key", "others may read the key file; run `chmod 600` on it", where=path)
        return file.read(4096).decode("ascii", "replace")


def _make_key_file(path: Path) -> None:
    """Whole or not at all, and on the disk before anything is sealed under it. Another's, made meanwhile, stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_hex(KEY_BYTES).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        Path(draft).unlink()
    disk.sync(path.parent)


def next_key(path: Path) -> Key:
    """The key that waits beside a key file as `<name>.new`; made, mode 0600, when none does."""
    fresh = path.with_name(f"{path.name}.new")
    if not fresh.exists() and not fresh.is_symlink():
        _make_key_file(fresh)
    return Key(_decoded(_from_file(fresh), fresh.name))


def rotate_key_file(path: Path) -> tuple[Key, Key]:
    """Put the next key in place of a key file; the old one stays beside it as `<name>.<kid>` until it is destroyed.

    Gives (old, new). The old file has its other name before the new one takes its place, so no crash loses a key.
    """
    old, new = Key(_decoded(_from_file(path), path.name)), next_key(path)
    kept = path.with_name(f"{path.name}.{old.kid}")
    if not kept.exists():
        os.link(path, kept)
    path.with_name(f"{path.name}.new").replace(path)
    disk.sync(path.parent)
    return old, new


def _decoded(text: str, source: str) -> bytes:
    text = text.strip()
    try:
        if text and set(text) <= set("0123456789abcdefABCDEF"):
            return bytes.fromhex(text)
        return base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True)
    except (ValueError, binascii.Error):
        raise InputRefused("vault.key", f"{source} is neither hex nor base64; it must hold at least 256 bits") from None


def hasher(key: Key, kind: str) -> Callable[[Iterable[bytes]], bytes]:
    """A function from many normal forms to their digests (32 bytes each, joined): HMAC-SHA256 under the kind's subkey.

    The two keyed SHA-256 states are made once and copied, which halves the time of `hmac.digest`.
    """
    secret = key.subkey(f"token/{kind}").ljust(_BLOCK, b"\0")
    inner = hashlib.sha256(bytes(b ^ 0x36 for b in secret)).copy
    outer = hashlib.sha256(bytes(b ^ 0x5C for b in secret)).copy

    def digests(values: Iterable[bytes]) -> bytes:
        made: list[bytes] = []
        keep = made.append
        for value in values:
            i, o = inner(), outer()
            i.update(value)
            o.update(i.digest())
            keep(o.digest())
        return b"".join(made)

    return digests


def token_text(key: Key, digests: bytes) -> npt.NDArray[np.uint8]:
    """The tokens of joined 32-byte digests as ASCII, one row each: `v1:<kid>:` and 26 characters of base32."""
    halves = np.frombuffer(digests, dtype=">u8").reshape(-1, 4)
    prefix = np.frombuffer(f"v1:{key.kid}:".encode(), dtype=np.uint8)
    text = np.empty((len(halves), len(prefix) + _TOKEN_CHARACTERS), dtype=np.uint8)
    text[:, : len(prefix)] = prefix
    for start in range(0, len(halves), _CACHED):
        high, low = (halves[start : start + _CACHED, part].astype(np.int64) for part in (0, 1))
        pairs = np.empty((len(high), _TOKEN_CHARACTERS // 2), dtype=np.uint16)  # two characters are ten bits
        for i in range(6):
            pairs[:, i] = _PAIRS[high >> 54 - 10 * i & 1023]
        pairs[:, 6] = _PAIRS[(high & 15) << 6 | low >> 58 & 63]
        for i in range(7, 12):
            pairs[:, i] = _PAIRS[low >> 118 - 10 * i & 1023]
        pairs[:, 12] = _PAIRS[(low & 255) << 2]
        text[start : start + len(high), len(prefix) :] = pairs.view(np.uint8)
    return text


def token(key: Key, kind: str, normal: str) -> str:
    """The token of one normal form."""
    return token_text(key, hasher(key, kind)([normal.encode()])).tobytes().decode()

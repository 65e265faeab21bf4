"""The optional vault: the one place that can turn a token back, for a named person with a reason, logged first.

Each account has a key of its own (256 bits, AES-GCM), itself encrypted under the installation's key. Destroying that
key erases the person: what is left of the values cannot be read by anyone, and the log of sights still verifies.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import sqlite3
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from data_contracts import sight_log
from data_contracts.errors import InputRefused, NotAllowed, NotFound
from data_contracts.sight_log import Sight
from data_contracts.vault import Key, token

_NONCE = 12
_TABLES = """
create table if not exists facts (name text primary key, value text not null);
create table if not exists subject (account_id text primary key, wrapped blob, erased_at text, erased_by text);
create table if not exists held (account_id text not null, kind text not null, token text not null, sealed blob not null,
    primary key (token, account_id));
create table if not exists raw_row (delivery text not null, file text not null, row_number integer not null,
    account_id text not null, sealed blob not null, primary key (delivery, file, row_number));
"""


class Vault:
    """`vault.db` of a state folder, mode 0600, opened under the installation's key."""

    def __init__(self, path: Path, key: Key) -> None:
        _own(path)
        self._key, self._wrap = key, AESGCM(key.subkey("vault"))
        self._con = sqlite3.connect(path, isolation_level=None)
        self._con.execute("pragma synchronous = full")
        self._con.execute("pragma secure_delete = on")
        self._con.executescript(_TABLES + sight_log.TABLES)
        known = self._con.execute("select value from facts where name = 'kid'").fetchone()
        if known is None:
            self._con.execute("insert into facts values ('kid', ?)", [key.kid])
        elif known[0] != key.kid:
            self._con.close()
            raise InputRefused(
                "vault.key", f"the vault was written under the key {known[0]}, not {key.kid}", where=path
            )

    def store(self, rows: Iterable[tuple[str, str, str, bytes]]) -> int:
        """Keep (account_id, kind, token, `packed` value) sealed; what is held already stays. Gives the number of new ones."""
        before = self._count()
        with self._transaction():
            for account, kind, tok, raw in rows:
                seal = self._subject(account)
                if seal is not None:
                    sealed = _sealed(seal, raw, account, kind, tok)
                    self._con.execute("insert or ignore into held values (?, ?, ?, ?)", [account, kind, tok, sealed])
        return self._count() - before

    def reveal(self, tok: str, *, who: str, reason: str, at: datetime) -> str:
        """The raw value behind a token. The sight is in the log, on disk, before the value is decrypted.

        Raises NotAllowed without a person and a reason, NotFound when the vault does not hold it or its owner was erased.
        """
        _named(who, reason)
        found = self._con.execute(
            "select account_id, kind, sealed from held where token = ? order by account_id", [tok]
        ).fetchall()
        self._log(at, who, "reveal", tok, reason)
        for account, kind, sealed in found:
            seal = self._existing(account)
            if seal is not None:
                return str(_opened(seal, sealed, account, kind, tok)["value"])
        raise NotFound("the vault holds no readable value for this token")

    def store_rows(self, delivery: str, rows: Iterable[tuple[str, int, str, str]]) -> None:
        """Keep quarantined rows of a delivery as they came, sealed: (file, row number, account or nothing, cells as JSON)."""
        with self._transaction():
            erased = {a for (a,) in self._con.execute("select account_id from subject where wrapped is null")}
            for file, number, account, cells in rows:
                seal = self._subject(account)
                if seal is not None and (account or erased.isdisjoint(_words(json.loads(cells)))):
                    sealed = _sealed(seal, cells.encode(), account, "row", f"{delivery}|{file}|{number}")
                    self._con.execute(
                        "insert or ignore into raw_row values (?, ?, ?, ?, ?)",
                        [delivery, file, number, account, sealed],
                    )

    def row(self, delivery: str, file: str, number: int, *, who: str, reason: str, at: datetime) -> dict[str, str]:
        """The cells of a quarantined row as they came. The sight is in the log, on disk, before they are decrypted.

        Raises NotAllowed without a person and a reason, NotFound when the vault does not hold it or its owner was erased.
        """
        _named(who, reason)
        place = [delivery, file, number]
        found = self._con.execute(
            "select account_id, sealed from raw_row where delivery = ? and file = ? and row_number = ?", place
        ).fetchone()
        self._log(at, who, "row", f"{file}:{number}", reason)
        seal = self._existing(found[0]) if found else None
        if seal is None:
            raise NotFound(f"the vault holds no readable row {number} of {file} in this run's delivery")
        return _opened(seal, found[1], found[0], "row", f"{delivery}|{file}|{number}")

    def erase(self, account_id: str, *, who: str, reason: str, at: datetime) -> None:
        """Destroy a subject's key. Its values can never be read again, nor stored anew. Lines of nobody that name it go too."""
        _named(who, reason)
        with self._transaction():
            self._con.execute(
                "insert into subject values (?, null, ?, ?) on conflict (account_id) do update set wrapped = null, "
                "erased_at = excluded.erased_at, erased_by = excluded.erased_by",
                [account_id, at.isoformat(), who],
            )
            self._forget_lines(account_id)
            sight_log.append(self._con, at, who, "erase", account_id, reason)

    def _forget_lines(self, account_id: str) -> None:
        """Remove the lines that could not be parted into fields and name the account: no key of its own seals them."""
        nobody = self._existing("")
        if nobody is None:
            return
        for delivery, file, number, sealed in self._con.execute(
            "select delivery, file, row_number, sealed from raw_row where account_id = ''"
        ).fetchall():
            if account_id in _words(_opened(nobody, sealed, "", "row", f"{delivery}|{file}|{number}")):
                self._con.execute(
                    "delete from raw_row where delivery = ? and file = ? and row_number = ?", [delivery, file, number]
                )

    def rotate(self, new: Key, *, who: str, reason: str, at: datetime) -> dict[str, str]:
        """Put every value under a new key's token. Gives old token -> new token; unreadable (erased) ones stay as they are."""
        _named(who, reason)
        moved: dict[str, str] = {}
        wrap = AESGCM(new.subkey("vault"))
        with self._transaction():
            for account, kind, tok, sealed in self._con.execute(
                "select * from held order by token, account_id"
            ).fetchall():
                seal = self._existing(account)
                if seal is None:
                    continue
                held = _opened(seal, sealed, account, kind, tok)
                moved[tok] = token(new, kind, held["normal"])
                again = _sealed(seal, packed(held["value"], held["normal"]), account, kind, moved[tok])
                self._con.execute("delete from held where token = ? and account_id = ?", [tok, account])
                self._con.execute("insert or ignore into held values (?, ?, ?, ?)", [account, kind, moved[tok], again])
            for account, wrapped in self._con.execute(
                "select account_id, wrapped from subject where wrapped is not null"
            ).fetchall():
                plain, nonce = self._unwrap(account, wrapped), secrets.token_bytes(_NONCE)
                self._con.execute(
                    "update subject set wrapped = ? where account_id = ?",
                    [nonce + wrap.encrypt(nonce, plain, account.encode()), account],
                )
            self._con.execute("update facts set value = ? where name = 'kid'", [new.kid])
            sight_log.append(self._con, at, who, "rotate", new.kid, reason)
        self._key, self._wrap = new, wrap
        return moved

    def under(self, new: Key, tokens: Iterable[str]) -> dict[str, str]:
        """What a new key's token of each readable token would be; nothing is shown and nothing moves."""
        found: dict[str, str] = {}
        for tok in tokens:
            for account, kind, sealed in self._con.execute(
                "select account_id, kind, sealed from held where token = ? order by account_id", [tok]
            ).fetchall():
                seal = self._existing(account)
                if seal is not None:
                    found[tok] = token(new, kind, _opened(seal, sealed, account, kind, tok)["normal"])
        return found

    def holds(self, account_id: str) -> int:
        """How many readable values of an account the vault has."""
        row = self._con.execute(
            "select count(*) from held join subject using (account_id) where account_id = ? and wrapped is not null",
            [account_id],
        ).fetchone()
        return int(row[0])

    def sights(self) -> tuple[Sight, ...]:
        """The log in order. Raises NotAllowed when its chain of hashes does not hold."""
        return sight_log.sights(self._con)

    def _log(self, at: datetime, who: str, action: str, subject: str, reason: str) -> None:
        with self._transaction():
            sight_log.append(self._con, at, who, action, subject, reason)

    def close(self) -> None:
        """Close the file."""
        self._con.close()

    def _count(self) -> int:
        return int(self._con.execute("select count(*) from held").fetchone()[0])

    def _subject(self, account: str) -> AESGCM | None:
        row = self._con.execute("select wrapped from subject where account_id = ?", [account]).fetchone()
        if row is None:
            plain, nonce = secrets.token_bytes(32), secrets.token_bytes(_NONCE)
            wrapped = nonce + self._wrap.encrypt(nonce, plain, account.encode())
            self._con.execute("insert into subject values (?, ?, null, null)", [account, wrapped])
            return AESGCM(plain)
        return None if row[0] is None else AESGCM(self._unwrap(account, row[0]))

    def _existing(self, account: str) -> AESGCM | None:
        row = self._con.execute("select wrapped from subject where account_id = ?", [account]).fetchone()
        return None if row is None or row[0] is None else AESGCM(self._unwrap(account, row[0]))

    def _unwrap(self, account: str, wrapped: bytes) -> bytes:
        try:
            return self._wrap.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], account.encode())
        except InvalidTag:
            raise InputRefused("vault.key", "a key of the vault does not open under this installation's key") from None

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._con.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._con.execute("rollback")
            raise
        self._con.execute("commit")


def written_under(path: Path) -> str | None:
    """The id of the key under which a vault was written; None when there is no vault."""
    if not path.exists():
        return None
    con = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        row = con.execute("select value from facts where name = 'kid'").fetchone()
    finally:
        con.close()
    return str(row[0]) if row else None


def drop_rows(path: Path, kept: Iterable[str]) -> int:
    """Remove the rows of every delivery but the `kept` ones; needs no key. Gives how many went."""
    if not path.exists():
        return 0
    with closing(sqlite3.connect(path)) as con, con:
        con.execute("pragma secure_delete = on")
        if not con.execute("select 1 from sqlite_master where name = 'raw_row'").fetchone():
            return 0
        listed = list(kept)
        marks = ", ".join("?" * len(listed))
        return con.execute(f"delete from raw_row where delivery not in ({marks})", listed).rowcount


def packed(value: str, normal: str) -> bytes:
    """What is sealed: the value as it came, and its normal form for the day of another key."""
    return json.dumps({"value": value, "normal": normal}, ensure_ascii=False).encode()


def _sealed(seal: AESGCM, plain: bytes, account: str, kind: str, tok: str) -> bytes:
    nonce = secrets.token_bytes(_NONCE)
    return nonce + seal.encrypt(nonce, plain, f"{account}|{kind}|{tok}".encode())


def _opened(seal: AESGCM, sealed: bytes, account: str, kind: str, tok: str) -> dict[str, str]:
    return dict(json.loads(seal.decrypt(sealed[:_NONCE], sealed[_NONCE:], f"{account}|{kind}|{tok}".encode())))


def _words(cells: Mapping[str, object]) -> frozenset[str]:
    """What may be an account's id in a row of nobody: whatever stands between signs that part fields."""
    return frozenset(word for cell in cells.values() for word in re.split(r"[\s,;|\"']+", str(cell)))


def _named(who: str, reason: str) -> None:
    if not who.strip() or not reason.strip():
        raise NotAllowed("the vault opens for a named person with a reason, never otherwise")


def _own(path: Path) -> None:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        facts = os.fstat(handle)
        if facts.st_mode & 0o077 or facts.st_uid not in (os.geteuid(), 0) or not stat.S_ISREG(facts.st_mode):
            raise InputRefused(
                "vault.key", "the vault must be a file that only its owner may read (chmod 600)", where=path
            )
    finally:
        os.close(handle)

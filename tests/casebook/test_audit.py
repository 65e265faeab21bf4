"""Whoever changes the books behind our back is found out: by `tongren verify`'s check and by the script that stands alone."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from casebook import audit_verify, chain
from casebook.books import Books, open_books
from casebook.checkpoint import Seal
from data_contracts.vault import Key
from tests.casebook.conftest import clock, decide, propose, publish
from tests.counts import SOAK, SoakCount

KEY = Key(bytes(range(32)))
SCRIPT = Path(audit_verify.__file__)
ATTACKS = 500 if SOAK else 11


def fill(books: Books, extra: int = 0) -> None:
    """Two runs with postings, and people between them."""
    posting = {"posting_no": 1, "posted_on": date(2026, 1, 31), "month": "2025-12", "earning_month": "2025-12", "promoter_id": "P1",
               "debit_account": "programme_expense", "credit_account": "promoter_payable", "cause": "4.1"}  # fmt: skip
    publish(books, new_posting=[{**posting, "transaction_id": f"T{n}", "amount_fen": 100 + n} for n in range(6)])
    for n in range(4 + extra):
        decide(books, propose(books, subject_id=f"P{n}"), "approve")
    publish(books, 2, date(2026, 2, 20), new_posting=[{**posting, "transaction_id": "T9", "amount_fen": 7}])
    propose(books, subject_id="P9")


@pytest.fixture
def sealed(sqlite_books: Books, tmp_path: Path) -> tuple[Path, Path, Seal]:
    """Books with a history, and the folder of their checkpoints."""
    seal = Seal(tmp_path / "checkpoints", KEY)
    fill(sqlite_books)
    seal.stamp(sqlite_books)
    propose(sqlite_books, subject_id="P10")
    seal.stamp(sqlite_books)
    sqlite_books.close()
    return tmp_path / "books.db", tmp_path / "checkpoints", seal


def alone(books: str | Path, *more: str | Path) -> tuple[int, str]:
    """What the stand-alone script says, run with nothing of ours on its path."""
    done = subprocess.run([sys.executable, "-I", SCRIPT, books, *more], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_whole_books_verify_on_both_databases(books: Books, tmp_path: Path) -> None:
    seal = Seal(tmp_path / "checkpoints", KEY)
    fill(books)
    seal.stamp(books)
    propose(books, subject_id="P10")
    seal.stamp(books)
    assert books.audit_faults(tmp_path / "checkpoints", seal.public_key) == []
    if books.engine.dialect.name == "postgresql":
        where = books.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    else:
        where = str(tmp_path / "books.db")
    assert alone(where, tmp_path / "checkpoints", seal.public_key) == (0, "the books verify\n")


def test_the_script_stands_alone_and_is_short() -> None:
    text = SCRIPT.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 100
    assert "casebook" not in text and "data_contracts" not in text


def _rechain(con: sqlite3.Connection, start: int) -> None:
    """What an attacker who knows the code does: hash everything again from an entry on."""
    rows = con.execute("select seq, payload from audit order by seq").fetchall()
    prev = chain.GENESIS
    for seq, payload in rows:
        if seq >= start:
            payload = chain.canonical({**json.loads(payload), "prev": prev, "seq": seq})
            con.execute(
                "update audit set payload = ?, prev = ?, hash = ? where seq = ?",
                (payload, prev, chain.link(prev, payload), seq),
            )
        prev = con.execute("select hash from audit where seq = ?", (seq,)).fetchone()[0]


def _flip(con: sqlite3.Connection, dice: random.Random, last: int) -> None:
    seq = dice.randint(1, last)
    text = con.execute("select payload from audit where seq = ?", (seq,)).fetchone()[0]
    place = dice.randrange(len(text))
    con.execute(
        "update audit set payload = ? where seq = ?",
        (text[:place] + chr(ord(text[place]) ^ 1) + text[place + 1 :], seq),
    )


def _amount(con: sqlite3.Connection, dice: random.Random, last: int) -> None:
    con.execute(
        "update posting set amount_fen = amount_fen + ? where transaction_id = ?",
        (dice.randint(1, 9), f"T{dice.randrange(6)}"),
    )


def _row_gone(con: sqlite3.Connection, dice: random.Random, last: int) -> None:
    table = dice.choice(["posting", "decision_event"])
    con.execute(f"delete from {table} where rowid = (select rowid from {table} order by random() limit 1)")


def _row_more(con: sqlite3.Connection, dice: random.Random, last: int) -> None:
    seq = dice.randint(1, last)
    con.execute(
        "insert into decision_event (seq, decision_id, action, by_whom, reason, at)"
        " select ?, decision_id, 'overturn', 'zhao', 'forged', 1 from decision limit 1", (seq,)
    )  # fmt: skip


def _middle_gone(con: sqlite3.Connection, dice: random.Random, last: int) -> None:
    con.execute("delete from audit where seq = ?", (dice.randint(2, last - 1),))


def _tail_gone(con: sqlite3.Connection, dice: random.Random, last: int) -> None:
    first = dice.randint(2, last)
    for table in ("posting", "decision_event", "instruction", "decision", "run"):
        con.execute(f"delete from {table} where seq >= ?", (first,))
    con.execute("delete from audit where seq >= ?", (first,))


def _swap(con: sqlite3.Connection, dice: random.Random, last: int) -> None:
    one = dice.randint(1, last - 1)
    con.execute("update audit set seq = 999999 where seq = ?", (one,))
    con.execute("update audit set seq = ? where seq = ?", (one, one + 1))
    con.execute("update audit set seq = ? where seq = 999999", (one + 1,))


def _retime(con: sqlite3.Connection, dice: random.Random, last: int) -> None:
    con.execute("update audit set at = at - 86400000000 where seq = ?", (dice.randint(1, last),))


def _renumber(con: sqlite3.Connection, dice: random.Random, last: int) -> None:
    con.execute("update audit set seq = seq + 1000 where seq >= ?", (dice.randint(1, last),))


def _rewrite(con: sqlite3.Connection, dice: random.Random, last: int) -> None:
    seq = dice.randint(1, last)
    con.execute(
        'update audit set payload = replace(payload, \'"reason":"\', \'"reason":"x\'), actor = actor where seq = ?',
        (seq,),
    )
    _rechain(con, seq)


def _trigger_gone(con: sqlite3.Connection, dice: random.Random, last: int) -> None:
    con.execute("drop trigger posting_no_update")


KINDS: list[Callable[[sqlite3.Connection, random.Random, int], None]] = [
    _flip, _amount, _row_gone, _row_more, _middle_gone, _tail_gone, _swap, _retime, _renumber, _rewrite, _trigger_gone,
]  # fmt: skip


def attack(path: Path, kind: Callable[[sqlite3.Connection, random.Random, int], None], dice: random.Random) -> None:
    """Tamper with a books file, and put the guards back afterwards as a careful attacker would."""
    with closing(sqlite3.connect(path)) as con, con:
        guards = con.execute("select name, sql from sqlite_master where type = 'trigger'").fetchall()
        last = con.execute("select max(seq) from audit").fetchone()[0]
        if kind is _trigger_gone:
            kind(con, dice, last)
            return
        for name, _ in guards:
            con.execute(f'drop trigger "{name}"')
        kind(con, dice, last)
        for _, sql in guards:
            con.execute(sql)


@pytest.mark.parametrize("number", range(ATTACKS))
def test_every_attack_is_found(sealed: tuple[Path, Path, Seal], number: int, soak_count: SoakCount) -> None:
    soak_count("tamper", 1)
    path, checkpoints, seal = sealed
    kind = KINDS[number % len(KINDS)]
    attack(path, kind, random.Random(number))
    with closing(sqlite3.connect(path)) as con:
        found = audit_verify.faults(con.execute, audit_verify.SQLITE, checkpoints, seal.public_key)
    assert found, f"{kind.__name__} {number} went unseen"
    if number < 4:
        code, told = alone(path, checkpoints, seal.public_key)
        assert code == 1 and told.split("\n")[0] == found[0]
        books = open_books(path)
        assert books.audit_faults(checkpoints, seal.public_key) == found
        books.close()


def test_yesterdays_copy_and_a_fork_are_found(sqlite_books: Books, tmp_path: Path) -> None:
    seal = Seal(tmp_path / "checkpoints", KEY)
    fill(sqlite_books)
    sqlite_books.close()
    shutil.copy(tmp_path / "books.db", tmp_path / "yesterday.db")
    for name in ("books.db", "yesterday.db"):
        books = open_books(tmp_path / name, clock())
        propose(books, subject_id=name)
        if name == "books.db":
            seal.stamp(books)
        assert books.audit_faults() == []
        found = books.audit_faults(tmp_path / "checkpoints", seal.public_key)
        assert bool(found) is (name == "yesterday.db")
        books.close()


def test_checkpoints_that_were_forged_or_removed_are_found(sealed: tuple[Path, Path, Seal], tmp_path: Path) -> None:
    path, checkpoints, seal = sealed
    books = open_books(path)
    other = Seal(tmp_path / "other", Key(bytes(range(1, 33))))
    other.stamp(books)
    assert any("not signed" in f for f in books.audit_faults(tmp_path / "other", seal.public_key))
    first, _ = sorted(checkpoints.glob("*.json"))
    kept = first.read_text()
    first.unlink()
    assert any("before it" in f for f in books.audit_faults(checkpoints, seal.public_key))
    first.write_text(kept.replace('"postings": 7', '"postings": 8'))
    assert any("not signed" in f for f in books.audit_faults(checkpoints, seal.public_key))
    books.close()


def test_a_checkpoint_is_written_once_per_entry(sealed: tuple[Path, Path, Seal]) -> None:
    path, checkpoints, seal = sealed
    books = open_books(path)
    before = {p: p.stat().st_mtime_ns for p in checkpoints.iterdir()}
    seal.stamp(books)
    assert {p: p.stat().st_mtime_ns for p in checkpoints.iterdir()} == before
    books.close()


def test_floats_have_no_place_in_the_chain() -> None:
    with pytest.raises(TypeError, match="float"):
        chain.canonical({"amount": 1.5})
    assert chain.canonical({"b": "e\u0301", "a": [1, None, True]}) == '{"a":[1,null,true],"b":"é"}'


def test_a_checkpoint_tells_the_merkle_root_of_the_whole_chain_and_the_ledger(books: Books, tmp_path: Path) -> None:
    seal = Seal(tmp_path / "checkpoints", KEY)
    fill(books)
    seal.stamp(books)
    propose(books, subject_id="P10")
    body = json.loads(seal.stamp(books).read_text())["body"]  # type: ignore[union-attr] # the books are not empty
    assert body["merkle"] == chain.merkle([], books.hashes(0, body["seq"]))
    assert body["ledger"] == {"postings": 7, "fen": 622}
    assert books.audit_faults(tmp_path / "checkpoints", seal.public_key) == []


@pytest.mark.parametrize(("what", "told"), [("merkle", "Merkle root"), ("ledger", "other totals")])
def test_a_signed_checkpoint_that_disagrees_with_the_books_is_found(
    books: Books, tmp_path: Path, what: str, told: str
) -> None:
    seal = Seal(tmp_path / "checkpoints", KEY)
    fill(books)
    path = seal.stamp(books)
    assert path is not None
    body = json.loads(path.read_text())["body"]
    body[what] = {"postings": 7, "fen": 1} if what == "ledger" else "0" * 64
    signature = seal._key.sign(audit_verify.dumps(body).encode()).hex()
    path.write_text(json.dumps({"body": body, "public_key": seal.public_key, "signature": signature}))
    assert any(told in f for f in books.audit_faults(tmp_path / "checkpoints", seal.public_key))

"""Whoever changes the books behind our back is found out: by `tongren verify`'s check and by the script that stands alone."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from casebook import audit_verify, chain
from casebook.books import Books, open_books
from casebook.checkpoint import Seal, reach
from data_contracts.vault import Key
from tests.casebook.conftest import clock, database, decide, propose, publish
from tests.casebook.tampering import KINDS, NEED_ANCHOR, Attack, Intruder, flip, insert, rewrite, tail_gone
from tests.counts import SOAK, SoakCount

KEY = Key(bytes(range(32)))
SCRIPT = Path(audit_verify.__file__)
ATTACKS = 500 if SOAK else len(KINDS)


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
    last = books.anchor()["seq"]  # type: ignore[index] # the books are not empty
    whole = (0, f"the books verify; signed up to entry {last} of {last}\n")
    assert alone(where, tmp_path / "checkpoints", seal.public_key) == whole


def test_the_script_stands_alone_and_is_short() -> None:
    text = SCRIPT.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 100
    assert "casebook" not in text and "data_contracts" not in text


@dataclass(frozen=True)
class History:
    """Books with a history and a signed end. `where` is what the script is told."""

    where: str
    checkpoints: Path
    public_key: str

    @property
    def postgres(self) -> bool:
        return self.where.startswith("postgresql")

    @property
    def kind(self) -> tuple[str, str]:
        return audit_verify.POSTGRES if self.postgres else audit_verify.SQLITE

    def connect(self) -> Any:
        """With transactions begun by hand."""
        return psycopg.connect(self.where) if self.postgres else sqlite3.connect(self.where, isolation_level=None)


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def history(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    """Once per database; attacks on it are rolled back."""
    folder = tmp_path_factory.mktemp("history")
    with ExitStack() as open_things:
        where = str(folder / "books.db")
        if request.param == "postgresql":
            where = open_things.enter_context(database(request.getfixturevalue("postgres")))
        books, seal = open_books(where, clock()), Seal(folder / "checkpoints", KEY)
        fill(books)
        seal.stamp(books)
        propose(books, subject_id="P10")
        seal.stamp(books)
        books.close()
        yield History(where, folder / "checkpoints", seal.public_key)


@pytest.mark.parametrize("number", range(ATTACKS))
def test_every_attack_is_found(history: History, number: int, soak_count: SoakCount) -> None:
    """With the checkpoints all of them; without any those that did not hash the end anew, and the first bad entry is named."""
    soak_count("tamper", 1)
    kind = KINDS[number % len(KINDS)]
    with closing(history.connect()) as con:
        if not history.postgres:
            con.execute("begin")
        entry = Intruder(con, postgres=history.postgres).attack(kind, random.Random(number))
        found = audit_verify.faults(con.execute, history.kind, history.checkpoints, history.public_key)
        unanchored = audit_verify.faults(con.execute, history.kind)
        con.rollback()
    assert found, f"{kind.__name__} {number} went unseen"
    if kind not in NEED_ANCHOR:
        assert unanchored and unanchored[0].startswith(f"entry {entry}:"), (kind.__name__, number, unanchored)
        assert found[: len(unanchored)] == unanchored


@pytest.mark.parametrize("kind", [flip, insert, tail_gone, rewrite])
def test_the_script_alone_and_verify_say_the_same(
    history: History, tmp_path: Path, kind: Attack, request: pytest.FixtureRequest
) -> None:
    with ExitStack() as open_things:
        where = str(tmp_path / "books.db")
        if history.postgres:
            base = request.getfixturevalue("postgres")
            name = sa.make_url(history.where).database
            where = open_things.enter_context(database(base, str(name)))
        else:
            shutil.copy(history.where, where)
        copy = History(where, history.checkpoints, history.public_key)
        with closing(copy.connect()) as con:
            if not copy.postgres:
                con.execute("begin")
            Intruder(con, postgres=copy.postgres).attack(kind, random.Random(7))
            con.commit()
        books = open_books(where)
        told = books.audit_faults(history.checkpoints, history.public_key)
        books.close()
        assert told and alone(where, history.checkpoints, history.public_key) == (1, "\n".join(told) + "\n")


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
    for path in checkpoints.glob("*.json"):
        path.unlink()
    assert [f for f in books.audit_faults(checkpoints, seal.public_key) if f.startswith("no checkpoint in")]
    books.close()


def test_up_to_which_entry_the_checkpoints_hold_is_told(sealed: tuple[Path, Path, Seal]) -> None:
    """Whoever takes the newest checkpoint and the entries under it away leaves what looks like an earlier day."""
    path, checkpoints, seal = sealed
    first, newest = sorted(checkpoints.glob("*.json"))
    newest.unlink()
    assert reach(checkpoints) == int(first.stem) < int(newest.stem)
    told = f"the books verify; signed up to entry {int(first.stem)} of {int(newest.stem)}\n"
    assert alone(path, checkpoints, seal.public_key) == (0, told)


def test_what_cannot_be_checked_is_told_without_a_trace(sealed: tuple[Path, Path, Seal], tmp_path: Path) -> None:
    path, checkpoints, seal = sealed
    (tmp_path / "text").write_text("no books at all, but a text that is longer than a header of a hundred bytes" * 3)
    for where in (tmp_path / "nowhere.db", tmp_path / "text", "postgresql://127.0.0.1:1/nobody"):
        code, told = alone(where)
        assert code == 1 and told.startswith("not checked: ") and "Traceback" not in told, told
    for torn in ("{", "[]", '{"body": {}}'):
        newest = max(checkpoints.glob("*.json"))
        newest.write_text(torn)
        assert alone(path, checkpoints, seal.public_key)[0] == 1
        books = open_books(path)
        assert books.audit_faults(checkpoints, seal.public_key) == [f"checkpoint {newest.name}: cannot be read"]
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

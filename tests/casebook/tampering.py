"""What somebody with every right on the database does to the books; the same attacks on SQLite and on PostgreSQL.

Each takes an intruder, dice and the last entry's number, and returns the number of the first entry that a check can name.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

from casebook import chain


class Intruder:
    """Statements on a DB-API connection of somebody who may do anything; `?` marks a value."""

    def __init__(self, con: Any, *, postgres: bool) -> None:
        self.con, self.postgres = con, postgres

    def __call__(self, sql: str, *values: Any) -> list[Any]:
        cursor = self.con.execute(sql.replace("?", "%s") if self.postgres else sql, values)
        return list(cursor.fetchall()) if cursor.description else []

    def attack(self, kind: Attack, dice: random.Random) -> int:
        """Attack within the open transaction, and put the guards back afterwards as a careful attacker would."""
        last = int(self("select max(seq) from audit")[0][0])
        if kind is guard_gone:
            return kind(self, dice, last)
        if self.postgres:
            self("set local session_replication_role = replica")
            named = kind(self, dice, last)
            self("set local session_replication_role = origin")
            return named
        guards = self("select name, sql from sqlite_master where type = 'trigger'")
        for name, _ in guards:
            self(f'drop trigger "{name}"')
        named = kind(self, dice, last)
        for _, sql in guards:
            self(sql)
        return named


Attack = Callable[[Intruder, random.Random, int], int]


def rechain(do: Intruder, start: int) -> None:
    """What an attacker who knows the code does: hash everything again from an entry on."""
    prev = chain.GENESIS
    for seq, payload, hashed in do("select seq, payload, hash from audit order by seq"):
        if seq >= start:
            text = chain.canonical({**json.loads(payload), "prev": prev, "seq": seq})
            hashed = chain.link(prev, text)
            do("update audit set payload = ?, prev = ?, hash = ? where seq = ?", text, prev, hashed, seq)
        prev = hashed


def flip(do: Intruder, dice: random.Random, last: int) -> int:
    """One bit of an entry's text."""
    seq = dice.randint(1, last)
    text = do("select payload from audit where seq = ?", seq)[0][0]
    place = dice.randrange(len(text))
    changed = text[:place] + chr(ord(text[place]) ^ 1) + text[place + 1 :]
    do("update audit set payload = ? where seq = ?", changed, seq)
    return seq


def amount(do: Intruder, dice: random.Random, last: int) -> int:
    """A little more money in one posting."""
    name = f"T{dice.randrange(6)}"
    do("update posting set amount_fen = amount_fen + ? where transaction_id = ?", dice.randint(1, 9), name)
    return int(do("select seq from posting where transaction_id = ?", name)[0][0])


def row_gone(do: Intruder, dice: random.Random, last: int) -> int:
    """A posting or a move of a decision is not there any more."""
    table, key = dice.choice([("posting", "transaction_id"), ("decision_event", "decision_id")])
    seq, name = dice.choice(do(f"select seq, {key} from {table} order by seq, {key}"))
    do(f"delete from {table} where seq = ? and {key} = ?", seq, name)
    return int(seq)


def row_more(do: Intruder, dice: random.Random, last: int) -> int:
    """A decision was overturned by somebody who never did."""
    seq = dice.randint(1, last)
    do("insert into decision_event (seq, decision_id, action, by_whom, reason, at)"
       " select ?, min(decision_id), 'overturn', 'zhao', 'forged', 1 from decision", seq)  # fmt: skip
    return seq


def row_moved(do: Intruder, dice: random.Random, last: int) -> int:
    """A posting stands under another entry."""
    was = int(do("select seq from posting where transaction_id = 'T0'")[0][0])
    to = dice.choice([n for n in range(1, last + 1) if n != was])
    do("update posting set seq = ? where transaction_id = 'T0'", to)
    return min(was, to)


def middle_gone(do: Intruder, dice: random.Random, last: int) -> int:
    """One entry is missing."""
    seq = dice.randint(1, last - 1)
    do("delete from audit where seq = ?", seq)
    return seq


def swap(do: Intruder, dice: random.Random, last: int) -> int:
    """Two entries changed places."""
    one = dice.randint(1, last - 1)
    for old, new in ((one, 999_999), (one + 1, one), (999_999, one + 1)):
        do("update audit set seq = ? where seq = ?", new, old)
    return one


def retime(do: Intruder, dice: random.Random, last: int) -> int:
    """Something happened a day earlier than it did."""
    seq = dice.randint(1, last)
    do("update audit set at = at - 86400000000 where seq = ?", seq)
    return seq


def renumber(do: Intruder, dice: random.Random, last: int) -> int:
    """Entries were numbered anew."""
    seq = dice.randint(1, last)
    do("update audit set seq = seq + 1000 where seq >= ?", seq)
    return seq


def insert(do: Intruder, dice: random.Random, last: int) -> int:
    """A forged entry, well linked to the one before, pushed in; rows and later entries moved on by one, hashes left alone."""
    seq = dice.randint(1, last)
    prev = do("select prev from audit where seq = ?", seq)[0][0]
    entry = chain.Entry("zhao", "decision.approve", "D1", "forged")
    text = chain.payload(entry, seq=seq, ts=1, prev=prev, effects={})
    tables = {"posting", "decision", "decision_event", "run", "instruction", "audit"}
    for table in tables:
        do(f"update {table} set seq = seq + 1000000 where seq >= ?", seq)
        do(f"update {table} set seq = seq - 999999 where seq >= 1000000")
    do("update audit set prev = ? where seq = ?", chain.link(prev, text), seq + 1)
    do("insert into audit (seq, at, actor, action, object, payload, prev, hash) values (?, 1, 'zhao', 'decision.approve', 'D1', ?, ?, ?)",
       seq, text, prev, chain.link(prev, text))  # fmt: skip
    return seq + 1


def insert_and_rewrite(do: Intruder, dice: random.Random, last: int) -> int:
    """The same, and everything after it hashed again."""
    named = insert(do, dice, last)
    rechain(do, named)
    return named


def tail_gone(do: Intruder, dice: random.Random, last: int) -> int:
    """The newest entries are missing, with all their rows."""
    first = dice.randint(2, last)
    for table in ("posting", "decision_event", "instruction", "decision", "run", "audit"):
        do(f"delete from {table} where seq >= ?", first)
    return first


def rewrite(do: Intruder, dice: random.Random, last: int) -> int:
    """Another reason in an entry, and everything after it hashed again."""
    seq = dice.randint(1, last)
    do("""update audit set payload = replace(payload, '"reason":"', '"reason":"x') where seq = ?""", seq)
    rechain(do, seq)
    return seq


def guard_gone(do: Intruder, dice: random.Random, last: int) -> int:
    """A trigger that kept the books from changing was dropped."""
    do("drop trigger posting_only_grows on posting" if do.postgres else "drop trigger posting_no_update")
    return last


KINDS: tuple[Attack, ...] = (
    flip, amount, row_gone, row_more, row_moved, middle_gone, swap, retime, renumber, insert, insert_and_rewrite, tail_gone, rewrite,
    guard_gone,
)  # fmt: skip
NEED_ANCHOR = (insert_and_rewrite, tail_gone, rewrite, guard_gone)
"""What leaves a chain that is whole in itself: only a checkpoint kept elsewhere tells."""

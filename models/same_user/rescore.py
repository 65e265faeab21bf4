"""Scores a few pairs of a published run again: its evidence, its model, the SQL that scored it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

from data_contracts.errors import NotFound
from data_contracts.run import Run
from data_contracts.warehouse import Warehouse
from models.same_user.model import Model, read
from models.same_user.score import SCORED, speak
from models.same_user.transient import hold

SQL = Path(__file__).parent / "sql"
AS_OF = date(9999, 1, 1)
Pair = tuple[str, str]
# What is cut down to the asked accounts, so that an answer costs the same in a large run as in a small one.
OWNED = ("identifier_use",)


@dataclass(frozen=True)
class Scored:
    """Rows of the scoring by pair: totals, pieces for, kinds against."""

    totals: dict[Pair, tuple[bool, float, float, float, str, str]] = field(default_factory=dict)
    pieces: dict[Pair, list[tuple[Any, ...]]] = field(default_factory=dict)
    against: dict[Pair, list[tuple[str, float]]] = field(default_factory=dict)
    referrals: set[Pair] = field(default_factory=set)
    homes: dict[Pair, tuple[bool, bool]] = field(default_factory=dict)  # one door; a device that went round


@contextmanager
def opened(tables: Path, stage: str = "rulebook") -> Iterator[Warehouse]:
    """A warehouse over the tables of a published run: all that were made before `stage`. The run stays as it was."""
    # scoring reads no date of the run but the cut-off of the analysts' words, which comes out of the published link
    spill = Path(tables) / "spill"
    there = spill.exists()
    try:
        with Warehouse(Path(tables), stage, Run("explain", 1, AS_OF, "UTC", threads=1)) as wh:
            yield wh
    finally:
        if spill.exists() and not there:
            spill.rmdir()


def model_of(wh: Warehouse) -> Model:
    """The model that scored the run."""
    return read(str(wh.execute("select document from same_user_model")[0][0]))


def known(wh: Warehouse, accounts: Iterable[str]) -> None:
    """Raise NotFound unless every account is one of the run."""
    for account in accounts:
        if not wh.execute("select 1 from accounts where account_id = $account", account=account):
            raise NotFound(f"account {account} is not in this run; ids are those of the accounts feed")


def score_pairs(wh: Warehouse, model: Model, pairs: list[Pair]) -> Scored:
    """Score pairs (a < b) with the run's SQL, on tables cut down to their accounts."""
    if not pairs:
        return Scored()
    _cut_down(wh, sorted({n for pair in pairs for n in pair}))
    model.admit(wh)
    hold(wh, "asked_pair", pa.table({"one_id": [p[0] for p in pairs], "other_id": [p[1] for p in pairs]}))
    wh.execute(
        "create or replace table same_user_asked as select one_id, other_id, exists (from referrals where"
        " promoter_id in (one_id, other_id) and invitee_id in (one_id, other_id) and promoter_id <> invitee_id"
        ") as referral from asked_pair"
    )
    wh.make_all(SQL, SCORED, **model.parameters)
    wh.execute(
        "create or replace table same_user_link as select a, b, referral, match_ubits, null as override_kind"
        " from same_user_score"
    )
    speak(wh, model)
    return _collected(wh, model)


def _cut_down(wh: Warehouse, accounts: list[str]) -> None:
    hold(wh, "asked_account", pa.table({"account_id": accounts}))
    for table in OWNED:
        wh.execute(f"drop table if exists temp.{table}")
        wh.execute(
            f"create temp table {table} as select * from memory.{table} semi join asked_account using (account_id)"
        )
    wh.execute("drop table if exists temp.identifier_value")
    wh.execute(
        "create temp table identifier_value as select * from memory.identifier_value"
        " semi join temp.identifier_use using (kind, token)"
    )
    wh.execute("drop table if exists temp.referrals")
    wh.execute(
        "create temp table referrals as select * from memory.referrals"
        " where invitee_id in (from asked_account) and promoter_id in (from asked_account)"
    )
    wh.execute("drop table if exists temp.books_override")
    wh.execute("create temp table books_override as select * from memory.books_override where false")


def _collected(wh: Warehouse, model: Model) -> Scored:
    found = Scored()
    found.referrals.update(wh.execute("select one_id, other_id from same_user_asked where referral"))
    names = (
        " inner join same_user_account as one on s.a = one.account_no"
        " inner join same_user_account as other on s.b = other.account_no"
    )
    for a, b, *rest in wh.execute(
        "select one.account_id, other.account_id, s.referral, s.prior_ubits / 1e6,"
        " coalesce(link.match_weight, s.match_ubits / 1e6),"
        " coalesce(link.match_probability, p.probability),"
        " coalesce(link.outcome, s.outcome), coalesce(link.override, '') from same_user_score as s"
        " inner join same_user_probability as p on s.a = p.a and s.b = p.b"
        + names
        + " left join link on one.account_id = link.account_a and other.account_id = link.account_b"
    ):
        referral, prior, bits, probability, outcome, override = rest
        found.totals[a, b] = (referral, prior, bits, probability, outcome, override)
    for a, b, bits, probability, outcome, override in wh.execute(  # joined by an analyst, with nothing in common
        "select account_a, account_b, match_weight, match_probability, outcome, override from link"
        " semi join asked_pair on account_a = one_id and account_b = other_id where override is not null"
    ):
        referred = (a, b) in found.referrals
        prior = model.referral_prior_bits if referred else model.prior_bits
        found.totals.setdefault((a, b), (referred, prior, bits, probability, outcome, override))
    for a, b, *rest in wh.execute(
        "select one.account_id, other.account_id, s.kind, t.mask, s.level, s.entities, s.first_seen, s.last_seen,"
        " s.counted_ubits / 1e6, s.weight_ubits / 1e6, s.rare, s.strong, s.identifies, s.joint"
        " from same_user_counted as s inner join same_user_token as t on s.token_no = t.token_no"
        + names
        + " order by s.weight_ubits desc, s.kind"
    ):
        found.pieces.setdefault((a, b), []).append(tuple(rest))
    for a, b, kind, bits in wh.execute(
        "select one.account_id, other.account_id, s.kind, s.absent_ubits / 1e6 from same_user_against as s"
        + names
        + " order by s.kind"
    ):
        found.against.setdefault((a, b), []).append((kind, bits))
    for a, b, *looks in wh.execute(
        "select one.account_id, other.account_id, not s.handed, s.went_round from same_user_home as s" + names
    ):
        found.homes[a, b] = (bool(looks[0]), bool(looks[1]))
    return found

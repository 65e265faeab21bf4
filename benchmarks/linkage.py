"""Speed of linkage: link, score and group from tokenised Parquet, beside a tuned floor (and splink, where installed).

    python -m benchmarks.linkage --accounts 1000000 --rounds 5
    python -m benchmarks.linkage --accounts 10000000 --rounds 5 --record
    python -m benchmarks.linkage --text --rounds 3    # accounts and tokens as the text that the product joins

The floor is one `group by kind, token` over the same Parquet: nothing that finds shared tokens can do less. Both run
interleaved in processes of their own; medians, CPU seconds and the peak of memory are those of the process.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd  # DuckDB imports it for arrays: not part of the job

from benchmarks.record import as_table, record
from data_contracts.contract import contracts, of_stage
from data_contracts.run import Run
from data_contracts.warehouse import Warehouse
from features import sharing
from models import same_user
from models.same_user import group

FLOOR = (
    "select count(*), sum(n) from (select kind, token, count(*) as n from read_parquet('{use}') group by kind, token)"
)
SETTINGS = ("set threads = 2", "set memory_limit = '2GB'", "set preserve_insertion_order = false")

# A made-up population: one row per account and kind, hands of 2 to 6 accounts that share two or three things,
# households of 3 on one line and door, carriers and campuses on hubs of up to 20,000. Accounts and tokens are whole
# numbers; a token's last digit is its kind, as per-kind keys make tokens of different kinds different.
GENERATE = """
copy (
    with account as (
        select i as account_id, hash(i * 7 + 1) % 1000 as luck, i // 3 as home,
            case when i % 20 < 2 + (i // 20) % 5 and (i // 20) % 5 > 0 and (i // 20) % 4 = 0 then i // 20 end as hand
        from range({accounts}) as r (i)
    ),
    spoken as (
        select account_id, 'id_doc' as kind, 1 as digit, case when hand is not null and hash(hand) % 3 = 0 then 900000000000 + hand
            else account_id end as thing, hash(account_id * 11) as dice from account where luck < 700
        union all
        select account_id, 'phone', 2, case when hand is not null and hash(hand + 5) % 2 = 0 then 900000000000 + hand
            else account_id end, hash(account_id * 13) from account
        union all
        select account_id, 'payment', 3, case when hand is not null and hash(hand + 9) % 2 = 0 then 900000000000 + hand
            when luck < 20 then 800000000000 + account_id // 9 else account_id end, hash(account_id * 17)
        from account where luck < 750
        union all
        select account_id, 'device', 4, case when hand is not null then 900000000000 + hand
            when luck between 20 and 40 then 700000000000 + home else account_id end, hash(account_id * 19) from account
        union all
        select account_id, 'ip', 5, case when hand is not null and hash(account_id) % 4 > 0 then 900000000000 + hand
            when luck >= 550 then 600000000000
                + cast(floor(pow(hash(account_id * 23) % 100000 / 100000.0, 1.8) * {accounts} / 600) as bigint)
            when luck < 350 then 500000000000 + home else account_id end, hash(account_id * 29) from account
        union all
        select account_id, 'ip', 5, account_id + 50000000000, hash(account_id * 41) from account where luck < 300
        union all
        select account_id, 'address', 6, case when luck between 300 and 600 then 500000000000 + home else account_id end,
            hash(account_id * 31) from account where luck between 150 and 750
        union all
        select account_id, 'email', 7, account_id, hash(account_id * 37) from account where luck < 650
    ),
    told as (
        select account_id, kind, cast((thing * 10 + digit) as bigint) as token,
            timestamptz '2025-01-01 00:00:00+00' + to_minutes(cast(
                case when thing between 900000000000 and 999999999999 then hash(thing) % 400000 + dice % 1440
                else dice % 500000 end as bigint)) as first_seen, dice
        from spoken
    )
    select account_id, kind, token,
        case when kind = 'ip' then cast(first_seen as date) else date '0001-01-01' end as span_on,
        first_seen,
        case when kind = 'ip' then first_seen else first_seen + to_minutes(cast(dice % 20000 as bigint)) end as last_seen,
        cast(1 as bigint) as days_seen, '' as class, '' as mask
    from told
    order by hash(account_id + dice)
) to '{use}' (format parquet, row_group_size 122880)
"""

# The same rows with accounts and tokens as text of the product's shape: `v1:<key>:` and 26 characters.
AS_TEXT = """
copy (
    select 'U' || lpad(account_id::varchar, 10, '0') as account_id, kind,
        'v1:k7q2bnch:' || substr(md5(token::varchar), 1, 26) as token, * exclude (account_id, kind, token)
    from read_parquet('{numbers}')
) to '{use}' (format parquet, row_group_size 122880)
"""

# The generator's truth about a pair of accounts, and how many such pairs there are.
ONE_HAND = (
    """a // 20 = b // 20 and a // 20 % 20 in (4, 8, 12, 16) and a % 20 < 2 + a // 20 % 5 and b % 20 < 2 + b // 20 % 5"""
)
NUMBER = "cast(ltrim({}::varchar, 'U') as bigint)"  # of an account, text or number


def generate(folder: Path, accounts: int, text: bool = False) -> Path:
    """`<folder>/identifier_use.parquet` for so many accounts; about six rows each. `text`: accounts and tokens as text."""
    use = folder / "identifier_use.parquet"
    con = duckdb.connect()
    con.execute("set TimeZone = 'UTC'")
    con.execute("set threads = 2")
    con.execute("set memory_limit = '6GB'")
    con.execute(f"set temp_directory = '{folder}'")
    con.execute(GENERATE.format(accounts=accounts, use=use))
    if not text:
        return use
    numbers = use.rename(folder / "numbers.parquet")
    con.execute(AS_TEXT.format(numbers=numbers, use=use))
    numbers.unlink()
    return use


def floor(use: Path) -> dict[str, object]:
    """The yardstick."""
    con = duckdb.connect()
    for setting in SETTINGS:
        con.execute(setting)
    con.execute(f"set temp_directory = '{use.parent}'")
    tokens, rows = con.execute(FLOOR.format(use=use)).fetchall()[0]
    return {"tokens": tokens, "rows": rows}


def ours(use: Path) -> dict[str, object]:
    """Degrees, pairs, scores and groups, by the same SQL and the same functions as a run."""
    with Warehouse(use.parent, "models", Run("bench", 1, date(2025, 12, 31), "UTC")) as wh:
        prepare(wh, use)
        sharing.degrees(wh)
        model = same_user.load()
        same_user.score(wh, model)
        group.build(wh, model)
        pairs, right = wh.execute(
            f"select count(*), count(*) filter ({ONE_HAND}) from"
            f" (select {NUMBER.format('one.account_id')} as a, {NUMBER.format('other.account_id')} as b"
            " from same_user_link as link inner join same_user_account as one on link.a = one.account_no"
            " inner join same_user_account as other on link.b = other.account_no where link.outcome like 'same%')"
        )[0]
        members, groups, largest = wh.execute(
            "select count(*), count(distinct label_no), max(group_size) from same_user_group"
        )[0]
    return {
        "same pairs": pairs,
        "of one hand": right,
        "accounts in groups": members,
        "groups": groups,
        "largest": largest,
    }


def splink(use: Path) -> dict[str, object]:
    """splink (extra `bench`) with term frequencies on the same evidence: one token per account and kind, hubs left out."""
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on  # version 5: tables are registered first
    from splink import comparison_library as compare

    con = duckdb.connect()
    con.execute("set threads = 2")
    con.execute("set memory_limit = '4GB'")
    kinds = ("id_doc", "phone", "payment", "device", "ip", "address", "email")
    columns = ", ".join(f"min(token) filter (where kind = '{k}') as {k}" for k in kinds)
    con.execute(
        f"create table account as with hub as (select token from read_parquet('{use}') group by token having count(*) > 50)"
        f" select account_id as unique_id, {columns} from read_parquet('{use}') anti join hub using (token) group by account_id"
    )
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=[compare.ExactMatch(k).configure(term_frequency_adjustments=True) for k in kinds],
        blocking_rules_to_generate_predictions=[block_on(k) for k in kinds[:4]],
    )
    linker = Linker(DuckDBAPI(con).register("account"), settings, log_level=None)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for kind in ("device", "payment"):  # what blocks cannot be learnt from its own pairs: two passes
        linker.training.estimate_parameters_using_expectation_maximisation(block_on(kind))
    said = linker.inference.predict(threshold_match_probability=0.95)
    groups = linker.clustering.cluster_pairwise_predictions_at_threshold(said, 0.95)
    pairs, right = con.execute(
        f"select count(*), count(*) filter ({ONE_HAND}) from (select {NUMBER.format('unique_id_l')} as a,"
        f" {NUMBER.format('unique_id_r')} as b from {said.physical_name})"
    ).fetchall()[0]
    found = con.execute(f"select count(distinct cluster_id) from {groups.physical_name}").fetchall()[0][0]
    return {"same pairs": pairs, "of one hand": right, "groups": found}


def prepare(wh: Warehouse, use: Path) -> None:
    """The evidence as a view, everything else of the earlier stages empty."""
    for stage in ("books", "feeds"):
        for contract in of_stage(stage):
            wh.empty(contract.table)
    wh.con.read_parquet(str(use)).create_view("identifier_use")
    # accounts and tokens of the same type here too, or every join would be between text and numbers
    of = str(wh.execute("select typeof(token) from identifier_use limit 1")[0][0])
    wh.execute(f"create or replace table referrals (invitee_id {of}, promoter_id {of}, clicked_at timestamptz)")
    wh.execute(
        f"create or replace table books_override (override_id varchar, account_a {of}, account_b {of},"
        " kind varchar, author varchar, reason varchar, from_at timestamptz, to_at timestamptz)"
    )
    wh.execute(f"create or replace table books_shared (kind varchar, token {of}, from_on date, to_on date)")
    wh.execute(
        f"create or replace table identifiers (account_id {of}, kind varchar, token {of}, links boolean,"
        " mask varchar, observed_at timestamptz)"
    )


def measured(job: Callable[[Path], dict[str, object]], use: Path) -> dict[str, object]:
    """Run a job in this process: its answer, wall and CPU seconds, peak memory in GiB."""
    assert pd
    contracts()  # read once by every process, whatever it does: not part of the job
    wall, before = time.perf_counter(), os.times()
    answer = job(use)
    after = os.times()
    cpu = after.user - before.user + after.system - before.system
    return {**answer, "wall": time.perf_counter() - wall, "cpu": cpu, "gib": peak_gib()}


def peak_gib() -> float:
    """Most memory that this process ever held. `ru_maxrss` would start with what its parent held."""
    said = Path("/proc/self/status").read_text(encoding="ascii")
    return int(said.split("VmHWM:")[1].split()[0]) / 2**20


JOBS: dict[str, Callable[[Path], dict[str, object]]] = {"floor": floor, "ours": ours}
if find_spec("splink") is not None:
    JOBS["splink"] = splink


def apart(job: str, use: Path) -> dict[str, Any]:
    """`measured` in a fresh process."""
    command = [sys.executable, "-m", "benchmarks.linkage", "--job", job, "--use", str(use)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def compare(use: Path, accounts: int, rounds: int, jobs: list[str]) -> list[dict[str, object]]:
    """Medians per job over interleaved rounds, with the ratio to the floor."""
    runs: dict[str, list[dict[str, float]]] = {job: [] for job in jobs}
    for _ in range(rounds):
        for job in jobs:
            runs[job].append(apart(job, use))
            print(job, runs[job][-1], flush=True)
    median = {j: {k: statistics.median(r[k] for r in runs[j]) for k in ("wall", "cpu", "gib")} for j in jobs}
    return [
        {
            "accounts": accounts, "job": job, "wall s": round(m["wall"], 2), "CPU s": round(m["cpu"], 2),
            "GiB": round(m["gib"], 2), "x floor (wall)": round(m["wall"] / median["floor"]["wall"], 2),
            "x floor (CPU)": round(m["cpu"] / median["floor"]["cpu"], 2),
            "answer": {k: v for k, v in runs[job][-1].items() if k not in ("wall", "cpu", "gib")},
        }
        for job, m in median.items()
    ]  # fmt: skip


def main() -> None:
    """Generate, measure, print, and keep the figures with --record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--text", action="store_true", help="accounts and tokens as text of the product's shape")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--job", choices=sorted(JOBS), help="only this job, on the file of --use")
    parser.add_argument("--use", type=Path, help="an identifier_use.parquet that is there already")
    given = parser.parse_args()
    if given.job and not given.use:
        parser.error("--job measures one job on a file that is there: name it with --use FILE")
    if given.job:
        print(json.dumps(measured(JOBS[given.job], given.use)))
        return
    with tempfile.TemporaryDirectory() as folder:
        use = given.use or generate(Path(folder), given.accounts, given.text)
        rows = compare(use, given.accounts, given.rounds, list(JOBS))
    print(as_table(rows))
    if given.record:
        settings = "; ".join(SETTINGS)
        body = f"{as_table(rows)}\n\nFloor: `{FLOOR.format(use='identifier_use.parquet')}` with `{settings}`."
        text = " --text" if given.text else ""
        command = f"python -m benchmarks.linkage --accounts {given.accounts} --rounds {given.rounds}{text}"
        record(f"Linkage at {given.accounts:,} accounts{', as text' * given.text}", command, body)


if __name__ == "__main__":
    main()

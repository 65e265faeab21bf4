"""Linkage on real data: accounts ranked by the evidence that ties them to others, and address normal forms.

    TONGREN_PUBLIC_DATA=... python -m benchmarks.quality_real --record

Out of time only: sign-ups sorted by purchase, the last fifth is the test; an account is ranked by links to accounts that had
signed up by its purchase, which needs no training; what else is fitted sees the first four fifths, or the other half, alone. Reads
the public files where they lie and keeps nothing of them.
"""

from __future__ import annotations

import argparse
import math
import os
import re
import tempfile
from collections import Counter
from collections.abc import Mapping
from datetime import date
from difflib import SequenceMatcher
from hashlib import sha256
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.record import record
from data_contracts.contract import of_stage
from data_contracts.run import Run
from data_contracts.warehouse import Warehouse
from features import sharing
from features.kinds.address.levels import parse
from features.kinds.text import half_width
from models import same_user

PUBLIC = Path(os.environ.get("TONGREN_PUBLIC_DATA", "../shared/data"))

SIGHTINGS = """
create or replace table identifiers as
select 'U' || user_id as account_id, 'device' as kind, sha256(device_id) as token, signup_time::timestamptz as observed_at,
    'registration' as source, '****' as mask, '' as class, true as links from signup
union all
select 'U' || user_id, 'ip', sha256(ip_int::varchar), signup_time::timestamptz, 'registration', '****', '', true
from signup where ip_int is not null
"""

RANKED = """
with tied as (
    select account_a as account_id, account_b as other_id, match_weight from link
    union all
    select account_b, account_a, match_weight from link
),
known as (
    select one.user_id, max(tied.match_weight) as bits, count(*) as others
    from tied
    inner join signup as one on tied.account_id = 'U' || one.user_id
    inner join signup as other on tied.other_id = 'U' || other.user_id and other.signup_time <= one.purchase_time
    group by one.user_id
)
select
    signup.class = 1 as fraud, coalesce(known.bits, -100.0) as bits, signup.source, coalesce(known.others, 0) as others,
    exists (
        from signup as other where other.ip_int = signup.ip_int and other.user_id <> signup.user_id
        and other.signup_time <= signup.purchase_time
    ) as line_shared
from signup
left join known on signup.user_id = known.user_id
where signup.class is not null
order by signup.purchase_time, signup.user_id
"""


def auc(positive: npt.NDArray[np.bool_], score: npt.NDArray[np.float64]) -> float:
    """Area under the ROC curve, ties counted half (Mann and Whitney)."""
    _, rank, count = np.unique(score, return_inverse=True, return_counts=True)
    mean_rank = np.cumsum(count) - (count - 1) / 2
    n = int(positive.sum())
    return float((mean_rank[rank][positive].sum() - n * (n + 1) / 2) / (n * (len(positive) - n)))


def sign_ups() -> dict[str, float]:
    """Out-of-time AUC of group evidence on the labelled sign-ups, and what any device sharing could reach at most."""
    with tempfile.TemporaryDirectory() as folder:
        rows = duckdb.sql(f"select * from read_parquet('{PUBLIC / 'fraud_ecommerce.parquet'}')").to_arrow_table()
        with Warehouse(Path(folder), "models", Run("real", 1, date(2015, 12, 31), "UTC")) as wh:
            for stage in ("books", "feeds", "features", "models"):
                for contract in of_stage(stage):
                    wh.empty(contract.table)
            wh.con.register("rows", rows)
            wh.execute("create table signup as select * from rows")
            wh.execute(SIGHTINGS)
            sharing.build(wh)
            same_user.build(wh)
            found = wh.con.execute(RANKED).fetchnumpy()
            groups = wh.execute(
                "select count(distinct group_id), count(*), avg(class) from group_member"
                " inner join signup on account_id = 'U' || user_id where class is not null"
            )[0]
    fraud, bits = np.asarray(found["fraud"]).astype(bool), np.asarray(found["bits"]).astype(float)
    test = slice(int(len(fraud) * 0.8), None)
    tied = bits[test] > -100
    with_source = np.column_stack(
        [bits > -100, *(found["source"] == s for s in np.unique(found["source"].astype(str)))]
    )
    both = LogisticRegression().fit(with_source[: test.start], fraud[: test.start]).decision_function(with_source[test])
    best = auc(fraud[test], np.where(tied, 1.0 + fraud[test], 0.0))
    return {
        "labelled": len(fraud), "test AUC": round(auc(fraud[test], bits[test]), 4), "train AUC": round(auc(
            fraud[: test.start], bits[: test.start]), 4),
        "test accounts tied": int(tied.sum()), "fraud among them": round(float(fraud[test][tied].mean()), 4),
        "fraud among the rest": round(float(fraud[test][~tied].mean()), 4), "most that ties could reach": round(best, 4),
        "tested accounts tied to two or more": int((found["others"][test] > 1).sum()),
        "tested accounts whose line somebody else used": int(found["line_shared"][test].sum()),
        "test AUC, ties and the sign-up's source": round(auc(fraud[test], both), 4), "groups": int(groups[0]),
        "accounts in groups": int(groups[1]), "fraud in groups": round(float(groups[2] or 0), 4),
    }  # fmt: skip


def addresses() -> dict[str, float]:
    """AUC of exact pairs against the rest: a logistic over how two addresses agree, fitted on one half of the queried
    addresses and tested on the other, beside shared character pairs alone on the same half. How rare a character pair is, is
    counted on the fitting half alone."""
    pairs = duckdb.sql(
        f"select text_id, half(a), half(b), label from read_csv('{PUBLIC / 'address_pairs_zh.csv'}', all_varchar = true)",
        connection=_folding(),
    ).fetchall()
    exact = np.array([label == "完全匹配" for *_, label in pairs])
    fitting = np.array([sha256(str(text).encode()).digest()[0] % 2 == 0 for text, *_ in pairs])
    held = Counter(
        g for (_, a, b, _), fits in zip(pairs, fitting, strict=True) if fits for x in (a, b) for g in bigrams(x)
    )
    weight = {g: math.log(2 * fitting.sum() / n) for g, n in held.items()}
    by_level = np.array([agreement(a, b) for _, a, b, _ in pairs])
    by_rarity = np.array([rarity(a, b, weight) for _, a, b, _ in pairs])
    test = ~fitting

    def tested(features: npt.NDArray[np.float64]) -> float:
        model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000)).fit(
            features[fitting], exact[fitting]
        )
        return round(auc(exact[test], model.decision_function(features[test])), 4)

    return {
        "pairs": len(pairs), "tested": int(test.sum()), "AUC bigrams, all": round(auc(exact, by_level[:, 0]), 4),
        "AUC bigrams, test half": round(auc(exact[test], by_level[test, 0]), 4),
        "AUC levels, test half": tested(by_level), "AUC levels and rarity, test half": tested(np.hstack([by_level, by_rarity])),
    }  # fmt: skip


def _folding() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.create_function("half", half_width, ["VARCHAR"], "VARCHAR")
    return con


def agreement(a: str, b: str) -> list[float]:
    """How two addresses agree: characters, each level (1 same, -1 different, 0 not named by both), numbers, length."""
    one, other = parse(a), parse(b)
    levels = [
        _same(getattr(one, n), getattr(other, n)) for n in ("road", "number", "block", "room", "district", "unit")
    ]
    compound = jaccard(one.compound, other.compound) if one.compound and other.compound else 0.0
    numbers, others = set(re.findall(r"\d+", a)), set(re.findall(r"\d+", b))
    return [
        jaccard(a, b), *levels, compound, len(numbers & others) / max(1, len(numbers | others)), float(len(numbers ^ others)),
        abs(len(a) - len(b)) / max(len(a), len(b)), float(bool(one.compound) != bool(other.compound)),
        len(set(a) & set(b)) / min(len(set(a)), len(set(b))),
    ]  # fmt: skip


def rarity(a: str, b: str, weight: Mapping[str, float]) -> list[float]:
    """Shared character pairs by how rare they are, as identifiers are weighed elsewhere; common runs; numbers in order; places
    that are told by a crossing or a distance instead of a number."""
    one, other, never = bigrams(a), bigrams(b), max(weight.values())
    both, left, right = (sum(weight.get(g, never) for g in part) for part in (one & other, one - other, other - one))
    runs = SequenceMatcher(None, a, b, autojunk=False).get_matching_blocks()
    numbers, others = re.findall(r"\d+", a), re.findall(r"\d+", b)
    each = bool(numbers) and bool(others)
    return [
        both / (both + left + right + 1e-9), both / (both + min(left, right) + 1e-9), both / (both + max(left, right) + 1e-9),
        2 * sum(r.size for r in runs) / (len(a) + len(b)), max(r.size for r in runs) / min(len(a), len(b)), len(runs) - 1.0,
        float(each and numbers[-1] == others[-1]), float(each and numbers[0] == others[0]), float(numbers == others),
        *(float("交叉" in x or "米" in x) for x in (a, b)), float(len(a)), float(len(b)),
    ]  # fmt: skip


def _same(one: str, other: str) -> float:
    if not one or not other:
        return 0.0
    return 1.0 if one.endswith(other) or other.endswith(one) else -1.0


def bigrams(text: str) -> set[str]:
    """Its character pairs."""
    return {text[i : i + 2] for i in range(len(text) - 1)}


def jaccard(a: str, b: str) -> float:
    """Shared share of character pairs."""
    return len(bigrams(a) & bigrams(b)) / max(1, len(bigrams(a) | bigrams(b)))


def main() -> None:
    """Measure what is there, say what is not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true")
    given = parser.parse_args()
    found: dict[str, dict[str, float]] = {}
    for name, file, job in (
        ("sign-ups", "fraud_ecommerce.parquet", sign_ups),
        ("addresses", "address_pairs_zh.csv", addresses),
    ):
        if (PUBLIC / file).exists():
            found[name] = job()
            print(name, found[name], flush=True)
        else:
            print(f"{file} is not in {PUBLIC}: left out")
    if given.record:
        body = "\n".join(f"- {name}: " + ", ".join(f"{k} {v}" for k, v in row.items()) for name, row in found.items())
        record("Same users on real data", "python -m benchmarks.quality_real", body)


if __name__ == "__main__":
    main()

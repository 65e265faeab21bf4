"""The tokeniser: CPU seconds per million distinct values, hashing alone, the text of the tokens, and all of `map_values`.

    python -m benchmarks.tokeniser --values 1000000 --rounds 3

The yardstick is hashing alone: two copies of a keyed SHA-256 object per value.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from hashlib import sha256

import duckdb

from benchmarks.record import as_table
from data_contracts.vault import Key, hasher, token_text
from features.kinds import load
from pipelines.ingest.tokens import map_values

KEY = Key(sha256(b"made-up values have nothing to hide").digest())
VALUES = {  # of the number i
    "phone": "(13900000000 + i)::varchar",
    "ip": "concat_ws('.', 36, i // 65536 % 256, i // 256 % 256, i % 256)",
    "device": "md5(i::varchar)",
}


def seconds(job: Callable[[], object]) -> float:
    """CPU seconds of one call."""
    before = time.process_time()
    job()
    return time.process_time() - before


def mapped(kind: str, values: int) -> float:
    """CPU seconds of `map_values` over so many distinct values of a kind; none may be refused."""
    con = duckdb.connect()
    con.execute("set threads = 2")
    con.execute(f"create table spoken as select {VALUES[kind]} as value from range({values}) as r (i)")
    spent = seconds(lambda: map_values(con, KEY, load()[kind], "from spoken"))
    made = con.execute("select count(distinct token) from token_map where fault is null").fetchall()[0][0]
    assert made == values, f"{kind}: {made} tokens of {values} values"
    return spent


def measure(values: int) -> dict[str, float]:
    """One round: step to CPU seconds per million distinct values."""
    normals = [b"+86%d" % (13900000000 + i) for i in range(values)]
    digests = hasher(KEY, "phone")(normals)
    spent = {
        "HMAC-SHA256 alone": seconds(lambda: hasher(KEY, "phone")(normals)),
        "text of the tokens": seconds(lambda: token_text(KEY, digests)),
        **{f"all of `map_values`, {kind}": mapped(kind, values) for kind in VALUES},
    }
    return {step: s * 1e6 / values for step, s in spent.items()}


def main() -> None:
    """Measure so many rounds and print medians with their span."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--values", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    rounds = [measure(given.values) for _ in range(given.rounds)]
    rows = [
        {
            "step": step,
            "CPU s per million distinct values": round(statistics.median(r[step] for r in rounds), 2),
            "span": f"{min(r[step] for r in rounds):.2f} to {max(r[step] for r in rounds):.2f}",
        }
        for step in rounds[0]
    ]
    print(as_table(rows))


if __name__ == "__main__":
    main()

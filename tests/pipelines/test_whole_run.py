"""The main job from files on disk to published results, on a programme small enough to work out by hand.

The year of one promoter, rate 10 %, statement day 20, times in Asia/Shanghai:
    March  I1 pays 700.00 (o1) and 300.00 (o2): rebate 100.00, issued on 20 April, paid on 25 April.
    April  I2 pays 120.00 (o3): rebate 12.00. On 10 May o2 is refunded: adjustment -30.00.
           Sum 12.00 - 30.00 = -18.00: clawback_added 18.00, payable 0.00, issued on 20 May.
    May    I3 pays 500.00 (o4): rebate 50.00. Offset 18.00, payable 32.00, issued on 20 June.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from data_contracts.errors import InputRefused
from pipelines import manifest, metrics
from pipelines.run import Order, Outcome, run
from pipelines.state import State
from pipelines.verify import verify
from pipelines.versions import replay

PROGRAMME = """
programme: by-hand
timezone: Asia/Shanghai
documents:
  - id: base
    level: base
    effective_from: "2026-03-01"
    announced_on: "2026-02-01"
    payer: vendor-a
    window_days: 30
    statement_day: 20
  - id: detail
    level: detail
    effective_from: "2026-03-01"
    announced_on: "2026-02-01"
    rebate:
      tier_by: new_paying_users
      tiers: [{from: 0, rate: "0.10"}]
  - id: coming
    level: detail
    effective_from: "2026-07-01"
    announced_on: "2026-06-01"
    rebate:
      tiers: [{from: 0, rate: "0.20"}]
"""

FEEDS: Mapping[str, str] = {
    "accounts": """account_id,registered_at,account_type,verified_as
P,2026-02-01T09:00:00+08:00,individual,individual
I1,2026-03-02T10:00:00+08:00,individual,individual
I2,2026-04-03T10:00:00+08:00,individual,individual
I3,2026-05-04T10:00:00+08:00,individual,individual
""",
    "identifiers": "account_id,kind,value,observed_at,source\n",
    "promoters": """promoter_id,joined_at,consented_version,left_at,left_reason,declared_staff_tie
P,2026-03-01T00:00:00+08:00,base,,,
""",
    "referrals": """invitee_id,promoter_id,link_id,clicked_at
I1,P,l1,2026-03-02T09:55:00+08:00
I2,P,l1,2026-04-03T09:55:00+08:00
I3,P,l1,2026-05-04T09:55:00+08:00
""",
    "orders": """order_id,account_id,product_code,activity_id,kind,paid_at,list_amount,coupon_amount,voucher_amount,cash_amount
o1,I1,ecs,,purchase,2026-03-05T12:00:00+08:00,700.00,0.00,0.00,700.00
o2,I1,ecs,,purchase,2026-03-06T12:00:00+08:00,300.00,0.00,0.00,300.00
o3,I2,ecs,,purchase,2026-04-05T12:00:00+08:00,120.00,0.00,0.00,120.00
o4,I3,ecs,,purchase,2026-05-06T12:00:00+08:00,500.00,0.00,0.00,500.00
""",
    "refunds": """refund_id,order_id,refunded_at,kind,cash_amount
r1,o2,2026-05-10T12:00:00+08:00,refund,300.00
""",
    "payouts": """payout_id,promoter_id,month,paid_at,gross_amount,tax_amount,net_amount,status
w1,P,2026-03,2026-04-25T12:00:00+08:00,100.00,0.00,100.00,paid
""",
    "payout_requests": """request_id,promoter_id,month,requested_at
q1,P,2026-03,2026-04-21T12:00:00+08:00
""",
}


def written(folder: Path, feeds: Mapping[str, str] = FEEDS) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "programme.yaml").write_text(PROGRAMME, encoding="utf-8")
    for name, text in feeds.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def result(outcome: Outcome, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as con:
        for path in outcome.folder.glob("*.parquet"):
            con.read_parquet(str(path)).create_view(path.stem)
        return con.execute(sql).fetchall()


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> list[Outcome]:
    folder = tmp_path_factory.mktemp("by_hand")
    sources = written(folder / "sources")
    days = [date(2026, 4, 20), date(2026, 5, 20), date(2026, 6, 20)]
    return [run(Order(sources, State(folder / "state"), day)) for day in days]


def test_three_statements_agree_with_the_hand_to_the_fen(year: list[Outcome]) -> None:
    rows = result(
        year[-1],
        'select month, status, new_paying_users, rebate, adjustments, clawback_added, "offset", payable '
        "from statements where status <> 'provisional' order by month",
    )
    d = Decimal
    assert rows == [
        ("2026-03", "issued", 1, d("100.00"), d("0.00"), d("0.00"), d("0.00"), d("100.00")),
        ("2026-04", "issued", 1, d("12.00"), d("-30.00"), d("18.00"), d("0.00"), d("0.00")),
        ("2026-05", "issued", 1, d("50.00"), d("0.00"), d("0.00"), d("18.00"), d("32.00")),
    ]


def test_the_adjustment_names_the_clause_of_its_cause(year: list[Outcome]) -> None:
    """12.00 is taken from what April earned; what is left of the 30.00 becomes a claim on the promoter."""
    rows = result(
        year[-1],
        "select ledger_account, sum(amount) from ledger where month = '2026-04' and earning_month = '2026-03' "
        "and cause = '4.2(4)' group by all order by ledger_account",
    )
    assert rows == [
        ("clawback_receivable", Decimal("18.00")),
        ("programme_expense", Decimal("-30.00")),
        ("promoter_payable", Decimal("12.00")),
    ]


def test_every_transaction_of_the_ledger_sums_to_zero(year: list[Outcome]) -> None:
    assert result(year[-1], "select transaction_id from ledger group by all having sum(amount) <> 0") == []


def test_under_the_rules_that_are_announced_each_month_would_earn_twice_as_much(year: list[Outcome]) -> None:
    (told,) = replay(year[-1].folder)
    assert (told["which"], told["document_id"], told["effective_from"]) == ("next", "coming", "2026-07-01")
    months = {m["month"]: m["change_fen"] for m in told["changes"]["P"]}
    assert months == {"2026-03": 7_000, "2026-04": 1_200, "2026-05": 5_000}


def test_march_is_paid_and_may_is_due(year: list[Outcome]) -> None:
    rows = result(year[-1], "select month, amount, status from payables where amount > 0 order by month")
    assert rows == [("2026-03", Decimal("100.00"), "paid"), ("2026-05", Decimal("32.00"), "due")]


def test_the_relation_ends_with_the_thirtieth_day_after_registration(year: list[Outcome]) -> None:
    rows = result(year[-1], "select established, cast(ends_at at time zone 'Asia/Shanghai' as varchar), reason "
                            "from relations where invitee_id = 'I1'")  # fmt: skip
    assert rows == [(True, "2026-04-02 00:00:00", "2.3(1)")]


def test_each_run_verifies(year: list[Outcome]) -> None:
    state = year[-1].folder.parents[1]
    assert "verifies" in verify(state, None, None)


def test_the_metrics_tell_rows_seconds_quarantine_and_flags_of_the_newest_run(year: list[Outcome]) -> None:
    state, last = year[-1].folder.parents[1], year[-1]
    lines = (state / "metrics.prom").read_text(encoding="utf-8").splitlines()
    told = [
        re.fullmatch(r'(tongren_\w+)(\{(?:\w+="[^"]*",?)+\})? (\d+(?:\.\d+)?)', line)
        for line in lines
        if line[0] != "#"
    ]
    assert all(told) and {m[1] for m in told if m} <= metrics.HELP.keys()
    values = {line.rpartition(" ")[0]: line.rpartition(" ")[2] for line in lines}
    assert values["tongren_run_seq"] == str(last.manifest["run_seq"])
    assert values['tongren_table_rows{stage="results",table="ledger"}'] == str(
        last.manifest["rows"]["results"]["ledger"]
    )
    assert float(values['tongren_stage_seconds{stage="settlement"}']) == last.manifest["seconds"]["settlement"]
    for fact in pq.read_table(last.folder / "tables" / "feeds" / "feed_fact.parquet").to_pylist():
        labels = f'feed="{fact["feed"]}",file="{fact["file"]}"'
        assert values[f'tongren_feed_rows{{{labels},what="quarantined"}}'] == str(fact["quarantined"])
    assert "tongren_flagged_promoters" in values and "tongren_open_findings" in values


def test_the_same_run_again_changes_nothing_and_says_so(year: list[Outcome]) -> None:
    state = year[-1].folder.parents[1]
    before = {
        p: p.stat().st_mtime_ns
        for p in state.rglob("*")
        if p.is_file() and p.name not in ("lock",) and "books" not in p.name
    }
    again = run(Order(state.parent / "sources", State(state), date(2026, 6, 20)))
    assert not again.published
    assert again.run_id == year[-1].run_id
    after = {p: p.stat().st_mtime_ns for p in before}
    assert after == before


@pytest.mark.parametrize("lost", ["", "# HELP\ntongren_run_seq 1\n"])
def test_metrics_that_a_crash_left_untold_are_told_by_the_next_call(year: list[Outcome], lost: str) -> None:
    """Killed between publishing and telling, the file is that of the run before, or none."""
    path = year[-1].folder.parents[1] / "metrics.prom"
    whole = path.read_text(encoding="utf-8")
    path.write_text(lost, encoding="utf-8") if lost else path.unlink()
    assert not run(Order(path.parents[1] / "sources", State(path.parent), date(2026, 6, 20))).published
    assert path.read_text(encoding="utf-8") == whole


def test_another_state_with_the_same_key_gives_the_same_bytes(year: list[Outcome], tmp_path: Path) -> None:
    first = year[0].folder.parents[1]
    fresh = tmp_path / "state"
    fresh.mkdir()
    (fresh / "token.key").write_bytes((first / "token.key").read_bytes())
    (fresh / "token.key").chmod(0o600)
    again = run(Order(first.parent / "sources", State(fresh), date(2026, 4, 20)))
    assert manifest.read(year[0].folder)["outputs"] == manifest.read(again.folder)["outputs"]


def test_a_run_before_an_issued_statement_is_refused(year: list[Outcome]) -> None:
    state = year[-1].folder.parents[1]
    with pytest.raises(InputRefused, match="2026"):
        run(Order(state.parent / "sources", State(state), date(2026, 5, 1)))


def test_a_bad_feed_stops_the_run_before_anything_is_published(tmp_path: Path) -> None:
    sources = written(tmp_path / "sources", {**FEEDS, "orders": ""})
    with pytest.raises(InputRefused):
        run(Order(sources, State(tmp_path / "state"), date(2026, 4, 20)))
    assert not (tmp_path / "state" / "current").exists()
    assert list((tmp_path / "state" / "runs").iterdir()) == []


def test_a_programme_that_changes_an_issued_month_is_refused(tmp_path: Path) -> None:
    sources = written(tmp_path / "sources")
    state = State(tmp_path / "state")
    run(Order(sources, state, date(2026, 4, 20)))
    (sources / "programme.yaml").write_text(PROGRAMME.replace("window_days: 30", "window_days: 31"), encoding="utf-8")
    with pytest.raises(InputRefused, match=r"window_days changed for a period that is issued, up to 2026-03-31"):
        run(Order(sources, state, date(2026, 4, 21)))

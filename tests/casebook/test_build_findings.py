"""From clause results to findings: one id from run to run, and the money that hangs on them."""

from __future__ import annotations

from datetime import date

from tests.casebook.building import BURST, DAY, LINE, MONTH, NONE, SAME, Build, rows


def test_a_finding_keeps_its_id_and_first_day(built: Build) -> None:
    first = rows(built(clause_result=[SAME]), "select * from new_finding")[0]
    wh = built(as_of=date(2026, 2, 28), seq=3, clause_result=[SAME], books_finding=[{**first, "run_seq": 2}])
    assert rows(wh, "select finding_id, first_seen from finding") == [
        {"finding_id": first["finding_id"], "first_seen": DAY}
    ]
    assert rows(wh, "select * from new_finding") == []


def test_bursts_with_overlapping_windows_are_one_finding_over_runs(built: Build) -> None:
    first = rows(built(clause_result=[BURST]), "select * from new_finding")[0]
    later = {**BURST, "window_start": date(2026, 1, 3), "window_end": date(2026, 1, 9)}
    wh = built(clause_result=[later], books_finding=[{**first, "run_seq": 1}])
    assert rows(wh, "select finding_id from finding") == [{"finding_id": first["finding_id"]}]
    assert rows(wh, "select window_start, window_end from new_finding_window") == [
        {"window_start": date(2025, 12, 28), "window_end": date(2026, 1, 9)}
    ]
    apart = {**BURST, "window_start": date(2026, 1, 4), "window_end": date(2026, 1, 9)}
    wh = built(clause_result=[apart], books_finding=[{**first, "run_seq": 1}])
    assert rows(wh, "select finding_id from finding") != [{"finding_id": first["finding_id"]}]


def test_windows_of_one_run_that_overlap_are_one_finding_and_others_are_not(built: Build) -> None:
    windows = [
        (date(2026, 1, 1), date(2026, 1, 7)),
        (date(2026, 1, 5), date(2026, 1, 12)),
        (date(2026, 1, 13), date(2026, 1, 14)),
    ]
    wh = built(clause_result=[{**BURST, "window_start": a, "window_end": b} for a, b in windows])
    assert rows(wh, "select window_start, window_end from finding order by 1") == [
        {"window_start": date(2026, 1, 1), "window_end": date(2026, 1, 12)},
        {"window_start": date(2026, 1, 13), "window_end": date(2026, 1, 14)},
    ]


def test_money_at_stake_is_that_of_the_orders_which_the_evidence_names(built: Build) -> None:
    evidence = '[{"code": "EX01", "ids": ["O1", "A9"]}, {"code": "EX02", "ids": ["O1"]}]'
    found = {
        **BURST,
        "clause": "3.4(2)",
        "detector": "exploitation",
        "window_start": NONE,
        "window_end": None,
        "evidence": evidence,
    }
    lines = [
        LINE,
        {**LINE, "order_id": "O2", "rebate_fen": 900},
        {**LINE, "order_id": "O3", "invitee_id": "A9", "rebate_fen": 70},
    ]
    wh = built(clause_result=[found], draft_line=lines, draft_month=[{**MONTH, "entitlement_fen": 5_970}])
    assert rows(wh, "select amount_at_stake_fen from finding") == [{"amount_at_stake_fen": 5_070}]
    wh = built(
        clause_result=[{**found, "evidence": "{}"}], draft_line=lines, draft_month=[{**MONTH, "entitlement_fen": 5_970}]
    )
    assert rows(wh, "select amount_at_stake_fen from finding") == [{"amount_at_stake_fen": 5_970}]

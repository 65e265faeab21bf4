"""The clauses, the programme and the policy that were in force, and what the feeds brought."""

from __future__ import annotations

from tests.console.world.said import DAY, RUN, Rows

MANIFEST = {
    "run_id": RUN.run_id, "run_seq": 1, "as_of": DAY.isoformat(), "zone": RUN.zone, "seconds": {"rules": 0.1, "feeds": 1.5},
    "outputs": {"findings.parquet": {"rows": 3, "sha256": "0" * 64}}, "models": {"same_user": "0" * 64}, "key": "kid",
    "books_schema": "1", "programme_name": "by hand", "programme": "1" * 64, "policy": "2" * 64, "code": "0.1.0",
}  # fmt: skip


def rows(hostile: str) -> dict[str, Rows]:
    """Rows per table."""

    return {
        "clause_register": [
            {
                "position": n,
                "clause": c,
                "title_zh": "条",
                "title_en": "t",
                "text_zh": hostile,
                "text_en": hostile,
                "mode": "rule",
                "measures": m,
            }
            for n, (c, m) in enumerate(
                (
                    ("2.2(3)", ["void_relation"]),
                    ("3.4(1)", ["warn", "cancel_programme"]),
                    ("3.5(2)", ["warn", "hold_payout", "cancel_rebate", "suspend_functions"]),
                ),
                1,
            )
        ],
        "programme_document": [{"document_id": "base", "level": "base", "effective_from": DAY}],
        "programme_parameter": [{"document_id": "base", "path": "payer", "value": hostile}],
        "policy_rule": [
            {
                "policy_no": 1,
                "rule_no": 1,
                "effective_from": DAY,
                "clause": "3.5(2)",
                "measure": "cancel_rebate",
                "do": "propose",
                "when_json": "{}",
                "notice_days": 7,
            }
        ],
        "feed_fact": [
            {"feed": f, "file": f"{f}.csv", "rows_in": 4, "kept": 3, "quarantined": 1} for f in ("accounts", "orders")
        ],
    }

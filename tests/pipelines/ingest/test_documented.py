"""docs/feeds.md names every feed, every kind and every code that ingestion can give."""

from __future__ import annotations

import re
from pathlib import Path

from data_contracts.rows import breakable
from features.kinds import load
from pipelines.ingest.sources import feeds

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "feeds.md").read_text(encoding="utf-8")
# A code as the source gives it: the first argument of a refusal, the rule of a row, or a word on its own.
CODE = re.compile(
    r"""["']((?:file|pq|zip|csv|sql|amt|ts|id|ev|ref|acct|product|payout|phone|ip|email|feed|null|text|vault|cfg)\.[a-z_0-9.]+)["']"""
)
FOLDERS = ("pipelines", "data_contracts", "features/kinds", "rulebook", "casebook")
NO_CODES = {"vault.reveal", "vault.erase", "vault.row"}  # acts in the audit chain


def issued() -> set[str]:
    """Every code with which a file, a row or a setting can be turned down."""
    text = "\n".join(p.read_text(encoding="utf-8") for f in FOLDERS for p in (ROOT / f).rglob("*.py"))
    codes = {c for c in CODE.findall(text) if not c.endswith((".py", ".csv", ".json", ".db", ".kind"))} - NO_CODES
    codes |= {code for contract in feeds() for code, _ in breakable(contract)}
    return codes | {str(c.extra["orphan"]) for contract in feeds() for c in contract.columns if "orphan" in c.extra}


def test_every_code_that_the_source_can_give_is_on_the_page() -> None:
    codes = {c for c in issued() if not c.startswith("cfg.")}
    assert len(codes) > 40
    assert sorted(c for c in codes if f"`{c}`" not in PAGE) == []


def test_every_feed_and_kind_is_on_the_page() -> None:
    assert [c.table for c in feeds() if f"`{c.table}`" not in PAGE] == []
    assert [k for k in load() if f"`{k}`" not in PAGE] == []

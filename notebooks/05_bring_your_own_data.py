# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Bring your own data
#
# Nobody's export looks like a contract. Here a small shop has three CSV files with its own names for things; source queries
# turn them into the feeds, a programme file says what its rules are, and one run does the rest. Each step is what you would do.

# %%
import csv
import tempfile
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd

from casebook import dossier
from data_contracts.errors import InputRefused
from pipelines import manifest
from pipelines.run import Order, run
from pipelines.state import State

folder = tempfile.TemporaryDirectory()
shop, sources, state = Path(folder.name) / "shop", Path(folder.name) / "sources", State(Path(folder.name) / "state")
shop.mkdir()
sources.mkdir()

# %% [markdown]
# ## What the shop has
# Members (one of them brought the others), sales in one file with returns as negative rows, and one broken line.

# %%
files = {
    "members.csv": [
        ("no", "since", "brought_by", "mobile"),
        ("M1", "2026-01-05 09:00", "", "13800138001"),
        ("M2", "2026-03-02 10:00", "M1", "13800138002"),
        ("M3", "2026-03-03 11:00", "M1", "13800138003"),
        ("M4", "2026-03-04 12:00", "M1", "13800138001"),
    ],
    "sales.csv": [
        ("receipt", "member", "sold", "yuan", "returns"),
        ("S1", "M2", "2026-03-05 12:00", "700.00", ""),
        ("S2", "M3", "2026-03-06 12:00", "300.00", ""),
        ("S3", "M4", "2026-03-07 12:00", "500.00", ""),
        ("S4", "M2", "2026-03-08 12:00", "12.345", ""),
        ("S5", "M3", "2026-05-02 12:00", "-300.00", "S2"),
    ],
}
for name, rows in files.items():
    with (shop / name).open("w", newline="", encoding="utf-8") as handle:
        csv.writer(handle).writerows(rows)

# %% [markdown]
# ## Source queries
# One DuckDB SELECT per table, in a file named after it. `--allow-read` (here `allow_read`) lets it look into the shop's folder.

# %%
members, sales = (f"read_csv('{shop / name}', all_varchar = true)" for name in files)
instant = "cast({} as timestamp) at time zone 'Asia/Shanghai'"
queries = {
    "accounts": f"select no as account_id, {instant.format('since')} as registered_at, 'individual' as account_type,"
    f" 'individual' as verified_as from {members}",
    "identifiers": f"select no as account_id, 'phone' as kind, mobile as value, {instant.format('since')} as observed_at,"
    f" 'registration' as source from {members}",
    "promoters": f"select distinct brought_by as promoter_id, timestamptz '2026-02-01 00:00:00+08' as joined_at,"
    f" 'base' as consented_version, null as left_at, null as left_reason, null as declared_staff_tie"
    f" from {members} where brought_by is not null",
    "referrals": f"select no as invitee_id, brought_by as promoter_id, 'member-card' as link_id, null as clicked_at"
    f" from {members} where brought_by is not null",
    "orders": f"select receipt as order_id, member as account_id, 'goods' as product_code, null as activity_id,"
    f" 'purchase' as kind, {instant.format('sold')} as paid_at, yuan as list_amount, '0.00' as coupon_amount,"
    f" '0.00' as voucher_amount, yuan as cash_amount from {sales} where returns is null",
    "refunds": f"select receipt as refund_id, returns as order_id, {instant.format('sold')} as refunded_at,"
    f" 'refund' as kind, ltrim(yuan, '-') as cash_amount from {sales} where returns is not null",
}
for table, query in queries.items():
    (sources / f"{table}.sql").write_text(query, encoding="utf-8")
print(queries["refunds"].replace(str(shop), "SHOP"))

# %% [markdown]
# ## The programme
# What the shop pays, and from when. Everything not said has the agreement's default.

# %%
PROGRAMME = """
programme: corner-shop
timezone: Asia/Shanghai
documents:
  - id: base
    level: base
    effective_from: "2026-01-01"
    announced_on: "2025-12-01"
    payer: corner-shop
    statement_day: 20
    max_quarantine_share: "0.30"
  - id: detail
    level: detail
    effective_from: "2026-01-01"
    announced_on: "2025-12-01"
    rebate:
      tier_by: new_paying_users
      tiers: [{from: 0, rate: "0.10"}]
"""
(sources / "programme.yaml").write_text(PROGRAMME, encoding="utf-8")

# %% [markdown]
# ## The run

# %%
outcome = run(Order(sources, state, date(2026, 5, 20), allow_read=(shop,)))
con = duckdb.connect()
con.sql(f"select rule, detail, row_number, file from read_parquet('{outcome.folder}/quarantine/*.parquet')").df()

# %% [markdown]
# The amount with three decimals was set aside, with file, row and rule; nothing was rounded in silence. The rest was settled:

# %%
con.sql(f"select month, invitee_id, order_id, net_amount, rate, rebate, qualifies, clause from read_parquet('{outcome.folder}/statement_lines.parquet')").df()

# %%
statements = con.sql(f"select * from read_parquet('{outcome.folder}/statements.parquet') where rebate <> 0 or adjustments <> 0").df()
statements.set_index("month").T

# %% [markdown]
# M4 has the phone of M1, who brought it. Was that a finding, and what does the report say?

# %%
con.sql(f"select clause, status, subject_kind, subject_id, confidence, amount_at_stake from read_parquet('{outcome.folder}/findings.parquet')").df()

# %%
page = dossier.write_one(outcome.folder / "tables", "M1", Path(folder.name), lang="en", run_facts=manifest.read(outcome.folder))
print(page.name, page.stat().st_size, "bytes;", "138****8001" in page.read_text(encoding="utf-8"), "masked,", "13800138001" in page.read_text(encoding="utf-8"), "raw")

# %% [markdown]
# ## When a delivery cannot be taken
# A missing table stops the run before anything is published, with one message that says what to do.

# %%
(sources / "referrals.sql").unlink()
try:
    run(Order(sources, state, date(2026, 5, 21), allow_read=(shop,)))
except InputRefused as refused:
    print(refused)

# %%
pd.DataFrame({"published": [p.name for p in sorted(state.runs.iterdir()) if not p.name.startswith(".")]})

# %%
folder.cleanup()

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
# # One promoter's year
#
# What becomes of money: a programme is simulated and played forward with one run per statement day, each knowing only what
# had happened by then. Then we follow one promoter, whose invitees buy, whose statement goes out and is paid, and whose
# refunds come afterwards.

# %%
import tempfile
from pathlib import Path

import duckdb
import matplotlib.pyplot as plt
import pandas as pd

from casebook.dossier.facts import gather
from casebook.dossier.source import Source
from pipelines import manifest
from pipelines.run import Order, run
from pipelines.state import State
from simulator import simulate

folder = tempfile.TemporaryDirectory()
world, state = Path(folder.name) / "world", State(Path(folder.name) / "state")
summary = simulate(world, accounts=800, promoters=30, months=4, seed=7)
runs = [run(Order(world, state, day)) for day in summary.as_of_days[1:-1]]
pd.DataFrame([{"as_of": r.manifest["as_of"], **r.manifest["rows"]["settlement"]} for r in runs]).set_index("as_of")

# %% [markdown]
# ## Whose year?
# The promoter from whom most has to come back, at the last run.

# %%
current = state.current()
con = duckdb.connect()
statements = con.sql(f"select * from read_parquet('{current}/statements.parquet')").df()
by_promoter = statements.groupby("promoter_id")[["rebate", "adjustments", "clawback_added", "offset", "payable"]].sum().astype(float)
by_promoter.sort_values("adjustments").head(5)

# %%
promoter = by_promoter["adjustments"].astype(float).idxmin()
year = statements[statements["promoter_id"] == promoter].set_index("month").drop(columns="promoter_id")
year.T

# %% [markdown]
# Each column balances: rebate + adjustments + carried in + released + clawback added = offset + held + carried out + payable.
# An issued month never changes. What is learnt later (a refund, a decision, a late row) is the *adjustment* of a later month.

# %%
into = year[["rebate", "adjustments", "carried_in", "released", "clawback_added"]].astype(float)
figure, axes = plt.subplots(figsize=(9, 3.6))
into.plot.bar(stacked=True, ax=axes, width=0.6, color=["#7d93aa", "#a2391f", "#c9b27c", "#2f6b46", "#1f4e79"])
axes.axhline(0, color="black", linewidth=0.8)
axes.set(ylabel="CNY", xlabel="", title="What goes into each statement")
axes.legend(ncols=5, fontsize=8, frameon=False)
axes.tick_params(axis="x", rotation=0)

# %% [markdown]
# ## The ledger behind it
# Every posting moves a positive amount from one account to another and shows as two rows that sum to zero. `cause` is the
# clause or the decision.

# %%
ledger = con.sql(f"select * from read_parquet('{current}/ledger.parquet') where promoter_id = '{promoter}'").df()
assert ledger.groupby("transaction_id")["amount"].sum().eq(0).all()
ledger.pivot_table(index=["posted_on", "cause"], columns="ledger_account", values="amount", aggfunc="sum").fillna(0)

# %% [markdown]
# ## What the report makes of it
# The evidence report takes the same rows, and says whether its sums agree with statements, ledger and payouts.

# %%
with Source(current / "tables", manifest.read(current), only=promoter) as source:
    facts = gather(next(source.bundles(source.promoters)), manifest.read(current))
pd.DataFrame(facts["money"]["checks"]).set_index("name")

# %% [markdown]
# Orders above the line, refunds below it; statements go out on the dotted days.

# %%
days = pd.DataFrame(facts["days"]).assign(day=lambda d: pd.to_datetime(d["day"])).set_index("day") / 100
figure, axes = plt.subplots(figsize=(9, 3))
axes.bar(days.index, days["cash_fen"], color="#7d93aa", label="orders")
axes.bar(days.index, -days["refund_fen"], color="#a2391f", label="refunds")
for month in facts["money"]["months"]:
    if month["issued_on"]:
        axes.axvline(pd.Timestamp(month["issued_on"]), color="#1f4e79", linestyle=":", linewidth=1)
axes.axhline(0, color="black", linewidth=0.8)
axes.set(ylabel="CNY a day")
axes.legend(frameon=False)

# %%
decisions = pd.DataFrame(facts["decisions"])
decisions[["clause", "measure", "status", "subject_kind", "month", "posted_fen"]] if len(decisions) else "no decision yet"

# %%
folder.cleanup()

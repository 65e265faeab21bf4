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
# # What if
#
# A policy or a programme is a choice, and a choice should be made with its consequences in sight. `settlement.whatif` replays
# a published run under other decisions, or under another programme, and says whose money would change, by how much, and under
# which clause. Nothing is recorded: issued statements stay, the ledger is not touched.

# %%
import tempfile
from pathlib import Path

import duckdb
import matplotlib.pyplot as plt
import pandas as pd

from casebook.dossier.source import run_of
from pipelines import manifest
from pipelines.run import Order, run
from pipelines.state import State
from rulebook import programme
from settlement import whatif
from simulator import simulate

folder = tempfile.TemporaryDirectory()
world, state = Path(folder.name) / "world", State(Path(folder.name) / "state")
summary = simulate(world, accounts=1200, promoters=40, months=4, seed=7)
outcome = run(Order(world, state, summary.as_of_days[-2]))
tables, of_run = outcome.folder / "tables", run_of(manifest.read(outcome.folder))
con = duckdb.connect()
decisions = con.sql(f"select * from read_parquet('{outcome.folder}/decisions.parquet')").df()
decisions.groupby(["clause", "measure", "status"]).size().to_frame("decisions")

# %% [markdown]
# ## Without the holds
# A hold keeps what is payable until somebody has looked. It changes no entitlement; it frees money when it goes.

# %%
holds = decisions.loc[decisions["measure"] == "hold_payout", "decision_id"]
answer = whatif.run(tables, of_run, without=list(holds))
pd.Series({"holds": len(holds), "entitlement changes by, CNY": (answer.after_fen - answer.before_fen) / 100, "freed, CNY": answer.freed_fen / 100})

# %% [markdown]
# ## If people approved all that is proposed
# The decisions that wait, as if they were in force: what hangs on those who have to look.

# %%
waiting = con.sql(f"""
    select * replace (case when status = 'proposed' then 'applied' else status end as status)
    from read_parquet('{tables}/casebook/decision.parquet')""").to_arrow_table()
answer = whatif.run(tables, of_run, decisions=waiting)
changes = pd.DataFrame(
    [(c.promoter_id, c.month, c.clause, c.change_fen / 100) for c in answer.changes], columns=["promoter", "month", "clause", "change"]
)
changes.groupby(["clause", "month"])["change"].agg(["count", "sum"])

# %%
by_promoter = changes.groupby("promoter")["change"].sum().sort_values()
figure, axes = plt.subplots(figsize=(9, 3.2))
axes.bar(by_promoter.index, by_promoter, color="#a2391f")
axes.set(ylabel="CNY", title="Rebate that the waiting decisions would take, by promoter")
axes.tick_params(axis="x", rotation=45, labelsize=8)

# %% [markdown]
# ## Another rate
# The same history under a programme that pays a flat 5 %.

# %%
text = (world / "programme.yaml").read_text(encoding="utf-8")
for rate in ("0.10", "0.15"):
    text = text.replace(f'rate: "{rate}"', 'rate: "0.05"')
(world / "flat.yaml").write_text(text, encoding="utf-8")
flat = programme.load(world / "flat.yaml")
other = whatif.run(tables, of_run, programme=lambda wh: programme.admit(wh, flat))
pd.Series({"as it is": other.before_fen / 100, "flat 5 %": other.after_fen / 100}, name="entitlement, CNY").to_frame()

# %% [markdown]
# By month: what would have been due, and what was.

# %%
change = pd.DataFrame([(c.month, c.change_fen / 100) for c in other.changes], columns=["month", "change"])
by_month = change.groupby("month")["change"].sum()
figure, axes = plt.subplots(figsize=(9, 3))
axes.bar(by_month.index, by_month, color="#1f4e79", width=0.5)
axes.set(ylabel="CNY", title="Change of entitlement")

# %% [markdown]
# The sum of all changes is the difference of the two sums, to the fen: a what-if that does not add up would be worth nothing.

# %%
assert sum(c.change_fen for c in other.changes) == other.after_fen - other.before_fen
folder.cleanup()

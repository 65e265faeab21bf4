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
# # One burst, one outage, one heavy refunder
#
# Refunds are ordinary. A promoter whose invitees refund is not a cheat for that; the question is whether some window holds more
# than its peers, its own past and the day itself explain. A programme is simulated and its promoters are tested; then we
# look at one who planned it, at the day on which everybody refunded, and at an honest one whose customers refund a lot.

# %%
import json
import tempfile
from datetime import date
from pathlib import Path

import duckdb
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import simulator
from benchmarks import worlds
from models import detectors
from models.detectors.refund_burst.judge import judge

folder = tempfile.TemporaryDirectory()
source = Path(folder.name) / "world"
simulator.simulate(source, 6000, 90, 6, 12)
wh = worlds.warehouse(source, Path(folder.name) / "work", date(2025, 12, 31), worlds.true_groups(source))
detectors.build(wh)
tables = [wh.con.sql(f"select * from {t} order by all").to_arrow_table() for t in ("refund_day", "refund_order", "group_member")]
verdict = judge(*tables, date(2025, 12, 31))
panel, standard = verdict.exposure.panel, verdict.standard
days = pd.date_range(panel.first_on, periods=panel.days)
truth = duckdb.sql(f"select promoter_id, scheme from read_parquet('{source}/truth/promoters.parquet')").df().set_index("promoter_id")
bursts = wh.con.sql("select * exclude (anomaly_score) from burst order by q_value, promoter_id, window_start").df()
bursts.join(truth, on="promoter_id").head(12)

# %% [markdown]
# `expected_orders` is what peers with the same orders on the same days would have. The scheme on the right is the simulator's
# truth, which no detector reads. All flags together, by scheme:

# %%
flagged = bursts[bursts["flagged"]].join(truth, on="promoter_id")
pd.DataFrame(
    {
        "promoters": truth["scheme"].value_counts(),
        "flagged": flagged.drop_duplicates("promoter_id")["scheme"].value_counts(),
    }
).fillna(0).astype(int)

# %% [markdown]
# ## A burst
# The surest flag. Bars are refunded orders, the line what was expected, the shade the window that is told.

# %%
surest = bursts.iloc[0]
place = int(np.flatnonzero(panel.promoters == surest["promoter_id"])[0])
cells = verdict.exposure.cells
mine = cells.promoter == place
_, expected, *_ = next(iter(verdict.exposure.chunks(np.array([place]))))
figure, axes = plt.subplots(figsize=(9, 3))
axes.bar(days[cells.day[mine]], cells.orders[mine], width=1, color="#b4462c", label="refunded orders")
axes.plot(days, expected[0] * standard.peers.mean[place], color="#27508a", label="expected from peers")
axes.axvspan(surest["window_start"], surest["window_end"] + pd.Timedelta(days=1), color="#b4462c", alpha=0.15, label="window told")
axes.set(xlim=(pd.Timestamp("2025-07-01"), days[-1]), ylabel="orders a day")
axes.legend(frameon=False)
pd.Series(surest).to_frame("value")

# %% [markdown]
# Why, in codes; `rulebook/reasons.yaml` says what each means and what would clear it.

# %%
evidence = wh.con.sql(
    f"select evidence from detection where detector = 'refund_burst' and subject_id = '{surest['promoter_id']}' order by q_value limit 1"
).fetchall()[0][0]
pd.DataFrame(json.loads(evidence)).drop(columns="ids")

# %% [markdown]
# ## The outage
# One day in the autumn everybody refunded. Above: all refunds of the programme, and how many times an ordinary day's they
# were. Nobody is flagged for it: everybody's expectation rises with the day.

# %%
outage = pd.Timestamp(worlds.events(source)["outage"]["day"])
calendar = verdict.exposure.calendar
figure, (upper, lower) = plt.subplots(2, 1, figsize=(9, 4.5), sharex=True)
upper.bar(days, np.bincount(cells.day, cells.orders, minlength=panel.days), width=1, color="#777777")
upper.set(ylabel="refunds of all")
lower.plot(days, calendar.effect, color="#27508a")
lower.set(ylabel="times an ordinary day", xlim=(pd.Timestamp("2025-07-01"), days[-1]))
upper.annotate("outage", (outage, upper.get_ylim()[1] * 0.8), ha="center")
on_it = flagged[(flagged["window_start"] <= outage) & (flagged["window_end"] >= outage)]
on_it[on_it["scheme"] == "honest"]

# %% [markdown]
# ## An honest heavy refunder
# Of the honest promoters, the one whose refunds exceed its peers' most. Its refunds are spread over the months: no window
# stands out against its own level, and the level is one that honest promoters have now and then.

# %%
honest = np.array([truth["scheme"].get(p, "") == "honest" for p in panel.promoters]) & (standard.refunds >= 8)
excess = np.where(honest, standard.refunds / np.maximum(standard.expected * standard.peers.mean, 1.0), 0.0)
heavy = int(np.argmax(excess))
mine = cells.promoter == heavy
_, expected, *_ = next(iter(verdict.exposure.chunks(np.array([heavy]))))
figure, axes = plt.subplots(figsize=(9, 3))
axes.bar(days[cells.day[mine]], cells.orders[mine], width=1, color="#5a8f5a", label="refunded orders")
axes.plot(days, expected[0] * standard.peers.mean[heavy], color="#27508a", label="expected from peers")
axes.set(xlim=(pd.Timestamp("2025-07-01"), days[-1]), ylabel="orders a day")
axes.legend(frameon=False)
pd.Series(
    {
        "returns": standard.refunds[heavy],
        "expected": round(float(standard.expected[heavy] * standard.peers.mean[heavy]), 2),
        "p": verdict.p[heavy],
        "q": verdict.q[heavy],
    }
).to_frame("value")

# %% [markdown]
# ## Is the error rate kept?
# p-values of the promoters that the truth calls honest. Flat is right; a heap at the left would be false alarms.

# %%
fair = np.array([truth["scheme"].get(p, "") == "honest" for p in panel.promoters]) & (standard.expected >= 2)
figure, axes = plt.subplots(figsize=(6, 2.6))
axes.hist(verdict.p[fair], bins=10, range=(0, 1), color="#777777")
axes.axhline(fair.sum() / 10, color="#27508a")
axes.set(xlabel="p of honest promoters", ylabel="promoters")
assert not len(on_it[on_it["scheme"] == "honest"]), "the outage day must flag nobody"
assert flagged[flagged["scheme"].isin(["ring", "collusion"])]["promoter_id"].nunique() > 0
assert verdict.q[heavy] > 0.05, "the heavy refunder is honest"

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
# # One ring and one innocent campus
#
# Who is the same user? A programme is simulated, its identifiers (papers, numbers, cards, devices, lines, doors) become keyed tokens, and
# accounts are linked by evidence in *bits*: doublings of the odds that one hand is behind two accounts. +1 doubles them, -1 halves them, at
# 0 they are even. Before any evidence two accounts stand near -20: one pair in a million.
#
# Then we take one ring apart, and look at a campus that shares a line with hundreds and must not be accused for it. Nothing here sees a
# raw identifier. The simulator wrote down who is behind which account; the linkage never reads that, only the pictures do.
#
# First the whole world in figures: pairs of accounts that linked groups put together, against pairs that one hand runs.

# %%
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import networkx as nx
import pandas as pd

from benchmarks import quality_same_user as quality
from models.same_user.explain import explain_group, explain_pair

folder = tempfile.TemporaryDirectory()
world = quality.make_world(Path(folder.name), accounts=4000, seed=31)
quality.link_world(world)
con = quality.truth(world)
values = world.tables / "features" / "identifier_value.parquet"
con.execute(f"create view identifier_value as select * from read_parquet('{values}')")
pd.Series(quality.measure(world), name="figure").to_frame()

# %% [markdown]
# ## How widely identifiers are shared
# A token is worth as much as it is rare. Carriers and campuses stand far right: they are *hubs*, start no pair and add no bit.

# %%
shared = con.execute("select kind, entities, suppressed from identifier_value where accounts > 1").df()
figure, axes = plt.subplots(figsize=(9, 3.5))
for kind, rows in shared.groupby("kind"):
    counts = rows["entities"].clip(lower=1).value_counts().sort_index()
    axes.plot(counts.index, counts.values, "o", alpha=0.6, label=kind)
axes.set(xscale="log", yscale="log", xlabel="unrelated entities that hold the token", ylabel="tokens")
axes.legend(ncols=4, fontsize=8)
shared.groupby("kind").agg(tokens=("entities", "size"), hubs=("suppressed", "sum"), most=("entities", "max"))

# %% [markdown]
# ## A ring
# The largest group whose members are in a ring. Every line is a pair that is *same* by itself; thick lines are strong.

# %%
ring = con.execute("""
    select group_id, count(*) as accounts from member join truth using (account_id)
    where scheme = 'ring' group by all order by accounts desc, group_id limit 1""").fetchall()[0][0]
told = explain_group(world.tables, ring)
links = con.execute(
    """select account_a, account_b, match_weight, outcome from link
    where outcome like 'same%' and account_a in (select account_id from member where group_id = ?)
    and account_b in (select account_id from member where group_id = ?)""",
    [ring, ring],
).fetchall()
promoters = {row[0] for row in con.execute("select distinct promoter_id from referrals").fetchall()}
graph = nx.Graph()
graph.add_nodes_from(told.accounts)
graph.add_weighted_edges_from((a, b, bits) for a, b, bits, _ in links)
place = nx.spring_layout(graph, seed=4, k=0.9)
figure, axes = plt.subplots(figsize=(9, 6))
nx.draw_networkx_edges(
    graph, place, width=[bits / 12 for _, _, bits in graph.edges.data("weight")],
    edge_color=["tab:red" if outcome == "same_person" else "tab:gray" for *_, outcome in links], ax=axes,
)  # fmt: skip
nx.draw_networkx_nodes(
    graph,
    place,
    node_size=420,
    node_color=["tab:orange" if n in promoters else "lightsteelblue" for n in graph],
    ax=axes,
)
nx.draw_networkx_labels(graph, place, labels={n: n[-4:] for n in graph}, font_size=7, ax=axes)
axes.set_title("orange: the promoter; red: same papers; grey: other papers, one hand")
axes.axis("off")
print(told.as_text("en"))

# %% [markdown]
# ### Its weakest link, taken apart
# The prior speaks against the pair (below 0), the evidence lifts it above the line. Papers, numbers and cards are counted in accounts,
# everything else in unrelated people: a device that only this ring holds is held by one. The same explanation is what `tongren explain`
# prints, in either language.

# %%
a, b = told.weakest.account_a, told.weakest.account_b
pair = explain_pair(world.tables, a, b)
steps = [("prior", pair.pair.prior_bits)]
steps += [(f"{p.kind} (held by {p.shared_by})", p.bits) for p in pair.pair.pieces]
steps += [(f"against: {x.kind}", x.bits) for x in pair.pair.against]
running = pd.Series([bits for _, bits in steps]).cumsum()
figure, axes = plt.subplots(figsize=(9, 2.8))
axes.barh(
    [name for name, _ in steps], [bits for _, bits in steps], left=[0, *running[:-1]],
    color=["tab:gray" if bits < 0 else "tab:blue" for _, bits in steps],
)  # fmt: skip
axes.axvline(pair.same_bits, color="tab:red", linestyle="--")
axes.invert_yaxis()
axes.set_xlabel("bits; the dashed line is where a pair is called the same")
print(pair.as_text("en"))
print()
print(pair.as_text("zh"))

# %% [markdown]
# ## An innocent campus
# Many honest students, their promoter among them, use one line. It is the most widely shared address of the world.

# %%
campus, mask, holders, since = con.execute(
    "select token, mask, accounts, suppressed_since from identifier_value where kind = 'ip' order by accounts desc limit 1"
).fetchall()[0]
con.execute(
    """create table behind as select account_id, any_value(scheme) as scheme, any_value(controller) as controller,
    any_value(group_id) as group_id from use join truth using (account_id) left join member using (account_id)
    where token = $t group by account_id""",
    {"t": campus},
)
print(f"{mask}: {holders} accounts, a hub since {since}: it starts no pair and adds no bit")

# %% [markdown]
# Every dot is an account behind that line, honest people in grey, cheats who happen to live there in red. A line joins two that are
# *same*. If sharing a line were enough, this would be one group.

# %%
dots = con.execute("select * from behind order by group_id nulls last, account_id").df()
wide = int(len(dots) ** 0.5 * 1.6) + 1
at = {name: (n % wide, -(n // wide)) for n, name in enumerate(dots["account_id"])}
joined = con.execute(
    """select account_a, account_b from link where outcome like 'same%'
    and account_a in (select account_id from behind) and account_b in (select account_id from behind)"""
).fetchall()
figure, axes = plt.subplots(figsize=(9, 5))
for one, other in joined:
    axes.plot(*zip(at[one], at[other], strict=True), color="black", linewidth=1.2, zorder=1)
for honest, colour, label in ((True, "lightgray", "honest"), (False, "tab:red", "one of a cheat's accounts")):
    some = dots[(dots["scheme"] == "honest") == honest]
    axes.scatter(*zip(*(at[n] for n in some["account_id"]), strict=True), color=colour, label=label, s=22, zorder=2)
axes.set_title(f"{len(dots)} accounts behind one line, {len(joined)} pairs called the same")
axes.legend(loc="upper left", bbox_to_anchor=(0, -0.02), ncols=2, frameon=False)
axes.axis("off")
con.execute("""
    select count(*) as accounts, count(distinct controller) as hands, count(*) filter (where scheme = 'honest') as honest,
    count(distinct group_id) as groups, count(*) filter (where scheme = 'honest' and group_id is not null) as honest_in_groups
    from behind""").df()

# %% [markdown]
# An honest account in a group is there with its owner's second account. How many groups join accounts of more than one hand?

# %%
con.execute("""
    select hands, count(*) as groups, sum(from_here) as with_accounts_of_the_campus from (
        select group_id, count(distinct controller) as hands, bool_or(account_id in (select account_id from behind))::int as from_here
        from member join truth using (account_id) group by all)
    group by all order by hands""").df()

# %% [markdown]
# And a promoter of the campus with a classmate that it invited: both honest, both behind the line.

# %%
innocent = con.execute("""
    select r.promoter_id, r.invitee_id from referrals r
    join behind x on x.account_id = r.promoter_id and x.scheme = 'honest'
    join behind y on y.account_id = r.invitee_id and y.scheme = 'honest' and x.controller <> y.controller
    left join referral_same s on s.invitee_id = r.invitee_id where s.invitee_id is null order by 1, 2 limit 1""").fetchall()
for promoter, invitee in innocent:
    print(explain_pair(world.tables, promoter, invitee).as_text("en"))

# %% [markdown]
# ## Do the probabilities mean what they say?
# Every link of the world, binned by the probability that it was given, against the share that was one hand's.

# %%
said = pd.DataFrame(quality.links_with_truth(world), columns=["referral", "bits", "probability", "same"])
bins = said.groupby((said["probability"] * 10).astype(int).clip(upper=9)).agg(
    said=("probability", "mean"), seen=("same", "mean"), links=("same", "size")
)
error, brier = quality.calibration_error(quality.links_with_truth(world))
figure, axes = plt.subplots(figsize=(4, 4))
axes.plot([0, 1], [0, 1], color="lightgray")
axes.scatter(bins["said"], bins["seen"], s=20 + bins["links"] / 4)
axes.set(
    xlabel="probability said", ylabel="share of one hand", title=f"calibration error {error:.3f}, Brier {brier:.3f}"
)
bins

# %%
folder.cleanup()

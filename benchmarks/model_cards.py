"""Writes the model cards `docs/models/*.md` and their pictures: train, evaluate, log in MLflow, and render what MLflow holds.

python -m benchmarks.model_cards --out /some/folder --retail FILE

Method, picture and failures stand in `model_cards.yaml`. Shares have 95 % Clopper-Pearson intervals, average precision one by
500 resamples of the promoters under a fixed seed. Nothing was tuned on the seeds used here. Reports quote figures
in `casebook/dossier/model_cards.yaml`; its test fails where they are no longer those of the card.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np

from benchmarks import retail_bursts, worlds
from benchmarks.calibration_bursts import p_values
from benchmarks.quality_bursts import World as Bursts
from benchmarks.quality_bursts import average_precision, interval, measure, summary
from benchmarks.quality_detectors import TARGETS, World
from benchmarks.quality_detectors import measure as measure_detectors
from data_contracts import strict_yaml
from models import detectors
from models.detectors.refund_burst.judge import judge
from models.detectors.refund_shape.rule import FEATURES
from models.tracking import Tracking

DOCS = Path(__file__).parents[1] / "docs"
WORDS = strict_yaml.load(Path(__file__).with_suffix(".yaml"))
CHEATING, HONEST = (106, 107, 108), (201, 202)
RESAMPLES = 500
Ranked = Sequence[tuple[float, bool]]
mpl.rcParams.update({"svg.hashsalt": "tongren", "font.size": 9})


def world(out: Path, seed: int, honest: bool) -> Path:
    """A simulated source folder, made once."""
    import simulator

    source = out / f"{'honest' if honest else 'world'}-20000-300-{seed}"
    if not (source / "truth").exists():
        simulator.simulate(source, 20_000, 300, 6, seed, honest=honest)
    return source


def share(name: str, hits: int, of: int) -> dict[str, float]:
    """A share as three metrics: value, and the limits of its interval."""
    low, high = interval(hits, of)
    return {name: hits / max(of, 1), f"{name}_low": low, f"{name}_high": high}


def ordered(ranked: Ranked) -> dict[str, float]:
    """Average precision as three metrics."""
    rng = np.random.default_rng(7)
    drawn = [
        average_precision([ranked[n] for n in rng.integers(0, len(ranked), len(ranked))]) for _ in range(RESAMPLES)
    ]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return {
        "average_precision": average_precision(ranked),
        "average_precision_low": low,
        "average_precision_high": high,
    }


def shape(source: Path, seed: int, seen: Bursts, tracking: Tracking) -> None:
    """Train the shape model on a world, and log how its order of promoters compares with the truth."""
    with tempfile.TemporaryDirectory() as work:
        as_of = date.fromisoformat(str(worlds.events(source)["period"]["to"]))
        wh = worlds.warehouse(source, Path(work), as_of, worlds.true_groups(source))
        detectors.build(wh, tracking)
        scores = dict(wh.execute("select promoter_id, score from promoter_score"))
    ranked = [(s, p in seen.planned) for p, s in scores.items() if p in seen.planned or p in seen.honest]
    tracking.evaluate(
        "refund_shape", {"evaluated_on": f"simulated world, seed {seed}", "features": ", ".join(FEATURES)},
        {**ordered(ranked), "share_planned": float(np.mean([good for _, good in ranked]))},
    )  # fmt: skip
    picture("refund_shape", ranked)


def burst(seen: Sequence[Bursts], honest: Iterable[Path], retail: Path, tracking: Tracking) -> None:
    """Log the burst test's quality on worlds with cheats, its calibration on worlds without, and its flags on real refunds."""
    table = summary(seen)
    ours = table["methods"]["ours"]
    positives = sum(found[1] for found in table["schemes"].values())
    ranked = [
        (s, p in w.planned) for w in seen for p, (s, _) in w.methods["ours"].items() if p in w.honest or p in w.planned
    ]
    p = np.concatenate([v[0][v[2] >= 5] for v in (p_values(s) for s in honest)])
    metrics = {
        "flagged": ours["flagged"], **share("false_share", ours["false"], ours["flagged"]),
        **share("recall", ours["flagged"] - ours["false"], positives), **ordered(ranked),
        "outage_day_flags": table["outage_flags"], **_retail(retail),
        **{f"honest_p_at_most_{level}": float((p <= level).mean()) for level in (0.01, 0.05, 0.1, 0.5)},
    }  # fmt: skip
    for scheme, (hits, of) in table["schemes"].items():
        metrics |= share(f"recall_{scheme}", hits, of)
    told = {
        "fdr": 0.05,
        "windows": "1 to 14, 28, 56, 112 days, all",
        "evaluated_on": _seeds(),
        "real_data": "Online Retail, weekly cohorts",
    }
    tracking.evaluate("refund_burst", told, {k: float(v) for k, v in metrics.items()})
    figure, axes = plt.subplots(figsize=(6, 2.6))
    axes.hist(p, bins=10, range=(0, 1), color="#777777")
    axes.axhline(len(p) / 10, color="#27508a")
    axes.set(xlabel="p of honest promoters that expect 5 returns or more", ylabel="promoters")
    save(figure, "model_refund_burst.svg")


def _retail(data: Path) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as work:
        tables = retail_bursts.tables(retail_bursts.build(data, Path(work)))
    verdict = judge(tables["refund_day"], tables["refund_order"], tables["group_member"], retail_bursts.AS_OF)
    tested = int(verdict.tested.sum())
    return {"retail_cohorts": tested, **share("retail_cohorts_flagged", int((verdict.q <= 0.05).sum()), tested)}


def test_of(name: str, seen: Sequence[World], honest: Sequence[World], tracking: Tracking) -> None:
    """Log a detector's quality on worlds with cheats and its flags on worlds without."""
    flagged, false, metrics, ranked = set[tuple[int, str]](), 0, dict[str, float](), []
    for w in seen:
        mine = [(p, bad) for detector, p, _, bad in w.flagged if detector == name]
        flagged |= {(w.seed, p) for p, _ in mine}
        false += len({p for p, _ in mine if w.schemes.get(p, "honest") == "honest"} - {p for p, bad in mine if bad})
        ranked += [
            (w.scores.get((name, p), 0.0), scheme in TARGETS[name])
            for p, scheme in w.schemes.items()
            if scheme == "honest" or scheme in TARGETS[name]
        ]
    for scheme in TARGETS[name]:
        there = [(w.seed, p) for w in seen for p, s in w.schemes.items() if s == scheme]
        metrics |= share(f"recall_{scheme}", len(flagged & set(there)), len(there))
    promoters = sum(len(w.schemes) for w in honest)
    told = [(w.seed, p) for w in honest for detector, p, _, _ in w.flagged if detector == name]
    unusual = [s for w in honest for (detector, _), s in w.scores.items() if detector == name]
    metrics |= {
        "flagged": len(flagged), **share("false_share", false, len(flagged)), **ordered(ranked),
        **share("honest_world_promoters_flagged", len(set(told)), promoters),
        **{f"honest_published_with_p_at_most_{level}": sum(s >= -np.log10(level) for s in unusual) / promoters
           for level in (0.01, 0.05)},
    }  # fmt: skip
    tracking.evaluate(name, {"fdr": 0.05, "evaluated_on": _seeds()}, {k: float(v) for k, v in metrics.items()})
    picture(name, ranked)


def _seeds() -> str:
    return f"simulated worlds, seeds {list(CHEATING)}; without cheats, seeds {list(HONEST)}"


def picture(name: str, ranked: Ranked) -> None:
    """Histogram of scores, honest and cheating."""
    figure, axes = plt.subplots(figsize=(6, 2.6))
    bins = np.linspace(min(s for s, _ in ranked), max(s for s, _ in ranked), 30)
    for good, colour, label in ((False, "#777777", "honest"), (True, "#b4462c", "cheating")):
        axes.hist([s for s, g in ranked if g is good], bins=bins, color=colour, alpha=0.7, label=label)
    axes.set(xlabel="score", ylabel="promoters", yscale="symlog")
    axes.legend(frameon=False)
    save(figure, f"model_{name}.svg")


def save(figure: plt.Figure, name: str) -> None:
    """A picture without date."""
    figure.tight_layout()
    figure.savefig(DOCS / "assets" / name, metadata={"Date": None})
    plt.close(figure)


def card(name: str, facts: Mapping[str, Mapping[str, Any]]) -> str:
    """The page of one detector, from what MLflow holds."""
    values = {k: round(float(v), 4) for k, v in sorted(facts["metrics"].items())}
    metrics = "\n".join(
        f"| {k} | {v} | {_limits(values, k)} |" for k, v in values.items() if not k.endswith(("_low", "_high"))
    )
    parameters = "\n".join(f"| {k} | {v} |" for k, v in sorted(facts["parameters"].items()))
    data = "\n".join(f"| {k} | `{str(v)[:16]}` |" for k, v in sorted(facts["data"].items()))
    data = data or "| none: nothing is trained | |"
    fails = "\n".join(f"- {line}" for line in WORDS[name]["fails"])
    return (
        f"# {name}\n\nWritten by `python -m benchmarks.model_cards` from what MLflow holds.\n\n"
        f"## Method\n\n{WORDS[name]['method']}\n\n"
        f"## Parameters\n\n| parameter | value |\n|---|---|\n{parameters}\n\n## Training data\n\n| table | sha256 |\n|---|---|\n{data}\n\n"
        f"## Metrics\n\n| metric | value | 95 % interval |\n|---|---|---|\n{metrics}\n\n"
        f"![{name}](../assets/model_{name}.svg)\n\n{WORDS[name]['picture']}\n\n## Where it fails\n\n{fails}\n"
    )


def _limits(values: Mapping[str, float], name: str) -> str:
    return f"{values[f'{name}_low']} to {values[f'{name}_high']}" if f"{name}_low" in values else ""


def main() -> None:
    """Train, evaluate, log and render."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--retail", type=Path, required=True, help="the public Online Retail file")
    asked = parser.parse_args()
    store = asked.out / "mlflow"
    shutil.rmtree(store, ignore_errors=True)
    tracking = Tracking(store)
    cheating = {seed: world(asked.out, seed, honest=False) for seed in CHEATING}
    honest = {seed: world(asked.out, seed, honest=True) for seed in HONEST}
    bursts = [measure(source, seed) for seed, source in cheating.items()]
    shape(cheating[CHEATING[0]], CHEATING[0], bursts[0], tracking)
    burst(bursts, honest.values(), asked.retail, tracking)
    seen, without = ([measure_detectors(s, n) for n, s in made.items()] for made in (cheating, honest))
    for name in TARGETS:
        test_of(name, seen, without, tracking)
    (DOCS / "models").mkdir(exist_ok=True)
    for name in WORDS:
        (DOCS / "models" / f"{name}.md").write_text(card(name, tracking.facts(name)), encoding="utf-8")


if __name__ == "__main__":
    main()

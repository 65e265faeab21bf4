"""Writes the model cards `docs/models/*.md` and their pictures: train, evaluate, log in MLflow, and render what MLflow holds.

python -m benchmarks.model_cards --out /some/folder
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np

from benchmarks import worlds
from benchmarks.calibration_bursts import p_values
from benchmarks.quality_bursts import average_precision, interval, measure, summary
from models import detectors
from models.detectors.refund_shape.rule import FEATURES
from models.tracking import Tracking

DOCS = Path(__file__).parents[1] / "docs"
mpl.rcParams.update({"svg.hashsalt": "tongren", "font.size": 9})


def world(out: Path, seed: int, honest: bool) -> Path:
    """A simulated source folder, made once."""
    import simulator

    source = out / f"{'honest' if honest else 'world'}-20000-300-{seed}"
    if not (source / "truth").exists():
        simulator.simulate(source, 20_000, 300, 6, seed, honest=honest)
    return source


def shape(source: Path, seed: int, tracking: Tracking) -> None:
    """Train the shape model on a world, and log how its order of promoters compares with the truth."""
    with tempfile.TemporaryDirectory() as work:
        as_of = date.fromisoformat(str(worlds.events(source)["period"]["to"]))
        wh = worlds.warehouse(source, Path(work), as_of, worlds.true_groups(source))
        detectors.build(wh, tracking)
        scores = dict(wh.execute("select promoter_id, score from promoter_score"))
    seen = measure(source, seed)
    ranked = [(s, p in seen.planned) for p, s in scores.items() if p in seen.planned or p in seen.honest]
    tracking.evaluate(
        "refund_shape", {"evaluated_on": f"simulated world, seed {seed}", "features": ", ".join(FEATURES)},
        {"average_precision": average_precision(ranked), "share_planned": float(np.mean([good for _, good in ranked]))},
    )  # fmt: skip
    figure, axes = plt.subplots(figsize=(6, 2.6))
    bins = np.linspace(min(s for s, _ in ranked), max(s for s, _ in ranked), 30)
    for good, colour, label in ((False, "#777777", "honest"), (True, "#b4462c", "planned refunds")):
        axes.hist([s for s, g in ranked if g is good], bins=bins, color=colour, alpha=0.7, label=label)
    axes.set(xlabel="score", ylabel="promoters")
    axes.legend(frameon=False)
    save(figure, "model_refund_shape.svg")


def burst(cheating: list[Path], honest: list[Path], seeds: list[int], tracking: Tracking) -> None:
    """Log the burst test's quality on worlds with cheats and its calibration on worlds without."""
    table = summary([measure(s, seed) for s, seed in zip(cheating, seeds, strict=True)])
    ours = table["methods"]["ours"]
    low, high = interval(ours["false"], max(ours["flagged"], 1))
    p = np.concatenate([v[0][v[2] >= 5] for v in (p_values(s) for s in honest)])
    metrics = {
        "flagged": ours["flagged"], "false_share": ours["false_share"], "false_share_low": low, "false_share_high": high,
        "recall": ours["recall"], "average_precision": ours["average_precision"], "outage_day_flags": table["outage_flags"],
        **{f"honest_p_at_most_{level}": float((p <= level).mean()) for level in (0.01, 0.05, 0.1, 0.5)},
    }  # fmt: skip
    tracking.evaluate(
        "refund_burst",
        {"fdr": 0.05, "windows": "1 to 14, 28, 56, 112 days, all", "evaluated_on": f"simulated worlds, seeds {seeds}"},
        {k: float(v) for k, v in metrics.items()},
    )
    figure, axes = plt.subplots(figsize=(6, 2.6))
    axes.hist(p, bins=10, range=(0, 1), color="#777777")
    axes.axhline(len(p) / 10, color="#27508a")
    axes.set(xlabel="p of honest promoters that expect 5 returns or more", ylabel="promoters")
    save(figure, "model_refund_burst.svg")


def save(figure: plt.Figure, name: str) -> None:
    """A picture without date."""
    figure.tight_layout()
    figure.savefig(DOCS / "assets" / name, metadata={"Date": None})
    plt.close(figure)


METHOD = {
    "refund_shape": (
        "An isolation forest over rates of conduct per promoter, pulled towards the programme's rates where there is little to"
        " count. Reasons are the features in which the fewest promoters are as far out (ECOD's right tails). It orders the"
        " queue; it flags nobody, and no money hangs on it."
    ),
    "refund_burst": (
        "No trained model: negative binomial tails of every window against peers and own history, the smallest one set against"
        " promoters simulated under a fixed seed, Benjamini-Hochberg over promoters. How, step by step: [Detectors](../detectors.md)."
    ),
}
FAILS = {
    "refund_shape": [
        "A promoter with two or three refunds looks extreme in every share; the pull towards the mean hides small rings as well.",
        "It learns from the programme as it is: where a tenth of the promoters cheat the same way, that way is not isolated.",
        "Unflagged and high: an honest promoter of one product with a fixed refund age.",
    ],
    "refund_burst": [
        "Slow refunders with few orders (about two in five are missed), and rings that spread over honest ages.",
        "Fewer than three returns are never tested; one account's returns of one day are one.",
        "A product sold by one promoter alone that fails: its refunds are that promoter's burst. Look at the product first.",
    ],
}


def card(name: str, facts: Mapping[str, Mapping[str, Any]]) -> str:
    """The page of one detector, from what MLflow holds."""
    metrics = "\n".join(f"| {k} | {round(float(v), 4)} |" for k, v in sorted(facts["metrics"].items()))
    parameters = "\n".join(f"| {k} | {v} |" for k, v in sorted(facts["parameters"].items()))
    data = (
        "\n".join(f"| {k} | `{str(v)[:16]}` |" for k, v in sorted(facts["data"].items()))
        or "| none: nothing is trained | |"
    )
    fails = "\n".join(f"- {line}" for line in FAILS[name])
    return (
        f"# {name}\n\nWritten by `python -m benchmarks.model_cards` from what MLflow holds.\n\n## Method\n\n{METHOD[name]}\n\n"
        f"## Parameters\n\n| parameter | value |\n|---|---|\n{parameters}\n\n## Training data\n\n| table | sha256 |\n|---|---|\n{data}\n\n"
        f"## Metrics\n\n| metric | value |\n|---|---|\n{metrics}\n\n![{name}](../assets/model_{name}.svg)\n\n## Where it fails\n\n{fails}\n"
    )


def main() -> None:
    """Train, evaluate, log and render."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    store = asked.out / "mlflow"
    shutil.rmtree(store, ignore_errors=True)
    tracking, seeds = Tracking(store), [106, 107, 108]
    shape(world(asked.out, 106, honest=False), 106, tracking)
    burst([world(asked.out, s, False) for s in seeds], [world(asked.out, s, True) for s in (201, 202)], seeds, tracking)
    (DOCS / "models").mkdir(exist_ok=True)
    for name in METHOD:
        (DOCS / "models" / f"{name}.md").write_text(card(name, tracking.facts(name)), encoding="utf-8")


if __name__ == "__main__":
    main()

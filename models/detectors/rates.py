"""Shares against peers: is a trait more frequent with this promoter than with comparable ones?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from models.detectors.counts import fit_peers, share_tail
from models.detectors.discovery import FDR, q_values, rounded
from models.detectors.panel import Floats, Ints

MOST_SHARE = 0.9  # what nearly all do is no trait
UNUSUAL = 0.05  # p below which a subject is published, flagged or not


@dataclass(frozen=True)
class Excess:
    """Per subject: hits observed, hits expected from peers (its own family left out), and P of as many."""

    observed: Floats
    expected: Floats
    p: Floats


def excess(observed: Floats, trials: Floats, family: Ints) -> Excess:
    """Hits among trials against the peers' share. Peers differ from one another; how much is learnt from them, those far
    out left aside. Subjects without trials get p = 1."""
    share = (observed.sum() + 1.0) / (trials.sum() + 2.0)
    due, none = trials * share, np.zeros(len(trials))
    mine = np.flatnonzero(trials > 0)
    p, expected = np.ones(len(trials)), np.zeros(len(trials))
    if len(mine):
        everyone = np.zeros(len(mine), dtype=np.int64)
        peers = fit_peers(observed[mine], due[mine], none[mine], family[mine], everyone)
        p[mine] = share_tail(observed[mine], trials[mine], np.minimum(share * peers.mean, MOST_SHARE), peers.shape)
        expected[mine] = due[mine] * peers.mean
    return Excess(observed, expected, p)


def combined(parts: list[Excess]) -> tuple[Floats, Floats]:
    """p of the best of several tests (times their number), and q over all subjects that could be tested."""
    least = np.minimum(np.min([part.p for part in parts], axis=0) * len(parts), 1.0)
    p = rounded(least)
    return p, rounded(q_values(p))


def jointly(one: Excess, other: Excess) -> Excess:
    """Two traits as one test: Fisher's combination of their p (conservative for counts), hits and expectations added."""
    product = np.maximum(one.p * other.p, 1e-300)
    p = np.minimum(product * (1.0 - np.log(product)), 1.0)
    return Excess(one.observed + other.observed, one.expected + other.expected, p)


def stands_out(part: Excess, n: int, tests: int, *, least: float, ratio: float) -> bool:
    """Whether one of several tests is a reason by itself: sure, large enough and not merely significant."""
    sure = part.p[n] * tests <= FDR
    return bool(sure and part.observed[n] >= least and part.observed[n] >= ratio * part.expected[n])


def reason(code: str, part: Excess, n: int, q: float, ids: list[str]) -> dict[str, Any]:
    """One entry of a detection's evidence."""
    observed, expected = float(part.observed[n]), float(part.expected[n])
    return {
        "code": code, "observed": round(observed, 2), "expected": round(expected, 2),
        "ratio": round(observed / max(expected, 0.01), 2), "q": float(q), "ids": ids,
    }  # fmt: skip


def unusual(p: Floats, q: Floats) -> list[int]:
    """Positions worth a row: p at most `UNUSUAL`, or flagged."""
    return [int(n) for n in np.flatnonzero((p <= UNUSUAL) | (q <= FDR))]

"""m without labels: expectation and maximisation over agreement patterns, with verdicts where there are some.

Pairs were found because they share a strong kind, so a kind's m is never read off the pairs that it found itself: one
fit per strong kind over the pairs that it started, and a kind's m from the fits of the others (as splink does it).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
MISSING, DIFFERENT = -2, -1
ROUNDS = 500
PRIOR_COUNT = 2.0  # pairs' worth of the starting m in each estimate: a kind that was never seen keeps its start


@dataclass(frozen=True)
class Patterns:
    """Agreement of pairs. `level` (pairs, kinds): number of the level met, DIFFERENT when both have the kind and share
    none, MISSING when one of them lacks it. `u` (pairs, kinds): how likely strangers are to agree so, for that token.
    `known` (pairs,): 1 or 0 by verdict, nan without one."""

    kinds: tuple[str, ...]
    levels: Mapping[str, int]
    level: Ints
    u: Floats
    known: Floats

    def only(self, rows: npt.NDArray[np.bool_]) -> Patterns:
        """Some of the pairs."""
        return Patterns(self.kinds, self.levels, self.level[rows], self.u[rows], self.known[rows])


@dataclass(frozen=True)
class Fit:
    """`m` by kind over its levels; `share` of the pairs that are one hand's; `weight` of evidence behind each kind."""

    m: Mapping[str, Floats]
    share: float
    weight: Mapping[str, float]
    rounds: int


def posterior(patterns: Patterns, m: Mapping[str, Floats], share: float, without: str = "") -> Floats:
    """How likely each pair is one hand's, given m and the share of such pairs; verdicts stand as they are.

    That strangers differ is taken as certain (1 - u as 1): right for rare tokens; at a u of 0.02 it moves m by 0.02.
    """
    bits = np.full(len(patterns.level), np.log2(share / (1 - share)))
    for at, kind in enumerate(patterns.kinds):
        if kind == without:
            continue
        level, u = patterns.level[:, at], patterns.u[:, at]
        agree, differ = level >= 0, level == DIFFERENT
        bits[agree] += np.log2(m[kind][level[agree]] / u[agree])
        bits[differ] += np.log2(max(1e-9, 1 - m[kind].sum()))
    bits = np.clip(bits, -1000, 1000)
    return np.where(np.isnan(patterns.known), 1 / (1 + np.exp2(-bits)), patterns.known)


def fit(patterns: Patterns, start: Mapping[str, Floats], share: float = 0.2, without: str = "") -> Fit:
    """Expectation and maximisation from `start` until no m moves by more than 1e-7; `without` is the kind that found
    the pairs and is left out."""
    m = {k: np.array(v, dtype=np.float64) for k, v in start.items()}
    weight: dict[str, float] = dict.fromkeys(patterns.kinds, 0.0)
    done = 0
    while done < ROUNDS:
        done += 1
        p = posterior(patterns, m, share, without)
        share = float(np.clip(p.mean(), 1e-6, 1 - 1e-6))
        moved = 0.0
        for at, kind in enumerate(patterns.kinds):
            level = patterns.level[:, at]
            weight[kind] = float(p[level != MISSING].sum())
            agreed = np.array([p[level == n].sum() for n in range(patterns.levels[kind])])
            fresh = (agreed + PRIOR_COUNT * start[kind]) / (weight[kind] + PRIOR_COUNT)
            moved = max(moved, float(np.abs(fresh - m[kind]).max()))
            m[kind] = fresh
        if moved < 1e-7:
            break
    return Fit(m, share, weight, done)


def fit_blocks(patterns: Patterns, blocks: Sequence[str], start: Mapping[str, Floats]) -> dict[str, Floats]:
    """m of every kind: one fit per block (the pairs that agree on that kind), each kind averaged over the blocks of
    other kinds by the evidence behind it."""
    total = {k: np.zeros(patterns.levels[k]) for k in patterns.kinds}
    behind = dict.fromkeys(patterns.kinds, 0.0)
    for block in blocks:
        rows = patterns.level[:, patterns.kinds.index(block)] >= 0
        if rows.sum() < 20:
            continue
        found = fit(patterns.only(rows), start, without=block)
        for kind in patterns.kinds:
            if kind != block:
                total[kind] += found.m[kind] * found.weight[kind]
                behind[kind] += found.weight[kind]
    return {k: total[k] / behind[k] if behind[k] >= 20 else np.array(start[k]) for k in patterns.kinds}

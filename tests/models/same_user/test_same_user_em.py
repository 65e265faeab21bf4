"""Expectation and maximisation finds the m that made the data, and verdicts move it."""

from __future__ import annotations

import numpy as np
import pytest

from models.same_user.em import DIFFERENT, MISSING, Patterns, fit, fit_blocks, posterior

KINDS = ("phone", "payment", "device", "ip")
LEVELS = {"phone": 1, "payment": 2, "device": 1, "ip": 2}
TRUE = {"phone": [0.3], "payment": [0.5, 0.2], "device": [0.7], "ip": [0.4, 0.25]}
START = {k: np.full(n, 0.4 / n) for k, n in LEVELS.items()}


def made(pairs: int, share: float, seed: int = 1, u: float = 0.001) -> tuple[Patterns, np.ndarray]:
    rng = np.random.default_rng(seed)
    same = rng.random(pairs) < share
    level = np.full((pairs, len(KINDS)), DIFFERENT, dtype=np.int64)
    for at, kind in enumerate(KINDS):
        edges = np.cumsum(TRUE[kind])
        drawn = np.searchsorted(edges, rng.random(pairs))
        strange = np.searchsorted(np.cumsum(np.full(LEVELS[kind], u)), rng.random(pairs))
        found = np.where(same, drawn, strange)
        level[:, at] = np.where(found < LEVELS[kind], found, DIFFERENT)
        level[rng.random(pairs) < 0.2, at] = MISSING
    return Patterns(KINDS, LEVELS, level, np.full(level.shape, u), np.full(pairs, np.nan)), same


@pytest.mark.parametrize(("seed", "share"), [(1, 0.15), (2, 0.05), (3, 0.4)])
def test_known_m_is_found_again(seed: int, share: float) -> None:
    patterns, same = made(40_000, share, seed)
    found = fit(patterns, START)
    assert found.share == pytest.approx(same.mean(), abs=0.004)
    for kind in KINDS:
        true = np.array(TRUE[kind])
        error = np.sqrt(true * (1 - true) / (0.8 * same.sum()))  # of a count, if it were known who is one hand
        assert (np.abs(found.m[kind] - true) < 4 * error).all(), kind


def test_known_m_is_found_where_every_token_has_its_own_u() -> None:
    """Tokens are held by few or by many: u differs from pair to pair, and stands beside each agreement."""
    patterns, same = made(40_000, 0.15, u=0.0)
    rng = np.random.default_rng(8)
    u = 0.2 ** rng.uniform(1, 4, patterns.level.shape)
    level = patterns.level.copy()
    strange = (~same[:, None]) & (level == DIFFERENT) & (rng.random(level.shape) < u)
    level[strange] = 0  # strangers meet at the first level alone, as often as the token's u says
    meet = np.where(level == 0, u, 1e-9)
    found = fit(Patterns(KINDS, LEVELS, level, meet, patterns.known), START)
    for kind in KINDS:
        assert found.m[kind] == pytest.approx(np.array(TRUE[kind]), abs=0.02), kind


def test_m_is_found_from_the_blocks_of_other_kinds() -> None:
    patterns, _ = made(60_000, 0.15)
    found = fit_blocks(patterns, ["phone", "payment", "device"], START)
    for kind in KINDS:
        assert found[kind] == pytest.approx(np.array(TRUE[kind]), abs=0.03), kind


def test_the_start_does_not_matter() -> None:
    patterns, _ = made(20_000, 0.2)
    one = fit(patterns, START)
    other = fit(patterns, {k: np.full(n, 0.8 / n) for k, n in LEVELS.items()}, share=0.5)
    for kind in KINDS:
        assert one.m[kind] == pytest.approx(other.m[kind], abs=1e-3)


def test_verdicts_stand_and_move_the_rest() -> None:
    patterns, same = made(4_000, 0.3)
    known = np.where(np.arange(4_000) < 2_000, same.astype(float), np.nan)
    told = Patterns(KINDS, LEVELS, patterns.level, patterns.u, known)
    found = fit(told, START)
    assert (posterior(told, found.m, found.share)[:2_000] == known[:2_000]).all()
    assert found.m["device"] == pytest.approx(np.array(TRUE["device"]), abs=0.05)


def test_a_kind_that_was_never_seen_keeps_its_start() -> None:
    patterns, _ = made(5_000, 0.2)
    level = patterns.level.copy()
    level[:, 3] = MISSING
    found = fit(Patterns(KINDS, LEVELS, level, patterns.u, patterns.known), START)
    assert found.m["ip"] == pytest.approx(START["ip"])

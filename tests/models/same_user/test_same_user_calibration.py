"""Steps from bits to probabilities: they rise, hold what was seen, and no weight stands in two of them."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.quality_same_user import calibrate, calibration_error
from models import same_user


def test_steps_rise_and_pairs_of_equal_bits_are_in_one() -> None:
    """Weights come in few values, half of the pairs one hand's at each: told apart by their outcome, they would rise."""
    rows = [(True, bits, 0.0, n % 2 == 0) for bits in (-1.386109, -1.393109, 8.572675) for n in range(100)]
    steps = calibrate([(False, 0.0, 0.0, True), *rows])["referral"]
    assert [p for _, p in steps] == [0.5]


def test_what_the_steps_say_is_what_was_seen() -> None:
    rng = np.random.default_rng(1)
    bits = rng.uniform(-10, 10, 6000)
    same = rng.random(6000) < 1 / (1 + 2.0**-bits)
    rows = [(n % 2 == 0, float(b), 0.0, bool(s)) for n, (b, s) in enumerate(zip(bits, same, strict=True))]
    for name, steps in calibrate(rows).items():
        starts, shares = zip(*steps, strict=True)
        assert list(starts) == sorted(set(starts))
        assert list(shares) == sorted(set(shares))
        mine = [(b, s) for r, b, _, s in rows if r == (name == "referral")]
        said = [(False, b, [p for start, p in steps if b >= start][-1], s) for b, s in mine]
        assert calibration_error(said)[0] < 0.02


@pytest.mark.parametrize("referral", [False, True])
def test_the_shipped_steps_rise(referral: bool) -> None:
    model = same_user.load()
    said = [model.probability(float(bits), referral=referral) for bits in np.linspace(-40, 60, 2001)]
    assert said == sorted(said)
    assert 0 < said[0] < 0.01
    assert 0.99 < said[-1] < 1

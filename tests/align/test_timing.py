"""Simultaneous pulses of EEG and GSR stay simultaneous on the grid for any clock drift."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.pulses import misalignment

LIMIT_S = 0.004


@pytest.mark.parametrize("gsr_sfreq", [4.0, 32.0])
@pytest.mark.parametrize("drift_ppm", [-200.0, 0.0, pytest.param(200.0, marks=pytest.mark.slow)])
def test_after_a_minute_pulses_are_together_within_4_ms(gsr_sfreq: float, drift_ppm: float) -> None:
    errors = np.concatenate(
        [misalignment(gsr_sfreq, seed, drift_ppm=drift_ppm) for seed in range(3)]
    )
    assert len(errors) > 80
    assert np.percentile(np.abs(errors), 99) < LIMIT_S


@pytest.mark.parametrize("base", [1e6, 1.7e9])
def test_stamps_of_a_far_away_clock_cost_no_time(base: float) -> None:
    near = misalignment(32.0, 7, duration_s=120.0)
    far = misalignment(32.0, 7, duration_s=120.0, base=base)
    np.testing.assert_allclose(far, near, atol=1e-6)
    assert np.abs(far).max() < LIMIT_S

"""Streams that were stamped by clocks of their own stay together on the grid."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers.pulses import Clock, misalignment_of_clocks
from helpers.rig import heard_pulses, write_pulses

LIMIT_S = 0.004
STEADY = Clock()


def _p99(errors: np.ndarray) -> float:
    return float(np.percentile(np.abs(errors), 99))


@pytest.mark.parametrize("gsr_sfreq", [4.0, 32.0])
@pytest.mark.parametrize("asked_every_s", [pytest.param(2.0, marks=pytest.mark.slow), 5.0])
@pytest.mark.parametrize(
    ("eeg_ppm", "gsr_ppm", "gsr_base"),
    [(0.0, 200.0, 1e6), (-200.0, 0.0, 0.0), (-200.0, 200.0, 1e6)],
)
def test_clocks_that_run_apart_are_brought_together(
    gsr_sfreq: float, asked_every_s: float, eeg_ppm: float, gsr_ppm: float, gsr_base: float
) -> None:
    eeg = Clock(0.0, eeg_ppm, asked_every_s)
    gsr = Clock(gsr_base, gsr_ppm, asked_every_s)
    errors = np.concatenate(
        [misalignment_of_clocks(eeg, gsr, seed, gsr_sfreq=gsr_sfreq) for seed in range(3)]
    )
    assert len(errors) > 80
    assert _p99(errors) < LIMIT_S


def test_without_corrections_such_clocks_run_apart() -> None:
    never = Clock(0.0, 200.0, asked_every_s=1e9)
    assert _p99(misalignment_of_clocks(STEADY, never, 0)) > 0.03


@pytest.mark.live
@pytest.mark.slow
@pytest.mark.timeout(260)
@pytest.mark.parametrize(("gsr_sfreq", "known_to_s"), [(32.0, 0.004), (4.0, 0.030)])
def test_gsr_of_unix_time_beside_eeg_of_lsl_time(
    tmp_path: Path, gsr_sfreq: float, known_to_s: float
) -> None:
    path = tmp_path / "pulses.xdf"
    write_pulses(path, 180.0, gsr_sfreq)
    faults = "jitter=10ms,clock@GSR=1.7e9,seed=3"
    errors = heard_pulses(path, faults, gsr_sfreq=gsr_sfreq, seconds=180.0, after_s=60.0)
    print(f"median {1e3 * np.median(errors):.2f} ms, p99 {1e3 * _p99(errors):.2f} ms")
    # They stay together; where they lie is as well known as a second of arrivals tells it, and at
    # 4 Hz these are four samples, each with its jitter.
    assert np.abs(errors - np.median(errors)).max() < LIMIT_S
    assert _p99(errors) < known_to_s

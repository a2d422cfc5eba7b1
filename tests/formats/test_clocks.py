from __future__ import annotations

import numpy as np
import pytest

from physiosync_rt.formats.clocks import sample_offsets


def _literal(timestamps: list[float], measured: list[tuple[float, float]]) -> list[float]:
    """The rule in words: the last measurement at or before a sample, else the first."""
    out = []
    for stamp in timestamps:
        offset = measured[0][1]
        for time, value in measured:
            if time <= stamp:
                offset = value
        out.append(offset)
    return out


def test_last_measurement_before_a_sample_counts() -> None:
    stamps = [0.0, 4.9, 5.0, 5.1, 9.0, 100.0]
    measured = [(5.0, 10.0), (8.0, 10.002), (9.5, 10.003)]
    got = sample_offsets(np.array(stamps), np.array(measured))
    assert got.tolist() == _literal(stamps, measured)


def test_one_host_needs_no_offset() -> None:
    measured = np.array([[1.0, 2e-5], [2.0, -9e-4]])
    assert not sample_offsets(np.arange(5.0), measured).any()
    assert not sample_offsets(np.arange(5.0), np.empty((0, 2))).any()


def test_a_clock_reset_starts_a_new_segment() -> None:
    # The sender's clock falls from 1000 s to 0 while real time continues.
    stamps = np.concatenate([np.arange(990.0, 1000.0), np.arange(0.0, 10.0)])
    measured = np.array([[995.0, -990.0], [999.0, -990.001], [2.0, 10.0], [6.0, 10.001]])
    corrected = stamps + sample_offsets(stamps, measured)
    assert corrected == pytest.approx(np.arange(0.0, 20.0), abs=2e-3)

"""Stacked traces: gaps stay gaps, bad channels are marked, scales are round numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from helpers.snapshots import make_snapshot
from hypothesis import given
from hypothesis import strategies as st

from physiosync_rt.dashboard.main_window import Dashboard
from physiosync_rt.dashboard.traces import broken_lines, nice_step, per_channel


def test_lines_break_at_gaps_and_between_channels() -> None:
    times = np.array([0, 1, 2, 70, 71]) / 128
    samples = np.arange(10, dtype=float).reshape(5, 2)
    x, y = broken_lines(times, samples)
    nan = np.nan
    np.testing.assert_array_equal(y, [0, 2, 4, nan, 6, 8, nan, 1, 3, 5, nan, 7, 9, nan])
    assert x.shape == y.shape
    np.testing.assert_array_equal(np.isnan(x), np.isnan(y))


def test_no_channels_and_no_times_make_an_empty_line() -> None:
    x, y = broken_lines(np.arange(4) / 128, np.empty((4, 0)))
    assert len(x) == len(y) == 0


@given(st.floats(1e-9, 1e9))
def test_nice_step_is_round_and_large_enough(value: float) -> None:
    step = nice_step(value)
    assert value <= step * 1.001
    assert step <= value * 2.01
    mantissa = step / 10 ** np.floor(np.log10(step) + 1e-9)
    assert min(abs(mantissa - m) for m in (1, 2, 3, 5, 7)) < 1e-6


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf])
def test_nice_step_of_nonsense_is_one(value: float) -> None:
    assert nice_step(value) == 1.0


def test_percentile_skips_what_is_not_finite() -> None:
    samples = np.array([[1.0, np.nan], [3.0, np.nan], [np.inf, np.nan]])
    np.testing.assert_array_equal(per_channel(samples, 50), [2.0, 0.0])


def test_channel_tooltip_tells_quality(window: Dashboard) -> None:
    window.refresh(make_snapshot(4))
    labels = window.eeg.labels
    texts = [labels.text_at((row + 0.5) * labels.height() / 4) for row in range(4)]
    assert texts[0] == "Fp1: good signal, quality 0.93"
    assert texts[2] == "F3: poor signal, quality 0.18"
    assert texts[3] == "F7: fair signal, quality 0.55"
    assert labels.text_at(-1) == ""


def test_a_dead_channel_spoils_no_other(window: Dashboard) -> None:
    snapshot = make_snapshot(4)
    assert snapshot.eeg is not None
    samples = snapshot.eeg.samples.copy()
    samples[:, 0] = np.nan
    window.refresh(replace(snapshot, eeg=replace(snapshot.eeg, samples=samples)))
    _x, y = window.eeg.curves["usable"].getData()
    finite = y[np.isfinite(y)]
    assert len(finite) == 2 * len(samples)
    assert -0.6 < finite.min() < finite.max() < 2.6


def test_loud_channels_stay_in_their_lane(window: Dashboard) -> None:
    window.refresh(make_snapshot(4))
    _x, y = window.eeg.curves["poor"].getData()
    finite = y[np.isfinite(y)]
    assert 0.4 < finite.min() < finite.max() < 1.6


def test_unit_stands_at_the_scale(window: Dashboard) -> None:
    window.refresh(make_snapshot(4))
    assert window.eeg.scale.text() == "last 5 s · 30 µV per channel"
    assert window.pps.value.text().endswith(" µS")

"""The kernel for any rate: response, delay and images, and where its numbers come from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from physiosync_rt.align.kernel import (
    FULL_SHAPE,
    SLOW_SFREQ,
    SLOW_SHAPE,
    SLOWEST_SHAPE,
    Kernel,
    Shape,
    shape_of,
)
from physiosync_rt.align.kernel_design import STEP, design, response_of
from physiosync_rt.datatypes import GRID_SFREQ, FloatArray

N_FRACTIONS = 32


def _components(kernel: Kernel, sfreq: float, freqs: FloatArray) -> np.ndarray:
    """Return the gain at a frequency and of its images, shape (N_FRACTIONS, n_freqs).

    Component ``m`` of a sine of ``freqs`` comes out ``m`` times the input rate above it.
    """
    fraction = (np.arange(N_FRACTIONS) + 0.37) / N_FRACTIONS
    tau = (kernel.taps - fraction[:, None]) / sfreq
    waves = np.exp(2j * np.pi * tau[..., None] * freqs)
    return np.fft.fft(np.einsum("gt,gtf->gf", kernel.weights(fraction), waves), axis=0)[
        :N_FRACTIONS
    ] / len(fraction)


def _level(gain: np.ndarray) -> float:
    return float(20 * np.log10(np.abs(gain).max() + 1e-12))


@given(st.floats(1.0, 5000.0))
@settings(max_examples=10, deadline=None)
@example(1.0)
@example(4.0)
@example(15.5)
@example(32.0)
@example(51.2)
@example(64.0)
@example(99.9)
@example(100.0)
@example(125.0)
@example(128.0)
@example(250.0)
@example(256.0)
@example(500.0)
@example(512.0)
@example(1000.0)
@example(2048.0)
@example(5000.0)
def test_the_contract_holds_at_any_rate(sfreq: float) -> None:
    kernel = Kernel(sfreq)
    edge = min(45.0, (0.36 if sfreq >= SLOW_SFREQ else 0.2) * sfreq)
    freqs = np.linspace(edge / 15, edge, 15)
    passed = _components(kernel, sfreq, freqs)
    assert np.abs(20 * np.log10(np.abs(passed[0]))).max() < 0.1
    delay_s = np.angle(passed[0]) / (2 * np.pi * freqs)
    assert np.abs(delay_s).max() < 0.007 / min(sfreq, GRID_SFREQ)
    assert _level(passed[1:]) < -60
    folds = np.linspace(GRID_SFREQ - 45.0, sfreq / 2, 15)
    if sfreq / 2 > folds[0]:
        assert _level(_components(kernel, sfreq, folds)[0]) < -60


@given(st.floats(1.0, 5000.0), st.floats(0.0, 1.0))
@settings(max_examples=20, deadline=None)
@example(128.0, 0.0)
@example(128.0, 1.0)
@example(32.0, 0.0)
@example(32.0, 1.0)
def test_rows_of_weights_sum_to_1_and_hardly_shift_a_line(sfreq: float, fraction: float) -> None:
    kernel = Kernel(sfreq)
    (weights,) = kernel.weights(np.array([fraction]))
    assert weights.sum() == pytest.approx(1.0, abs=1e-14)
    shift_s = weights @ (kernel.taps - fraction) / sfreq
    # Offsets drift: a shift that changed from row to row would be noise.
    assert abs(shift_s) < 0.015 / min(sfreq, GRID_SFREQ)


@pytest.mark.parametrize("sfreq", [4.0, 32.0, 99.0, 100.0, 128.0, 500.0])
def test_the_kernel_is_its_spline(sfreq: float) -> None:
    kernel = Kernel(sfreq)
    shape = shape_of(sfreq)
    coefficients, ahead = np.array(shape.coefficients), shape.specification.ahead
    fraction = np.concatenate([[0.0, 1.0], np.random.default_rng(0).random(50)])
    tau = (fraction[:, None] - kernel.taps) / sfreq * min(sfreq, GRID_SFREQ)
    away = np.abs((tau[..., None] + ahead) / STEP - 2 - np.arange(len(coefficients)))
    splines = np.where(away < 1, 2 / 3 - away**2 + away**3 / 2, np.maximum(2 - away, 0) ** 3 / 6)
    expected = splines @ coefficients
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(kernel.weights(fraction), expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("shape", [FULL_SHAPE, SLOW_SHAPE, SLOWEST_SHAPE])
def test_the_kept_numbers_are_those_of_the_design(shape: Shape) -> None:
    np.testing.assert_allclose(shape.coefficients, design(shape.specification), rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("shape", "edges", "most"),
    [
        (FULL_SHAPE, (0.36, 0.64), 1.07),  # mains, on their way to the band-pass
        (SLOW_SHAPE, (0.2, 0.8), 1.62),  # beyond 4 Hz
        (SLOWEST_SHAPE, (0.2, 0.8), 1.05),  # from 0.8 Hz on, where there is GSR
    ],
)
def test_no_more_is_amplified_than_a_later_filter_removes(
    shape: Shape, edges: tuple[float, float], most: float
) -> None:
    coefficients, ahead = np.array(shape.coefficients), shape.specification.ahead
    assert np.abs(response_of(coefficients, ahead, np.linspace(*edges, 100))).max() < most

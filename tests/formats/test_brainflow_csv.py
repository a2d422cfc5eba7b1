from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

from physiosync_rt.datatypes import Modality
from physiosync_rt.errors import UserError
from physiosync_rt.formats.registry import read


def _write(path: Path, n_columns: int, sfreq: float, n_times: int, stamp: int = -2) -> np.ndarray:
    """Write with BrainFlow itself; returns the values, shape (n_times, n_columns)."""
    data_filter = pytest.importorskip("brainflow.data_filter", reason="needs BrainFlow")
    rng = np.random.default_rng(4)
    values = rng.normal(scale=20.0, size=(n_times, n_columns))
    values[:, 0] = np.arange(n_times) % 256
    values[:, stamp] = 1.7e9 + np.arange(n_times) / sfreq
    values[:, -1] = 0.0
    values[10, -1] = 3.0
    with warnings.catch_warnings():
        # BrainFlow finds its library through pkg_resources, which warns about itself.
        warnings.simplefilter("ignore")
        data_filter.DataFilter.write_file(np.ascontiguousarray(values.T), str(path), "w")
    return values


@pytest.mark.parametrize(
    ("n_columns", "sfreq", "names"),
    [
        (32, 250.0, ("Fz", "C3")),
        (24, 250.0, ("Fp1", "Fp2")),
        (32, 125.0, ("Fp1", "Fp2")),
        (15, 200.0, ("ch1", "ch2")),
        (8, 256.0, ("TP9", "AF7")),
    ],
)
def test_the_board_is_found_by_columns_and_rate(
    tmp_path: Path, n_columns: int, sfreq: float, names: tuple[str, ...]
) -> None:
    path = tmp_path / "BrainFlow-RAW_2024.csv"
    values = _write(path, n_columns, sfreq, 600)
    recording = read(path)
    (eeg,) = recording.of(Modality.EEG)
    assert eeg.spec.ch_names[:2] == names
    assert (eeg.spec.sfreq, eeg.spec.unit) == (sfreq, "uV")
    np.testing.assert_allclose(eeg.samples, values[:, 1 : 1 + eeg.spec.n_chans], atol=1e-5)
    np.testing.assert_allclose(eeg.timestamps, np.arange(600) / sfreq, atol=1e-5)
    assert recording.markers[0].labels == ("3",)
    assert recording.start_utc == pytest.approx(1.7e9)


def test_the_package_number_of_a_cyton_counts_samples(tmp_path: Path) -> None:
    path = tmp_path / "cyton.csv"
    _write(path, 24, 250.0, 600)
    counter = read(path).streams[0].counter
    assert counter is not None
    np.testing.assert_array_equal(counter, np.arange(600))


def test_other_columns_and_other_rates_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "board.csv"
    _write(path, 77, 250.0, 20)
    with pytest.raises(UserError, match="77 columns, which no supported board"):
        read(path)
    _write(path, 24, 50.0, 200)
    with pytest.raises(UserError, match=r"CYTON_BOARD but runs at 50\.0 Hz"):
        read(path)

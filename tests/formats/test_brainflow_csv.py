from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from helpers.field_cases import field_case

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


def _rows(path: Path, counts: np.ndarray, *, separator: str = "\t", decimal: str = ".") -> None:
    """Write a Cyton's samples with these numbers."""
    lines = []
    for count in counts.tolist():
        values = [count % 256, *np.sin(count / 9 + np.arange(21)), 1.7e9 + count / 250, 0.0]
        lines.append(separator.join(f"{v:.6f}".replace(".", decimal) for v in values))
    path.write_text("\n".join(lines) + "\n")


def test_a_decimal_comma_changes_no_value() -> None:
    (comma,) = read(field_case("brainflow-decimal-comma.csv")).streams
    (control,) = read(field_case("brainflow-gui-toggle-duplicates.csv")).streams
    np.testing.assert_array_equal(comma.samples[:5000], control.samples[:5000])
    np.testing.assert_array_equal(comma.counter, np.arange(11250))


@pytest.mark.parametrize(
    ("separator", "decimal"), [(";", ","), (";", "."), (",", "."), ("\t", ",")]
)
def test_what_a_spreadsheet_makes_of_it(tmp_path: Path, separator: str, decimal: str) -> None:
    _rows(tmp_path / "a.csv", np.arange(500))
    _rows(tmp_path / "b.csv", np.arange(500), separator=separator, decimal=decimal)
    (control,), (other,) = (read(tmp_path / name).streams for name in ("a.csv", "b.csv"))
    np.testing.assert_array_equal(control.samples, other.samples)
    np.testing.assert_array_equal(control.timestamps, other.timestamps)


def test_commas_between_numbers_with_commas_are_refused(tmp_path: Path) -> None:
    _rows(tmp_path / "a.csv", np.arange(500), separator=",", decimal=",")
    with pytest.raises(UserError, match="numbers have a decimal comma"):
        read(tmp_path / "a.csv")


def test_samples_out_of_order_are_put_in_order(tmp_path: Path) -> None:
    counts = np.r_[0:300, 400:430, 300:400, 430:600]
    _rows(tmp_path / "a.csv", counts)
    recording = read(tmp_path / "a.csv")
    (eeg,) = recording.streams
    np.testing.assert_array_equal(eeg.counter, np.arange(600))
    np.testing.assert_allclose(eeg.timestamps, np.arange(600) / 250, atol=1e-6)
    assert any("out of order" in note for note in recording.notes)


def test_a_whole_file_appended_to_itself(tmp_path: Path) -> None:
    _rows(tmp_path / "a.csv", np.r_[0:4000, 0:4000])
    (eeg,) = read(tmp_path / "a.csv").streams
    np.testing.assert_array_equal(eeg.counter, np.r_[np.arange(4000), np.full(4000, 3999)])

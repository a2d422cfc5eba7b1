"""Odd clinical files from the file to the rows: gaps, refusals, and hints that work."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from helpers.field_cases import field_case

from physiosync_rt.bundle.bundle import Bundle, load_bundle
from physiosync_rt.datatypes import Prediction, Reason
from physiosync_rt.errors import UserError
from physiosync_rt.live.offline import predict
from physiosync_rt.live.predictions import Predictions
from physiosync_rt.sources.read import read
from physiosync_rt.views.events_text import told

WINDOW_S = 5.0


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return load_bundle("demo-eeg32")


def _predicted(path: Path, bundle: Bundle, **options: str) -> Predictions:
    device = options.pop("device", None)
    return predict(read(path, device=device), bundle, baseline=8.0, **options)  # type: ignore[arg-type]


def _spans(row: Prediction, start: float, stop: float) -> bool:
    """Return whether a row's window touches the time from start to stop."""
    return row.t_end > start and row.t_end - WINDOW_S < stop


@pytest.mark.parametrize(
    ("name", "start", "stop", "n_rows"),
    [
        ("bv-two-segments.vhdr", 20.0, 600.0, 624),
        ("bv-badinterval.vhdr", 4479 / 128, 5119 / 128, 44),
        ("edfd-ok.edf", 20.0, 320.0, 359),
        ("edfd-one-record-without-time.edf", 20.0, 320.0, 359),
    ],
)
def test_no_window_spans_a_break(
    bundle: Bundle, name: str, start: float, stop: float, n_rows: int
) -> None:
    rows = _predicted(field_case(name), bundle).rows
    assert len(rows) == n_rows
    touching = [row for row in rows if _spans(row, start, stop)]
    assert {row.reason for row in touching} == {Reason.GAP}
    assert not any(row.valid for row in touching)
    before = [row for row in rows if 10 < row.t_end < start]
    assert before
    assert all(row.valid for row in before)
    after = [row for row in rows if row.t_end >= stop + 8]
    assert all(row.valid for row in after)
    # At the end of the file, the break of the last case has only just passed.
    assert after or name == "bv-badinterval.vhdr"


def test_a_pause_is_told_in_seconds(bundle: Bundle) -> None:
    told_of = told(_predicted(field_case("bv-two-segments.vhdr"), bundle).events)
    assert "EEG lost 74240 samples (580 s)" in told_of


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("edf-bipolar-chbmit.edf", "differences of two electrodes (bipolar pairs such as FP1-F7)"),
        ("bdf-biosemi-A-labels.bdf", "BioSemi's names for the places on the cap"),
        ("edf-two-eeg-rates.edf", "EEG-128Hz"),
        ("fif-epochs-epo.fif", "holds epochs"),
    ],
)
def test_it_is_refused_for_the_true_reason(bundle: Bundle, name: str, words: str) -> None:
    path = field_case(name)
    with pytest.raises(UserError) as refused:
        _predicted(path, bundle)
    said = str(refused.value)
    assert words in said
    assert "damaged" not in said
    # No device description makes electrodes of pairs.
    assert ("match:" in said) == ("biosemi" in name)


def test_the_hint_for_two_rates_works(bundle: Bundle) -> None:
    rows = _predicted(field_case("edf-two-eeg-rates.edf"), bundle, eeg="EEG-128Hz").rows
    assert all(row.valid for row in rows[10:])


@pytest.mark.parametrize("name", ["fif-microvolts-as-volts_raw.fif", "bv-volts-mislabeled.vhdr"])
def test_the_hint_for_a_wrong_unit_works(bundle: Bundle, name: str, tmp_path: Path) -> None:
    path = field_case(name)
    wrong = _predicted(path, bundle)
    assert any("cannot be EEG" in note for note in wrong.notes)
    assert not any(row.valid for row in wrong.rows)
    labels = ", ".join(read(path).streams[0].spec.ch_names)
    device = tmp_path / "device.yaml"
    device.write_text(
        "name: Cap\nstreams:\n  - match: {name: EEG}\n    modality: EEG\n    scale: 1e-6\n"
        f"    pick: [{labels}]\n"
    )
    right = _predicted(path, bundle, device=str(device))
    assert not any("cannot be EEG" in note for note in right.notes)
    assert all(row.valid for row in right.rows[10:])


@pytest.mark.parametrize(
    "name",
    [
        *("edf-labels-CLE.edf", "edf-labels-A1A2ref.edf", "edf-labels-M2ref.edf"),
        *("edf-labels-POL.edf", "edf-unit-utf8-micro.edf", "edf-one-dead-channel-range.edf"),
        "bv-renamed.vhdr",
    ],
)
def test_a_bundle_finds_the_electrodes(bundle: Bundle, name: str) -> None:
    rows = _predicted(field_case(name), bundle).rows
    assert all(row.valid for row in rows[10:])
    assert math.isfinite(np.mean([row.confidence for row in rows[10:]]))

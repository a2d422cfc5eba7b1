from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import pyxdf

from physiosync_rt.datatypes import Modality
from physiosync_rt.errors import UserError
from physiosync_rt.formats.clocks import corrected
from physiosync_rt.formats.registry import read


@pytest.mark.parametrize(
    "name", ["ecg_twohost_clean_68s", "ecg_twohost_gaps_95s", "ecg_many_gaps_138s"]
)
def test_two_hosts_end_up_on_one_clock(data_dir: Path, name: str) -> None:
    recording = read(data_dir / "xdf-ecg-markers" / f"{name}.xdf")
    (ecg,), (game,) = recording.streams, recording.markers
    # Raw clocks are days apart; the game was played while the ECG was recorded.
    assert abs(ecg.timestamps[0] - game.timestamps[0]) > 3e5
    times, events = corrected(ecg), corrected(game)
    assert times[0] - 1 < events[0]
    assert events[-1] < times[-1] + 1


def test_gaps_of_a_recording_stay_in_its_stamps(data_dir: Path) -> None:
    (ecg,) = read(data_dir / "xdf-ecg-markers" / "ecg_many_gaps_138s.xdf").streams
    assert ecg.spec.sfreq == 128.0
    assert len(ecg.samples) == 15800
    assert np.diff(ecg.timestamps).max() > 1.0


def test_openbci_through_labrecorder(data_dir: Path) -> None:
    folder = data_dir / "xdf-openbci-eeg-markers"
    recording = read(folder / "eeg16_markers_428s.xdf")
    (eeg,), (markers,) = recording.streams, recording.markers
    assert eeg.spec.ch_names == tuple(f"ch{i}" for i in range(1, 17))
    assert (eeg.spec.sfreq, eeg.spec.unit, eeg.spec.source_id) == (125.0, "", "openbcigui")
    assert np.count_nonzero(np.diff(eeg.timestamps) < 0) == 1115
    assert len(markers.labels) == 182
    assert any("unknown unit" in note for note in recording.notes)


def test_a_cut_off_file_gives_what_is_there(data_dir: Path) -> None:
    folder = data_dir / "xdf-openbci-eeg-markers"
    recording = read(folder / "eeg16_22s_truncated_192KiB.xdf")
    assert recording.streams[0].samples.shape == (2760, 16)
    assert any("damaged" in note for note in recording.notes)


def test_streams_of_one_name_get_unique_names(data_dir: Path) -> None:
    recording = read(data_dir / "xdf-muse" / "sub-P001_older_25s.xdf")
    specs = {s.spec.name: s.spec for s in recording.streams}
    assert set(specs) == {"Muse-EEG", "Muse-PPG", "Muse-ACC", "Muse-GYRO"}
    assert specs["Muse-EEG"].ch_names[:4] == ("TP9", "AF7", "AF8", "TP10")
    assert specs["Muse-EEG"].unit == "uV"
    assert {s.modality for n, s in specs.items() if n != "Muse-EEG"} == {Modality.OTHER}


def test_declared_but_empty_streams_become_notes(data_dir: Path) -> None:
    recording = read(data_dir / "xdf-muse" / "sub-P003_ses-S001_task-Default_run-001_eeg.xdf")
    assert [s.spec.modality for s in recording.streams] == [Modality.EEG]
    assert sum("no samples" in note for note in recording.notes) == 3


def test_numeric_markers_are_markers(data_dir: Path) -> None:
    recording = read(data_dir / "xdf-openbci-emg-ekg" / "justMarkers.xdf")
    assert recording.streams == ()
    assert len(recording.markers[0].labels) == 81
    assert set(recording.markers[0].labels) <= {"0", "1", "2", "3"}


def test_a_clock_reset_does_not_break_the_session(data_dir: Path) -> None:
    recording = read(data_dir / "xdf-examples" / "clock_resets.xdf")
    (eeg,) = recording.streams
    assert np.diff(eeg.timestamps).min() < -6e5
    theirs, _ = pyxdf.load_xdf(recording.path, dejitter_timestamps=False)
    synchronised = next(t["time_stamps"] for t in theirs if t["info"]["type"] == ["EEG"])
    np.testing.assert_allclose(corrected(eeg), synchronised, rtol=0, atol=1e-3)


@pytest.mark.parametrize(
    "name",
    [
        "xdf-ecg-markers/header_only_no_streams.xdf",
        "xdf-ecg-markers/ecg_empty_stream.xdf",
        "xdf-ecg-markers/markers_declared_no_samples_no_clock.xdf",
        "xdf-examples/chunk_length_lie.xdf",
        "xdf-examples/out_of_order_clock_offsets.xdf",
    ],
)
def test_files_without_samples_end_in_one_sentence(data_dir: Path, name: str) -> None:
    with pytest.raises(UserError) as told:
        read(data_dir / name)
    assert Path(name).name in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("keep", [5, 63, 200])
def test_a_cut_before_the_first_sample_ends_in_one_sentence(
    tmp_path: Path, data_dir: Path, keep: int
) -> None:
    path = tmp_path / "cut.xdf"
    path.write_bytes((data_dir / "xdf-examples" / "minimal.xdf").read_bytes()[:keep])
    with pytest.raises(UserError, match=r"cut\.xdf"):
        read(path)


def test_a_chunk_that_declares_too_many_samples_is_rejected(tmp_path: Path, data_dir: Path) -> None:
    content = (data_dir / "xdf-examples" / "minimal.xdf").read_bytes()
    # The first samples chunk of stream 0 and its count of 1.
    count = b"\x03\x00\x00\x00\x00\x00\x04\x01\x00\x00\x00"
    assert content.count(count) == 1
    path = tmp_path / "lie.xdf"
    path.write_bytes(content.replace(count, count[:7] + b"\xff\xff\xff\xee"))
    with pytest.raises(UserError, match=r"lie\.xdf is damaged: .* declares 4009754623 samples"):
        read(path)

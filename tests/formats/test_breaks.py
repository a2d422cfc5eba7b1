"""Every break that a file states is a gap, in every format that can state one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import mne
import numpy as np
import pytest
from helpers.field_cases import field_case
from helpers.write_brainvision import write_brainvision
from helpers.write_edf import onsets, write_edf
from hypothesis import given
from hypothesis import strategies as st

from physiosync_rt.datatypes import Modality, RecordedStream, Recording
from physiosync_rt.formats.breaks import SHORTEST_S, Break, annotated_break, inside, merged
from physiosync_rt.formats.registry import read
from physiosync_rt.formats.session import one_session
from physiosync_rt.pipeline.inspect import recording_facts

SFREQ = 128.0
NAMES = ("Fz", "Cz", "Pz")
RNG = np.random.default_rng(7)


def _eeg(recording: Recording) -> RecordedStream:
    (eeg,) = recording.of(Modality.EEG)
    return eeg


def _holes(stream: RecordedStream) -> list[tuple[float, float]]:
    """Return where samples are missing: last stamp before, first after."""
    at = np.flatnonzero(np.diff(stream.timestamps) > 1.5 / stream.spec.sfreq)
    times = stream.timestamps
    return [(float(times[i]), float(times[i + 1])) for i in at]


def _facts(recording: Recording) -> dict[str, Any]:
    return recording_facts(recording)["streams"][0]


# --- the cases --------------------------------------------------------------------------------


def test_a_second_segment_begins_when_its_date_says() -> None:
    recording = read(field_case("bv-two-segments.vhdr"))
    eeg = _eeg(recording)
    assert _holes(eeg) == [pytest.approx((20 - 1 / 128, 600.0))]
    assert eeg.breaks.tolist() == [600.0]
    # The marker of the new segment, and a stimulus before it.
    assert sorted(recording.markers[0].timestamps) == pytest.approx([699 / 128, 600.0])
    assert any("20.00 s to 600.00 s (580.00 s, New Segment)" in n for n in recording.notes)
    facts = _facts(recording)
    assert (facts["gaps"], facts["clock_resets"]) == (1, 0)
    assert facts["lost"] == 580 * 128


def test_a_bad_interval_is_left_out() -> None:
    recording = read(field_case("bv-badinterval.vhdr"))
    first, after = 4479 / 128, (4479 + 640) / 128
    assert _holes(_eeg(recording)) == [pytest.approx((first - 1 / 128, after))]
    assert any("(5.00 s, Bad Interval Bad Min-Max)" in note for note in recording.notes)
    assert _facts(recording)["gaps"] == 1


@pytest.mark.parametrize("name", ["edfd-ok.edf", "edfd-one-record-without-time.edf"])
def test_a_discontinuous_edf_keeps_its_pause(name: str) -> None:
    recording = read(field_case(name))
    eeg = _eeg(recording)
    assert eeg.duration_s == pytest.approx(360 - 1 / 128)
    assert _holes(eeg) == [pytest.approx((20 - 1 / 128, 320.0))]
    (gsr,) = recording.of(Modality.GSR)
    assert gsr.breaks.tolist() == [320.0]
    assert any("20.00 s to 320.00 s (300.00 s, EDF+D)" in note for note in recording.notes)
    silent = [note for note in recording.notes if "do not state their time (number 41)" in note]
    assert len(silent) == ("without" in name)


# --- other formats, and other ways to say it --------------------------------------------------


def _fif(path: Path, annotations: mne.Annotations, n_s: int = 30) -> Path:
    info = mne.create_info([*NAMES, "GSR"], SFREQ, ["eeg"] * 3 + ["gsr"])
    data = RNG.normal(size=(4, n_s * 128)) * np.array([[1e-5]] * 3 + [[1e-7]]) + 2e-6
    raw = mne.io.RawArray(data, info, verbose="ERROR")
    raw.set_annotations(annotations)
    raw.save(path, verbose="ERROR")
    return path


def _edf(path: Path, texts: dict[int, bytes], n_s: int = 30, **options: Any) -> Path:
    signals = [(name, "uV", RNG.integers(-200, 200, (n_s, 128))) for name in NAMES]
    signals.append(("GSR", "uS", RNG.integers(20, 30, (n_s, 4))))
    stated = onsets(*(texts.get(i, b"") for i in range(n_s)))
    write_edf(path, [*signals, ("EDF Annotations", "", stated)], **options)
    return path


def _brainvision(path: Path, *markers: str) -> Path:
    samples = RNG.integers(-200, 200, (30 * 128, 4))
    return write_brainvision(
        path, samples, (*NAMES, "GSR"), units=["uV"] * 3 + ["uS"], markers=markers
    )


_BAD = (10.0, 13.0)
_STATED: dict[str, Callable[[Path], Path]] = {
    "fif": lambda folder: _fif(
        folder / "a_raw.fif", mne.Annotations([10.0], [3.0], ["BAD_movement"])
    ),
    "edf": lambda folder: _edf(
        folder / "a.edf", {11: b"+10\x153\x14BAD_movement\x14"}, reserved="EDF+C"
    ),
    "brainvision": lambda folder: _brainvision(
        folder / "a.vhdr", "New Segment,,1,1,0", "Bad Interval,Userdefined,1281,384,0"
    ),
}


@pytest.mark.parametrize("format_", _STATED)
def test_a_bad_interval_is_left_out_of_all_streams(tmp_path: Path, format_: str) -> None:
    recording = read(_STATED[format_](tmp_path))
    for stream in recording.streams:
        period = 1 / stream.spec.sfreq
        assert _holes(stream) == [pytest.approx((_BAD[0] - period, _BAD[1]))]
        assert stream.breaks.tolist() == [pytest.approx(_BAD[1])]
    assert any("10.00 s to 13.00 s" in note for note in recording.notes)


_BOUNDARY: dict[str, Callable[[Path], Path]] = {
    "mne from brainvision": lambda folder: _fif(
        folder / "a_raw.fif", mne.Annotations([10.0], [0.0], ["New Segment/"])
    ),
    "eeglab in brainvision": lambda folder: _brainvision(
        folder / "a.vhdr", "New Segment,,1,1,0", "Comment,boundary,1281,1,0"
    ),
    "mne": lambda folder: _fif(
        folder / "a_raw.fif",
        mne.Annotations([10.0, 10.0], [0.0, 0.0], ["BAD boundary", "EDGE boundary"]),
    ),
    "eeglab in edf": lambda folder: _edf(
        folder / "a.edf", {10: b"+10\x14boundary\x14"}, reserved="EDF+C"
    ),
    "eeglab in edf, with a length": lambda folder: _edf(
        folder / "a.edf", {10: b"+10\x157.5\x14boundary\x14"}, reserved="EDF+C"
    ),
    "brainvision without a date": lambda folder: _brainvision(
        folder / "a.vhdr", "New Segment,,1,1,0,20240310140506000000", "New Segment,,1281,1,0"
    ),
    "brainvision with a wrong date": lambda folder: _brainvision(
        folder / "a.vhdr",
        "New Segment,,1,1,0,20240310140506000000",
        "New Segment,,1281,1,0,20210310140506000000",
    ),
}


@pytest.mark.parametrize("kind", _BOUNDARY)
def test_a_boundary_of_unknown_length_is_a_gap(tmp_path: Path, kind: str) -> None:
    recording = read(_BOUNDARY[kind](tmp_path))
    for stream, facts in zip(recording.streams, recording_facts(recording)["streams"], strict=True):
        ((before, after),) = _holes(stream)
        assert before == pytest.approx(10.0 - 1 / stream.spec.sfreq)
        assert 10.0 + SHORTEST_S <= after <= 10.3
        assert (facts["gaps"], facts["clock_resets"]) == (1, 0)
    assert any("pause of unknown length" in note for note in recording.notes)


def test_a_boundary_at_either_end_is_no_break(tmp_path: Path) -> None:
    ends = mne.Annotations([0.0, 29.999], [0.0, 0.0], ["boundary", "EDGE boundary"])
    recording = read(_fif(tmp_path / "a_raw.fif", ends))
    assert len(_eeg(recording).samples) == 30 * 128
    assert recording.notes == ()


def test_what_a_fif_file_skips_is_a_gap(tmp_path: Path) -> None:
    skip = mne.Annotations([10.0], [5.0], ["BAD_ACQ_SKIP"])
    recording = read(_fif(tmp_path / "skipped_raw.fif", skip))
    assert _holes(_eeg(recording)) == [pytest.approx((10.0 - 1 / 128, 15.0), abs=0.02)]


def test_an_edf_that_calls_itself_continuous_is_believed_by_its_times(tmp_path: Path) -> None:
    path = tmp_path / "a.edf"
    times = np.concatenate([onsets(*[b""] * 5), onsets(*[b""] * 10)[5:]])
    late = [f"+{i if i < 5 else i + 700}".encode() + b"\x14\x14" for i in range(10)]
    stated = np.stack([np.frombuffer(text.ljust(80, b"\0"), "<i2") for text in late])
    assert stated.shape == times.shape
    eeg = ("Cz", "uV", RNG.integers(-200, 200, (10, 128)))
    write_edf(path, [eeg, ("EDF Annotations", "", stated)], reserved="EDF+C")
    recording = read(path)
    assert _holes(_eeg(recording)) == [pytest.approx((5 - 1 / 128, 705.0))]
    assert any("declares to be continuous" in note for note in recording.notes)
    assert (_facts(recording)["gaps"], _facts(recording)["clock_resets"]) == (1, 0)


def test_a_bad_interval_of_one_channel_blanks_that_channel(tmp_path: Path) -> None:
    marker = "Bad Interval,Userdefined,1281,384,2"
    brainvision = read(_brainvision(tmp_path / "a.vhdr", "New Segment,,1,1,0", marker))
    named = mne.Annotations([10.0], [3.0], ["BAD_cz"], ch_names=[["Cz"]])
    for recording in (brainvision, read(_fif(tmp_path / "a_raw.fif", named))):
        eeg = _eeg(recording)
        blank = np.isnan(eeg.samples)
        assert not _holes(eeg)
        assert blank[:, [0, 2]].sum() == 0
        assert np.flatnonzero(blank[:, 1]).tolist() == list(range(1280, 1664))


def test_a_file_that_begins_with_a_break_begins_later(tmp_path: Path) -> None:
    path = _brainvision(
        tmp_path / "a.vhdr",
        "New Segment,,1,1,0,20240310140506000000",
        "Bad Interval,Userdefined,1,384,0",
    )
    recording = read(path)
    assert _eeg(recording).timestamps[0] == 3.0
    assert recording.start_utc == pytest.approx(1710079506.0 + 3.0)


def test_texts_that_only_begin_alike_are_no_breaks() -> None:
    assert annotated_break("badge shown", 1.0, 5.0) is None
    assert annotated_break("Stimulus/S  1", 1.0, 5.0) is None
    assert annotated_break("BAD_", 1.0, 0.0) is None
    assert annotated_break("bad", 1.0, 2.0) == Break(1.0, 3.0, "bad")


def test_files_of_one_session_keep_their_breaks(tmp_path: Path) -> None:
    first = read(_STATED["edf"](tmp_path))
    joined = one_session([first, read(_STATED["fif"](tmp_path))])
    assert len(joined.of(Modality.EEG)[0].breaks) >= 1
    breaks = np.concatenate([s.breaks for s in joined.of(Modality.EEG)])
    times = np.concatenate([s.timestamps for s in joined.of(Modality.EEG)])
    assert all(np.isclose(times, each).any() for each in breaks)
    assert len(breaks) == 2


@given(
    st.lists(st.tuples(st.floats(0, 20), st.floats(0, 5)), max_size=6),
    st.sampled_from([4.0, 51.2, 128.0, 500.0]),
)
def test_every_break_leaves_a_hole_that_stamps_show(
    stated: list[tuple[float, float]], sfreq: float
) -> None:
    breaks = merged(Break(start, start + length, "BAD") for start, length in stated)
    times = np.arange(round(30 * sfreq)) / sfreq
    kept = times[~inside(times, sfreq, breaks)]
    for each in breaks:
        assert not ((kept >= each.start) & (kept < each.stop - 1e-3 / sfreq)).any()
        before, after = kept[kept < each.start], kept[kept > each.start]
        if len(before) and len(after):
            assert after[0] - before[-1] > 1.5 / sfreq
            assert after[0] - before[-1] > 0.05

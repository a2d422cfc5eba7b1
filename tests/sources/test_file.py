"""A recording delivered as if it arrived: order, offsets, pace, end."""

import math

import numpy as np
import pytest

from physiosync_rt.datatypes import (
    Modality,
    RecordedMarkers,
    RecordedStream,
    Recording,
    StreamSpec,
)
from physiosync_rt.errors import UserError
from physiosync_rt.sources.file import FileSource

EEG = StreamSpec("eeg", Modality.EEG, ("Fz", "Cz"), 100.0, "uV")
GSR = StreamSpec("gsr", Modality.GSR, ("GSR",), 4.0, "uS")


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.t = 1000.0

    def __call__(self) -> float:
        return self.t


def stream(spec, stamps, **fields):
    samples = np.arange(len(stamps) * spec.n_chans, dtype=np.float32).reshape(len(stamps), -1)
    return RecordedStream(spec, samples, np.asarray(stamps, dtype=float), **fields)


def session(gsr_shift=0.0):
    """Ten seconds of EEG, and GSR from a computer whose clock is ``gsr_shift`` behind."""
    gsr_stamps = 50.0 + np.arange(40) / 4 - gsr_shift
    offsets = np.array([[50.0 - gsr_shift, gsr_shift], [55.0 - gsr_shift, gsr_shift + 0.002]])
    return Recording(
        streams=(
            stream(EEG, 50.0 + np.arange(1000) / 100),
            stream(GSR, gsr_stamps, clock_offsets=offsets if gsr_shift else np.empty((0, 2))),
        ),
        markers=(RecordedMarkers("m", np.array([51.0, 58.5]), ("a", "b")),),
        start_utc=1.6e9,
    )


def drain(source):
    batches = []
    while not batches or not batches[-1].ended:
        batches.append(source.poll(0.0))
        assert len(batches) < 5000
    return batches


def joined(batches, name, what):
    chunks = [c for b in batches for c in b.chunks if c.stream == name]
    return np.concatenate([getattr(chunk, what) for chunk in chunks])


@pytest.mark.parametrize("chunk_s", [0.02, 0.25, 3.0])
def test_every_sample_comes_once_and_in_time_order(chunk_s: float) -> None:
    recording = session(gsr_shift=300.0)
    source = FileSource(recording, chunk_s=chunk_s)
    assert [spec.name for spec in source.open()] == ["eeg", "gsr"]
    assert (source.speed, source.start_utc, source.now()) == (math.inf, 1.6e9, None)
    batches = drain(source)
    for recorded in recording.streams:
        name = recorded.spec.name
        np.testing.assert_array_equal(joined(batches, name, "samples"), recorded.samples)
        np.testing.assert_array_equal(joined(batches, name, "timestamps"), recorded.timestamps)
    starts = [c.timestamps[0] + c.clock_offset for b in batches for c in b.chunks]
    assert (np.diff(starts) > -chunk_s - 0.01).all()
    assert [m.text for b in batches for m in b.markers] == ["a", "b"]


def test_a_chunk_carries_the_offset_measured_last_before_it() -> None:
    source = FileSource(session(gsr_shift=300.0), chunk_s=3.0)
    source.open()
    for chunk in (c for b in drain(source) for c in b.chunks if c.stream == "gsr"):
        late = chunk.timestamps >= 55.0 - 300.0
        assert late.all() or not late.any()
        assert chunk.clock_offset == pytest.approx(300.002 if late.all() else 300.0)


def test_stamps_that_step_back_keep_the_order_of_the_file() -> None:
    stamps = 50 + np.arange(300) / 100
    stamps[100:105] -= 0.3
    source = FileSource(Recording((stream(EEG, stamps),)), chunk_s=0.02)
    source.open()
    np.testing.assert_array_equal(joined(drain(source), "eeg", "timestamps"), stamps)


def test_the_clock_of_arrival_paces_it_and_speed_multiplies() -> None:
    clock = Clock()
    source = FileSource(session(), speed=4.0, clock=clock)
    source.open()
    source.poll(0.0)
    clock.t += 1.0
    batches = [source.poll(0.0)]
    n_samples = len(joined(batches, "eeg", "timestamps"))
    # Four recorded seconds, but for the chunk that is not complete yet.
    assert 400 - 4 <= n_samples <= 400
    assert [m.text for m in batches[0].markers] == ["a"]
    clock.t += 100.0
    assert len(joined(batches + drain(source), "eeg", "timestamps")) == 1000
    assert source.speed == 4.0


def test_a_stream_without_electrodes_is_refused_and_one_without_unit_left_out() -> None:
    unnamed = StreamSpec("box", Modality.EEG, ("ch1", "ch2"), 100.0, "uV")
    with pytest.raises(UserError, match="does not state its electrodes"):
        FileSource(Recording((stream(unnamed, np.arange(3.0)),))).open()
    raw = StreamSpec("raw", Modality.GSR, ("GSR",), 4.0)
    source = FileSource(Recording((stream(EEG, np.arange(3.0)), stream(raw, np.arange(3.0)))))
    assert source.open() == (EEG,)
    assert "'raw' does not state its unit" in source.messages[0].text


def test_a_recording_without_eeg_says_what_it_has() -> None:
    heart = StreamSpec("heart", Modality.ECG, ("ECG",), 128.0)
    with pytest.raises(
        UserError, match=r"no EEG stream in .*available: heart \(ECG, 1 ch, 128 Hz\)"
    ):
        FileSource(Recording((stream(heart, np.arange(3.0)),))).open()


@pytest.mark.parametrize("where", [0, 500, 999])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_nan_time_stamp_is_dropped_and_the_source_ends(where: int, value: float) -> None:
    recording = session()
    recording.streams[0].timestamps[where] = value
    source = FileSource(recording)
    source.open()
    assert len(joined(drain(source), "eeg", "timestamps")) == 999
    assert any("1 samples have a NaN or infinite time stamp" in m.text for m in source.messages)

from __future__ import annotations

import numpy as np
import pytest

from physiosync_rt.datatypes import (
    UNITS,
    Modality,
    RecordedMarkers,
    RecordedStream,
    Recording,
    Segment,
    StreamSpec,
)
from physiosync_rt.errors import UserError
from physiosync_rt.formats.session import FILE_GAP_S, one_session, span, zero_time


def _stream(
    modality: Modality,
    n_times: int,
    sfreq: float = 100.0,
    first: float = 0.0,
    *,
    counter: bool = False,
    offsets: list[list[float]] | None = None,
) -> RecordedStream:
    spec = StreamSpec(modality.value, modality, ("a",), sfreq, UNITS[modality])
    return RecordedStream(
        spec,
        np.arange(n_times, dtype=np.float32)[:, np.newaxis],
        first + np.arange(n_times) / sfreq,
        np.empty((0, 2)) if offsets is None else np.array(offsets),
        np.arange(n_times) + 7 if counter else None,
    )


def test_one_recording_stays_as_it_is() -> None:
    recording = Recording((_stream(Modality.EEG, 10),))
    assert one_session([recording]) is recording
    with pytest.raises(UserError, match="no recording"):
        one_session([])


def test_times_count_from_the_first_eeg_sample_on_the_recorders_clock() -> None:
    eeg = _stream(Modality.EEG, 100, first=5.0, offsets=[[5.0, 1000.0]])
    gsr = _stream(Modality.GSR, 100, first=1003.0)
    recording = Recording((gsr, eeg))
    assert zero_time(recording) == 1005.0
    assert span(recording) == (1003.0, 1005.99)
    assert zero_time(Recording((gsr,))) == 1003.0


def test_files_of_different_devices_are_placed_by_absolute_time() -> None:
    eeg = Recording((_stream(Modality.EEG, 1000, first=50.0),), start_utc=1_700_000_010.5)
    wrist = Recording(
        (_stream(Modality.GSR, 100, sfreq=4.0),),
        (RecordedMarkers("tags", np.array([12.0]), ("tag",)),),
        start_utc=1_700_000_000.0,
    )
    session = one_session([eeg, wrist])
    by_name = {s.spec.name: s for s in session.streams}
    assert by_name["EEG"].timestamps[0] - by_name["GSR"].timestamps[0] == pytest.approx(10.5)
    assert session.markers[0].timestamps[0] - zero_time(session) == pytest.approx(1.5)
    assert session.start_utc == 1_700_000_010.5


@pytest.mark.parametrize("utc", [(None, None), (5.0, None), (5.0, 6.0)])
def test_files_without_usable_time_follow_each_other(
    utc: tuple[float | None, float | None],
) -> None:
    # In the last case both would have EEG at the same time: that time is not true.
    parts = [
        Recording(
            (_stream(Modality.EEG, 1000, first=50.0 * k, counter=True),),
            segments=(Segment(1.0, 2.0, "trial", "s", k),),
            start_utc=start,
        )
        for k, start in enumerate(utc)
    ]
    session = one_session(parts)
    (eeg,) = session.streams
    assert len(eeg.samples) == 2000
    assert np.diff(eeg.timestamps)[999] == pytest.approx(FILE_GAP_S)
    assert [seg.start for seg in session.segments] == pytest.approx([1.0, 11.99])
    assert session.start_utc is None
    # The counter runs through the pause as the device's own would have.
    assert eeg.counter is not None
    assert np.diff(eeg.counter)[999] == 100
    assert (np.diff(eeg.counter) > 0).all()


def test_streams_of_one_name_that_differ_stay_apart() -> None:
    session = one_session(
        [
            Recording((_stream(Modality.EEG, 100, sfreq=100.0),)),
            Recording((_stream(Modality.EEG, 100, sfreq=200.0),)),
        ]
    )
    assert [s.spec.name for s in session.streams] == ["EEG", "EEG-2"]

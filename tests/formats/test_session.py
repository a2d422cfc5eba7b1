from __future__ import annotations

from pathlib import Path

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
from physiosync_rt.formats.clocks import span, zero_time
from physiosync_rt.formats.join import Join
from physiosync_rt.formats.placement import FILE_GAP_S, LONGEST_PAUSE_S
from physiosync_rt.formats.session import one_session


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


@pytest.mark.parametrize(
    ("utc", "why"),
    [
        ((None, None), "a.xdf and b.xdf have no start time"),
        ((5.0, None), "b.xdf has no start time"),
        ((5.0, 6.0), "a.xdf and b.xdf overlap by their start times"),
    ],
)
def test_files_without_usable_time_follow_each_other(
    utc: tuple[float | None, float | None], why: str
) -> None:
    parts = [
        Recording(
            (_stream(Modality.EEG, 1000, first=50.0 * k, counter=True),),
            segments=(Segment(1.0, 2.0, "trial", "s", k),),
            start_utc=start,
            path=Path("ab"[k] + ".xdf"),
        )
        for k, start in enumerate(utc)
    ]
    session = one_session(parts)
    (eeg,) = session.streams
    assert len(eeg.samples) == 2000
    assert np.diff(eeg.timestamps)[999] == pytest.approx(FILE_GAP_S)
    assert [seg.start for seg in session.segments] == pytest.approx([1.0, 11.99])
    assert session.start_utc is None
    assert "one after the other" in session.notes[0]
    assert why in session.notes[0]
    # The counter runs through the pause as the device's own would have.
    assert eeg.counter is not None
    assert np.diff(eeg.counter)[999] == 100
    assert (np.diff(eeg.counter) > 0).all()


def _pair(
    eeg_utc: float | None, gsr_utc: float | None, second: Modality = Modality.GSR
) -> list[Recording]:
    eeg = Recording((_stream(Modality.EEG, 1000),), start_utc=eeg_utc, path=Path("head.edf"))
    other = Recording((_stream(second, 1000),), start_utc=gsr_utc, path=Path("wrist"))
    return [eeg, other]


@pytest.mark.parametrize("utc", [(None, None), (None, 1.6e9), (1.6e9, None)])
def test_files_without_a_common_clock_need_a_join_option(
    utc: tuple[float | None, float | None],
) -> None:
    parts = _pair(*utc)
    for join in (None, Join.CLOCK):
        with pytest.raises(UserError, match=r"cannot be aligned on one clock.*--join together"):
            one_session(parts, join)
    together = one_session(parts, Join.TOGETHER)
    assert [s.timestamps[0] for s in together.streams] == [0.0, 0.0]
    assert together.start_utc is None
    assert "start at the same moment, as requested" in together.notes[0]
    in_turn = one_session(parts, Join.TURN)
    assert in_turn.streams[1].timestamps[0] == pytest.approx(9.99 + FILE_GAP_S)


def test_two_overlapping_eeg_files_are_rejected() -> None:
    parts = [*_pair(1.6e9, 1.6e9), *_pair(1.6e9 + 1.0, None)[:1]]
    with pytest.raises(UserError, match=r"head.edf and head.edf overlap"):
        one_session(parts)
    with pytest.raises(UserError, match="contain the same modality"):
        one_session(parts, Join.TOGETHER)


@pytest.mark.parametrize(
    ("eeg_utc", "gsr_utc", "says"),
    [
        (1.6e9, 1.6e9 + 3, "head.edf and wrist state whole seconds"),
        (1.6e9 + 0.25, 1.6e9 + 3, "wrist states whole seconds"),
        (1.6e9 + 0.25, 1.6e9 + 3.5, "as exact as the clocks"),
    ],
)
def test_a_note_states_how_exact_the_alignment_is(
    eeg_utc: float, gsr_utc: float, says: str
) -> None:
    (note,) = one_session(_pair(eeg_utc, gsr_utc)).notes
    assert "2020-09-13 12:26:43" in note
    assert says in note


@pytest.mark.parametrize("second", [Modality.GSR, Modality.EEG])
def test_files_of_different_hours_are_rejected(second: Modality) -> None:
    near = one_session(_pair(1.6e9, 1.6e9 + 9.9 + LONGEST_PAUSE_S, second))
    assert near.start_utc == 1.6e9
    with pytest.raises(UserError) as refused:
        one_session(_pair(1.6e9, 1.6e9 + 86400 * 365, second))
    for part in ("head.edf (2020-09-13 12:26:40 UTC)", "wrist (2021-09-13 12:26:40 UTC)"):
        assert part in str(refused.value)
    assert "365 days apart" in str(refused.value)
    assert len(one_session(_pair(1.6e9, 0.0, second), Join.TURN).streams) >= 1


def test_eeg_files_far_apart_are_rejected_despite_gsr_between() -> None:
    wrist = Recording(
        (_stream(Modality.GSR, 8000, sfreq=4.0),), start_utc=1.6e9, path=Path("wrist")
    )
    heads = [_pair(1.6e9 + at, None)[0] for at in (60.0, 1200.0)]
    with pytest.raises(UserError, match=r"head.edf .* are 19 minutes apart"):
        one_session([wrist, *heads])
    assert len(one_session([wrist, heads[0]]).streams) == 2


def test_a_file_without_samples_is_named() -> None:
    empty = Recording((_stream(Modality.EEG, 0),), path=Path("empty.xdf"))
    with pytest.raises(UserError, match=r"empty\.xdf contains no samples"):
        one_session([*_pair(1.6e9, 1.6e9), empty])


def test_streams_of_one_name_that_differ_stay_apart() -> None:
    session = one_session(
        [
            Recording((_stream(Modality.EEG, 100, sfreq=100.0),)),
            Recording((_stream(Modality.EEG, 100, sfreq=200.0),)),
        ]
    )
    assert [s.spec.name for s in session.streams] == ["EEG", "EEG-2"]


@pytest.mark.parametrize(("sfreq", "lost"), [(100.0, 10), (4.0, 1), (500.0, 50)])
def test_a_file_that_begins_where_another_ends_is_kept_apart(sfreq: float, lost: int) -> None:
    n = round(20 * sfreq)
    session = one_session(
        [
            Recording((_stream(Modality.EEG, n, sfreq, counter=True),), start_utc=start)
            for start in (1000.0, 1020.0)
        ]
    )
    (eeg,) = session.streams
    assert len(eeg.samples) == 2 * n - lost
    steps = np.diff(eeg.timestamps) * sfreq
    assert steps[n - 1] == pytest.approx(lost + 1)
    np.testing.assert_allclose(np.delete(steps, n - 1), 1.0, rtol=1e-6)
    assert eeg.samples[n, 0] == lost
    assert eeg.counter is not None
    assert np.diff(eeg.counter)[n - 1] == lost + 1


def test_a_file_too_short_to_be_kept_apart_is_left_out() -> None:
    lengths = ((1000, 1000.0), (5, 1010.0), (1000, 1010.1))
    session = one_session(
        [Recording((_stream(Modality.EEG, n),), start_utc=start) for n, start in lengths]
    )
    assert len(session.streams[0].samples) == 2000


def test_files_with_a_pause_between_them_keep_every_sample() -> None:
    session = one_session(
        [
            Recording((_stream(Modality.EEG, 1000),), start_utc=start)
            for start in (1000.0, 1010.2, 1025.0)
        ]
    )
    assert len(session.streams[0].samples) == 3000

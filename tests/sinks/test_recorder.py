"""A recording is always readable, through every trouble of the disk, and says what is in it."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import numpy as np
import pytest
import pyxdf
from helpers.limits import size_limit

from physiosync_rt.datatypes import Chunk, Modality, Recording, StreamSpec
from physiosync_rt.errors import UserError
from physiosync_rt.formats.registry import read
from physiosync_rt.sinks.file_news import FileNews, NewsKind
from physiosync_rt.sinks.recorder import Recorder
from physiosync_rt.sources.base import Batch, Marker

EEG = StreamSpec("cap", Modality.EEG, ("Cz", "Pz"), 100.0, "uV", "EEG", "id-1", "box")
GSR = StreamSpec("skin", Modality.GSR, ("GSR",), 4.0, "uS", "GSR", "id-2", "box")

unix = pytest.mark.skipif(sys.platform == "win32", reason="limits and moved files are POSIX's")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def _batch(second: int, *markers: Marker, counted: bool = False, offset: float = 0.0) -> Batch:
    t = 50.0 + second + np.arange(100) / 100
    counter = np.arange(100, dtype=np.int64) + 100 * second if counted else None
    eeg = np.full((100, 2), second, np.float32)
    skin = Chunk("skin", np.full((4, 1), second, np.float32), t[::25])
    return Batch((Chunk("cap", eeg, t, offset, counter), skin), markers)


def _seconds(recording: Recording, name: str) -> list[int]:
    """Seconds of which samples are in a recording."""
    (stream,) = (s for s in recording.streams if s.spec.name == name)
    return sorted(set(stream.samples[:, 0].astype(int).tolist()))


def _footer_counts(path: Path) -> dict[str, int]:
    streams, _ = pyxdf.load_xdf(str(path), synchronize_clocks=False, dejitter_timestamps=False)
    counts = {s["info"]["name"][0]: int(s["footer"]["info"]["sample_count"][0]) for s in streams}
    assert counts == {s["info"]["name"][0]: len(s["time_stamps"]) for s in streams}
    return counts


@pytest.mark.parametrize("with_markers", [False, True])
def test_pyxdf_reads_it_without_a_warning(tmp_path, caplog, with_markers: bool) -> None:
    path = tmp_path / "a.xdf"
    recorder = Recorder(path, (EEG, GSR))
    raw = "raw \x1b[2J\n=1+1"
    for k in range(12):
        recorder.take(_batch(k, *([Marker(50.0 + k, raw)] if with_markers else []), counted=True))
    recorder.close()
    recorder.close()
    with caplog.at_level(logging.WARNING, "pyxdf"):
        streams, _ = pyxdf.load_xdf(str(path))
    assert caplog.records == []
    assert len(streams) == 2 + with_markers
    recording = read(path)
    assert recording.notes == ()
    assert [m.labels for m in recording.markers] == ([(raw,) * 12] if with_markers else [])
    (eeg, _) = recording.streams
    np.testing.assert_array_equal(eeg.counter, np.arange(1200))


def test_the_header_is_on_disk_before_anything_comes(tmp_path) -> None:
    recorder = Recorder(tmp_path / "a.xdf", (EEG,))
    streams, header = pyxdf.load_xdf(str(tmp_path / "a.xdf"))
    assert (streams, header["info"]["version"]) == ([], ["1.0"])
    if sys.platform != "win32":
        assert (tmp_path / "a.xdf").stat().st_mode & 0o777 == 0o600
    recorder.take(_batch(0))
    assert _seconds(read(tmp_path / "a.xdf"), "cap") == [0]
    recorder.close()
    with pytest.raises(UserError, match="never overwritten"):
        Recorder(tmp_path / "a.xdf", (EEG,))
    (tmp_path / "b.xdf").symlink_to(tmp_path / "nowhere")
    with pytest.raises(UserError, match="never overwritten"):
        Recorder(tmp_path / "b.xdf", (EEG,))


@unix
def test_a_full_disk_is_waited_out(tmp_path) -> None:
    clock, news = Clock(), list[FileNews]()
    path = tmp_path / "a.xdf"
    # The skin is declared while nothing can be written.
    recorder = Recorder(path, (EEG, GSR), news.append, clock)
    recorder.take(Batch(_batch(0).chunks[:1]))
    size = path.stat().st_size
    with size_limit(size + 2000):
        for k in range(1, 30):
            clock.now += 1.0
            recorder.take(_batch(k, Marker(50.0 + k, "m"), offset=-0.001 * (k // 10)))
            assert _seconds(read(path), "cap") == [0]
    clock.now += 1.0
    recorder.take(_batch(30))
    recorder.close()
    recording = read(path)
    assert recording.notes == ()
    assert _seconds(recording, "cap") == list(range(31))
    assert _seconds(recording, "skin") == list(range(1, 31))
    assert len(recording.markers[0].labels) == 29
    assert _footer_counts(path) == {"cap": 3100, "skin": 120, "markers": 29}
    assert [each.kind for each in news] == [NewsKind.BLOCKED, NewsKind.RESUMED]
    assert news[-1].n == 0
    np.testing.assert_array_equal(
        recording.streams[0].clock_offsets, [[50, 0], [60, -0.001], [70, -0.002], [80, 0]]
    )


@unix
def test_what_is_lost_is_counted_and_in_no_footer(tmp_path) -> None:
    clock, news = Clock(), list[FileNews]()
    path = tmp_path / "a.xdf"
    recorder = Recorder(path, (EEG, GSR), news.append, clock)
    recorder.take(_batch(0))
    with size_limit(path.stat().st_size + 2000):
        for k in range(1, 800):
            clock.now += 1.0
            recorder.take(_batch(k))
    clock.now += 1.0
    recorder.take(_batch(800))
    recorder.close()
    there = _seconds(read(path), "cap")
    # The second batch had room; of the others the last ten minutes were kept.
    assert there == [0, 1, *range(199, 801)]
    assert _footer_counts(path) == {"cap": 100 * len(there), "skin": 4 * len(there)}
    assert recorder.file.lost == news[-1].n == 104 * 197
    assert recorder.file.written == 104 * len(there)


@unix
@pytest.mark.parametrize("removed", [True, False])
def test_a_recording_that_vanished_is_begun_again(tmp_path, removed: bool) -> None:
    clock, news = Clock(), list[FileNews]()
    path = tmp_path / "a.xdf"
    recorder = Recorder(path, (EEG, GSR), news.append, clock)
    for k in range(5):
        clock.now += 1.0
        recorder.take(_batch(k, Marker(50.0 + k, f"m{k}"), offset=-0.5))
    path.unlink() if removed else path.rename(tmp_path / "mine.xdf")
    for k in range(5, 9):
        clock.now += 1.0
        recorder.take(_batch(k, Marker(50.0 + k, f"m{k}"), offset=-0.5))
    recorder.close()
    rest = read(tmp_path / "a-2.xdf")
    assert _seconds(rest, "cap") == _seconds(rest, "skin") == list(range(5, 9))
    assert rest.notes == ()
    assert rest.markers[0].labels == ("m5", "m6", "m7", "m8")
    np.testing.assert_array_equal(rest.streams[0].clock_offsets[:, 1], [-0.5])
    assert _footer_counts(tmp_path / "a-2.xdf") == {"cap": 400, "skin": 16, "markers": 4}
    (said,) = news
    assert said.n == 5 * 105
    if removed:
        assert (said.kind, recorder.file.lost) == (NewsKind.REMOVED, 525)
    else:
        assert (said.kind, recorder.file.lost) == (NewsKind.RENAMED, 0)
        assert _seconds(read(tmp_path / "mine.xdf"), "cap") == list(range(5))
    assert not path.exists()

"""A run that cannot keep up writes its rows as they become final, and says how late they are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

import physiosync_rt.live.backlog as backlog_module
from physiosync_rt.bundle.bundle import load_bundle
from physiosync_rt.bundle.predictor import Estimate, Predictor
from physiosync_rt.datatypes import Chunk, Prediction, Recording, StreamSpec, Window
from physiosync_rt.formats.registry import read
from physiosync_rt.live.backlog import PIECE_S, Backlog
from physiosync_rt.live.engine import END_S, Engine
from physiosync_rt.live.events import MARKERS_WAITING, EventKind
from physiosync_rt.live.options import Command
from physiosync_rt.live.run_log import outcome
from physiosync_rt.live.watchdog import StreamPhase
from physiosync_rt.preprocess.baseline import BaselineRequest
from physiosync_rt.simulation import Person, simulate
from physiosync_rt.sources.base import Batch, Marker, SourceMessage
from physiosync_rt.utils.plain_text import CELL_CHARS
from physiosync_rt.views.events_text import notice_text
from physiosync_rt.views.summary import run_summary

NAMES = ("TP9", "AF7", "AF8", "TP10")
ROW_COSTS_S = 0.5


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class SlowPredictor(Predictor):
    """Half a second for each row, by the clock of the test."""

    clock: Clock

    def __call__(self, window: Window) -> Estimate:
        self.clock.now += ROW_COSTS_S
        return super().__call__(window)


class ScriptedSource:
    speed = 1.0
    start_utc = None

    def __init__(self, clock: Clock, specs: Sequence[StreamSpec]) -> None:
        self.messages: list[SourceMessage] = []
        self.batch = Batch()
        self.polls = 0
        self._clock = clock
        self._specs = tuple(specs)

    def now(self) -> float:
        return self._clock.now

    def open(self) -> tuple[StreamSpec, ...]:
        return self._specs

    def poll(self, timeout: float) -> Batch:
        self.polls += 1
        batch, self.batch = self.batch, Batch()
        return batch

    def close(self) -> None:
        pass


class Written:
    """A sink that notes when each row came."""

    def __init__(self, clock: Clock) -> None:
        self.at: list[float] = []
        self._clock = clock

    def write(self, row: Prediction) -> None:
        self.at.append(self._clock.now)

    def close(self) -> None:
        pass


@pytest.fixture(scope="module")
def recording() -> Recording:
    person = Person.draw(11)
    return simulate(person, 40.0, seed=11, ch_names=NAMES, ecg_sfreq=0, rest_s=12.0).recording


@pytest.fixture
def clock() -> Clock:
    return Clock()


def _all(recording: Recording, stop: float = 40.0) -> Batch:
    """All samples at once, one chunk for each stream, as after a pause of the computer."""
    chunks = []
    for stream in recording.streams:
        inside = stream.timestamps < stop
        stamps = stream.timestamps[inside] + 960.0
        chunks.append(Chunk(stream.spec.name, stream.samples[inside], stamps))
    return Batch(tuple(chunks))


def _engine(recording: Recording, clock: Clock) -> tuple[Engine, ScriptedSource, Written]:
    source = ScriptedSource(clock, [stream.spec for stream in recording.streams])
    predictor = SlowPredictor(load_bundle("demo-muse"))
    predictor.clock = clock
    engine = Engine(source, predictor, baseline=BaselineRequest(0.0, None, 5.0), clock=clock)
    engine.open()
    written = Written(clock)
    engine.sinks.append(written)
    return engine, source, written


def test_rows_are_written_as_they_become_final(recording, clock, tmp_path: Path) -> None:
    engine, source, written = _engine(recording, clock)
    engine.record(tmp_path / "raw.xdf")
    source.batch = _all(recording)
    engine.step(0.0)
    # One row, and while the others wait; the recording has everything.
    assert len(written.at) == 1
    assert read(tmp_path / "raw.xdf").streams[0].timestamps[-1] > 999.9
    engine.step(0.0)
    assert engine.snapshot.rows == len(written.at) == 2
    while len(written.at) < 39:
        engine.step(0.0)
    assert np.diff(written.at).max() < 2 * ROW_COSTS_S
    assert [row.t_end for row in engine.predictions] == list(np.arange(1.0, 40.0))
    assert all(row.valid and row.modalities == "eeg+gsr" for row in list(engine.predictions)[7:])
    engine.close()


def test_a_run_says_how_far_it_is_behind(recording, clock) -> None:
    engine, source, written = _engine(recording, clock)
    source.batch = _all(recording)
    engine.step(0.0)
    assert engine.snapshot.events == ()
    said = []
    while len(written.at) < 39:
        engine.step(0.0)
        said.append(notice_text(engine.snapshot.events))
    assert any("rows of SimulatedEEG come 12 s late" in text for text in said)
    engine.step(0.0)
    events = [e for e in engine.state.events.events if e.stream == "SimulatedEEG"]
    behind = [e.seconds for e in events if e.kind is EventKind.BEHIND]
    # At once, and whenever it has doubled.
    assert behind == [2.0, 4.0, 8.0, 16.0]
    (over,) = (e for e in events if e.kind is EventKind.CAUGHT_UP)
    assert over.seconds == engine.state.behind_most_s == pytest.approx(19, abs=1.5)
    engine.close()


def test_no_more_is_taken_than_there_is_room_for(recording, clock, monkeypatch) -> None:
    monkeypatch.setattr(backlog_module, "MOST_BYTES", 50_000)
    engine, source, written = _engine(recording, clock)
    source.batch = _all(recording)
    engine.step(0.0)
    while len(written.at) < 10:
        engine.step(0.0)
        assert engine.snapshot.streams[0].phase is StreamPhase.STREAMING
    # The source keeps what comes meanwhile; that nobody looked is not the device's silence.
    assert source.polls == 1
    while len(written.at) < 39:
        engine.step(0.0)
    assert source.polls > 1
    engine.close()


def test_an_end_waits_a_moment_and_says_what_is_missing(recording, clock) -> None:
    engine, source, written = _engine(recording, clock)
    source.batch = _all(recording)
    rows = list(engine.rows(duration_s=3.0))
    assert clock.now - 1000.0 <= 3.0 + END_S + 2 * ROW_COSTS_S
    assert len(rows) == len(written.at) < 12
    (cut_off,) = (e for e in engine.state.events.events if e.kind is EventKind.CUT_OFF)
    assert cut_off.seconds == pytest.approx(4.5, abs=1.0)
    # Whoever goes on iterating gets the rest.
    assert [row.t_end for row in rows] == list(np.arange(1.0, len(rows) + 1))
    assert next(engine.rows()).t_end == len(rows) + 1
    engine.close()


def test_pieces_keep_their_order_and_their_counts() -> None:
    stamps = np.arange(1000) / 100
    stamps[500:] -= 3.0
    samples = np.arange(1000, dtype=np.float32)[:, None]
    cap = Chunk("cap", samples, stamps, 0.5, np.arange(1000, dtype=np.int64))
    skin = Chunk("skin", samples[:40], np.arange(40) / 4)
    backlog = Backlog({"cap": 100.0, "skin": 4.0})
    backlog.add((cap, skin, Chunk("other", samples, stamps)), 7.0)
    assert backlog.waited_s(9.0) == 2.0
    pieces = []
    while backlog:
        pieces.append(backlog.pop())
    assert backlog.waited_s(9.0) == 0.0
    assert not backlog.is_full
    for whole in (cap, skin):
        mine = [piece for piece in pieces if piece.stream == whole.stream]
        np.testing.assert_array_equal(
            np.concatenate([p.timestamps for p in mine]), whole.timestamps
        )
        np.testing.assert_array_equal(np.concatenate([p.samples for p in mine]), whole.samples)
        assert max(map(len, mine)) <= max(PIECE_S * (100 if whole is cap else 4), 1)
    counters = [piece.counter for piece in pieces if piece.counter is not None]
    np.testing.assert_array_equal(np.concatenate(counters), np.arange(1000))
    # Streams go side by side, as a live run would have had them.
    order = [piece.stream for piece in pieces]
    assert order.index("skin") < 3
    assert "cap" in order[10:20]


def test_small_chunks_are_joined_under_one_clock_offset() -> None:
    stamps = np.arange(60) / 100
    chunks = [
        Chunk(
            name,
            np.full((2, 1), k, np.float32),
            stamps[2 * k : 2 * k + 2],
            -0.5 if k < 20 else -0.6,
            np.arange(2 * k, 2 * k + 2, dtype=np.int64) if name == "cap" else None,
        )
        for k in range(30)
        for name in ("cap", "skin")
    ]
    backlog = Backlog({"cap": 100.0, "skin": 100.0})
    backlog.add(chunks, 0.0)
    assert backlog.span_s("cap") == pytest.approx(0.6)
    pieces = []
    while backlog:
        pieces.append(backlog.pop())
    cap = [piece for piece in pieces if piece.stream == "cap"]
    assert [(len(piece), piece.clock_offset) for piece in cap] == [
        (25, -0.5),
        (15, -0.5),
        (20, -0.6),
    ]
    np.testing.assert_array_equal(np.concatenate([p.counter for p in cap]), np.arange(60))
    np.testing.assert_array_equal(np.concatenate([p.timestamps for p in cap]), stamps)
    assert all(piece.counter is None for piece in pieces if piece.stream == "skin")


def test_a_break_stays_before_the_sample_that_follows_it() -> None:
    stamps = np.arange(400) / 100
    bounds = ((0, 100, False), (100, 110, True), (110, 200, False), (200, 400, True))
    chunks = [
        Chunk("cap", np.zeros((stop - start, 1), "f4"), stamps[start:stop], after_break=after)
        for start, stop, after in bounds
    ]
    backlog = Backlog({"cap": 100.0})
    backlog.add(chunks, 0.0)
    pieces = []
    while backlog:
        pieces.append(backlog.pop())
    assert [float(piece.timestamps[0]) for piece in pieces if piece.after_break] == [1.0, 2.0]
    np.testing.assert_array_equal(np.concatenate([p.timestamps for p in pieces]), stamps)


def test_a_marker_belongs_to_what_came_last_and_not_to_what_is_worked_on(recording, clock) -> None:
    engine, source, written = _engine(recording, clock)
    source.batch = _all(recording)
    engine.step(0.0)
    engine.send(Command("marker", "now"))
    while len(written.at) < 39:
        engine.step(0.0)
    assert {row.t_end: row.marker for row in engine.predictions if row.marker} == {}
    source.batch = Batch(ended=True)
    engine.step(0.0)
    assert engine.predictions[-1].t_end == 39.0
    assert [text for _, text in engine.state.markers_waiting] == ["now"]
    engine.close()


def test_markers_that_no_row_has_are_counted_and_said(recording, clock) -> None:
    engine, source, written = _engine(recording, clock)
    far = 960.0 + 1e6
    texts = ["x" * 5000, *(f"m{n}" for n in range(MARKERS_WAITING + 2))]
    source.batch = Batch(_all(recording).chunks, tuple(Marker(far, text) for text in texts))
    while len(written.at) < 39:
        engine.step(0.0)
    sentence = (
        "3 markers are in no row of SimulatedEEG: more than 10,000 waited for theirs; a recording "
        "has all of them"
    )
    assert outcome(engine.state)["not_written"]["markers"] == 3
    assert sentence in run_summary(engine.state)
    (event,) = (e for e in engine.state.events.events if e.kind is EventKind.MARKERS_DROPPED)
    assert notice_text([event]) == sentence
    waiting = engine.state.markers_waiting
    assert len(waiting) == MARKERS_WAITING
    assert max(len(text) for _, text in waiting) <= CELL_CHARS + 1
    source.batch = Batch(markers=tuple(Marker(far, "again") for _ in range(2)))
    engine.step(0.0)
    source.batch = Batch(markers=tuple(Marker(far, "again") for _ in range(2)))
    engine.step(0.0)
    events = [e for e in engine.state.events.events if e.kind is EventKind.MARKERS_DROPPED]
    assert [e.n for e in events] == [3, 7]
    engine.close()


def test_a_run_whose_markers_all_have_rows_says_nothing_of_them(recording, clock) -> None:
    engine, source, written = _engine(recording, clock)
    source.batch = Batch(_all(recording).chunks, (Marker(970.0, "here"),))
    while len(written.at) < 39:
        engine.step(0.0)
    assert [row.marker for row in engine.predictions if row.marker] == ["here"]
    engine.close()
    assert "markers" not in outcome(engine.state)["not_written"]
    assert outcome(engine.state)["markers_after_last_row"] == []
    assert "marker" not in run_summary(engine.state)


def test_markers_after_the_last_row_are_said_and_stand_in_the_json(recording, clock) -> None:
    engine, source, written = _engine(recording, clock)
    texts = ("rest", *(f"m{n}" for n in range(5)))
    late = tuple(Marker(999.25 + 0.01 * n, text) for n, text in enumerate(texts))
    source.batch = Batch(_all(recording).chunks, (Marker(970.0, "here"), *late))
    while len(written.at) < 39:
        engine.step(0.0)
    # The person names the end and ends the run, before a pass has seen either.
    engine.send(Command("marker", "the end"))
    engine.send(Command("stop"))
    engine.run()
    engine.close()
    anchor = engine.pipeline.anchor
    expected = [*((m.timestamp - anchor, m.text) for m in late), (40.0, "the end")]
    found = [(m["at_s"], m["marker"]) for m in outcome(engine.state)["markers_after_last_row"]]
    assert [text for _, text in found] == [text for _, text in expected]
    np.testing.assert_allclose([at for at, _ in found], [at for at, _ in expected], atol=0.02)
    sentence = (
        "7 markers came after the last row and are in none: rest at 39.25 s, m0 at 39.26 s, "
        "m1 at 39.27 s, m2 at 39.28 s, m3 at 39.29 s, 2 more"
    )
    assert sentence in run_summary(engine.state)
    events = [e for e in engine.state.events.events if e.kind is EventKind.MARKERS_AFTER]
    assert notice_text(events) == sentence
    engine.close()
    assert engine.state.events.events[-1] == events[-1], "said once"


def test_at_the_end_no_rest_and_no_recording_begin(recording, clock, tmp_path) -> None:
    engine, source, written = _engine(recording, clock)
    engine.remember()
    source.batch = _all(recording)
    while len(written.at) < 39:
        engine.step(0.0)
    engine.send(Command("baseline"))
    engine.send(Command("record", str(tmp_path / "empty.xdf")))
    engine.send(Command("save_last", str(tmp_path / "last.xdf")))
    before = outcome(engine.state)["rest"]
    engine.close()
    assert outcome(engine.state)["rest"] == before
    assert {path.suffix for path in tmp_path.glob("last.*")} == {".xdf", ".csv", ".json"}
    assert not list(tmp_path.glob("empty*"))
    assert len(read(tmp_path / "last.xdf").streams) == 2


def test_whatever_fails_at_the_end_source_and_files_are_closed(
    recording, clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, source, written = _engine(recording, clock)
    closed: list[str] = []
    monkeypatch.setattr(source, "close", lambda: closed.append("source"))
    monkeypatch.setattr(written, "close", lambda: closed.append("sink"))

    def fail(*_: object) -> None:
        raise RuntimeError("no more threads")

    monkeypatch.setattr(engine, "_finish", fail)
    with pytest.raises(RuntimeError, match="no more threads"):
        engine.close()
    assert closed == ["source", "sink"]
    assert not engine.is_open
    engine.close()

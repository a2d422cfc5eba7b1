"""The last minutes in memory, and in files when somebody asks for them."""

from __future__ import annotations

import time
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from physiosync_rt.bundle.bundle import load_bundle
from physiosync_rt.bundle.predictor import Predictor
from physiosync_rt.datatypes import Chunk
from physiosync_rt.formats.registry import read
from physiosync_rt.live.engine import Engine
from physiosync_rt.live.events import EventKind
from physiosync_rt.live.last_minutes import LastMinutes
from physiosync_rt.live.options import Command
from physiosync_rt.simulation import Person, simulate
from physiosync_rt.sinks.csv_log import CsvLog
from physiosync_rt.sinks.read_log import log_facts
from physiosync_rt.sources.base import Batch, Marker
from physiosync_rt.sources.file import FileSource

NAMES = ("TP9", "AF7", "AF8", "TP10")


def _batch(t: float, n: int = 4, n_channels: int = 2) -> Batch:
    samples = np.full((n, n_channels), t, dtype=np.float32)
    return Batch((Chunk("eeg", samples, t + np.arange(n) / 128),))


@given(
    st.lists(st.tuples(st.floats(0.0, 2.0), st.integers(0, 50)), max_size=60),
    st.floats(1.0, 10.0),
    st.integers(2_000, 20_000),
)
def test_it_holds_what_is_young_and_fits_and_nothing_else(
    steps: list[tuple[float, int]], keep_s: float, most_bytes: int
) -> None:
    last = LastMinutes(keep_s, most_bytes)
    now, came = 0.0, []
    for wait, n in steps:
        now += wait
        last.take(_batch(now, n), now)
        came.append(now)
        assert last.n_bytes <= most_bytes
        assert last.span_s(now) <= keep_s
    kept = [float(batch.chunks[0].timestamps[0]) for batch in last.batches if len(batch.chunks[0])]
    with_samples = [t for t, (_, n) in zip(came, steps, strict=True) if n]
    assert kept == with_samples[len(with_samples) - len(kept) :]


def test_a_batch_keeps_no_larger_array_alive_and_the_end_is_not_kept() -> None:
    buffer = np.zeros((10_000, 2), dtype=np.float32)
    batch = Batch((Chunk("eeg", buffer[:3], np.arange(3.0)),), (Marker(1.0, "clip"),), ended=True)
    last = LastMinutes()
    last.take(batch, 0.0)
    buffer[:] = 1.0
    (kept,) = last.batches
    assert kept.chunks[0].samples.base is None
    assert not kept.chunks[0].samples.any()
    assert kept.markers == batch.markers
    assert not kept.ended
    last.take(Batch(), 1.0)
    assert len(last.batches) == 1


def test_many_small_chunks_are_kept_as_few_and_their_memory_is_counted() -> None:
    samples = np.arange(2000, dtype=np.float32).reshape(1000, 2)
    stamps = np.arange(1000) / 128
    pieces = [Chunk("eeg", samples[k : k + 1], stamps[k : k + 1]) for k in range(1000)]
    pieces[600] = replace(pieces[600], after_break=True)
    last = LastMinutes()
    tracemalloc.start()
    last.take(Batch(tuple(pieces)), 0.0)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    (kept,) = last.batches
    assert [(len(c), c.after_break) for c in kept.chunks] == [(600, False), (400, True)]
    np.testing.assert_array_equal(np.concatenate([c.samples for c in kept.chunks]), samples)
    np.testing.assert_array_equal(np.concatenate([c.timestamps for c in kept.chunks]), stamps)
    assert last.n_bytes == pytest.approx(taken, rel=0.1)


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return Predictor(load_bundle("demo-muse"), "cpu")


def _engine(predictor: Predictor) -> Engine:
    whole = simulate(Person.draw(3), 12.0, seed=3, ch_names=NAMES, ecg_sfreq=0, rest_s=4.0)
    return Engine(FileSource(whole.recording, chunk_s=0.5), predictor)


def _until_told(engine: Engine) -> None:
    until = time.monotonic() + 30.0
    while engine.state.saved is None and time.monotonic() < until:
        engine._recording.look()
        time.sleep(0.01)


def test_last_minutes_of_a_run_without_csv_are_an_xdf_and_a_csv(
    predictor: Predictor, tmp_path: Path
) -> None:
    path = tmp_path / "last.xdf"
    with _engine(predictor) as engine:
        engine.remember()
        while engine.step():
            pass
        rows = engine.state.rows
        engine.send(Command("save_last", str(path)))
        engine.step()
        _until_told(engine)
        assert engine.state.saved is not None
        assert engine.state.saved.kind is EventKind.FILE_SAVED
    recording = read(path)
    assert {stream.spec.n_chans for stream in recording.streams} == {1, 4}
    assert recording.streams[0].duration_s == pytest.approx(12.0, abs=0.2)
    assert log_facts(path.with_suffix(".csv"))["rows"] == rows
    assert {Path(file.path).name for file in engine.state.files} == {"last.xdf", "last.csv"}


def test_a_run_that_writes_its_csv_gets_the_signals_alone(
    predictor: Predictor, tmp_path: Path
) -> None:
    path = tmp_path / "last.xdf"
    with _engine(predictor) as engine:
        engine.remember()
        engine.state.log = CsvLog(tmp_path / "run.csv", {})
        while engine.step():
            pass
        engine.send(Command("save_last", str(path)))
        engine.step()
        # Closing the run waits for the file.
    engine.state.log.close()
    assert engine.state.saved is not None
    assert path.exists()
    assert not path.with_suffix(".csv").exists()


def test_what_cannot_be_saved_is_said_and_the_run_goes_on(
    predictor: Predictor, tmp_path: Path
) -> None:
    path = tmp_path / "there.xdf"
    path.write_text("somebody's", encoding="utf-8")
    with _engine(predictor) as engine:
        engine.send(Command("save_last", str(path)))
        engine.step()
        assert engine.state.events.standing is not None
        assert "no last minutes" in engine.state.events.standing.text
        engine.remember()
        engine.step()
        engine.send(Command("save_last", str(path)))
        engine.step()
        _until_told(engine)
        assert engine.state.saved is not None
        assert engine.state.saved.kind is EventKind.REFUSED
        assert "exists" in engine.state.saved.text
        assert engine.step()
    assert path.read_text(encoding="utf-8") == "somebody's"

"""The package as a script or a notebook uses it: light, complete, and equal to the command line."""

from __future__ import annotations

import csv
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import chain, repeat
from pathlib import Path

import numpy as np
import pandas as pd
import pylsl
import pytest
from helpers.programs import LATE
from typer.testing import CliRunner

import physiosync_rt as ps
from physiosync_rt.bundle.predictor import Predictor
from physiosync_rt.cli.app import app
from physiosync_rt.datatypes import Chunk, Modality, Recording
from physiosync_rt.live.stream_session import StreamSession
from physiosync_rt.preprocess.baseline import BaselineRequest
from physiosync_rt.simulation.write_xdf import write_recording
from physiosync_rt.sinks.csv_log import COLUMNS, to_row
from physiosync_rt.sources.base import Batch
from physiosync_rt.sources.file import FileSource
from physiosync_rt.sources.simulated import SimulatedSource

HEAVY = ("numpy", "scipy", "torch", "mne", "pylsl", "pandas", "PySide6", "pydantic", "typer")
NOT_MEASURED = ("sample_age_ms", "infer_ms", "latency_ms")


@pytest.fixture(scope="module")
def session_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("door") / "session.xdf"
    write_recording(path, 5, duration_s=25.0, rest_s=8.0)
    return path


@pytest.fixture(scope="module")
def bundle() -> ps.Bundle:
    return ps.load_bundle("demo-eeg32")


def fast_session(bundle: ps.Bundle, recording: Recording) -> StreamSession:
    """A session over a recording without pace."""
    rest = BaselineRequest(0.0, None, 5.0)
    return StreamSession(ps.Engine(FileSource(recording), Predictor(bundle), baseline=rest))


# --- what importing costs and offers --------------------------------------------------------------


def test_import_is_light() -> None:
    code = "import json, sys, physiosync_rt; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    loaded = json.loads(done.stdout)
    assert not [name for name in HEAVY if name in loaded]
    assert [name for name in loaded if name.startswith("physiosync_rt.")] == []


def test_every_public_name_is_there_and_listed() -> None:
    assert dir(ps) == sorted(ps.__all__)
    assert all(getattr(ps, name) is not None for name in ps.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'preditc'"):
        ps.preditc  # type: ignore[attr-defined]  # noqa: B018


def test_public_names_are_those_that_type_checkers_see() -> None:
    source = Path(ps.__file__).read_text(encoding="utf-8")
    typed = source.partition("if TYPE_CHECKING:")[2].partition("_PLACES")[0]
    names = {line.rpartition(" as ")[2] for line in typed.splitlines() if " as " in line}
    assert names | {"__version__"} == set(ps.__all__)


# --- read -----------------------------------------------------------------------------------------


def test_read_joins_files_and_takes_options(session_file: Path, tmp_path: Path) -> None:
    alone = ps.read(session_file)
    second = tmp_path / "second.xdf"
    write_recording(second, 6, duration_s=10.0)
    both = ps.read(session_file, str(second), join="turn")
    n_alone, n_both = (len(r.of(Modality.EEG)[0].timestamps) for r in (alone, both))
    assert n_both == n_alone + 1280
    with pytest.raises(ps.UserError, match="join='after' is not a way to place files; choose"):
        ps.read(session_file, join="after")
    with pytest.raises(ps.UserError, match="has no subject 'anna'"):
        ps.read(session_file, subject="anna")
    with pytest.raises(ps.UserError, match="my-headset"):
        ps.read(session_file, device="my-headset")
    with pytest.raises(ps.UserError, match="no recording given"):
        ps.read()


# --- predict --------------------------------------------------------------------------------------


def test_predict_gives_the_rows_of_the_command(session_file: Path, tmp_path: Path) -> None:
    log = tmp_path / "rows.csv"
    command = ["predict", str(session_file), "--csv", str(log), "--baseline", "5", "--hop", "0.5"]
    done = CliRunner().invoke(app, command, catch_exceptions=False)
    assert done.exit_code == 0
    found = ps.predict(ps.read(session_file), "demo-eeg32", baseline=5, hop_s=0.5)
    assert any(row.valid for row in found)
    with log.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    ours = [dict(zip(COLUMNS, to_row(row), strict=True)) for row in found]
    for row in (*rows, *ours):
        row.update(dict.fromkeys(NOT_MEASURED, ""))
    assert ours == rows


def test_dataframe_has_the_columns_and_values_of_the_csv(
    session_file: Path, bundle: ps.Bundle
) -> None:
    recording = replace(ps.read(session_file), start_utc=1.7e9)
    found = ps.predict(recording, bundle, baseline="0:6")
    table = found.to_dataframe()
    assert tuple(table.columns) == COLUMNS
    assert len(table) == len(found) == 24
    kinds = dict.fromkeys(("quadrant", "reason", "modalities", "marker"), "O")
    for name, kind in table.dtypes.items():
        assert kind.kind == {"t_end_utc": "M", "valid": "b"}.get(str(name), kinds.get(name, "f"))
    valid = table[table.valid]
    assert valid.valence.between(0, 1).all()
    assert table[~table.valid].valence.isna().all()
    assert set(table.reason) >= {"warming_up", ""}
    assert table.t_end_utc[0] == pd.Timestamp(1.7e9 + 1.0, unit="s", tz="UTC")
    np.testing.assert_allclose(table.t_end_lsl, [row.t_end_lsl for row in found])
    undated = ps.predict(ps.simulate(6).recording, bundle).to_dataframe()
    assert undated.t_end_utc.isna().all()


def test_predictions_are_a_sequence_with_notes(session_file: Path, bundle: ps.Bundle) -> None:
    recording = replace(ps.read(session_file), notes=("two clocks",))
    found = ps.predict(recording, bundle, baseline=5.0)
    assert found[0] == next(iter(found))
    assert found[-2:] == tuple(found)[-2:]
    assert found.notes[0] == "two clocks"
    assert "no prediction: warming_up" in str(found[0])
    assert "valence" in str(next(row for row in found if row.valid))


def test_without_pandas_the_extra_is_named(
    session_file: Path, bundle: ps.Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = ps.predict(ps.read(session_file), bundle)
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(
        ps.UserError, match=r"pandas is not installed; pip install 'physiosync-rt\[notebook\]"
    ):
        found.to_dataframe()


def test_bad_input_is_one_of_the_documented_errors(tmp_path: Path, session_file: Path) -> None:
    with pytest.raises(ps.UserError, match="there is no bundle 'demo-eeg3'"):
        ps.load_bundle("demo-eeg3")
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "card.json").write_text("{}")
    with pytest.raises(
        ps.UserError, match=r"is not a bundle but holds .*/bundle; give that folder"
    ):
        ps.load_bundle(str(tmp_path))
    with pytest.raises(ps.UserError, match="neither seconds, nor START:STOP"):
        ps.predict(ps.read(session_file), baseline="soon")
    with pytest.raises(ps.UserError, match="unknown source 'bluetooth'; choose lsl, brainflow"):
        ps.open_stream("bluetooth")  # type: ignore[arg-type]
    with pytest.raises(ps.UserError, match="needs --file PATH"):
        ps.open_stream("file")
    with pytest.raises(ps.UserError, match="needs --board NAME"):
        ps.open_stream("brainflow")
    assert issubclass(ps.SourceLostError, ps.UserError)


# --- live -----------------------------------------------------------------------------------------


@pytest.mark.live
def test_a_simulated_stream_yields_rows_and_stops_at_break(bundle: ps.Bundle) -> None:
    with ps.open_stream("simulated", bundle=bundle, hop_s=0.25, seed=3) as stream:
        assert [spec.modality for spec in stream.streams] == [Modality.EEG, Modality.GSR]
        for row in stream:
            seen = stream.snapshot
            # A snapshot is taken 25 times a second at most, so it may be one row behind.
            if row.index >= 4 and seen is not None and seen.rows >= 4:
                break
    assert "closed" in repr(stream)
    assert list(stream) == []


@pytest.mark.live
def test_a_file_streams_to_its_end_with_the_rows_of_predict(
    session_file: Path, bundle: ps.Bundle
) -> None:
    with ps.open_stream("file", bundle=bundle, file=session_file, speed=40.0, baseline=5) as stream:
        rows = list(stream)
    found = ps.predict(ps.read(session_file), bundle, baseline=5)
    assert [row.reason for row in rows] == [row.reason for row in found]
    assert [row.valence for row in rows] == [row.valence for row in found]


def test_an_engine_yields_its_rows_and_goes_on_after_a_break(
    session_file: Path, bundle: ps.Bundle
) -> None:
    source, rest = FileSource(ps.read(session_file)), BaselineRequest(0.0, None, 5.0)
    with ps.Engine(source, Predictor(bundle), baseline=rest) as engine:
        assert engine.is_open
        first = next(iter(engine))
        rows = [first, *engine]
        assert list(engine) == []
    assert not engine.is_open
    assert list(engine) == []
    found = ps.predict(ps.read(session_file), bundle, baseline=5)
    assert [row.index for row in rows] == [row.index for row in found]
    assert [row.valence for row in rows] == [row.valence for row in found]


def test_an_engine_that_is_not_open_has_no_rows(bundle: ps.Bundle) -> None:
    engine = ps.Engine(FileSource(Recording(())), Predictor(bundle))
    assert not engine.is_open
    with pytest.raises(ps.UserError, match="the engine is not open; read its rows inside"):
        next(iter(engine))
    with pytest.raises(ps.UserError, match="EEG"):
        engine.__enter__()
    assert not engine.is_open


@pytest.mark.live
def test_duration_and_marks(bundle: ps.Bundle) -> None:
    with ps.open_stream("simulated", bundle=bundle, hop_s=0.25, duration_s=2.5) as stream:
        stream.mark("begin")
        rows = list(stream)
    assert 2 <= len(rows) <= 10 + LATE
    assert [row.marker for row in rows if row.marker] == ["begin"]


@pytest.mark.live
@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_an_exception_closes_the_source_and_goes_on(
    error: type[BaseException], bundle: ps.Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = []
    close = SimulatedSource.close
    monkeypatch.setattr(SimulatedSource, "close", lambda self: (closed.append(1), close(self))[1])
    stream = ps.open_stream("simulated", bundle=bundle, hop_s=0.25)

    def leave() -> None:
        with stream:
            next(iter(stream))
            raise error

    with pytest.raises(error):
        leave()
    assert closed == [1]


def test_what_cannot_be_opened_is_closed(bundle: ps.Bundle, tmp_path: Path) -> None:
    taken = tmp_path / "taken.xdf"
    taken.write_bytes(b"")
    stream = ps.open_stream("simulated", bundle=bundle, record=taken)
    with pytest.raises(ps.UserError, match="recordings are never overwritten"):
        stream.__enter__()
    assert "closed" in repr(stream)


@pytest.mark.live
def test_raw_streams_are_recorded(bundle: ps.Bundle, tmp_path: Path) -> None:
    path = tmp_path / "raw.xdf"
    with ps.open_stream("simulated", bundle=bundle, duration_s=1.0, record=path) as stream:
        list(stream)
    assert len(ps.read(path).of(Modality.EEG)[0].timestamps) > 50


@pytest.mark.live
def test_streams_in_sight_are_listed() -> None:
    name = f"door-{os.getpid()}"
    info = pylsl.StreamInfo(name, "EEG", 2, 128.0, pylsl.cf_float32, name)
    outlet = pylsl.StreamOutlet(info)
    seen = {stream.spec.name: stream for stream in ps.list_streams(2.0, local=True)}
    del outlet
    assert seen[name].spec.n_chans == 2
    assert not seen[name].marker


def test_lsl_in_use_elsewhere_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LSLAPICFG", "")
    with pytest.raises(ps.UserError, match="start Python again and ask for local=True first"):
        ps.list_streams(local=True)


# --- words ----------------------------------------------------------------------------------------


def test_reprs_fit_one_line(session_file: Path, bundle: ps.Bundle) -> None:
    recording = ps.read(session_file)
    stream = fast_session(bundle, recording)
    chunk = Chunk("x" * 300, np.zeros((4, 2), np.float32), np.arange(4.0))
    empty = Chunk("EEG", np.zeros((0, 2), np.float32), np.arange(0.0))
    many = replace(recording, streams=recording.streams * 20, subject="s" * 300)
    shown = [
        recording,
        many,
        Recording(()),
        *recording.streams,
        ps.simulate(2),
        bundle,
        ps.load_bundle("demo-muse"),
        stream,
        stream.engine,
        ps.predict(recording, bundle),
        chunk,
        empty,
    ]
    for each in shown:
        assert repr(each).startswith(f"<{type(each).__name__}")
        assert len(repr(each)) < 160
        assert "\n" not in repr(each)
    assert "25 s, EEG 32 ch 128 Hz, GSR 1 ch 32 Hz, ECG 1 ch 256 Hz" in repr(recording)


def test_a_run_is_logged(
    session_file: Path, bundle: ps.Bundle, caplog: pytest.LogCaptureFixture
) -> None:
    recording = ps.read(session_file)
    eeg = recording.of(Modality.EEG)[0]
    kept = (eeg.timestamps < 12.0) | (eeg.timestamps > 13.0)
    gap = replace(eeg, samples=eeg.samples[kept], timestamps=eeg.timestamps[kept])
    others = tuple(s for s in recording.streams if s is not eeg)
    with (
        caplog.at_level(logging.INFO, "physiosync_rt"),
        fast_session(bundle, replace(recording, streams=(gap, *others))) as stream,
    ):
        rows = list(stream)
    assert not any("eeg" in row.modalities for row in rows[12:17])
    said = [(record.levelno, record.getMessage()) for record in caplog.records]
    assert (logging.INFO, "stream SimulatedEEG: streaming") in said
    assert (logging.INFO, "stream SimulatedEEG: ended") in said
    assert any(level == logging.INFO and "baseline of EEG" in text for level, text in said)
    assert any(
        level == logging.WARNING and text.startswith("gap: SimulatedEEG n=1")
        for level, text in said
    )
    assert all(record.name.startswith("physiosync_rt.") for record in caplog.records)


def test_a_stream_that_stalls_or_is_left_out_is_logged(
    bundle: ps.Bundle, caplog: pytest.LogCaptureFixture
) -> None:
    clock = iter(np.arange(0.0, 1e6, 0.02))
    paces = chain([0.0], repeat(1e3))
    recording = ps.simulate(1).recording
    alone = replace(recording, streams=recording.of(Modality.EEG))
    source = FileSource(alone, speed=1.0, clock=lambda: next(paces))
    source.poll = _silent_after_first(source.poll)  # type: ignore[method-assign]
    engine = ps.Engine(source, Predictor(bundle), clock=lambda: float(next(clock)))
    with caplog.at_level(logging.INFO, "physiosync_rt"), StreamSession(engine):
        for _ in range(900):
            engine.step(0.0)
    said = [(record.levelno, record.getMessage()) for record in caplog.records]
    assert (logging.WARNING, "stream SimulatedEEG: stalled") in said
    assert (logging.WARNING, "stream SimulatedEEG: lost") in said
    assert any(text == "no_stream: GSR" for _, text in said)


def _silent_after_first(poll: Callable[[float], Batch]) -> Callable[[float], Batch]:
    seen: list[Batch] = []

    def quiet(timeout: float) -> Batch:
        if seen:
            return Batch()
        seen.append(poll(timeout))
        return replace(seen[0], ended=False)

    return quiet


def test_the_package_says_nothing_unless_asked() -> None:
    handlers = logging.getLogger("physiosync_rt").handlers
    assert any(isinstance(handler, logging.NullHandler) for handler in handlers)


def test_a_path_in_place_of_a_recording_is_one_sentence() -> None:
    with pytest.raises(ps.UserError, match=r"a recording is wanted, not 'session\.xdf'; read a"):
        ps.predict("session.xdf", "demo-eeg32")  # type: ignore[arg-type]

"""The one law: offline, from a file, through LSL and from its own recording, the same rows."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.programs import Program

from physiosync_models.config import ModelConfig
from physiosync_models.fusion import PhysioSync
from physiosync_rt.bundle.bundle import load_bundle, save_bundle
from physiosync_rt.bundle.predictor import Estimate, Predictor
from physiosync_rt.datatypes import (
    Features,
    Modality,
    Prediction,
    Recording,
    SampleArray,
    Window,
)
from physiosync_rt.devices import load_device, map_recording
from physiosync_rt.formats.clocks import span
from physiosync_rt.formats.registry import read
from physiosync_rt.live.engine import Engine
from physiosync_rt.lsl.source import LslSource
from physiosync_rt.preprocess.baseline import BaselineRequest
from physiosync_rt.preprocess.config import ModalityContract
from physiosync_rt.simulation.write_xdf import write_recording
from physiosync_rt.sources.base import Source
from physiosync_rt.sources.file import FileSource

EXCERPT_S = 15.0


class Watching(Predictor):
    """A predictor that keeps the windows it was shown."""

    def __call__(self, window: Window) -> Estimate:
        self.seen: list[Window]
        self.seen.append(window)
        return super().__call__(window)


@dataclass(frozen=True)
class Case:
    """A recording, how it has to be read, and the bundle that sees it."""

    path: Path
    device: str | None = None
    min_quality: float | None = None
    bundle: str = "demo-eeg32"

    def load(self) -> Recording:
        recording = read(self.path)
        return map_recording(load_device(self.device), recording) if self.device else recording


@dataclass
class Run:
    rows: list[Prediction]
    windows: list[Window]


class Rows(list[Prediction]):
    """A sink that keeps every row."""

    def write(self, row: Prediction) -> None:
        self.append(row)

    def close(self) -> None:
        pass


def _run(case: Case, source: Source, record: Path | None = None) -> Run:
    predictor = Watching(load_bundle(case.bundle))
    predictor.seen = []
    rest = BaselineRequest(0.0, None, 5.0)
    engine = Engine(source, predictor, baseline=rest, min_quality=case.min_quality)
    rows = Rows()
    engine.sinks.append(rows)
    try:
        engine.open()
        if record is not None:
            engine.record(record)
        engine.run(240.0 if record is not None else None)
    finally:
        engine.close()
    return Run(rows, predictor.seen)


def _excerpt(recording: Recording, seconds: float) -> Recording:
    """Streams of the recording until so many seconds after the first sample."""
    stop = span(recording)[0] + seconds
    streams = []
    for stream in recording.streams:
        n = int(np.searchsorted(np.maximum.accumulate(stream.timestamps), stop, side="right"))
        counter = None if stream.counter is None else stream.counter[:n]
        streams.append(
            replace(
                stream,
                samples=stream.samples[:n],
                timestamps=stream.timestamps[:n],
                counter=counter,
            )
        )
    return replace(recording, streams=tuple(streams), markers=())


@contextmanager
def _replaying(case: Case, seconds: float | None, speed: float) -> Iterator[str]:
    prefix = f"t{uuid.uuid4().hex[:8]}-"
    command = [sys.executable, "-m", "physiosync_rt", "replay", str(case.path)]
    command += ["--prefix", prefix, "--speed", str(speed)]
    if seconds is not None:
        command += ["--stop", str(seconds)]
    with Program(command, stderr=subprocess.PIPE) as player:
        try:
            yield prefix
        finally:
            player.terminate()
            player.communicate(timeout=20)


def _same(a: Run, b: Run, n: int | None = None) -> None:
    """Rows as design asks: times, windows, probabilities and every verdict."""
    n = min(len(a.rows), len(b.rows)) if n is None else n
    assert len(a.rows) >= n
    assert len(b.rows) >= n
    for x, y in zip(a.rows[:n], b.rows[:n], strict=True):
        assert x.t_end == y.t_end
        assert (x.valid, x.reason, x.modalities) == (y.valid, y.reason, y.modalities)
        assert x.completeness_eeg == pytest.approx(y.completeness_eeg, abs=1e-9)
        assert x.quality_eeg == pytest.approx(y.quality_eeg, abs=1e-6)
        assert x.completeness_pps == pytest.approx(y.completeness_pps, abs=1e-9)
        assert x.quality_pps == pytest.approx(y.quality_pps, abs=1e-6)
        assert x.valence == pytest.approx(y.valence, abs=1e-5)
        assert x.arousal == pytest.approx(y.arousal, abs=1e-5)
        assert x.confidence == pytest.approx(y.confidence, abs=1e-5)
        assert x.quadrant == y.quadrant
    for v, w in zip(a.windows[:n], b.windows[:n], strict=True):
        _close(v.eeg.data, w.eeg.data)
        _same_features(v.eeg.features, w.eeg.features)
        if v.pps is not None and w.pps is not None:
            _close(v.pps.data, w.pps.data)
            _same_features(v.pps.features, w.pps.features)


def _close(a: SampleArray | None, b: SampleArray | None) -> None:
    assert (a is None) == (b is None)
    if a is not None and b is not None:
        np.testing.assert_allclose(a, b, atol=2e-6)


def _same_features(a: Features | None, b: Features | None) -> None:
    assert a is not None
    assert b is not None
    assert (a.names, a.seconds) == (b.names, b.seconds)
    np.testing.assert_allclose(a.values, b.values, atol=1e-5)
    np.testing.assert_allclose(a.change, b.change, atol=1e-5)


def _check(case: Case, tmp_path: Path, seconds: float | None, speed: float) -> Run:
    whole = case.load()
    recording = whole if seconds is None else _excerpt(whole, seconds)
    offline = _run(case, FileSource(recording))
    first, last = span(recording)
    assert len(offline.rows) >= int(last - first) - 1
    assert offline.rows[-1].valid

    _same(offline, _run(case, FileSource(recording, chunk_s=0.013)))
    _same(offline, _run(case, FileSource(recording, speed=4 * speed)))

    recorded = tmp_path / "run.xdf"
    with _replaying(case, seconds, speed) as prefix:
        source = _lsl_source(case, prefix, recording)
        live = _run(case, source, recorded)
    assert len(live.rows) == pytest.approx(len(offline.rows), abs=1)
    _same(offline, live)

    again = _run(case, FileSource(read(recorded)))
    assert len(again.rows) == pytest.approx(len(live.rows), abs=1)
    _same(live, again)
    return offline


def _lsl_source(case: Case, prefix: str, recording: Recording) -> LslSource:
    names = {s.spec.modality: prefix + s.spec.name for s in recording.streams}
    pps = load_bundle(case.bundle).card.pps
    return LslSource(
        names[Modality.EEG],
        names.get(pps.modality) if pps else None,
        device=load_device(case.device) if case.device else None,
        timeout=30.0,
    )


def test_simulated_person(tmp_path: Path) -> None:
    path = tmp_path / "person.xdf"
    write_recording(path, 5, duration_s=26.0, eeg_sfreq=256.0, rest_s=8.0)
    _check(Case(path), tmp_path, EXCERPT_S, 2.0)


@pytest.fixture(scope="module")
def ecg_bundle(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A bundle of EEG and ECG, whose network has learnt nothing."""
    shipped = load_bundle("demo-eeg32").card
    pps = ModalityContract(modality=Modality.ECG, ch_names=("ECG",))
    torch.manual_seed(0)
    network = PhysioSync(ModelConfig.from_dict(shipped.model))
    path = tmp_path_factory.mktemp("bundles") / "ecg"
    card = shipped.model_copy(update={"name": "ecg", "pps": pps, "scores": ()})
    save_bundle(path, card, network)
    return str(path)


def test_eegmat(data_dir: Path, tmp_path: Path, ecg_bundle: str) -> None:
    path = data_dir / "eegmat-eeg-ecg-edf" / "Subject00_1.edf"
    offline = _check(Case(path, bundle=ecg_bundle), tmp_path, EXCERPT_S, 2.0)
    assert offline.rows[-1].modalities == "eeg+ecg"
    assert offline.windows[-1].pps is not None
    assert offline.windows[-1].pps.data is not None
    last = offline.rows[-1]
    assert last.pps_features is not None
    assert last.pps_features is offline.windows[-1].pps.features
    assert last.eeg_features is offline.windows[-1].eeg.features
    assert 50.0 < last.pps_features.values[0] < 120.0


def test_a_sum_of_slow_features(data_dir: Path, tmp_path: Path) -> None:
    path = data_dir / "eegmat-eeg-ecg-edf" / "Subject00_1.edf"
    offline = _check(Case(path, bundle="effort-eeg8"), tmp_path, EXCERPT_S, 2.0)
    last = offline.rows[-1]
    assert last.modalities == "eeg+ecg"
    assert last.arousal is not None
    assert (last.valence, last.quadrant) == (None, "")
    assert "mental effort" in str(last)
    assert "arousal" not in str(last)


def test_openbci(data_dir: Path, tmp_path: Path) -> None:
    path = data_dir / "xdf-openbci-eeg-markers" / "eeg16_markers_428s.xdf"
    _check(Case(path, "openbci-cyton-daisy", 0.0), tmp_path, EXCERPT_S, 2.0)


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", ["Subject00_1.edf", "Subject31_2.edf"])
def test_eegmat_whole(data_dir: Path, tmp_path: Path, ecg_bundle: str, name: str) -> None:
    case = Case(data_dir / "eegmat-eeg-ecg-edf" / name, bundle=ecg_bundle)
    offline = _check(case, tmp_path, None, 2.0)
    assert sum(row.modalities == "eeg+ecg" for row in offline.rows) > len(offline.rows) / 2


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_openbci_whole(data_dir: Path, tmp_path: Path) -> None:
    path = data_dir / "xdf-openbci-eeg-markers" / "eeg16_markers_428s.xdf"
    _check(Case(path, "openbci-cyton-daisy", 0.0), tmp_path, None, 4.0)

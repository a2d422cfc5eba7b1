"""An electrode that comes off in the middle of a run: the run goes on, and alike in any chunks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from physiosync_rt.bundle.bundle import load_bundle
from physiosync_rt.bundle.predictor import Predictor
from physiosync_rt.datatypes import Prediction, Recording
from physiosync_rt.formats.deap import DEAP_CH_NAMES
from physiosync_rt.live.engine import Engine
from physiosync_rt.preprocess.baseline import BaselineRequest
from physiosync_rt.simulation import Person, simulate
from physiosync_rt.sources.file import FileSource
from physiosync_rt.views.events_text import notice_text

T7 = DEAP_CH_NAMES.index("T7")
OFF_S = 9


def _recording(*, comes_off: bool) -> Recording:
    session = simulate(
        Person.draw(8), 20.0, seed=8, ch_names=DEAP_CH_NAMES, eeg_sfreq=250.0, ecg_sfreq=0, rest_s=8
    )
    eeg, gsr = session.recording.streams
    samples = eeg.samples.copy()
    if comes_off:
        samples[OFF_S * 250 :, T7] = 187_500.0
    # Without its notes, which a view shows at the beginning.
    return replace(session.recording, streams=(replace(eeg, samples=samples), gsr), notes=())


def _run(
    recording: Recording, chunk_s: float = 0.25, min_quality: float | None = None
) -> tuple[list[Prediction], Engine]:
    predictor = Predictor(load_bundle("demo-eeg32"), "cpu")
    source = FileSource(recording, chunk_s=chunk_s)
    rest = BaselineRequest(0.0, None, 5.0)
    engine = Engine(source, predictor, baseline=rest, min_quality=min_quality)
    engine.open()
    try:
        while engine.step():
            pass
    finally:
        engine.close()
    return list(engine.predictions), engine


def _distance(a: list[Prediction], b: list[Prediction]) -> float:
    """Mean difference of the probabilities after the electrode has been taken out."""
    pairs = list(zip(a[OFF_S + 4 :], b[OFF_S + 4 :], strict=True))
    apart = [abs((x.valence or 0) - (y.valence or 0)) for x, y in pairs]
    apart += [abs((x.arousal or 0) - (y.arousal or 0)) for x, y in pairs]
    return float(np.mean(apart))


def test_it_is_interpolated_and_the_run_goes_on() -> None:
    rows, engine = _run(_recording(comes_off=True))
    whole, _ = _run(_recording(comes_off=False))
    left_in, _ = _run(_recording(comes_off=True), min_quality=0.0)
    assert [row.reason for row in rows] == [row.reason for row in whole]
    assert rows[-1].valid
    assert all(row.quality_eeg < 0.99 for row in rows[OFF_S + 4 :])
    # Once it is out, what is said is nearer to what the whole head says than with it left in.
    assert _distance(rows, whole) < 0.15
    assert _distance(rows, whole) < 0.8 * _distance(left_in, whole)
    assert engine.snapshot is not None
    notice = "bad electrodes: T7 (flat), interpolated from 31 good ones"
    assert notice_text(engine.snapshot.events) == notice
    assert engine.snapshot.streams[0].channel_quality[T7] == 0.0


def test_it_is_decided_alike_in_any_chunks() -> None:
    recording = _recording(comes_off=True)
    runs = [_run(recording, chunk_s)[0] for chunk_s in (0.011, 0.25, 7.0)]
    for rows in runs[1:]:
        assert [r.quality_eeg for r in rows] == [r.quality_eeg for r in runs[0]]
        assert [(r.valid, r.reason) for r in rows] == [(r.valid, r.reason) for r in runs[0]]
        np.testing.assert_allclose(
            [r.valence or 0.0 for r in rows], [r.valence or 0.0 for r in runs[0]], atol=1e-6
        )

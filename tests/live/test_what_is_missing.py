"""What the engine says of electrodes and of targets that are missing, so that no view guesses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from physiosync_rt.bundle.bundle import load_bundle
from physiosync_rt.bundle.card import Score
from physiosync_rt.bundle.predictor import Predictor
from physiosync_rt.datatypes import Absence, Recording
from physiosync_rt.live.engine import Engine
from physiosync_rt.live.events import EventKind
from physiosync_rt.live.run_log import describe_run
from physiosync_rt.preprocess.baseline import BaselineRequest
from physiosync_rt.preprocess.electrode_states import ElectrodeState
from physiosync_rt.simulation import Person, simulate
from physiosync_rt.sources.file import FileSource

CYTON = ("Fp1", "Fp2", "C3", "C4", "P7", "P8", "O1", "O2")


@pytest.fixture(scope="module")
def whole() -> Recording:
    return simulate(Person.draw(4), 14.0, seed=4, ecg_sfreq=0, rest_s=6.0).recording


def _run(predictor: Predictor, recording: Recording) -> Engine:
    rest = BaselineRequest(0.0, None, 5.0)
    engine = Engine(FileSource(recording), predictor, baseline=rest)
    engine.open()
    return engine


@pytest.fixture(scope="module")
def eight(whole: Recording) -> Iterator[Engine]:
    """A run of a Cyton's eight electrodes with the bundle of 32."""
    eeg, gsr = whole.streams
    keep = [eeg.spec.ch_names.index(name) for name in CYTON]
    spec = replace(eeg.spec, ch_names=CYTON)
    fewer = Recording((replace(eeg, spec=spec, samples=eeg.samples[:, keep]), gsr))
    engine = _run(Predictor(load_bundle("demo-eeg32"), "cpu"), fewer)
    before = engine.snapshot
    assert before is not None
    assert ElectrodeState.MEASURED not in {e.state for e in before.electrodes}
    engine.run()
    yield engine
    engine.close()


def test_eight_of_32_electrodes_are_measured_and_the_others_are_not(eight: Engine) -> None:
    assert eight.snapshot is not None
    states = {e.name: e.state for e in eight.snapshot.electrodes}
    assert len(states) == 32
    measured = {name for name, state in states.items() if state is ElectrodeState.MEASURED}
    assert measured == set(CYTON)
    assert set(states.values()) == {ElectrodeState.MEASURED, ElectrodeState.INTERPOLATED}


def test_it_is_said_once(eight: Engine) -> None:
    said = [e for e in eight.state.events.events if e.kind is EventKind.ELECTRODES]
    assert [(e.n, e.n_seen) for e in said] == [(8, 32)]


def test_the_json_of_the_run_says_it(eight: Engine) -> None:
    assert describe_run(eight.state, {})["electrodes"] == {"of_bundle": 32, "measured": 8}


def test_the_confidence_is_the_product_of_what_it_is_made_of(eight: Engine) -> None:
    row = eight.predictions[-1]
    assert row.certainty is not None
    assert row.certainty.electrodes == 0.25
    assert row.certainty.confidence == row.confidence
    assert row.absent == {}


def test_a_row_that_is_withheld_says_so_of_both_targets(eight: Engine) -> None:
    first = eight.predictions[0]
    assert not first.valid
    assert first.absent == {"valence": Absence.WITHHELD, "arousal": Absence.WITHHELD}
    assert first.certainty is None


def test_a_whole_cap_needs_no_notice(whole: Recording) -> None:
    engine = _run(Predictor(load_bundle("demo-eeg32"), "cpu"), whole)
    engine.close()
    assert EventKind.ELECTRODES not in {event.kind for event in engine.state.events.events}


def test_a_target_that_eeg_alone_cannot_tell_and_one_that_is_not_sure(whole: Recording) -> None:
    bundle = load_bundle("demo-eeg32")
    blind = Score(
        protocol="subject",
        target="arousal",
        modalities="eeg",
        model="physiosync",
        metric="balanced accuracy",
        value=0.5,
    )
    card = bundle.card.model_copy(update={"scores": (blind,)})
    no_gsr = Recording(whole.streams[:1])
    engine = _run(Predictor(replace(bundle, card=card), "cpu"), no_gsr)
    engine.run()
    engine.close()
    row = engine.predictions[-1]
    assert row.valence is not None
    assert row.absent == {"arousal": Absence.AT_CHANCE}
    least = {"fused/valence": 0.99}
    card = bundle.card.model_copy(update={"least_confidence": least})
    engine = _run(Predictor(replace(bundle, card=card), "cpu"), whole)
    engine.run()
    engine.close()
    rows = [row for row in engine.predictions if row.valid]
    assert rows
    assert all(row.absent == {"valence": Absence.LOW_CONFIDENCE} for row in rows)


def test_a_target_that_the_bundle_does_not_have() -> None:
    with_ecg = simulate(Person.draw(4), 14.0, seed=4, gsr_sfreq=0, rest_s=6.0).recording
    engine = _run(Predictor(load_bundle("effort-eeg19"), "cpu"), with_ecg)
    engine.run()
    engine.close()
    row = engine.predictions[-1]
    assert row.absent["valence"] is Absence.NO_TARGET
    assert row.valid or row.absent["arousal"] is Absence.WITHHELD

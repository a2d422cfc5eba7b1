"""Which heads are asked, and how sure an answer is: quality counts, so does what is missing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from physiosync_rt.bundle.bundle import load_bundle
from physiosync_rt.bundle.predictor import Predictor
from physiosync_rt.datatypes import Modality, ModalityState, Reason, StreamSpec, Window
from physiosync_rt.errors import UserError
from physiosync_rt.formats.deap import DEAP_CH_NAMES


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return Predictor(load_bundle("demo-eeg32"), "cpu")


def _window(
    eeg_quality: float = 1.0,
    pps_quality: float = 1.0,
    eeg: Reason = Reason.NONE,
    pps: Reason | None = Reason.NONE,
) -> Window:
    rng = np.random.default_rng(0)
    signals = [rng.normal(size=(n, 640)).astype(np.float32) for n in (32, 1)]
    states = [
        ModalityState(None if reason else signal, reason, 1.0, quality)
        for signal, reason, quality in (
            (signals[0], eeg, eeg_quality),
            (signals[1], pps or Reason.NONE, pps_quality),
        )
    ]
    return Window(7, 7.0, states[0], None if pps is None else states[1])


def test_confidence_is_certainty_times_the_worse_quality(predictor: Predictor) -> None:
    clean, noisy = predictor(_window()), predictor(_window(0.8, 0.6))
    assert clean.confidence is not None
    assert noisy.confidence is not None
    assert clean.confidence == pytest.approx(
        min(max(p, 1 - p) for p in clean.targets.values()), abs=1e-6
    )
    assert noisy.targets == clean.targets
    assert noisy.confidence == pytest.approx(0.6 * clean.confidence, abs=1e-6)


def test_interpolated_electrodes_lower_the_confidence_of_their_own_windows_only(
    predictor: Predictor,
) -> None:
    """The share of measured electrodes travels with the window, not with the predictor."""
    whole = predictor(_window())
    states = []
    for n in (32, 24):
        spec = StreamSpec(f"cap{n}", Modality.EEG, DEAP_CH_NAMES[:n], 128.0, "uV")
        stream = predictor.pipeline(spec, None).streams[spec.name]
        states.append(stream.window(stream.advance_to(128), 128))
    assert [state.measured for state in states] == [1.0, 24 / 32]
    # A second pipeline, of a thinner cap, leaves the windows of the first one as they were.
    again = predictor(_window())
    assert (again.targets, again.confidence) == (whole.targets, whole.confidence)
    window = _window()
    thin = predictor(replace(window, eeg=replace(window.eeg, measured=24 / 32)))
    assert thin.targets == whole.targets
    assert whole.confidence is not None
    assert thin.confidence == pytest.approx(24 / 32 * whole.confidence, abs=1e-6)


@pytest.mark.parametrize(
    ("ch_names", "recommended"),
    [
        (("TP9", "AF7", "AF8", "TP10"), "; use --bundle demo-muse for it"),
        # The other bundle would refuse these too.
        (("TP9", "AF7"), ""),
        (("left", "right", "x", "y", "z"), ""),
    ],
)
def test_a_bundle_is_recommended_only_where_it_takes_the_stream(
    predictor: Predictor, ch_names: tuple[str, ...], recommended: str
) -> None:
    spec = StreamSpec("cap", Modality.EEG, ch_names, 256.0, "uV")
    with pytest.raises(UserError, match="is made for 32 electrodes") as error:
        predictor.pipeline(spec, None)
    assert str(error.value).endswith(f"lacks 32 of 32{recommended}")


@pytest.mark.parametrize(
    ("window", "modalities", "reason", "coverage", "quality"),
    [
        (_window(0.9, 0.2, pps=Reason.LOW_QUALITY), "eeg", Reason.NO_PPS, "eeg", 0.9),
        (_window(0.9, pps=None), "eeg", Reason.NO_PPS, "eeg", 0.9),
        (_window(0.2, 0.7, eeg=Reason.LOW_QUALITY), "gsr", Reason.NO_EEG, "pps", 0.7),
        (_window(0.2, 0.7, eeg=Reason.GAP), "gsr", Reason.NO_EEG, "pps", 0.7),
    ],
)
def test_a_missing_modality_lowers_confidence_and_only_what_is_used_is_weighed(
    predictor: Predictor,
    window: Window,
    modalities: str,
    reason: Reason,
    coverage: str,
    quality: float,
) -> None:
    estimate = predictor(window)
    assert (estimate.valid, estimate.modalities, estimate.reason) == (True, modalities, reason)
    certainty = min(max(p, 1 - p) for p in estimate.targets.values())
    expected = certainty * quality * predictor.bundle.card.coverage[coverage]
    assert estimate.confidence == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("reason", [Reason.WARMING_UP, Reason.NO_BASELINE])
def test_a_run_that_has_not_begun_is_not_bridged(predictor: Predictor, reason: Reason) -> None:
    estimate = predictor(_window(eeg=reason))
    assert (estimate.valid, estimate.reason, estimate.targets) == (False, reason, {})
    assert estimate.confidence is None


def test_below_a_bundles_least_confidence_nothing_is_said(predictor: Predictor) -> None:
    """Target by target and head by head; a bundle without such numbers always answers."""
    said = predictor(_window())
    certainty = {target: max(p, 1 - p) for target, p in said.targets.items()}
    assert not predictor.bundle.card.least_confidence

    def asked(**least: float) -> Predictor:
        names = {f"fused/{target}": value for target, value in least.items()}
        card = predictor.bundle.card.model_copy(update={"least_confidence": names})
        return Predictor(replace(predictor.bundle, card=card), "cpu")

    at_most = {target: value + 1e-6 for target, value in certainty.items()}
    unsure = asked(**at_most)
    withheld = unsure(_window())
    assert (withheld.valid, withheld.reason) == (False, Reason.LOW_CONFIDENCE)
    assert (withheld.targets, withheld.confidence) == ({}, None)
    alone = unsure(_window(pps=None))
    assert (alone.valid, alone.reason) == (True, Reason.NO_PPS)
    half = asked(valence=at_most["valence"], arousal=certainty["arousal"] - 1e-6)(_window())
    assert set(half.targets) == {"arousal"}
    assert half.valid
    assert half.confidence == pytest.approx(certainty["arousal"], abs=1e-6)


def test_windows_of_several_people_are_answered_as_each_alone(predictor: Predictor) -> None:
    windows = [
        _window(),
        _window(pps=Reason.GAP),
        _window(eeg=Reason.GAP),
        _window(0.8, 0.6),
        _window(eeg=Reason.WARMING_UP, pps=Reason.WARMING_UP),
        _window(pps=None),
    ]
    together = predictor.ask(windows)
    for window, found in zip(windows, together, strict=True):
        alone = predictor(window)
        assert found.targets == pytest.approx(alone.targets, abs=1e-6)
        same = ("valid", "reason", "modalities", "left_out", "absent")
        assert [getattr(found, n) for n in same] == [getattr(alone, n) for n in same]
        assert found.confidence == pytest.approx(alone.confidence, abs=1e-6)
    assert predictor.ask([]) == []

"""A bundle that sums logits of slow features: what it needs, and what it says where it lacks it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from physiosync_models import GatedSum, GatedSumConfig
from physiosync_rt.bundle.bundle import load_bundle, save_bundle
from physiosync_rt.bundle.card import CARD, Card, Meaning
from physiosync_rt.bundle.predictor import Predictor
from physiosync_rt.datatypes import Features, Modality, ModalityState, Reason, Window
from physiosync_rt.errors import UserError
from physiosync_rt.features.tracker import feature_names
from physiosync_rt.preprocess.config import LiveProfile, ModalityContract

EEG = ModalityContract(modality=Modality.EEG, ch_names=("Fz", "Pz"), min_electrodes=2)
ECG = ModalityContract(modality=Modality.ECG, ch_names=("ECG",))
CONFIG = GatedSumConfig(("arousal",), feature_names(EEG), ("heart rate",))


def _card(**more: object) -> Card:
    return Card(
        name="effort-test",
        title="Mental effort",
        trained_on="nobody: weights made by hand",
        simulated=False,
        eeg=EEG,
        pps=ECG,
        profile=LiveProfile(),
        gated_sum=CONFIG.to_dict(),
        meaning={"arousal": Meaning(name="mental effort", low="rest", high="arithmetic")},
        **{"people": 24, **more},  # type: ignore[arg-type]
    )


def _model() -> GatedSum:
    model = GatedSum(CONFIG)
    model.eeg.weight[:, :2] = torch.tensor([[2.0, -1.0]])
    model.pps.scale.fill_(5.0)
    model.pps.weight.fill_(1.0)
    return model.eval()


@pytest.fixture(scope="module")
def predictor(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    path = tmp_path_factory.mktemp("bundle") / "b"
    save_bundle(path, _card(), _model())
    return Predictor(load_bundle(str(path)), "cpu")


def _state(modality: Modality, change: list[float], reason: Reason = Reason.NONE) -> ModalityState:
    contract = EEG if modality is Modality.EEG else ECG
    names = feature_names(contract)
    values = np.zeros(len(names))
    values[: len(change)] = change
    features = Features(names, values + 3.0, np.full(len(names), 3.0), 30.0)
    signal = np.zeros((contract.n_chans, 640), dtype=np.float32)
    return ModalityState(None if reason else signal, reason, 1.0, 1.0, 1.0, features)


def _window(eeg: ModalityState, pps: ModalityState | None) -> Window:
    return Window(40, 40.0, eeg, pps)


CALM = _state(Modality.EEG, [0.0, 0.0])
BUSY = _state(Modality.EEG, [1.0, 0.5])
FAST = _state(Modality.ECG, [10.0])


def _logit(p: float) -> float:
    return float(np.log(p) - np.log(1 - p))


def test_the_answer_is_the_sum_of_what_is_known(predictor: Predictor) -> None:
    both, eeg = predictor(_window(BUSY, FAST)), predictor(_window(BUSY, None))
    assert _logit(both.targets["arousal"]) == pytest.approx(2.0 - 0.5 + 2.0, abs=1e-5)
    assert (both.modalities, both.reason) == ("eeg+ecg", Reason.NONE)
    assert _logit(eeg.targets["arousal"]) == pytest.approx(1.5, abs=1e-5)
    assert (eeg.modalities, eeg.reason) == ("eeg", Reason.NO_PPS)


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (_state(Modality.ECG, [np.nan], Reason.NO_HEARTBEAT), Reason.NO_HEARTBEAT),
        (_state(Modality.ECG, [np.nan], Reason.GAP), Reason.GAP),
        (_state(Modality.ECG, [np.nan]), Reason.WARMING_UP),
    ],
)
def test_without_a_heart_rate_eeg_answers_and_confidence_falls(
    predictor: Predictor, state: ModalityState, why: Reason
) -> None:
    found, whole = predictor(_window(BUSY, state)), predictor(_window(BUSY, FAST))
    assert (found.modalities, found.reason, found.left_out) == ("eeg", Reason.NO_PPS, why)
    assert _logit(found.targets["arousal"]) == pytest.approx(1.5, abs=1e-5)
    assert found.confidence is not None
    assert whole.confidence is not None
    p = found.targets["arousal"]
    assert found.confidence == pytest.approx(0.8 * p, abs=1e-6)
    assert found.confidence < whole.confidence


def test_a_rest_without_a_heart_rate_is_said_to_be_missing(predictor: Predictor) -> None:
    assert FAST.features is not None
    older = replace(FAST, features=replace(FAST.features, rest=np.full(2, np.nan)))
    found = predictor(_window(CALM, older))
    assert (found.modalities, found.left_out) == ("eeg", Reason.NO_BASELINE)


def test_a_heart_rate_outlives_a_window_that_is_not_valid(predictor: Predictor) -> None:
    noisy = replace(_state(Modality.ECG, [10.0], Reason.LOW_QUALITY), quality=0.4)
    found = predictor(_window(BUSY, noisy))
    assert found.modalities == "eeg+ecg"
    assert found.confidence == pytest.approx(0.4 * found.targets["arousal"], abs=1e-6)


def test_without_eeg_the_heart_answers_once_the_run_has_begun(predictor: Predictor) -> None:
    lost, early = (_state(Modality.EEG, [1.0], r) for r in (Reason.GAP, Reason.WARMING_UP))
    found = predictor(_window(lost, FAST))
    assert (found.modalities, found.reason, found.left_out) == ("ecg", Reason.NO_EEG, Reason.GAP)
    assert _logit(found.targets["arousal"]) == pytest.approx(2.0, abs=1e-5)
    waiting = predictor(_window(early, FAST))
    assert (waiting.valid, waiting.reason) == (False, Reason.WARMING_UP)
    silent = predictor(_window(_state(Modality.EEG, [np.nan]), None))
    assert (silent.valid, silent.reason) == (False, Reason.LOW_QUALITY)


def test_cards_of_few_people_say_so_in_every_title() -> None:
    assert _card().headline == "Mental effort"
    assert _card(people=3).headline == "Mental effort, from 3 people only"
    assert _card(people=1).headline == "Mental effort, from one person only"
    assert str(_card().meaning["arousal"]) == "mental effort: low = rest, high = arithmetic"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"gated_sum": {**CONFIG.to_dict(), "eeg": ["theta Cz"]}}, "EEG has no feature 'theta Cz'"),
        ({"gated_sum": {**CONFIG.to_dict(), "targets": []}}, "targets has 0 names"),
        ({"pps": None}, "needs profile live and a peripheral modality"),
        ({"model": {"n_classes": 2}}, "either 'model' or 'members' or 'gated_sum'"),
        ({"meaning": {"arousal": {"name": "", "low": "a", "high": "b"}}}, "at least 1 character"),
    ],
)
def test_cards_that_do_not_go_together_are_refused(
    tmp_path: Path, change: dict[str, object], said: str
) -> None:
    save_bundle(tmp_path / "b", _card(), _model())
    card = json.loads((tmp_path / "b" / CARD).read_text())
    (tmp_path / "b" / CARD).write_text(json.dumps(card | change))
    with pytest.raises(UserError, match=said):
        load_bundle(str(tmp_path / "b"))


def test_windows_of_several_people_are_answered_as_each_alone(predictor: Predictor) -> None:
    windows = [_window(BUSY, FAST), _window(BUSY, None), _window(CALM, FAST)]
    together = predictor.ask(windows)
    assert [found.targets for found in together] == [predictor(w).targets for w in windows]
    assert len({found.targets["arousal"] for found in together}) == 3
